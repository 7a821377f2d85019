"""The document store on Google's Firestore, or on its emulator."""

import re
import time
from collections.abc import Iterator, Sequence
from threading import Event
from typing import Any, Final

from common.adapters.documents import check_name, encode_commit
from common.adapters.firestore_calls import UNCLEAR, FirestoreCalls, explained, store_error
from common.adapters.firestore_query import structured_query
from common.firestore_value import fields_of, set_fields
from common.ports import Conflict, Create, Delete, Document, Query, StoreError, StoreUnavailable, Write

LISTEN_AGAIN_SECONDS: Final = 0.2
MAX_NAMED: Final = 10

_VERSION = re.compile(r"(\d{1,12})\.(\d{9})")


class FirestoreStore:
    """DocumentStore on one database. A version is the time of the update that wrote it; it is never written twice.

    A commit carries its preconditions, so that nothing is read first and nothing is locked. Raises StoreUnavailable
    within seconds when the server is away or silent (a commit's fate is then unclear), StoreError when it refuses,
    DocumentRefused (a StoreError) for what no store takes.
    """

    def __init__(self, project: str, database: str = "(default)", *, emulator: str = "") -> None:
        """emulator: HOST:PORT of one, '' for Google's service with the environment's own credentials."""
        self._calls = FirestoreCalls(project, database, emulator)

    def get(self, collection: str, id: str) -> Document | None:
        found = self._calls.get(self._name(collection, id))
        return None if found is None else _document(found)

    def query(self, query: Query) -> list[Document]:
        structured = structured_query(query, self._calls.documents)
        return [_document(found) for found in self._calls.query(structured)]

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """All writes or none; see DocumentStore. Raises Conflict, StoreUnavailable, StoreError."""
        from google.api_core import exceptions as api
        from google.auth.exceptions import GoogleAuthError

        encode_commit(writes)
        if not writes:
            return []
        messages = [self._message(write) for write in writes]
        try:
            results = self._calls.commit(messages)
        except (api.GoogleAPICallError, api.RetryError, GoogleAuthError) as error:
            explained_error = store_error(error, f"writing {_places(writes)}")
            if isinstance(explained_error, StoreUnavailable):
                raise StoreUnavailable(f"{explained_error}; {UNCLEAR}") from error
            if isinstance(error, api.AlreadyExists | api.FailedPrecondition | api.NotFound):
                raise Conflict(
                    f"one of {_places(writes)} is not as it was read ({str(error)[:300]}); read again, then decide"
                ) from error
            raise explained_error from error
        return ["" if isinstance(write, Delete) else _version(result.update_time)
                for write, result in zip(writes, results, strict=True)]

    def watch(self, collection: str, id: str, timeout_seconds: float) -> Iterator[Document | None]:
        """The document now and whenever it is told changed; changes while the connection is away show as the latest."""
        return self._watch(collection, id, self._name(collection, id), time.monotonic() + timeout_seconds)

    def close(self) -> None:
        """Ends the connection; any later call raises StoreError."""
        self._calls.close()

    def _watch(self, collection: str, id: str, name: str, deadline: float) -> Iterator[Document | None]:
        seen: str | None = ""
        while True:
            for document in self._states(collection, id, name, deadline):
                version = document.version if document else None
                if version != seen:
                    seen = version
                    yield document
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            time.sleep(min(LISTEN_AGAIN_SECONDS, remaining))

    def _states(self, collection: str, id: str, name: str, deadline: float) -> Iterator[Document | None]:
        """As read, then as told until the stream ends, for whatever passing reason."""
        yield self.get(collection, id)
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return
        try:
            with explained(f"watching {name}"):
                yield from self._told(name, remaining)
        except StoreUnavailable:
            return  # also how the stream ends in time; whether the server is away, the next read says

    def _told(self, name: str, seconds: float) -> Iterator[Document | None]:
        from google.cloud.firestore_v1.types import ListenRequest

        request = ListenRequest.pb()(database=self._calls.database)
        request.add_target.target_id = 1
        request.add_target.documents.documents.append(name)
        done = Event()

        def requests() -> Iterator[Any]:
            yield ListenRequest.wrap(request)
            done.wait()  # to end the requests would be to end the stream

        stream = self._calls.listen(requests(), seconds)
        try:
            for response in stream:
                answer = type(response).pb(response)
                kind = answer.WhichOneof("response_type")
                if kind == "document_change":
                    yield _document(answer.document_change.document)
                elif kind in {"document_delete", "document_remove"}:
                    yield None
                elif kind == "target_change" and answer.target_change.HasField("cause"):
                    raise StoreError(f"Firestore refuses to watch {name}: {answer.target_change.cause.message}")
        finally:
            done.set()
            stream.cancel()

    def _name(self, collection: str, id: str) -> str:
        return f"{self._calls.documents}/{check_name('collection', collection)}/{check_name('document id', id)}"

    def _message(self, write: Write) -> Any:
        from google.cloud.firestore_v1.types import Write as WriteMessage

        message = WriteMessage.pb()()
        name = self._name(write.collection, write.id)
        if isinstance(write, Create):
            message.current_document.exists = False
        else:
            _require_version(message.current_document.update_time, write.version, name)
        if isinstance(write, Delete):
            message.delete = name
        else:
            message.update.name = name
            set_fields(message.update, write.fields)
        return message


def _document(message: Any) -> Document:
    collection, id = message.name.split("/")[-2:]
    try:
        fields = fields_of(message)
    except ValueError as error:
        raise StoreError(f"{collection}/{id} was written by something else than Tron: {error}") from error
    return Document(collection, id, fields, _version(message.update_time))


def _version(update_time: Any) -> str:
    return f"{update_time.seconds}.{update_time.nanos:09d}"


def _require_version(target: Any, version: str, name: str) -> None:
    parts = _VERSION.fullmatch(version)
    if parts is None:
        raise Conflict(f"{name} was never at version {version!r}, which is none of Firestore's; read it, then decide")
    target.seconds, target.nanos = int(parts[1]), int(parts[2])


def _places(writes: Sequence[Write]) -> str:
    named = ", ".join(f"{write.collection}/{write.id}" for write in writes[:MAX_NAMED])
    return named if len(writes) <= MAX_NAMED else f"{named} and {len(writes) - MAX_NAMED} more"
