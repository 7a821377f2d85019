"""The scorecard's verdict: the model against the rules over the days that count, and what the model may decide by it.

A day's result is the model's shadow net less the rules', bounded by the mandate's daily loss on either side: plans can
lose little more than that in a day, and one lucky day must not decide. Days follow each other; a change of model or
prompt begins a new record.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from common.market.money import money
from common.planning.authority import Authority
from common.planning.bets import ERROR, Bets, interval, results_needed
from common.planning.document import Record

FEWEST_DAYS: Final = 20
"""That count, since the record began or the model was demoted: four weeks of markets, however good the figures."""
MOST_FALL: Final = 3.0
"""Daily losses: a promoted model that falls so far from its best, by itself or against the rules, is demoted.

A demotion needs no proof: taken wrongly it costs a few weeks under the rules.
"""
FEWEST_TO_FORECAST: Final = 5
DAYS_A_YEAR: Final = 247

Verdict: TypeAlias = Literal["better", "worse", "not shown"]


class GradedDay(Record):
    """One day on which a model was asked. Money: paise; nets after charges and the model's own cost.

    bound_paise: the mandate's daily loss. why_not: why the day does not count, '' where it does.
    """

    date: date
    model: str
    prompt_hash: str
    model_net_paise: int = 0
    rules_net_paise: int = 0
    bound_paise: Annotated[int, Field(ge=1)]
    why_not: str = ""

    @property
    def difference_paise(self) -> int:
        """Model minus rules."""
        return self.model_net_paise - self.rules_net_paise

    @property
    def result(self) -> float:
        """The difference in daily losses, cut to -1 and 1."""
        return max(-1.0, min(1.0, self.difference_paise / self.bound_paise))


class Standing(Record):
    """The record of one model with one prompt. Money: paise a day, of differences within the bound, at the last bound.

    days: that count; left_out: that do not. cut: how many were cut to the bound. total_paise: of the whole
    differences. lower_paise, upper_paise: hold at all times together, see `bets`. fall_paise: from the best, since the
    last decision. days_needed: in all, for the observed mean to mean anything; None where that is beyond any patience,
    or too early to say. authority: None before any model was asked.
    """

    days: int = 0
    left_out: int = 0
    cut: int = 0
    total_paise: int = 0
    mean_paise: int = 0
    lower_paise: int = 0
    upper_paise: int = 0
    fall_paise: int = 0
    verdict: Verdict = "not shown"
    days_needed: int | None = None
    authority: Authority | None = None
    text: str = "No model has been asked: there is nothing to grade, and the rules plan."


class _Fall:
    """How far a sum is below its best."""

    def __init__(self) -> None:
        self.sum = self.best = 0.0

    def add(self, value: float) -> float:
        self.sum += value
        self.best = max(self.best, self.sum)
        return self.best - self.sum


class Season:
    """Follows one model with one prompt from its first day on, and decides at each close what it may."""

    def __init__(self, first: GradedDay) -> None:
        self.results: list[float] = []
        self.authority = Authority(
            model=first.model, prompt_hash=first.prompt_hash, promoted=False, since=first.date,
        )
        self.fall = 0.0
        self._above, self._below = Bets(), Bets()
        self._falls = (_Fall(), _Fall())
        self._waited = 0

    @property
    def verdict(self) -> Verdict:
        """On all days of the record, now."""
        return "better" if self._above.shown() else "worse" if self._below.shown() else "not shown"

    def add(self, day: GradedDay) -> None:
        """A day that counts."""
        result = day.result
        self.results.append(result)
        self._above.add(result)
        self._below.add(-result)
        own, against = self._falls
        moves = (day.model_net_paise / day.bound_paise, day.difference_paise / day.bound_paise)
        self.fall = max(own.add(moves[0]), against.add(moves[1]))
        self._waited += 1
        if self.authority.promoted:
            if self.fall >= MOST_FALL or self.verdict == "worse":
                self._decide(day.date, promoted=False)
        elif self.verdict == "better" and self._waited >= FEWEST_DAYS:
            self._decide(day.date, promoted=True)

    def _decide(self, day: date, *, promoted: bool) -> None:
        """Falls and the wait begin anew; what was proven, or not, stays proven over the whole record."""
        self.authority = self.authority.model_copy(update={"promoted": promoted, "since": day})
        self._falls, self._waited = (_Fall(), _Fall()), 0


def standing_of(days: Iterable[GradedDay]) -> Standing:
    """Of the model and prompt of the last day; days in any order."""
    run = latest_run(sorted(days, key=lambda day: day.date))
    if not run:
        return Standing()
    season, counted = Season(run[0]), [day for day in run if not day.why_not]
    for day in counted:
        season.add(day)
    bound, results = run[-1].bound_paise, season.results
    mean = sum(results) / len(results) if results else 0.0
    lower, upper = interval(results)
    found = Standing(
        days=len(counted), left_out=len(run) - len(counted), cut=sum(abs(one) == 1 for one in results),
        total_paise=sum(day.difference_paise for day in counted), mean_paise=round(mean * bound),
        lower_paise=round(lower * bound), upper_paise=round(upper * bound), fall_paise=round(season.fall * bound),
        verdict=season.verdict, authority=season.authority,
        days_needed=results_needed(results) if len(results) >= FEWEST_TO_FORECAST else None,
    )
    return found.model_copy(update={"text": _text(found, bound, run[-1].why_not)})


def latest_run(days: Sequence[GradedDay]) -> list[GradedDay]:
    """The days at the end that have one model and one prompt: whatever was changed began a new record."""
    found: list[GradedDay] = []
    for day in reversed(days):
        if found and (day.model, day.prompt_hash) != (found[0].model, found[0].prompt_hash):
            break
        found.append(day)
    return found[::-1]


def _text(found: Standing, bound: int, why_not: str) -> str:
    """What it means, for a person."""
    if not found.days:
        why = f" The last one does not: {why_not}." if why_not else ""
        return f"No day counts yet, so nothing can be said about the model, and the rules plan.{why}"
    side = "ahead of" if found.mean_paise >= 0 else "behind"
    days = f"{found.days} day{'s' if found.days > 1 else ''} that count{'' if found.days > 1 else 's'}"
    text = (
        f"Over {days} the model was {money(abs(found.mean_paise))} a day {side} the rules, after charges and its own "
        f"cost; the true figure lies between {money(found.lower_paise)} and {money(found.upper_paise)} a day (95 % "
        "sure, however often one looks). "
    )
    if found.cut:
        text += f"{found.cut} of them were cut to {money(bound)}. "
    return f"{text}{_meaning(found)} {_may(found)}"


def _meaning(found: Standing) -> str:
    if found.verdict == "better":
        return "That is more than chance: of models that are no better, at most one in forty ever looks like this."
    if found.verdict == "worse":
        return "The model is worse than the rules: of models that are not, at most one in forty ever looks like this."
    if found.days < FEWEST_TO_FORECAST:
        return "That says nothing yet, and it is too early to say how many days it will take."
    if found.days_needed is None:
        return "That is chance: nobody waits for as many days as a difference of this size needs to mean anything."
    return (
        f"That may well be chance: a difference of this size needs about {found.days_needed:,} days "
        f"({found.days_needed / DAYS_A_YEAR:.1f} years of sessions) before it could mean anything."
    )


def _may(found: Standing) -> str:
    assert found.authority is not None
    if found.authority.promoted:
        return f"The model plans since the close of {found.authority.since}."
    if found.verdict == "better":
        return f"The rules still plan: at least {FEWEST_DAYS} days since {found.authority.since} have to count."
    return "The rules plan; live, the model may only veto or make smaller."


__all__ = ["ERROR", "GradedDay", "Season", "Standing", "Verdict", "latest_run", "standing_of"]
