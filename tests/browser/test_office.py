"""Settings, games, members, the audit log and the ways around, as somebody with a mouse and a keyboard meets them."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.office import Office, call
from tests.make import Make, unique
from tests.servers import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def office(office: Office, make: Make) -> Office:
    """Alice, who owns the organization, is signed in."""
    return office.carry(make, office.org.alice)


def test_bad_lines_of_the_allowlist_are_named_and_nothing_is_saved(office: Office, make: Make, console_errors: list[str]):
    page = office.at("/settings").page
    box = page.locator("#allowlist textarea")
    typed = "203.0.113.7\n10.0.0.0/8\n10.0.0.300"
    box.fill(typed)
    page.get_by_role("button", name="Save allowlist").click()
    expect(page.locator("#allowlist .field-error")).to_contain_text(re.compile("10.0.0.300.*line 3|line 3.*10.0.0.300", re.I))
    expect(box).to_have_value(typed)
    assert all("422" in text for text in console_errors)
    console_errors.clear()
    page.reload()
    expect(box).to_have_value("")
    key = make.key(office.org, "feed")
    assert call(office.server, "GET", "/v1/whoami", key)[0] == 200


def test_ones_own_address_is_added_and_the_list_is_tried_before_it_is_saved(office: Office, make: Make):
    key = make.key(office.org, "feed", name="Scoreboard")
    assert call(office.server, "GET", "/v1/whoami", key)[0] == 200
    page = office.at("/settings").page
    box = page.locator("#allowlist textarea")
    box.fill("203.0.113.7")
    page.get_by_role("button", name="Add my address").click()
    expect(box).to_have_value("203.0.113.7\n127.0.0.1")
    expect(page.locator("#allowlist")).to_contain_text("Nothing is saved yet")
    page.get_by_role("button", name="Save allowlist").click()
    office.says("llowlist")
    page.wait_for_timeout(1_200)
    assert call(office.server, "GET", "/v1/whoami", key)[0] == 200

    page.locator("#allowlist textarea").fill("203.0.113.7")
    page.get_by_role("button", name="Save allowlist").click()
    office.says("llowlist")
    wait_until(lambda: call(office.server, "GET", "/v1/whoami", key)[0] == 403, "the refusal of an address taken off")
    expect(office.at("/settings").page.locator("#allowlist textarea")).to_have_value("203.0.113.7")


def test_a_game_is_added_changed_archived_and_brought_back(office: Office):
    page = office.at("/games").page
    page.get_by_role("link", name="Add game").first.click()
    office.drawer.get_by_label("Name", exact=True).fill("Neon Circuit")
    office.drawer.get_by_label("Launch address").fill("https://games.example.com/neon")
    office.drawer.get_by_role("button", name="Add game").click()
    office.says("Neon Circuit is now game number")

    page.get_by_role("link", name="Neon Circuit").click()
    name = page.get_by_label("Name", exact=True)
    name.fill("Neon Circuit 2")
    page.get_by_role("button", name="Save").click()
    office.says("Neon Circuit 2")
    office.at("/games").from_menu("Neon Circuit 2", "Archive")
    expect(office.row("Neon Circuit 2")).to_contain_text("Archived")
    office.page.locator(".toast-box").get_by_role("button", name="Undo").click()
    expect(office.row("Neon Circuit 2")).to_contain_text("Active")


def test_a_new_member_joins_with_a_one_time_link_and_gets_a_role(office: Office, browser: Browser):
    email = f"{unique('dora')}@example.com"
    page = office.at("/members").page
    page.get_by_role("link", name="Add member").first.click()
    office.drawer.get_by_label("E-mail").fill(email)
    office.drawer.get_by_label("Name").fill("Dora Lund")
    office.drawer.get_by_role("button", name="Add member").click()
    link = office.secret.inner_text()
    office.drawer.get_by_role("link", name="I have sent it").click()
    expect(office.row("Dora Lund")).to_contain_text("Waiting for a password")

    _join(browser, link, office)
    office.at("/members").from_menu("Dora Lund", "Change role")
    office.drawer.get_by_label("Admin").check()
    office.drawer.get_by_role("button", name="Change role").click()
    office.says("Dora Lund is admin now")
    expect(office.row("Dora Lund")).to_contain_text("Admin")
    expect(office.row("Dora Lund")).not_to_contain_text("Waiting")


def _join(browser: Browser, link: str, office: Office) -> None:
    """In a window of her own: she looks, chooses a password, is inside; the link is used up."""
    with browser.new_context() as context:
        window = context.new_page()
        window.goto(link)
        window.reload()
        window.get_by_label("Password").fill("another correct horse")
        window.get_by_role("button", name="Set password and sign in").click()
        expect(window.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        window.goto(f"{office.home}/keys")
        expect(window.get_by_role("link", name="Issue key")).to_have_count(0)
        assert window.goto(link).status in (404, 410)


def test_the_audit_log_is_filtered_by_what_was_done(office: Office):
    office.issue_key("Website links", "Session", "Create links")
    office.drawer.get_by_role("link", name="I have stored it").click()
    page = office.at("/audit").page
    expect(office.row("Website links")).to_have_count(1)
    page.get_by_label("About").select_option("member")
    expect(page).to_have_url(re.compile("about=member"))
    expect(office.row("Website links")).to_have_count(0)
    expect(office.row("Member added").first).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    expect(office.row("Website links")).to_have_count(1)


def test_the_palette_leads_to_pages_and_to_things_by_name(office: Office, make: Make):
    make.key(office.org, "feed", name="Scoreboard")
    page = office.at().page
    page.keyboard.press("Control+k")
    palette = page.locator("#palette")
    expect(palette.get_by_role("combobox")).to_be_focused()
    palette.get_by_role("combobox").fill("audit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Audit log")).to_be_visible()

    page.keyboard.press("Control+k")
    palette.get_by_role("combobox").fill("scoreb")
    expect(palette.get_by_role("option", name="Scoreboard")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Scoreboard")).to_be_visible()


def test_everything_up_to_a_new_key_works_with_the_keyboard_alone(office: Office):
    page = office.page
    page.context.clear_cookies()
    page.goto(f"{office.server}/sign-in")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(office.org.alice.email)
    page.keyboard.press("Tab")
    page.keyboard.type(office.org.alice.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()

    opener = office.at("/keys").page.locator(".page-actions").get_by_role("link", name="Issue key")
    _tab_to(office, opener)
    page.keyboard.press("Enter")
    _tab_to(office, office.drawer.get_by_role("link", name=re.compile("^Session")))
    page.keyboard.press("Enter")
    expect(office.drawer.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Typed in")
    _tab_to(office, office.drawer.get_by_role("checkbox", name=re.compile("^Create links")))
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(office.secret).to_be_visible()
    _tab_to(office, office.drawer.get_by_role("link", name="I have stored it"))
    page.keyboard.press("Enter")
    expect(office.drawer).to_be_hidden()
    expect(opener).to_be_focused()
    expect(office.row("Typed in")).to_be_visible()


def test_a_wrong_password_is_said_in_place_and_leads_on_once_it_is_right(office: Office, console_errors: list[str]):
    page = office.page
    page.context.clear_cookies()
    page.goto(f"{office.server}/sign-in?next=/account")
    page.get_by_label("E-mail").fill(office.org.alice.email)
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.get_by_label("Password")).to_have_value("")
    assert all("422" in text for text in console_errors)
    console_errors.clear()
    page.get_by_label("Password").fill(office.org.alice.password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{office.server}/account")


def test_escape_closes_the_drawer_and_gives_the_focus_back(office: Office):
    page = office.at("/keys").page
    opener = page.locator(".page-actions").get_by_role("link", name="Issue key")
    opener.focus()
    page.keyboard.press("Enter")
    expect(office.drawer).to_be_visible()
    expect(page).to_have_url(re.compile("/keys/new"))
    page.keyboard.press("Escape")
    expect(office.drawer).to_be_hidden()
    expect(opener).to_be_focused()
    expect(page).to_have_url(re.compile("/keys$"))


def _tab_to(office: Office, target: object) -> None:
    """Press Tab until `target` has the focus, as somebody without a mouse would."""
    for _ in range(60):
        if target.evaluate("element => element === document.activeElement"):
            return
        office.page.keyboard.press("Tab")
    raise AssertionError("Tab never reaches it")
