"""Firestore's generated client: every call with a time-out and a retry of its own, errors in the port's words."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from common.ports import StoreError, StoreUnavailable

READ_SECONDS: Final = 3.0
QUERY_SECONDS: Final = 5.0
COMMIT_SECONDS: Final = 5.0
HOST: Final = "firestore.googleapis.com:443"
UNCLEAR: Final = "the write may or may not have happened: read before writing again"

_CHANNEL: Final = (
    # By default gRPC waits up to two minutes before it looks again at a server that was away.
    ("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 30_000), ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1),
)
_NO_DATABASE = re.compile(r"[Dd]atabase .* does not exist")


class FirestoreCalls:
    """The calls that the store makes, on raw protobuf messages. Thread-safe."""

    def __init__(self, project: str, database: str, emulator: str) -> None:
        """emulator: HOST:PORT of one, '' for Google's service with the environment's own credentials."""
        self.database = f"projects/{project}/databases/{database}"
        self.documents = f"{self.database}/documents"
        self._metadata = [("google-cloud-resource-prefix", self.database)]
        if emulator:
            self._metadata.append(("authorization", "Bearer owner"))
        self._client: Any = _client(emulator)

    def commit(self, writes: Sequence[Any]) -> Sequence[Any]:
        """The WriteResult messages. Raises what the client raises: only the store knows what its writes meant.

        Only ABORTED is tried again, which says that nothing was written. After a lost answer a second try would find
        its own first one, and take it for somebody else's.
        """
        from google.api_core.exceptions import Aborted
        from google.api_core.retry import Retry, if_exception_type
        from google.cloud.firestore_v1.types import CommitRequest

        request = CommitRequest.wrap(CommitRequest.pb()(database=self.database, writes=writes))
        retry = Retry(if_exception_type(Aborted), initial=0.05, maximum=0.5, timeout=COMMIT_SECONDS)
        answer = self._called().commit(request, retry=retry, timeout=COMMIT_SECONDS, metadata=self._metadata)
        results: Sequence[Any] = _raw(answer).write_results
        return results

    def get(self, name: str) -> Any | None:
        """The Document message; None where there is none. Raises StoreUnavailable, StoreError."""
        from google.cloud.firestore_v1.types import BatchGetDocumentsRequest

        request = BatchGetDocumentsRequest.wrap(
            BatchGetDocumentsRequest.pb()(database=self.database, documents=[name])
        )
        with explained(f"reading {name}"):
            answers = self._called().batch_get_documents(
                request, retry=_of_reads(), timeout=READ_SECONDS, metadata=self._metadata
            )
            for answer in map(_raw, answers):
                if answer.WhichOneof("result") == "found":
                    return answer.found
        return None

    def query(self, structured: Any) -> list[Any]:
        """The Document messages in order. Raises StoreUnavailable, StoreError."""
        from google.cloud.firestore_v1.types import RunQueryRequest

        message = RunQueryRequest.pb()(parent=self.documents, structured_query=structured)
        with explained("a query"):
            answers = self._called().run_query(
                RunQueryRequest.wrap(message), retry=_of_reads(), timeout=QUERY_SECONDS, metadata=self._metadata
            )
            return [answer.document for answer in map(_raw, answers) if answer.HasField("document")]

    def listen(self, requests: Iterator[Any], seconds: float) -> Any:
        """ListenResponse stream, to be cancelled by the caller; it ends with DeadlineExceeded after `seconds`."""
        return self._called().listen(requests, retry=None, timeout=seconds, metadata=self._metadata)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.transport.close()

    def _called(self) -> Any:
        client = self._client
        if client is None:
            raise StoreError(f"the store {self.database} is closed; open it again")
        return client


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turns the client's errors into StoreUnavailable and StoreError; `doing`: what was under way."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
        raise store_error(error, doing) from error


def store_error(error: Exception, doing: str) -> StoreError:
    """What went wrong, in the port's words and with what to do."""
    from google.api_core import exceptions as api

    cause = getattr(error, "cause", None) or error
    said = f"{doing}: {type(cause).__name__}: {str(cause)[:500]}"
    if isinstance(cause, api.NotFound) and _NO_DATABASE.search(str(cause)):
        return StoreError(f"{said}: create the database, or correct TRON_PROJECT and TRON_DATABASE")
    if isinstance(cause, api.Unauthenticated | api.Forbidden):
        return StoreError(f"{said}: give this account the role roles/datastore.user")
    passing = api.ServerError | api.Aborted | api.Cancelled | api.TooManyRequests | api.RetryError
    if isinstance(cause, passing):
        return StoreUnavailable(f"Firestore did not answer, {said}; try again later")
    return StoreError(said)


def _client(emulator: str) -> Any:
    # Lazily: the client takes a third of a second, and only what stands on Firestore pays for it.
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.firestore_v1.services.firestore import FirestoreClient
    from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

    try:
        if emulator:
            import grpc

            channel = grpc.insecure_channel(emulator, options=_CHANNEL)
        else:
            channel = FirestoreGrpcTransport.create_channel(HOST, options=_CHANNEL)
    except GoogleAuthError as error:
        raise StoreError(
            f"no credentials for Firestore ({error}): set FIRESTORE_EMULATOR_HOST, or run "
            "`gcloud auth application-default login`"
        ) from error
    return FirestoreClient(transport=FirestoreGrpcTransport(channel=channel))


def _of_reads() -> Any:
    """A server that is away is asked again for READ_SECONDS; one that is silent has had its time-out."""
    from google.api_core.exceptions import Aborted, ServiceUnavailable
    from google.api_core.retry import Retry, if_exception_type

    return Retry(if_exception_type(ServiceUnavailable, Aborted), initial=0.1, maximum=0.5, timeout=READ_SECONDS)


def _raw(answer: Any) -> Any:
    return type(answer).pb(answer)
