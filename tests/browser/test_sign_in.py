"""Signing in to the dashboard by OpenID in a real Chromium: who is named comes in, and nobody else."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from jobs.local.dashboard import LocalDashboard
from jobs.local.simulated_kite import free_port
from tests.browser.oidc_provider import CLIENT, SECRET, Provider
from tests.browser.seen import PHONE, WAIT_MS, kept

NAMED = "you@example.org"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as made:
        yield made


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[str]:
    """The address of a dashboard with a sign-in, and without an API."""
    home, port = tmp_path_factory.mktemp("guarded"), free_port()
    written = home / "secrets.toml"
    written.write_text(f"""
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "a long text of chance that nobody guesses"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "{provider.issuer}/.well-known/openid-configuration"

[tron]
emails = ["{NAMED}"]
""")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMLIT_SECRETS_FILES", str(written))
        part = LocalDashboard(home, "http://127.0.0.1:9", port)
        part.start()
    yield part.url
    part.stop()


@pytest.fixture
def stranger(chromium: Browser, guarded: str) -> Iterator[Page]:
    """A fresh browser at the sign-in, which fits on one screen of a phone and shows nothing else."""
    context = chromium.new_context(viewport={"width": PHONE[0], "height": PHONE[1]})
    page = context.new_page()
    page.goto(guarded)
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_in_viewport(ratio=1, timeout=WAIT_MS)
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    yield page
    context.close()


def sign_in(page: Page) -> None:
    """By way of the provider, and back."""
    with page.expect_response(lambda answer: "/oauth2callback" in answer.url, timeout=WAIT_MS):
        page.get_by_role("button", name="Sign in", exact=True).click()


def test_who_is_named_comes_in(stranger: Page, provider: Provider) -> None:
    """By discovery, code with PKCE and a signed token; a reload asks nobody again."""
    provider.person = {"email": NAMED.upper(), "email_verified": True}
    stranger.screenshot(path=kept("phone", "sign-in"))
    sign_in(stranger)
    title = stranger.get_by_role("heading", name="Today", exact=True, level=1)
    expect(title).to_be_visible(timeout=WAIT_MS)
    assert set(provider.asked) == {"/.well-known/openid-configuration", "/authorize", "/token", "/jwks"}
    stranger.reload()
    expect(title).to_be_visible(timeout=WAIT_MS)
    assert provider.asked.count("/token") == 1


def test_nobody_else_comes_in(stranger: Page, provider: Provider) -> None:
    """Another address, then one that its provider has not verified: told so, with a way out, and no page."""
    for person in ({"email": "other@example.org", "email_verified": True}, {"email": NAMED, "email_verified": False}):
        provider.person = person
        sign_in(stranger)
        expect(stranger.get_by_text("not as somebody who may see this account")).to_be_visible(timeout=WAIT_MS)
        expect(stranger.get_by_test_id("stSidebarNav")).to_have_count(0)
        stranger.get_by_role("button", name="Sign out").click()
        expect(stranger.get_by_role("button", name="Sign in", exact=True)).to_be_visible(timeout=WAIT_MS)


def test_a_forged_token_signs_nobody_in(stranger: Page, provider: Provider) -> None:
    """Signed by another key than the provider's: back to the sign-in."""
    provider.person, provider.forged = {"email": NAMED, "email_verified": True}, True
    sign_in(stranger)
    provider.forged = False
    stranger.wait_for_function("location.pathname === '/'", timeout=WAIT_MS)
    expect(stranger.get_by_role("button", name="Sign in", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect(stranger.get_by_test_id("stSidebarNav")).to_have_count(0)
