"""Halt in three levels, as the person, the supervisor or the scheduler sets it."""

from enum import IntEnum


class HaltLevel(IntEnum):
    """Each level does what the one before does, and more. Exits are never stopped by any of them."""

    RUN = 0
    STOP_ENTRIES = 1
    CANCEL_ENTRIES = 2
    FLATTEN = 3
