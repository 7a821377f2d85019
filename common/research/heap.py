"""Memory that is free within the process, given back to the machine: a long file's footer leaves tens of megabytes."""

import ctypes
from contextlib import suppress

import pyarrow as pa


def give_back() -> None:
    """Arrow's pool, and what glibc keeps for the next small object; on other C libraries only the first."""
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
