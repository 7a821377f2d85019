"""What simulated days leave in a process is not there for the tests after them."""

from collections.abc import Iterator
from typing import cast

import pytest

from common.strategies import registry


@pytest.fixture(autouse=True)
def _strategies_as_shipped() -> Iterator[None]:
    """The simulator makes its own strategy known by name; another test lists the shipped ones."""
    shipped = dict(registry.BUILT_IN)
    yield
    built_in = cast(dict[str, registry.BuiltIn], registry.BUILT_IN)
    built_in.clear()
    built_in.update(shipped)
