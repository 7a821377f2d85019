"""The scorecard's verdict: right as often as it says, and authority that is earned slowly and lost fast."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from common.planning.bets import ERROR
from common.planning.scorecard import FEWEST_DAYS, MOST_FALL, GradedDay, Season, standing_of

FIRST = date(2026, 1, 1)
BOUND = 30_000_00
SEASONS, DAYS = 250, 250


def day(number: int, difference: int, **changes: Any) -> GradedDay:
    """Day `number` of a record on which the rules made nothing; paise."""
    fields: dict[str, Any] = {
        "date": FIRST + timedelta(days=number), "model": "one", "prompt_hash": "a", "model_net_paise": difference,
        "rules_net_paise": 0, "bound_paise": BOUND, **changes,
    }
    return GradedDay(**fields)


def days(differences: Sequence[int], **changes: Any) -> list[GradedDay]:
    return [day(number, difference, **changes) for number, difference in enumerate(differences)]


@dataclass
class Kind:
    """A generated season's truth: mean of the daily differences in rupees, around it 5,000 with fat tails."""

    mean: float

    def draw(self, rng: Random, number: int) -> GradedDay:
        """The rules' own day is many times what the two differ by: a verdict on the market would be wrong here."""
        rules = rng.gauss(0, 8_000)
        noise = rng.gauss(0, 4_000) if rng.random() < 0.9 else rng.gauss(0, 10_000)
        return day(number, round((rules + self.mean + noise) * 100), rules_net_paise=round(rules * 100))


def verdicts(kind: Kind, name: str) -> tuple[Counter[str], Counter[bool], list[int]]:
    """Of SEASONS seasons: first verdict ever given, whether ever promoted, and days to the first verdict."""
    said, promoted, took = Counter[str](), Counter[bool](), list[int]()
    for number in range(SEASONS):
        rng = Random(f"{name} {number}")
        season, first, ever = Season(day(0, 0)), "not shown", False
        for n in range(DAYS):
            season.add(kind.draw(rng, n))
            ever |= season.authority.promoted
            if first == "not shown" and season.verdict != "not shown":
                first = season.verdict
                took.append(n + 1)
        said[first] += 1
        promoted[ever] += 1
    return said, promoted, took


def most(share: float) -> float:
    """Of SEASONS, with three standard errors."""
    return SEASONS * share + 3 * math.sqrt(SEASONS * share * (1 - share))


def test_equal_models_are_seldom_told_apart() -> None:
    """Neither better nor worse more often than the error that is claimed, though each day is looked at."""
    said, promoted, _ = verdicts(Kind(0), "equal")
    assert said["better"] <= most(ERROR / 2)
    assert said["worse"] <= most(ERROR / 2)
    assert promoted[True] <= most(ERROR / 2)


def test_looking_each_day_with_an_ordinary_test_errs_often() -> None:
    """What the bets are for: the usual 95 per cent test, asked each day of the same seasons, is wrong in a third."""
    wrong = 0
    for number in range(SEASONS):
        rng, total, square = Random(f"equal {number}"), 0.0, 0.0
        for n in range(DAYS):
            result = Kind(0).draw(rng, n).result
            total, square = total + result, square + result**2
            if n >= FEWEST_DAYS and abs(total) > 1.96 * square**0.5:
                wrong += 1
                break
    assert wrong > SEASONS * 0.25


def test_better_models_are_promoted_and_never_called_worse() -> None:
    """2,500 rupees a day better is found within the year nearly always; a little better, seldom."""
    said, promoted, took = verdicts(Kind(2_500), "better")
    assert said["better"] >= SEASONS * 0.95
    assert promoted[True] >= SEASONS * 0.95
    assert said["worse"] <= most(ERROR / 2)
    assert 30 < sorted(took)[len(took) // 2] < 120
    few, _, _ = verdicts(Kind(500), "a little better")
    assert few["worse"] <= most(ERROR / 2)
    assert few["not shown"] > SEASONS / 2, "one year says little about 500 rupees a day"


def test_worse_models_are_never_promoted() -> None:
    """Not one in forty, whatever they gain by chance at first."""
    said, promoted, _ = verdicts(Kind(-2_500), "worse")
    assert said["worse"] >= SEASONS * 0.95
    assert said["better"] <= most(ERROR / 2)
    assert promoted[True] <= most(ERROR / 2)


def test_nothing_is_said_before_anything_is_known() -> None:
    """No model, no day that counts, a day or two."""
    assert standing_of([]).authority is None
    nothing = standing_of(days([5, 5], why_not="nobody said up to when the model was trained"))
    assert (nothing.days, nothing.left_out, nothing.verdict) == (0, 2, "not shown")
    assert "No day counts yet" in nothing.text
    assert "nobody said up to when" in nothing.text
    two = standing_of(days([1_000_00, 2_000_00]))
    assert "₹1,500.00 a day ahead of the rules" in two.text
    assert "too early to say" in two.text
    assert two.lower_paise < 0 < two.upper_paise


def test_how_many_days_it_would_take() -> None:
    """A spread of 5,000 and an edge of 500 need years, and the text says how many; no edge says never."""
    edge = standing_of(days([5_500_00, -4_500_00] * 20))
    assert edge.days_needed is not None
    assert 700 < edge.days_needed < 1_500
    assert f"about {edge.days_needed:,} days" in edge.text
    assert "years of sessions" in edge.text
    never = standing_of(days([5_000_00, -5_000_00] * 20))
    assert never.days_needed is None
    assert "nobody waits" in never.text


def test_a_days_difference_counts_to_the_bound() -> None:
    """One day of ten daily losses is one; it is said that it was cut, and the sum is whole."""
    found = standing_of(days([10 * BOUND, *[0] * 30]))
    assert (found.cut, found.verdict, found.total_paise) == (1, "not shown", 10 * BOUND)
    assert "1 of them were cut to ₹30,000.00" in found.text


def test_promotion_waits_and_is_lost_by_a_fall() -> None:
    """Proof at once, promotion after twenty days; a fall of three daily losses ends it, though proof remains."""
    good = [15_000_00] * FEWEST_DAYS
    early = standing_of(days(good[:-1]))
    assert early.verdict == "better"
    assert early.authority is not None
    assert not early.authority.promoted
    assert "have to count" in early.text
    promoted = standing_of(days(good))
    assert promoted.authority is not None
    assert (promoted.authority.promoted, promoted.authority.since) == (True, FIRST + timedelta(FEWEST_DAYS - 1))
    bad = [-round(BOUND * MOST_FALL / 4)] * 4
    falling = standing_of(days([*good, *bad[:-1]]))
    assert falling.authority is not None
    assert falling.authority.promoted
    fallen = standing_of(days([*[15_000_00] * 60, *bad]))
    assert fallen.authority is not None
    assert fallen.verdict == "better"
    assert (fallen.authority.promoted, fallen.authority.since) == (False, FIRST + timedelta(63))
    again = standing_of(days([*[15_000_00] * 60, *bad, *good]))
    assert again.authority is not None
    assert again.authority.promoted, "after twenty more days, on the proof of the whole record"


def test_a_model_that_falls_with_the_rules_is_demoted_too() -> None:
    """Its own fall counts as well as the one against the rules: nobody is paid for losing in company."""
    record = days([15_000_00] * 30)
    together = [
        day(30 + n, -BOUND, rules_net_paise=-BOUND) for n in range(int(MOST_FALL))
    ]
    found = standing_of([*record, *together])
    assert found.authority is not None
    assert not found.authority.promoted


@pytest.mark.parametrize("change", [{"model": "two"}, {"prompt_hash": "b"}])
def test_a_change_begins_a_new_record(change: dict[str, str]) -> None:
    """Another model or prompt has nothing; going back does not bring the old record back."""
    good = days([15_000_00] * 30)
    changed = standing_of([*good, day(30, 15_000_00, **change)])
    assert (changed.days, changed.verdict) == (1, "not shown")
    assert changed.authority is not None
    assert not changed.authority.promoted
    assert changed.authority.since == FIRST + timedelta(30)
    back = standing_of([*good, day(30, 0, **change), day(31, 15_000_00)])
    assert (back.days, back.authority and back.authority.promoted) == (1, False)


def test_days_that_do_not_count_change_nothing() -> None:
    """However good they were; and the order in which days come does not matter."""
    good = days([15_000_00] * 19)
    remembered = [day(-n, 30_000_00, why_not="trained up to then") for n in range(1, 30)]
    found = standing_of([*good[::-1], *remembered])
    assert (found.days, found.left_out) == (19, 29)
    alone = standing_of(good)
    for name in ("verdict", "mean_paise", "lower_paise", "upper_paise", "total_paise", "days_needed", "fall_paise"):
        assert getattr(found, name) == getattr(alone, name)


def test_authority_covers_one_model_with_one_prompt() -> None:
    """Only while promoted, and never a model without a name."""
    found = standing_of(days([15_000_00] * 30)).authority
    assert found is not None
    assert found.covers("one", "a")
    assert not found.covers("one", "b")
    assert not found.covers("two", "a")
    assert not found.model_copy(update={"promoted": False}).covers("one", "a")
    assert not found.model_copy(update={"model": ""}).covers("", "a")
