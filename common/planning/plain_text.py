"""Foreign text made harmless to show and to quote: one line of ordinary characters, bounded, without addresses."""

import re
import unicodedata
from typing import Final

LINK: Final = "[link]"
MOST_READ: Final = 20_000
"""Characters of foreign text that are looked at, however short the result is to be."""
_ADDRESS: Final = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)\S*", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]{0,300}>")
_FORMATS: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def plain(text: str, most: int) -> str:
    """At most `most` characters: compatibility forms unified, marks of direction, controls and tags dropped."""
    unified = unicodedata.normalize("NFKC", text[:MOST_READ])
    spaced = "".join(" " if letter.isspace() else letter for letter in unified)
    kept = "".join(letter for letter in spaced if unicodedata.category(letter) not in _FORMATS)
    bare = _TAG.sub(" ", kept).replace("<", " ").replace(">", " ")
    line = " ".join(_ADDRESS.sub(LINK, bare).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
