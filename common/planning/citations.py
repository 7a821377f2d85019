"""Numbers in a reason's own words: each must be one that it cites from the evidence, or of the choice itself."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from common.planning.evidence import Evidence

MAX_DIGITS: Final = 20
_NUMBER: Final = re.compile(r"(?<![\w.,])[-+−]?\d[\d,]*(?:\.\d+)?(?![\w]|[.,]\d)")


def text_problems(
    text: str, numbers: Mapping[str, float], evidence: Evidence, own: Iterable[object] = (),
) -> Iterator[str]:
    """own: values of the choice that the text explains, which it may name as well.

    A number fits when it is a cited one, rounded to the digits that are shown, with or without its sign. Digits in
    other scripts count as digits; those within names (such as 'NIFTY 50' or '09:20') are no numbers.
    """
    for path, value in numbers.items():
        known = evidence.numbers.get(path)
        if known is None:
            yield f"cites {path}, which is not in the evidence"
        elif known != value:
            yield f"cites {path} as {value}, the evidence says {known}"
    fitting = [Decimal(str(one)) for one in numbers.values()]
    fitting += [Decimal(str(one)) for one in own if isinstance(one, int | float) and not isinstance(one, bool)]
    for said in _NUMBER.findall(_without_names(text, evidence)):
        if not _fits(said, fitting):
            yield f"the reason says {said}, which is none of the numbers that it cites"


def _without_names(text: str, evidence: Evidence) -> str:
    plain = "".join(_digit(letter) for letter in text)
    for name in (*evidence.indices, *(one.symbol for one in evidence.symbols if " " in one.symbol)):
        plain = plain.replace(name, " ")
    return re.sub(r"\b\d{1,2}:\d{2}\b", " ", plain)


def _digit(letter: str) -> str:
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter


def _fits(said: str, fitting: Iterable[Decimal]) -> bool:
    try:
        value = Decimal(said.replace(",", "").replace("−", "-").lstrip("+"))
    except InvalidOperation:
        return False
    if len(said) > MAX_DIGITS:
        return False
    unit = Decimal(1).scaleb(min(0, int(value.as_tuple().exponent)))
    return any(abs(value) == abs(one).quantize(unit) for one in fitting if abs(one) < 10**MAX_DIGITS)
