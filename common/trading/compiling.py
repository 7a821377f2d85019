"""What the optional compiled build must be told of a class; in the plain build it changes nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

Class = TypeVar("Class", bound=type)

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr as mypyc_attr
else:

    def mypyc_attr(**_: bool) -> Callable[[Class], Class]:
        """Only mypyc reads it, in the source."""
        return lambda decorated: decorated
