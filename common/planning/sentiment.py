"""How headlines sound: by an open list of words where no model is asked, with the words that say so."""

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal

from pydantic import Field

from common.planning.document import Record
from common.planning.headlines import MAX_HEADLINES, MAX_TITLE, Headline

MAX_WHY: Final = 500
MAX_QUOTES: Final = 10
LISTS: Final = ("lexicon.csv", "market_words.csv")
"""The later list wins: in headlines about markets some words mean something else."""
SPREAD: Final = 15.0
"""As the list's own authors have it: a sum of 4 becomes 0.72."""
NEGATIONS: Final = frozenset(("no", "not", "never", "without", "denies", "deny", "unlikely", "won't", "didn't"))
REACH: Final = 3
_WORD: Final = re.compile(r"[a-z][a-z'-]*")

Score = Annotated[float, Field(ge=-1, le=1)]


class HeadlineSentiment(Record):
    """score: -1 bad to 1 good for the market. quote: the words of the headline from which it is read."""

    headline: Annotated[int, Field(ge=1, le=MAX_HEADLINES)]
    score: Score
    quote: Annotated[str, Field(min_length=1, max_length=MAX_TITLE)]


class Sentiment(Record):
    """Of the day: its score is the mean of the headlines' that say anything where `source` is the lexicon."""

    source: Literal["lexicon", "model"]
    score: Score
    why: Annotated[str, Field(max_length=MAX_WHY)] = ""
    quotes: Annotated[tuple[str, ...], Field(max_length=MAX_QUOTES)] = ()
    headlines: Annotated[tuple[HeadlineSentiment, ...], Field(max_length=MAX_HEADLINES)] = ()


def by_lexicon(headlines: Sequence[Headline]) -> Sentiment | None:
    """None without a headline; a headline without a word of the list has no score."""
    if not headlines:
        return None
    found = [one for one in map(_of, headlines) if one is not None]
    score = round(math.fsum(one.score for one in found) / len(found), 4) if found else 0.0
    strongest = sorted(found, key=lambda one: (-abs(one.score), one.headline))[:MAX_QUOTES]
    why = f"by the words of {len(found)} of {len(headlines)} headlines"
    return Sentiment(
        source="lexicon", score=score, why=why, quotes=tuple(one.quote for one in strongest), headlines=tuple(found),
    )


@cache
def lexicon() -> Mapping[str, float]:
    """Words and their weight, -4 to 4; where they are from: data/lexicon.md."""
    found: dict[str, float] = {}
    for name in LISTS:
        text = files("common.planning").joinpath(f"data/{name}").read_text(encoding="utf-8")
        for line in text.splitlines()[1:]:
            word, _, weight = line.partition(",")
            found[word] = float(weight)
    return found


def _of(headline: Headline) -> HeadlineSentiment | None:
    words, weights = _WORD.findall(headline.title.lower()), lexicon()
    total, telling = 0.0, list[str]()
    for place, word in enumerate(words):
        weight = weights.get(word)
        if weight is None:
            continue
        denied = NEGATIONS.intersection(words[max(0, place - REACH) : place])
        total += -weight / 2 if denied else weight
        telling.append(word)
    if not telling:
        return None
    score = round(total / math.sqrt(total * total + SPREAD), 4)
    return HeadlineSentiment(headline=headline.id, score=score, quote=" ".join(telling)[:MAX_TITLE])
