"""The plan: what each asset class trades today, with which strategy, inside which limits, and why."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cached_property, lru_cache
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from common.market.instrument import AssetClass
from common.market.money import Paise
from common.planning.document import InvalidDocument, Record, document_hash
from common.planning.limits import ClassLimits
from common.planning.mandate import Mode, Percent
from common.planning.sentiment import Sentiment

MAX_TEXT: Final = 500
MAX_NUMBERS: Final = 50
PARSED: Final = 8
"""Plans that are kept parsed: a day has one."""

Status: TypeAlias = Literal["DRAFT", "READY", "REJECTED"]
ParameterValue: TypeAlias = bool | int | float | str


class Reason(Record):
    """Why. numbers: what it was decided from, by their paths in the evidence (`Evidence.numbers`)."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    numbers: dict[str, float] = Field(default_factory=dict, max_length=MAX_NUMBERS)


class PlannerRecord(Record):
    """Who planned. Hashes: SHA-256. tokens: in and out together. fallback_reason: why rules stood in for a model.

    samples: answers asked for; agreed: of them, as many as decided alike as the most did. authority: what the model
    could decide.
    """

    kind: Literal["rules", "model"]
    input_hash: str
    model: str = ""
    temperature: float | None = None
    prompt_hash: str = ""
    authority: str = ""
    samples: Annotated[int, Field(ge=0)] = 0
    agreed: Annotated[int, Field(ge=0)] = 0
    tokens: Annotated[int, Field(ge=0)] = 0
    cost_paise: Annotated[int, Field(ge=0)] = 0
    latency_ms: Annotated[int, Field(ge=0)] = 0
    fallback_reason: str = ""


class OptionSelection(Record):
    """Which options: of one expiry, this many strikes on each side of the money and the one at it.

    signal_symbol: the future, forward or index whose bars drive the strategy.
    """

    underlying: str
    signal_symbol: str
    expiry: date
    strikes_each_side: Annotated[int, Field(ge=0, le=15)]


class StructureLeg(Record):
    """kind: CE or PE. side: +1 bought, -1 sold."""

    kind: Literal["CE", "PE"]
    side: Literal[1, -1]
    strike_paise: Annotated[int, Field(ge=0)]


class Structure(Record):
    """What an options strategy would hold, for who approves it. Money: paise, of `units` units of every leg.

    basis: where the figures are from. lots: what the limits allow, 0 for none (units are then one lot's). Charges are
    not counted. most_lost_paise, most_margin_paise: of one such position whatever its credit: with a larger one a lot
    loses less, and the limits let in more lots.
    """

    basis: str
    lots: Annotated[int, Field(ge=0)]
    units: Annotated[int, Field(ge=1)]
    legs: Annotated[tuple[StructureLeg, ...], Field(min_length=1, max_length=8)]
    credit_paise: int
    max_loss_paise: Annotated[int, Field(ge=0)]
    max_profit_paise: int
    break_evens_paise: tuple[int, ...]
    margin_paise: Annotated[int, Field(ge=0)]
    most_lost_paise: Annotated[int, Field(ge=0)] = 0
    most_margin_paise: Annotated[int, Field(ge=0)] = 0


class OpeningLimits(Record):
    """What the opening gate does at 09:09; per cent of the previous close. index_symbol: '' for the median symbol."""

    max_symbol_gap_percent: Percent
    halve_at_index_gap_percent: Percent
    index_symbol: str = ""


class ClassPlan(Record):
    """One workload. universe: symbols whose bars drive the strategy: shares; the future; for options the driver.

    structure: what a strategy of several options would hold, where that can be said before there are quotes.
    size: 1 for all that the mandate allows, less when careful; `limits` are already scaled by it. None: not enabled.
    long_only: symbols of the universe that may not be sold short. banned: underlyings whose derivatives may only be
    reduced today; None where there is no list, and then nothing that settles in shares is entered.
    """

    asset_class: AssetClass
    enabled: bool
    strategy: str = ""
    parameters: dict[str, ParameterValue] = Field(default_factory=dict)
    universe: tuple[str, ...] = ()
    options: OptionSelection | None = None
    structure: Structure | None = None
    size: Annotated[float, Field(ge=0, le=1)] = 0.0
    limits: ClassLimits | None = None
    long_only: tuple[str, ...] = ()
    banned: tuple[str, ...] | None = None
    reasons: tuple[Reason, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.enabled and not (self.strategy and self.universe and self.limits and self.size > 0):
            raise ValueError("an enabled class needs strategy, universe, limits and a size above 0")
        if self.enabled and (self.options is not None) != (self.asset_class is AssetClass.OPTIONS):
            raise ValueError("options are selected for the asset class options, and only for it")
        if not self.enabled and (self.limits or self.universe or self.options):
            raise ValueError("a class that is not enabled has no limits, universe or options")
        return self


class Approval(Record):
    """Who let a live plan trade, and what of it he saw: the draft's hash, and the most that it may lose in paise.

    at: aware, ISO 8601.
    """

    by: Annotated[str, Field(min_length=1, max_length=100)]
    at: str
    plan_hash: str
    max_loss_paise: Annotated[int, Field(ge=0)]


class Plan(Record):
    """One date's plan, at most one part an asset class. READY to trade, DRAFT until approved, REJECTED not to trade.

    approval: of a live plan that is READY; paper needs none.
    """

    schema_version: Literal[1] = 1
    date: date
    status: Status
    mode: Mode
    classes: tuple[ClassPlan, ...]
    opening: OpeningLimits
    reasons: tuple[Reason, ...] = ()
    sentiment: Sentiment | None = None
    planner: PlannerRecord
    evidence_hash: str
    mandate_hash: str
    approval: Approval | None = None

    @cached_property
    def hash(self) -> str:
        """SHA-256 over everything; not part of the fields."""
        return document_hash(self.to_fields())

    @property
    def enabled(self) -> tuple[ClassPlan, ...]:
        """What the plan would trade; nothing when it is rejected."""
        return () if self.status == "REJECTED" else tuple(one for one in self.classes if one.enabled)

    @property
    def max_loss_paise(self) -> Paise:
        """The day's loss limits of everything that it would trade."""
        return sum(one.limits.loss_paise for one in self.enabled if one.limits is not None)

    @property
    def draft_hash(self) -> str:
        """Of the plan as it was before anybody had approved it."""
        return self.model_copy(update={"status": "DRAFT", "approval": None}).hash

    @property
    def refusal(self) -> str:
        """Why nothing may be entered on this plan, '' when it may; what is open is closed all the same."""
        if self.status == "DRAFT":
            return f"the plan for {self.date} waits for your approval: `tron approve`; nothing is traded before it"
        if self.status != "READY":
            return f"the plan for {self.date} is {self.status}: nothing is traded on it"
        if self.mode == "live" and (self.approval is None or self.approval.plan_hash != self.draft_hash):
            return f"the live plan for {self.date} is not the one that was approved: nothing is traded on it"
        return ""

    def of(self, asset_class: AssetClass) -> ClassPlan | None:
        """The part of one asset class."""
        return next((one for one in self.classes if one.asset_class is asset_class), None)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Raises InvalidDocument; another schema version is named as such."""
        if fields.get("schema_version") != 1:
            found = fields.get("schema_version")
            raise InvalidDocument(f"plan: schema_version {found!r} is not 1: plan the day again with this version")
        return cls.parsed(json.dumps(fields, default=str))

    @classmethod
    @lru_cache(maxsize=PARSED)
    def parsed(cls, text: str) -> Self:
        """From JSON, once for each text: supervisor, notices and workloads read the same plan all day."""
        return cls.parse(text, "plan")
