"""Every page of the dashboard in a real Chromium, wide and on a phone, on a finished and on a running day."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.architecture.source_files import ROOT
from tests.browser.seen import PAGES, PHONE, WIDE, no_exception, opened, violations

SCREENSHOTS = ROOT / "out" / "screenshots"
STREAMLITS_OWN: frozenset[str] = frozenset()


def _kept(kind: str, name: str) -> Path:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS / f"{kind}-{name or 'today'}.png"


@pytest.mark.parametrize("name", PAGES)
def test_a_finished_day_wide(chromium: Browser, finished: str, name: str) -> None:
    """Each page is whole, its console is silent, and axe finds nothing serious."""
    with opened(chromium, finished, name, WIDE) as (page, faults):
        page.screenshot(path=_kept("finished", name))
        no_exception(page)
        assert faults == []
        assert violations(page, STREAMLITS_OWN) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_running_day_on_a_phone_in_the_dark(chromium: Browser, running: str, name: str) -> None:
    """Each page fits the width of a phone while the day is traded; readable in dark colours."""
    with opened(chromium, running, name, PHONE, "dark") as (page, faults):
        page.screenshot(path=_kept("phone", name))
        no_exception(page)
        assert faults == []
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE[0]
        assert violations(page, STREAMLITS_OWN) == []
