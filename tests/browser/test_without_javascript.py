"""Every form works where no script runs: an old phone, a strict proxy, a reader that fetched the page alone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.office import Office, call, give_cookie
from tests.make import Make

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def office(browser: Browser, server: str, make: Make) -> Iterator[Office]:
    """A window without JavaScript; alice is signed in."""
    org = make.org()
    with browser.new_context(java_script_enabled=False) as context:
        give_cookie(context, server, make, org.alice)
        page = context.new_page()
        page.set_default_timeout(10_000)
        yield Office(page, server, org)


def test_signing_in_and_out(office: Office):
    page = office.page
    page.context.clear_cookies()
    page.goto(f"{office.server}/sign-in")
    page.get_by_label("E-mail").fill(office.org.alice.email)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value(office.org.alice.email)
    office.sign_in(office.org.alice)


def test_issuing_a_key(office: Office):
    page = office.at("/keys").page
    page.get_by_role("link", name="Issue key").first.click()
    page.locator("main").get_by_role("link", name=re.compile("^Session")).click()
    page.get_by_label("Name", exact=True).fill("Typed without script")
    page.get_by_role("button", name="Issue key").click()
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Typed without script")
    page.get_by_role("checkbox", name=re.compile("^Create links")).check()
    page.get_by_role("button", name="Issue key").click()
    secret = office.secret.inner_text()
    assert call(office.server, "GET", "/v1/whoami", secret)[0] == 200
    page.get_by_role("link", name="I have stored it").click()
    expect(page.get_by_role("heading", level=1, name="Typed without script")).to_be_visible()


def test_disabling_a_key_and_undoing_it(office: Office, make: Make):
    make.key(office.org, "feed", name="Scoreboard")
    office.open_key("Scoreboard")
    office.page.get_by_role("button", name="Disable").click()
    office.state_is("Disabled")
    office.page.get_by_role("button", name="Undo").click()
    office.state_is("Live")


def test_creating_a_link_and_playing(office: Office, make: Make):
    game = make.game(office.org, name="Penalty Kings", launch_url=f"{office.server}/play/demo-game")
    page = office.at("/sessions").page
    page.get_by_role("link", name="Create link").first.click()
    page.get_by_label("Leads to").select_option(f"game-{game}")
    page.get_by_role("button", name="Create link").click()
    _play(page, office.secret.inner_text())


def _play(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".checks li").first).to_contain_text("Verified by the server")
    page.goto(link)
    expect(page.get_by_role("button", name="Play")).to_have_count(0)


def test_saving_settings(office: Office):
    page = office.at("/settings").page
    page.locator("#allowlist textarea").fill("nonsense")
    page.get_by_role("button", name="Save allowlist").click()
    expect(page.locator("#allowlist .field-error")).to_contain_text("line 1")
    expect(page.locator("#allowlist textarea")).to_have_value("nonsense")
    page.locator("#allowlist textarea").fill("203.0.113.0/24")
    page.get_by_role("button", name="Save allowlist").click()
    expect(page.locator("#flashes")).to_contain_text("llowlist")
    expect(office.at("/settings").page.locator("#allowlist textarea")).to_have_value("203.0.113.0/24")


def test_filtering_and_sorting_a_list(office: Office, make: Make):
    make.key(office.org, "feed", name="Scoreboard")
    make.key(office.org, "session", name="Website")
    page = office.at("/keys").page
    page.locator("[data-filters]").get_by_label("Kind").select_option("session")
    page.get_by_role("button", name="Filter").click()
    expect(office.row("Website")).to_have_count(1)
    expect(office.row("Scoreboard")).to_have_count(0)
