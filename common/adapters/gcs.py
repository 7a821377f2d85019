"""The archive in Cloud Storage: a bucket for each day, or one bucket with a prefix for each day."""

import io
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from google.api_core import exceptions as answers
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.cloud.storage import Blob, Client
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.exceptions import RequestException

from common.adapters.directory import checked_name
from common.ports import Conflict, StoreError, StoreUnavailable

TIMEOUT_SECONDS: Final = (3.0, 5.0)
"""Of one request: to connect, and between two signs of life."""
RETRY_SECONDS: Final = 4.0
"""After which no request is tried again: a workload stores its curve between two orders."""
CHUNK_BYTES: Final = 1024 * 1024
"""Larger objects are sent in parts of this size, each with its own time-out."""
PUT: Final = "put"
"""Metadata with an id of the put that made the object: a try whose answer was lost is known again by it."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_RETRY = DEFAULT_RETRY.with_delay(initial=0.1, maximum=1.0, multiplier=2.0).with_timeout(RETRY_SECONDS)
_CALL: Final[Mapping[str, Any]] = {"timeout": TIMEOUT_SECONDS, "retry": _RETRY}


class CloudStorageArchive:
    """Archive on google-cloud-storage; on an emulator where STORAGE_EMULATOR_HOST names one. Safe for threads."""

    def __init__(
        self, bucket: str, project: str, *, location: str, lifecycle: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """bucket: with '{date}' in it one bucket a day, else one for all days; '{project}' is filled in too.

        What is put into a bucket that is not there makes it, in `location` and with the `lifecycle` rules.
        Raises ValueError (no bucket can have that name), StoreError (no credentials).
        """
        self._bucket = bucket.replace("{project}", project)
        self._dated = "{date}" in bucket
        example = self._bucket.replace("{date}", "2026-01-01")
        if not project or not _BUCKET.fullmatch(example) or ".." in example:
            raise ValueError(
                f"bucket {bucket!r} of project {project!r} would be {example!r}: give 3 to 63 lower-case letters, "
                "digits, '.', '_' or '-', with '{date}' for one bucket a day"
            )
        self._location = location
        self._lifecycle = list(lifecycle)
        try:
            self._client = Client(project=project)
        except DefaultCredentialsError as error:
            raise StoreError(
                f"Cloud Storage needs credentials ({error}): run `gcloud auth application-default login`, or give the "
                "service account its key; STORAGE_EMULATOR_HOST names a local server instead"
            ) from None

    def put(self, day: date, name: str, data: bytes, *, overwrite: bool = False) -> None:
        """Whole or not at all, durable on return. Raises Conflict, StoreError (bad name, no right), StoreUnavailable.

        Above CHUNK_BYTES it is looked first whether the name is free: a refusal is better known before megabytes are
        sent. The precondition decides all the same.
        """
        bucket, path = self._place(day, name)
        stamp = uuid.uuid4().hex
        taken = Conflict(f"{day}/{name} is archived already; read it, then decide")
        with _answered(f"{bucket}/{path}"):
            if len(data) > CHUNK_BYTES and not overwrite and self._standing(bucket, path) is not None:
                raise taken
            try:
                self._upload(bucket, path, data, stamp, overwrite)
            except answers.PreconditionFailed:
                found = self._standing(bucket, path)
                if found is None or (found.metadata or {}).get(PUT) != stamp:
                    raise taken from None

    def get(self, day: date, name: str) -> bytes | None:
        bucket, path = self._place(day, name)
        with _answered(f"{bucket}/{path}"):
            try:
                data: bytes = self._client.bucket(bucket).blob(path).download_as_bytes(**_CALL)
            except answers.NotFound:
                return None
            return data

    def list(self, day: date, prefix: str = "") -> list[str]:
        """Names of the day that begin with `prefix`, sorted."""
        bucket, before = self._of(day)
        with _answered(bucket):
            found = self._client.list_blobs(
                bucket, prefix=before + prefix, fields="items(name),nextPageToken", **_CALL,
            )
            try:
                return sorted(blob.name[len(before):] for blob in found)
            except answers.NotFound:
                return []

    def _of(self, day: date) -> tuple[str, str]:
        if self._dated:
            return self._bucket.replace("{date}", day.isoformat()), ""
        return self._bucket, f"{day.isoformat()}/"

    def _place(self, day: date, name: str) -> tuple[str, str]:
        bucket, before = self._of(day)
        return bucket, before + checked_name(name)

    def _upload(self, bucket: str, path: str, data: bytes, stamp: str, overwrite: bool) -> None:
        blob = self._client.bucket(bucket).blob(path, chunk_size=CHUNK_BYTES)
        blob.metadata = {PUT: stamp}
        # Without a size the library sends it in parts, resumed where one is lost; nobody sees it before the last.
        size = len(data) if len(data) <= CHUNK_BYTES else None

        def send() -> None:
            blob.upload_from_file(
                io.BytesIO(data), size=size, content_type="application/octet-stream",
                if_generation_match=None if overwrite else 0, **_CALL,
            )

        try:
            send()
        except answers.NotFound:
            self._make(bucket)
            send()

    def _standing(self, bucket: str, path: str) -> Blob | None:
        return self._client.bucket(bucket).get_blob(path, **_CALL)

    def _make(self, name: str) -> None:
        bucket = self._client.bucket(name)
        bucket.iam_configuration.uniform_bucket_level_access_enabled = True
        bucket.iam_configuration.public_access_prevention = "enforced"
        bucket.lifecycle_rules = self._lifecycle
        try:
            self._client.create_bucket(bucket, location=self._location, **_CALL)
        except answers.Conflict:
            return  # another made it meanwhile; one that is not ours refuses the upload


@contextmanager
def _answered(where: str) -> Iterator[None]:
    """The library's errors as the port has them."""
    try:
        yield
    except (answers.Forbidden, answers.Unauthorized) as error:
        raise StoreError(
            f"Cloud Storage refuses {where} ({error}): give this service account the right to it; the bucket's name "
            "may also be taken by another project"
        ) from error
    except (answers.TooManyRequests, answers.ServerError, answers.RetryError) as error:
        raise StoreUnavailable(f"Cloud Storage did not answer for {where}: {error}") from error
    except answers.GoogleAPIError as error:
        raise StoreError(f"Cloud Storage refuses {where}: {error}") from error
    except (RequestException, GoogleAuthError, DataCorruption, InvalidResponse, OSError) as error:
        raise StoreUnavailable(f"Cloud Storage cannot be reached for {where}: {error}") from error
