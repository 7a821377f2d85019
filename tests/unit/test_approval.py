"""The person's answer to a live plan: what is taken, what is refused, what is recorded, and what comes without one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.sqlite import SqliteStore
from common.day.approval import answer_plan, expire, parse_answer, plan_shown
from common.day.audit import verify
from common.day.carried import REPORTS
from common.day.control import read_control
from common.day.live_days import live_days
from common.day.notices import plan_notice
from common.day.plan import PLANS, plan_day
from common.day.prepare import EVIDENCE
from common.day.start import start_workloads
from common.day.trade import class_plan, planned_class
from common.day.workloads import WORKLOADS, launched_fields, workload_id
from common.market.instrument import AssetClass
from common.planning.approval import Answer, ApprovalRefused, first_days
from common.planning.plan import Plan
from common.planning.rule_planner import plan_by_rules
from common.planning.shown_plan import approval_cutoff
from common.ports import Conflict, Create, Delete, Update
from common.trading.errors import TradingStopped
from tests.unit.kept_logs import KeptLogs
from tests.unit.live_case import Launchpad
from tests.unit.planning_case import DAY, evidence, mandate

LIVE = mandate('mode = "live"')
MORNING = datetime(2026, 8, 19, 8, 45, tzinfo=INDIA)
STOCK = AssetClass.STOCK


class Desk:
    """A store with the evidence and the DRAFT of one day."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.store = SqliteStore(place / "store.sqlite")
        self.clock = VirtualClock(MORNING)
        self.logs = KeptLogs()
        self.evidence = evidence(LIVE)
        self.store.commit([Create(EVIDENCE, DAY.isoformat(), self.evidence.to_fields())])
        plan_day(DAY, self.store, LIVE, self.clock)

    @property
    def plan(self) -> Plan:
        document = self.store.get(PLANS, DAY.isoformat())
        assert document is not None
        return Plan.from_fields(document.fields)

    def seen(self, *, approve: bool = True) -> Answer:
        """The answer of who has looked at the plan as it is."""
        return Answer(approve, self.plan.hash, self.plan.max_loss_paise, "test")

    def answer(self, answer: Answer) -> Any:
        return answer_plan(DAY, answer, self.store, self.clock, LIVE)

    def write(self, **changes: Any) -> None:
        """Somebody changes the stored plan, and nobody has said so."""
        document = self.store.get(PLANS, DAY.isoformat())
        assert document is not None
        self.store.commit([Update(PLANS, DAY.isoformat(), {**document.fields, **changes}, document.version)])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


def test_a_live_plan_waits_and_trades_only_after_its_approval(desk: Desk) -> None:
    """DRAFT: nothing is launched and no class is given out; READY: all that is enabled."""
    launchpad = Launchpad()
    assert (desk.plan.status, desk.plan.mode) == ("DRAFT", "live")
    assert start_workloads(desk.plan.to_fields(), desk.store, launchpad, desk.clock) == {}
    with pytest.raises(TradingStopped, match="waits for your approval"):
        class_plan(desk.store, DAY, STOCK)
    shown = desk.answer(desk.seen())
    assert (shown["status"], shown["approval"]["by"]) == ("READY", "test")
    assert class_plan(desk.store, DAY, STOCK).limits is not None
    started = start_workloads(desk.plan.to_fields(), desk.store, launchpad, desk.clock)
    assert sorted(started) == sorted(workload_id(DAY, one.asset_class) for one in desk.plan.enabled)


def test_a_paper_plan_needs_nobody(tmp_path: Path) -> None:
    """It is READY as it is made, and neither approved nor rejected afterwards."""
    store, paper = SqliteStore(tmp_path / "s"), mandate()
    store.commit([Create(EVIDENCE, DAY.isoformat(), evidence(paper).to_fields())])
    clock = VirtualClock(MORNING)
    plan = Plan.from_fields(plan_day(DAY, store, paper, clock))
    assert (plan.status, plan.mode, plan.refusal) == ("READY", "paper", "")
    with pytest.raises(ApprovalRefused, match="only a DRAFT"):
        answer_plan(DAY, Answer(False, plan.hash, plan.max_loss_paise, "test"), store, clock, paper)


def test_the_answer_is_recorded_in_plan_control_and_audit(desk: Desk) -> None:
    """Who, when, which plan, which loss: in one commit, chained, and a log record that becomes a message."""
    answer = desk.seen()
    desk.answer(answer)
    approval = desk.plan.approval
    assert approval is not None
    assert (approval.plan_hash, approval.max_loss_paise) == (answer.plan_hash, answer.max_loss_paise)
    assert approval.at == MORNING.isoformat()
    control = read_control(desk.store)
    assert control is not None
    (action,) = control.fields["history"]
    assert action["did"] == f"approve the plan of {DAY}"
    assert answer.plan_hash in action["reason"]
    assert verify(DAY, desk.store, DirectoryArchive(desk.place / "archive")).findings == []
    assert desk.answer(answer)["status"] == "READY"
    again = read_control(desk.store)
    assert again is not None
    assert len(again.fields["history"]) == 1


@pytest.mark.parametrize(("change", "told"), [
    ({"plan_hash": "0" * 64}, "not the one that you saw"), ({"max_loss_paise": 1}, "not the one that you saw"),
])
def test_another_plan_than_the_one_seen_is_refused(desk: Desk, change: dict[str, Any], told: str) -> None:
    """Neither the hash nor the maximum loss may differ, also to reject."""
    for approve in (True, False):
        with pytest.raises(ApprovalRefused, match=told):
            desk.answer(replace(desk.seen(approve=approve), **change))
    assert desk.plan.status == "DRAFT"
    assert read_control(desk.store) is None


def test_claimed_late_and_rejected_plans_are_refused(desk: Desk) -> None:
    """Once a workload document is there; after the cut-off of the session table; after a rejection."""
    answer, id = desk.seen(), workload_id(DAY, STOCK)
    desk.store.commit([Create(WORKLOADS, id, launched_fields(DAY, STOCK, MORNING))])
    with pytest.raises(ApprovalRefused, match="has begun"):
        desk.answer(answer)
    document = desk.store.get(WORKLOADS, id)
    assert document is not None
    desk.store.commit([Delete(WORKLOADS, id, document.version)])
    desk.clock.advance_to(approval_cutoff(desk.plan) + timedelta(seconds=1))
    with pytest.raises(ApprovalRefused, match="after 10:30"):
        desk.answer(answer)
    assert desk.answer(replace(answer, approve=False))["status"] == "REJECTED"
    assert "rejected by test" in [reason.text for reason in desk.plan.reasons]
    with pytest.raises(ApprovalRefused, match="is REJECTED"):
        desk.answer(answer)


def test_an_unanswered_plan_expires_once_and_loudly(desk: Desk) -> None:
    """Not before the cut-off; then REJECTED, with one CRITICAL record, however often it is looked at."""
    cutoff = approval_cutoff(desk.plan)
    expire(DAY, cutoff, desk.store, desk.logs)
    assert (desk.plan.status, desk.logs.records) == ("DRAFT", [])
    for _ in range(3):
        expire(DAY, cutoff + timedelta(seconds=1), desk.store, desk.logs)
    assert desk.plan.status == "REJECTED"
    (record,) = desk.logs.records
    assert record["severity"] == "CRITICAL"
    assert "not approved by 10:30" in record["message"]


def test_an_approved_plan_never_expires(desk: Desk) -> None:
    """The cut-off is for answers, not for trading."""
    desk.answer(desk.seen())
    expire(DAY, approval_cutoff(desk.plan) + timedelta(hours=1), desk.store, desk.logs)
    assert (desk.plan.status, desk.logs.records) == ("READY", [])


def test_a_plan_that_was_changed_after_its_approval_trades_nothing(desk: Desk) -> None:
    """READY is no word to be believed: the approval binds the very plan; what is open is closed all the same."""
    desk.answer(desk.seen())
    desk.write(opening={**desk.plan.opening.to_fields(), "max_symbol_gap_percent": 0.5})
    with pytest.raises(TradingStopped, match="not the one that was approved"):
        class_plan(desk.store, DAY, STOCK)
    assert planned_class(desk.store, DAY, STOCK).enabled


def test_a_live_plan_that_says_ready_by_itself_trades_nothing(desk: Desk) -> None:
    """Without an approval in it."""
    desk.write(status="READY")
    with pytest.raises(TradingStopped, match="not the one that was approved"):
        class_plan(desk.store, DAY, STOCK)


def test_a_plan_that_no_longer_validates_cannot_be_approved(desk: Desk) -> None:
    """Whoever writes into the store what the mandate forbids gets no approval for it, though the person has seen it."""
    fields = desk.plan.to_fields()
    stock = next(one for one in fields["classes"] if one["asset_class"] == "stock")
    stock["limits"]["loss_paise"] *= 10
    desk.write(classes=fields["classes"])
    with pytest.raises(ApprovalRefused, match="loss_paise"):
        desk.answer(desk.seen())


def test_two_answers_at_once_are_one(desk: Desk) -> None:
    """Whoever reads before another has written is refused by the store, reads again and is told."""
    answer, before = desk.seen(), desk.store.get(PLANS, DAY.isoformat())
    assert before is not None
    desk.answer(replace(answer, approve=False))
    with pytest.raises(Conflict):
        desk.store.commit([Update(PLANS, DAY.isoformat(), desk.plan.to_fields(), before.version)])
    with pytest.raises(ApprovalRefused):
        desk.answer(answer)


def test_the_first_live_days_trade_one_lot(desk: Desk) -> None:
    """In the limits and in the structure that is shown; ten days with trades and nothing carried lift it."""
    assert {one.limits.max_lots for one in desk.plan.enabled if one.limits is not None} == {1}
    assert all(one.structure.lots <= 1 for one in desk.plan.enabled if one.structure is not None)
    for number in range(12):
        fields = {"real_money": True, "totals": {"trades": int(number != 3)}, "carried": [] if number != 4 else [{}]}
        desk.store.commit([Create(REPORTS, f"2026-07-{number + 1:02d}", fields)])
    desk.store.commit([Create(REPORTS, "2026-08-18", {"real_money": False, "totals": {"trades": 5}, "carried": []})])
    assert live_days(desk.store, DAY) == 10
    whole = plan_by_rules(desk.evidence, LIVE)
    assert first_days(whole, desk.evidence, 10) == whole
    assert {one.limits.max_lots for one in first_days(whole, desk.evidence, 9).enabled if one.limits} == {1}


def test_more_than_one_lot_cannot_be_approved_on_a_first_day(desk: Desk) -> None:
    """Also where the plan was stored with more."""
    desk.write(**plan_by_rules(desk.evidence, LIVE).to_fields())
    with pytest.raises(ApprovalRefused, match="more than one lot"):
        desk.answer(desk.seen())


def test_what_is_shown_is_what_is_sent_back(desk: Desk) -> None:
    """Hash, loss, limits and structures; the notice says how to approve and until when."""
    shown = plan_shown(DAY, desk.store)
    assert shown is not None
    answer = parse_answer({**shown, "action": "approve"}, "test")
    assert desk.answer(answer)["status"] == "READY"
    assert sum(one["limits"]["loss_paise"] for one in shown["classes"]) == shown["max_loss_paise"]
    draft = desk.plan.model_copy(update={"status": "DRAFT", "approval": None})
    assert "until 10:30: `tron approve 2026-08-19`" in plan_notice(draft).text


BODIES = st.dictionaries(
    st.sampled_from(["action", "plan_hash", "max_loss_paise"]),
    st.one_of(st.sampled_from(["approve", "reject", "x"]), st.integers(), st.none(), st.booleans(), st.floats()),
)


@given(BODIES)
@settings(max_examples=200)
def test_no_body_is_half_an_answer(body: dict[str, Any]) -> None:
    """Either all three are there as they must be, or it is refused."""
    try:
        answer = parse_answer(body, "test")
    except ApprovalRefused:
        return
    assert (body["action"] == "approve") is answer.approve
    assert (answer.plan_hash, answer.max_loss_paise) == (body["plan_hash"], body["max_loss_paise"])
    assert (type(answer.plan_hash), type(answer.max_loss_paise)) == (str, int)
