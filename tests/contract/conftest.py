"""The stores under contract, one after the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.ports import DocumentStore
from tests.contract.storage_server import storage_server
from tests.contract.stores import STORES, Opening


@pytest.fixture(scope="session")
def cloud() -> Iterator[None]:
    """A real Cloud Storage server for all tests of this process."""
    with storage_server():
        yield


@pytest.fixture(params=sorted(STORES))
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Opens one more handle on the test's own store; all are closed at the end."""
    if request.param == "firestore":
        request.getfixturevalue("firestore")
    opened: list[DocumentStore] = []

    def open_one() -> DocumentStore:
        opened.append(STORES[request.param](str(tmp_path)))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(opening: Opening) -> DocumentStore:
    return opening()
