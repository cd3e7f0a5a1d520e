"""What happens to a key after it was issued, with the drawers and toasts of a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.office import Office, call
from tests.make import Make

pytestmark = [pytest.mark.browser, pytest.mark.processes]
WITHIN_A_SECOND = 1_200  # milliseconds, with the time that a call takes


@pytest.fixture
def key(office: Office, make: Make) -> str:
    """The secret of the feed key `Scoreboard` of somebody who is signed in and looks at its page."""
    secret = make.key(office.org, "feed", name="Scoreboard")
    office.carry(make, office.org.alice).open_key("Scoreboard")
    return secret


def status_of(office: Office, secret: str) -> int:
    """What a program with `secret` gets once every change is a second old."""
    office.page.wait_for_timeout(WITHIN_A_SECOND)
    return call(office.server, "GET", "/v1/whoami", secret)[0]


def test_a_rotated_key_shows_a_new_secret_and_the_old_one_is_dead(office: Office, key: str):
    assert status_of(office, key) == 200
    office.page.get_by_role("link", name="Rotate").click()
    office.drawer.get_by_role("button", name="Rotate now").click()
    new = office.secret.inner_text()
    office.drawer.get_by_role("link", name="I have stored it").click()
    assert (status_of(office, key), status_of(office, new)) == (403, 200)


def test_a_rolled_key_has_two_secrets_and_says_who_still_uses_the_old_one(office: Office, key: str):
    page = office.page
    page.get_by_role("link", name="Roll").click()
    office.drawer.get_by_label("24 hours").check()
    office.drawer.get_by_role("button", name="Roll key").click()
    new = office.secret.inner_text()
    office.drawer.get_by_role("link", name="I have stored it").click()
    assert (status_of(office, key), status_of(office, new)) == (200, 200)

    office.state_is("Rolling")
    cockpit = page.locator("#roll")
    expect(cockpit).to_contain_text(f"{key[:8]}…{key[-4:]}")
    expect(cockpit).to_contain_text(f"{new[:8]}…{new[-4:]}")
    _end_overlap(office)
    assert (status_of(office, key), status_of(office, new)) == (403, 200)


def _end_overlap(office: Office) -> None:
    office.page.get_by_role("button", name="End the overlap now").click()
    office.page.locator("#ask").get_by_role("button", name="End the overlap").click()
    office.says("Only the new secret works")
    office.state_is("Live")


def test_disabling_a_key_is_undone_from_the_toast(office: Office, key: str):
    office.page.get_by_role("button", name="Disable").click()
    toast = office.says("Scoreboard is disabled")
    office.state_is("Disabled")
    assert status_of(office, key) == 403
    toast.get_by_role("button", name="Undo").click()
    office.says("Scoreboard is enabled")
    office.state_is("Live")
    assert status_of(office, key) == 200


def test_a_key_is_revoked_only_after_its_name_is_typed(office: Office, key: str, console_errors: list[str]):
    office.page.get_by_role("link", name="Revoke key").click()
    name = office.drawer.get_by_role("textbox")
    name.fill("Scorebord")
    office.drawer.get_by_role("button", name="Revoke key").click()
    expect(office.drawer.locator(".field-error")).to_be_visible()
    expect(name).to_have_value("Scorebord")
    _expect_complaints(console_errors, "422")
    assert status_of(office, key) == 200

    name.fill("Scoreboard")
    office.drawer.get_by_role("button", name="Revoke key").click()
    office.says("Scoreboard is revoked")
    office.state_is("Revoked")
    expect(office.page.get_by_role("button", name="Disable")).to_have_count(0)
    assert status_of(office, key) == 403


def test_leaving_an_unsaved_secret_asks_once(office: Office, make: Make):
    office.carry(make, office.org.alice).issue_key("CI pipeline", "Session", "Create links")
    office.page.keyboard.press("Escape")
    ask = office.page.locator("#ask")
    expect(ask).to_contain_text("Leave without storing the secret?")
    ask.get_by_role("button", name="Stay").click()
    expect(office.secret).to_be_visible()
    office.page.keyboard.press("Escape")
    ask.get_by_role("button", name="Leave").click()
    expect(office.drawer).to_be_hidden()
    expect(office.row("CI pipeline")).to_be_visible()


def test_a_double_click_issues_one_key(office: Office, make: Make):
    office.carry(make, office.org.alice).at("/keys").open_issue_form("Session")
    office.drawer.get_by_label("Name", exact=True).fill("Twice")
    office.drawer.get_by_role("checkbox", name=re.compile("^Create links")).check()
    office.drawer.get_by_role("button", name="Issue key").dblclick()
    expect(office.secret).to_be_visible()
    office.page.wait_for_load_state("networkidle")
    office.drawer.get_by_role("link", name="I have stored it").click()
    office.at("/keys")
    expect(office.row("Twice")).to_have_count(1)


def test_what_was_typed_is_kept_when_the_form_comes_back(office: Office, make: Make, console_errors: list[str]):
    office.carry(make, office.org.alice).at("/keys").open_issue_form("Session")
    office.drawer.get_by_label("Name", exact=True).fill("No scope yet")
    office.drawer.get_by_role("button", name="Issue key").click()
    expect(office.drawer.locator(".error-summary")).to_be_focused()
    expect(office.drawer.get_by_label("Name", exact=True)).to_have_value("No scope yet")
    _expect_complaints(console_errors, "422")


def test_the_list_keeps_its_state_in_the_address(office: Office, make: Make):
    make.key(office.org, "feed", name="Scoreboard")
    make.key(office.org, "session", name="Website")
    page = office.carry(make, office.org.alice).at("/keys").page
    page.get_by_label("Name, key or id").fill("score")
    expect(office.row("Website")).to_have_count(0)
    expect(page).to_have_url(re.compile("q=score"))
    page.reload()
    expect(office.row("Scoreboard")).to_have_count(1)
    expect(office.row("Website")).to_have_count(0)
    page.get_by_role("link", name="Clear").click()
    expect(office.row("Website")).to_have_count(1)


def _expect_complaints(seen: list[str], status: str) -> None:
    """The console notes each answer of 400 or more; these were provoked."""
    assert seen
    assert all(status in text for text in seen)
    seen.clear()
