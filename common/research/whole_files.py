"""Files that are there whole or not at all, whatever ends the process while they are written."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(target: Path, data: bytes) -> None:
    """Write `data` beside `target`, on the disk, then give it the name."""
    replace_whole(target, lambda path: path.write_bytes(data))


def replace_whole(target: Path, make: Callable[[Path], object]) -> None:
    """`make` fills a file beside `target`; it gets the name when it is on the disk."""
    with filled_whole(target) as path:
        make(path)


@contextmanager
def filled_whole(target: Path) -> Iterator[Path]:
    """A file beside `target` to fill; it gets the name at the end, when it is on the disk."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    made = Path(name)
    try:
        yield made
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.chmod(0o644)
        made.replace(target)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
