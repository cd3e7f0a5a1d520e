"""The office in a real browser: sign-in, allowlist, members, palette, with and without JavaScript, for everybody."""

import pytest

from tests.browser.axe import violations
from tests.browser.demo import DemoServer

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("office")]

PAGES = ["", "/settings", "/members", "/members/new", "/agents", "/agents/new", "/audit"]
REFUSED = "status of 422"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with DemoServer(tmp_path_factory.mktemp("office")) as server:
        yield server


@pytest.fixture
def office(page, demo) -> str:
    """The demo's operator is signed in; the address of its organization."""
    sign_in(page, demo)
    return f"{demo.url}/o/{demo.facts()['org_slug']}"


def sign_in(page, demo) -> None:
    operator = demo.facts()["operator"]
    page.goto(f"{demo.url}/sign-in")
    page.get_by_label("E-mail").fill(operator["email"])
    page.get_by_label("Password").fill(operator["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/o/**")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everybody_can_use_every_page(page, demo, office, theme, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=theme)
    broken = {}
    for address in [*(office + path for path in PAGES), f"{demo.url}/account", f"{demo.url}/organizations"]:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        if found := violations(page):
            broken[address] = found
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} scrolls sideways"
    assert broken == {}


def test_everybody_can_use_the_sign_in(page, demo):
    page.goto(f"{demo.url}/sign-in")
    assert violations(page) == []


def test_a_wrong_password_is_said_in_place_and_the_address_is_kept(page, demo, console_errors):
    page.goto(f"{demo.url}/sign-in?next=/account")
    page.get_by_label("E-mail").fill("demo@acme.example")
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert "do not match" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("E-mail").input_value() == "demo@acme.example"
    assert page.get_by_label("Password").input_value() == ""
    assert [line for line in console_errors if REFUSED not in line] == []
    console_errors.clear()
    page.get_by_label("Password").fill(demo.facts()["operator"]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")


def test_an_allowlist_is_mended_tried_and_saved(page, office, console_errors):
    page.goto(f"{office}/settings")
    field = page.get_by_label("Allowed addresses")
    field.fill("203.0.113.0/25\n10.0.0.300")
    page.get_by_role("button", name="Save allowlist").click()
    page.locator("#allowed_addresses-error").wait_for()
    assert "`10.0.0.300` on line 2 is not an address." in page.locator("#allowed_addresses-error").inner_text()
    assert field.input_value() == "203.0.113.0/25\n10.0.0.300"
    assert [line for line in console_errors if REFUSED not in line] == []
    console_errors.clear()
    field.fill("203.0.113.0/25")
    page.get_by_role("button", name="Add my address").click()
    page.get_by_text("Nothing is saved yet.").wait_for()
    assert field.input_value() == "203.0.113.0/25\n127.0.0.1"
    page.get_by_role("button", name="Try on recent callers").click()
    page.get_by_text("would have refused 1 of 3 callers").wait_for()
    assert page.locator("#dry-run tbody tr").count() == 1
    page.get_by_role("button", name="Save allowlist").click()
    page.locator(".toast-box", has_text="Allowlist saved.").wait_for()
    assert field.input_value() == "203.0.113.0/25\n127.0.0.1"


def test_somebody_new_is_added_in_the_drawer_and_joins_without_javascript(page, demo, office, browser):
    page.goto(f"{office}/members")
    page.get_by_role("link", name="Add member").click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_label("E-mail").fill("nora@acme.example")
    drawer.get_by_role("button", name="Add member").click()
    page.locator("#secret-value").wait_for()
    link = page.locator("#secret-value").inner_text()
    page.get_by_role("link", name="I have sent it").click()
    page.get_by_role("row", name="nora@acme.example").get_by_text("Waiting for a password").wait_for()
    with browser.new_context(java_script_enabled=False) as context:
        plain = context.new_page()
        plain.goto(link)
        plain.get_by_label("Your name").fill("Nora Vik")
        plain.get_by_label("Password").fill("several words of one's own")
        plain.get_by_role("button", name="Set password and sign in").click()
        plain.wait_for_url("**/o/**")
        plain.goto(f"{office}/members")
        assert plain.get_by_role("cell", name="Nora Vik").count() == 1
        assert plain.get_by_role("link", name="Add member").count() == 0


def test_without_javascript_settings_are_saved_and_tried(browser, demo):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        sign_in(page, demo)
        office = f"{demo.url}/o/{demo.facts()['org_slug']}"
        page.goto(f"{office}/settings")
        page.get_by_label("Allowed addresses").fill("192.0.2.1")
        page.get_by_role("button", name="Try on recent callers").click()
        assert page.get_by_text("would have refused 3 of 3 callers").count() == 1
        page.get_by_label("Calls in flight").fill("60")
        page.get_by_role("button", name="Save settings").click()
        page.wait_for_url(f"{office}/settings")
        assert page.get_by_text("Settings saved.").count() == 1
        assert page.get_by_label("Calls in flight").input_value() == "60"


def test_the_palette_finds_a_game_by_name_and_opens_it_with_the_keyboard_alone(page, demo, office):
    page.goto(f"{office}/members")
    page.keyboard.press("Control+k")
    page.keyboard.type("penalty")
    page.get_by_role("option", name="Penalty Kings").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/games/{demo.facts()['game_id']}")


def test_the_switcher_leads_into_the_sandbox_which_cannot_be_missed(page, office):
    page.goto(office + "/")
    page.get_by_role("button", name="Switch organization").click()
    page.locator("#menu-switcher").get_by_role("link", name="Acme Sandbox").click()
    page.get_by_role("note").filter(has_text="Sandbox").wait_for()
    assert page.get_by_role("heading", level=1).inner_text() == "Overview"
