"""Every page of the dashboard in a real Chromium, wide and on a phone, on a finished and on a running day."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from common.day.square_off import REASON
from tests.browser.seen import PAGES, PHONE, WAIT_MS, WIDE, kept, no_exception, opened, violations, walked

STREAMLITS_OWN: frozenset[str] = frozenset()
Seen = tuple[Page, list[str]]


@pytest.fixture(scope="module")
def wide(chromium: Browser, finished: str) -> Iterator[Seen]:
    """A window on a finished day, and what its console complained of."""
    with opened(chromium, finished, "", WIDE) as seen:
        yield seen


@pytest.fixture(scope="module")
def phone(chromium: Browser, running: str) -> Iterator[Seen]:
    """A phone on a running day, in the dark."""
    with opened(chromium, running, "", PHONE, "dark") as seen:
        yield seen


@pytest.mark.parametrize("name", PAGES)
def test_a_finished_day_wide(wide: Seen, name: str) -> None:
    """Each page is whole, its console is silent, and axe finds nothing serious."""
    page, faults = wide
    walked(page, name)
    page.screenshot(path=kept("finished", name))
    no_exception(page)
    assert faults == []
    assert violations(page, STREAMLITS_OWN) == []


def test_a_finished_day_warns_of_nothing(wide: Seen) -> None:
    """The scheduler's square-off stands, as Controls says; but trading is over, and Today has no box about it."""
    page, _ = wide
    walked(page, "controls")
    expect(page.get_by_text(REASON).first).to_be_visible(timeout=WAIT_MS)
    walked(page, "")
    expect(page.get_by_text("Trading is over for today.")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text(REASON)).to_have_count(0)


@pytest.mark.parametrize("name", PAGES)
def test_a_running_day_on_a_phone_in_the_dark(phone: Seen, name: str) -> None:
    """Each page fits the width of a phone while the day is traded; readable in dark colours; the menu is out of it."""
    page, faults = phone
    walked(page, name)
    expect(page.get_by_test_id("stSidebarNav")).not_to_be_in_viewport()
    page.screenshot(path=kept("phone", name))
    no_exception(page)
    assert faults == []
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE[0]
    assert violations(page, STREAMLITS_OWN) == []
