"""What a person sees of the dashboard in a real Chromium: a page, opened and waited for, and its faults."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.architecture.source_files import ROOT

SCREENSHOTS = ROOT / "out" / "screenshots"
CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
WIDE, PHONE = (1280, 900), (390, 844)
PHONES_NAME = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"
)
PAGES = {
    "": "Today", "plan": "Plan", "trades": "Trades", "positions": "Positions and risk", "workloads": "Workloads",
    "logs": "Logs", "scorecard": "Scorecard", "backtests": "Backtests", "controls": "Controls", "health": "Health",
}
WAIT_MS = 30_000
PROBES = ("/_stcore/health", "/_stcore/host-config")
"""Streamlit asks for these below a page's own path first, and is told 404."""


def kept(kind: str, name: str) -> Path:
    """Where a screenshot is left for a person to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS / f"{kind}-{name or 'today'}.png"


def walked(page: Page, name: str) -> None:
    """To another page by the menu, as a person does; on a phone it is opened first and closes by itself."""
    title, menu = PAGES[name], page.get_by_test_id("stExpandSidebarButton")
    link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True)
    if menu.is_visible():
        menu.click()
    link.click(timeout=WAIT_MS)
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible(timeout=WAIT_MS)
    settled(page)


@contextmanager
def opened(
    browser: Browser, address: str, name: str, size: tuple[int, int] = WIDE, scheme: str = "light",
) -> Iterator[tuple[Page, list[str]]]:
    """The page with what its console complained of so far."""
    width, height = size
    small = size == PHONE
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light",
        is_mobile=small, has_touch=small, user_agent=PHONES_NAME if small else None,
    )
    page, faults = context.new_page(), list[str]()
    page.on("console", lambda one: faults.append(f"{one.text} {one.location}") if _fault(one) else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}/{name}")
    expect(page.get_by_role("heading", name=PAGES[name], exact=True, level=1)).to_be_visible(timeout=WAIT_MS)
    settled(page)
    try:
        yield page, faults
    finally:
        context.close()


def settled(page: Page) -> None:
    """Until nothing is being worked out."""
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'"
        " && !document.querySelector('[data-testid=stSkeleton]')", timeout=WAIT_MS,
    )
    page.wait_for_timeout(500)


def no_exception(page: Page) -> None:
    """Nothing failed in Python."""
    assert page.locator("[data-testid=stException], [data-testid=stMain] :text('encountered an error')").count() == 0


def violations(page: Page, accepted: frozenset[str]) -> list[str]:
    """Serious and critical ones of axe that are not accepted, with where they are."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:150]}" for one in found
        if one["impact"] in ("serious", "critical") and one["id"] not in accepted for node in one["nodes"]
    ]


def _fault(one: Any) -> bool:
    return one.type == "error" and not str(one.location.get("url", "")).endswith(PROBES)
