"""What is not an address of the back office under axe (WCAG 2.2 AA) in light and dark, wide and narrow: drawers, menus, the
pages of players and of whoever is not signed in. The pages of the back office are in `test_axe_everywhere`."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.orgs import invitations, resets
from portal.orgs.model import Organization
from tests import servers
from tests.browser.axe import faults
from tests.browser.office import Office, give_cookie
from tests.conftest import SECRET, migrate
from tests.make import Make, unique

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def quiet(page: Page) -> Page:
    """A window in which nothing moves."""
    page.emulate_media(reduced_motion="reduce")
    return page


def test_drawers_dialogs_menus_and_toasts(quiet: Page, make: Make, server: str, console_errors: list[str]):
    office = Office(quiet, server, make.org())
    office.carry(make, office.org.alice).at("/keys").open_issue_form("Session")
    found = faults(quiet, "drawer")
    office.drawer.get_by_role("button", name="Issue key").click()
    expect(office.drawer.locator(".error-summary")).to_be_visible()
    assert all("422" in text for text in console_errors)
    console_errors.clear()
    found += faults(quiet, "form with errors")
    found += _secret_and_what_follows(office)
    assert found == []


def _secret_and_what_follows(office: Office) -> list[str]:
    page = office.page
    office.issue_key("Website links", "Session", "Create links")
    found = faults(page, "secret")
    page.keyboard.press("Escape")
    found += faults(page, "question")
    page.locator("#ask").get_by_role("button", name="Leave").click()
    office.row("Website links").get_by_role("button", name="Actions for").click()
    found += faults(page, "menu")
    office.open_key("Website links")
    page.get_by_role("button", name="Disable").click()
    office.says("is disabled")
    found += faults(page, "toast")
    page.keyboard.press("Control+k")
    page.locator("#palette").get_by_role("combobox").fill("key")
    return found + faults(page, "palette")


def test_pages_of_somebody_who_is_not_signed_in(quiet: Page, make: Make, server: str, console_errors: list[str]):
    org = make.org()
    with unit_of_work() as session:
        owner = session.get_one(Organization, org.id)
        _, token = invitations.add_by_email(session, owner, f"{unique('dora')}@example.com", "Dora", "member", SYSTEM, "owner")
        reset = resets.reset_for_anybody(session, org.bob.email)
    give_cookie(quiet.context, server, make, org.alice)
    found = []
    for path, status in ((f"/o/{org.slug}/keys/nowhere", 404), ("/organizations", 200), ("/account", 200)):
        assert quiet.goto(server + path).status == status
        found += faults(quiet, path)
    quiet.context.clear_cookies()
    for path, status in (("/sign-in", 200), (f"/join/{token}", 200), (f"/reset/{reset}", 200), ("/nowhere", 404)):
        assert quiet.goto(server + path).status == status
        found += faults(quiet, path)
    console_errors.clear()  # the 404s
    assert found == []


def test_pages_of_players(quiet: Page, make: Make, server: str, console_errors: list[str]):
    org = make.org()
    link = make.link(org, game_id=make.game(org, launch_url=f"{server}/play/demo-game"), external_ref="user-1")
    later = make.link(org, not_before=utc_now() + timedelta(days=1))
    found = []
    for token, status in ((link.token, 200), (later.token, 410), ("00000000-0000-4000-8000-000000000000", 410), ("a/b", 404)):
        assert quiet.goto(f"{server}/play/{token}").status == status
        found += faults(quiet, f"/play {status}")
    quiet.goto(f"{server}/play/{link.token}")
    quiet.get_by_role("button", name="Play").click()
    expect(quiet.get_by_role("heading", name="Welcome, user-1")).to_be_visible()
    found += faults(quiet, "demo game")
    assert quiet.goto(f"{server}/play/{link.token}").status == 410
    found += faults(quiet, "used link")
    console_errors.clear()  # the 410s
    assert found == []


def test_the_first_run_page(quiet: Page, own_redis_url: str, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    migrate(url, tmp_path)
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(tmp_path),
        "TILTYARD_DATABASE_URL": url,
        "TILTYARD_REDIS_URL": own_redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
    }
    with servers.WebServer(tmp_path, environ) as web:
        quiet.goto(f"{web.url}/sign-in")
        expect(quiet).to_have_url(f"{web.url}/setup")
        assert faults(quiet, "/setup") == []
        quiet.get_by_role("textbox", name="Organization", exact=True).fill("Acme Sportsbook")
        quiet.get_by_label("Your name").fill("Alice")
        quiet.get_by_label("Your e-mail").fill("alice@example.com")
        quiet.get_by_label("Password").fill("correct horse battery")
        quiet.get_by_role("button", name="Create and sign in").click()
        expect(quiet.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        assert faults(quiet, "an empty overview") == []
