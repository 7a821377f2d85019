"""A live plan approved in a real Chromium: too late first, which is refused, then in time; and what is recorded."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from common.adapters.clock import VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.sqlite import SqliteStore
from common.day.audit import verify
from common.day.control import read_control
from common.day.plan import PLANS, plan_day
from common.day.prepare import EVIDENCE
from common.market.indian_time import INDIA
from common.planning.plan import Plan
from common.ports import Create
from dashboard.words import rupees
from jobs.local.dashboard import LocalDashboard
from jobs.local.simulated_kite import free_port
from tests.browser.conftest import Api
from tests.browser.seen import PHONE, WAIT_MS, kept, opened, settled
from tests.unit.planning_case import DAY, evidence, mandate

LIVE = 'mode = "live"'
MORNING = datetime(2026, 8, 19, 8, 45, tzinfo=INDIA)
LATE = MORNING.replace(hour=10, minute=31)


def clock(moment: datetime) -> dict[str, str]:
    """What a process reads its time from: `moment` is now."""
    return {"TRON_SESSION_CLOCK": f"{time.time()} {moment.timestamp()} 1.0", "TRON_MANDATE_TEXT": LIVE}


@pytest.fixture
def drafted(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store with the DRAFT of a live day."""
    store = SqliteStore(tmp_path / "store.sqlite")
    store.commit([Create(EVIDENCE, DAY.isoformat(), evidence(mandate(LIVE)).to_fields())])
    plan_day(DAY, store, mandate(LIVE), VirtualClock(MORNING))
    yield store
    store.close()


def plan_of(store: SqliteStore) -> Plan:
    """As it is stored."""
    document = store.get(PLANS, DAY.isoformat())
    assert document is not None
    return Plan.from_fields(document.fields)


def approve(page: Page) -> None:
    """Two taps."""
    page.get_by_role("button", name="Approve", exact=True).click(timeout=WAIT_MS)
    page.get_by_role("button", name="Yes, approve it").click(timeout=WAIT_MS)


def test_a_live_plan_is_approved_on_a_phone(chromium: Browser, tmp_path: Path, drafted: SqliteStore) -> None:
    """Loss and button fit on one screen; late it is refused and stays a DRAFT, in time it is READY and recorded."""
    api, seen = Api(tmp_path), plan_of(drafted).hash
    page_server = LocalDashboard(tmp_path, api.url, free_port(), DAY)
    try:
        api.start(**clock(LATE))
        page_server.start()
        with opened(chromium, page_server.url, "plan", PHONE) as (page, faults):
            loss = f"This plan may lose {rupees(plan_of(drafted).max_loss_paise)} at most"
            expect(page.get_by_text(loss)).to_be_in_viewport(ratio=1)
            expect(page.get_by_role("button", name="Approve", exact=True)).to_be_in_viewport(ratio=1)
            approve(page)
            expect(page.get_by_text("can no longer be approved")).to_be_visible(timeout=WAIT_MS)
            assert plan_of(drafted).status == "DRAFT"
            api.stop()
            api.start(**clock(MORNING))
            page.reload()
            settled(page)
            page.screenshot(path=kept("phone", "approve"))
            approve(page)
            expect(page.get_by_text("The plan trades")).to_be_visible(timeout=WAIT_MS)
            expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
            assert faults == []
    finally:
        page_server.stop()
        api.stop()
    _recorded(tmp_path, drafted, seen)


def _recorded(home: Path, store: SqliteStore, seen: str) -> None:
    """READY by the person at the API, for the plan that was seen, as one action whose chain holds."""
    made, control = plan_of(store), read_control(store)
    assert made.status == "READY"
    assert made.approval is not None
    assert control is not None
    assert made.approval.plan_hash == seen
    (action,) = control.fields["history"]
    assert (action["did"], action["by"]) == (f"approve the plan of {DAY}", made.approval.by)
    assert verify(DAY, store, DirectoryArchive(home / "archive")).findings == []
