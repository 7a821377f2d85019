"""What a person does at the dashboard: halt and resume; and what is shown while the API is dead."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Api
from tests.browser.seen import WAIT_MS, opened, settled


def test_two_taps_halt_and_a_reason_resumes(chromium: Browser, running: str) -> None:
    """One tap changes nothing; Resume asks for a reason; afterwards nothing is halted."""
    with opened(chromium, running, "controls") as (page, _):
        expect(page.get_by_text("Nothing is halted.")).to_be_visible()
        page.get_by_role("button", name="Stop entries", exact=True).click()
        page.get_by_role("button", name="Yes: stop entries, everything").wait_for(timeout=WAIT_MS)
        expect(page.get_by_text("Nothing is halted.")).to_be_visible()
        page.get_by_role("button", name="Yes: stop entries, everything").click()
        expect(page.get_by_text("no new entries").first).to_be_visible(timeout=WAIT_MS)
        resume = page.get_by_role("button", name="Resume", exact=True)
        resume.click()
        expect(page.get_by_text("Say in a few words")).to_be_visible(timeout=WAIT_MS)
        expect(page.get_by_text("no new entries").first).to_be_visible()
        page.get_by_label("Why may trading go on?").fill("the test is over")
        resume.click()
        expect(page.get_by_text("Nothing is halted.")).to_be_visible(timeout=WAIT_MS)


def test_a_dead_api_is_said_and_survived(chromium: Browser, finished: str, api: Api) -> None:
    """The store itself is read, controls are closed; the API back, everything is as before without a reload."""
    with opened(chromium, finished, "controls") as (page, _):
        button = page.get_by_role("button", name="Close everything", exact=True)
        expect(button).to_be_enabled()
        api.stop()
        try:
            expect(page.get_by_text("The API is down.")).to_be_visible(timeout=WAIT_MS)
            expect(page.get_by_text("read from the store itself")).to_be_visible()
            page.reload()
            settled(page)
            expect(button).to_be_disabled(timeout=WAIT_MS)
        finally:
            api.start()
        expect(page.get_by_text("The API is down.")).to_be_hidden(timeout=WAIT_MS)
        expect(button).to_be_enabled(timeout=WAIT_MS)
