"""Shadow runs: what each alternative would have made of the day, replayed on the market as it was recorded."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from common.market.money import Paise
from common.planning.alternatives import Alternative
from common.planning.document import document_hash
from common.planning.plan import ClassPlan, OptionSelection
from common.ports import MarketData
from common.research.replay import replay_class
from common.research.workload import Outcome

MOST_TEXT: Final = 300


@dataclass(frozen=True, slots=True)
class Shadow:
    """One alternative's day. Money: paise, after charges; net includes cost_paise, what its model was paid.

    classes: net by asset class. failed: why there is no result, '' where there is one.
    """

    name: str
    net_paise: Paise = 0
    charges_paise: Paise = 0
    cost_paise: Paise = 0
    trades: int = 0
    classes: Mapping[str, Paise] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failed: str = ""

    def to_fields(self) -> dict[str, Any]:
        """JSON values; without figures where it failed."""
        if self.failed:
            return {"name": self.name, "failed": self.failed}
        return {
            "name": self.name, "net_paise": self.net_paise, "charges_paise": self.charges_paise,
            "cost_paise": self.cost_paise, "trades": self.trades, "classes": dict(self.classes),
            "notes": list(self.notes), "failed": "",
        }


class ShadowRuns:
    """Runs of one day; the same class planned twice alike is replayed once.

    in_time: asked before each replay; where it says no, what is left is not run, and said to be so.
    """

    def __init__(self, day: date, market: MarketData, seed: int, in_time: Callable[[], bool]) -> None:
        self._day = day
        self._market = market
        self._seed = seed
        self._in_time = in_time
        self._done: dict[str, Outcome | str] = {}

    def run(self, alternative: Alternative, cost: Paise = 0) -> Shadow:
        """Whatever goes wrong in one is told in its result: the others are run all the same."""
        if alternative.fault:
            return Shadow(alternative.name, failed=alternative.fault[:MOST_TEXT])
        outcomes = [self._replay(one) for one in alternative.classes]
        faults = [one for one in outcomes if isinstance(one, str)]
        if faults:
            return Shadow(alternative.name, failed="; ".join(dict.fromkeys(faults))[:MOST_TEXT])
        return _sum(alternative.name, [one for one in outcomes if isinstance(one, Outcome)], cost)

    def _replay(self, plan: ClassPlan) -> Outcome | str:
        told = {name: value for name, value in plan.to_fields().items() if name not in ("reasons", "structure")}
        key = document_hash(told)
        if key not in self._done:
            self._done[key] = self._once(plan)
        return self._done[key]

    def _once(self, plan: ClassPlan) -> Outcome | str:
        if not self._in_time():
            return "not run: the time for shadow runs was over"
        try:
            if plan.options is not None and not self._has_chain(plan.options):
                own = plan.options
                return f"{plan.asset_class}: no option of {own.underlying}, {own.expiry}, is in the recorded session"
            return replay_class(self._day, plan, self._market, self._seed)
        except Exception as error:  # a strategy may be anybody's; the closing goes on
            return f"{plan.asset_class}: {type(error).__name__}: {error}"

    def _has_chain(self, wanted: OptionSelection) -> bool:
        """Without one a replay trades nothing, which would be a result of 0."""
        listed = self._market.instruments(self._day)
        return any(one.strike and (one.underlying, one.expiry) == (wanted.underlying, wanted.expiry) for one in listed)


def _sum(name: str, outcomes: Iterable[Outcome], cost: Paise) -> Shadow:
    net, charges, trades, classes, notes = -cost, 0, 0, dict[str, Paise](), list[str]()
    for one in outcomes:
        own = one.summary
        net += own["net_paise"]
        charges += own["charges_paise"]
        trades += own["trades"]
        classes[one.asset_class.value] = own["net_paise"]
        if own["open_positions"]:
            notes.append(f"{one.asset_class}: {own['open_positions']} left open, counted at their last prices")
    return Shadow(name, net, charges, cost, trades, classes, tuple(notes))
