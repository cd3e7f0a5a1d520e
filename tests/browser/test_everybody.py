"""Every page of the back office, on the demo tenant, for everybody: WCAG 2.2 AA as axe sees it, and no scrolling sideways."""

import pytest

from tests.browser.axe import violations
from tests.browser.demo import DemoServer

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("everybody")]

PAGES = [
    "/", "/settings", "/members", "/members/new", "/agents", "/agents/new", "/audit", "/keys", "/keys/new", "/sessions",
    "/sessions/new", "/games", "/games/new", "/streams", "/providers",
]  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with DemoServer(tmp_path_factory.mktemp("everybody")) as server:
        yield server


@pytest.fixture
def home(page, demo) -> str:
    """The demo's operator is signed in; the address of its organization."""
    operator = demo.facts()["operator"]
    page.goto(f"{demo.url}/sign-in")
    page.get_by_label("E-mail").fill(operator["email"])
    page.get_by_label("Password").fill(operator["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/o/**")
    return f"{demo.url}/o/{demo.facts()['org_slug']}"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_everybody_can_use_every_page(page, demo, home, theme, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=theme)
    broken = {}
    for address in [*(home + path for path in PAGES), f"{demo.url}/account", f"{demo.url}/organizations"]:
        assert page.goto(address).status == 200, address
        page.wait_for_load_state("networkidle")
        if found := violations(page):
            broken[address.removeprefix(home)] = found
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            broken[address.removeprefix(home) + " (width)"] = ["scrolls sideways"]
    assert broken == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_use_the_sign_in(page, demo, theme):
    page.emulate_media(color_scheme=theme)
    page.goto(f"{demo.url}/sign-in")
    assert violations(page) == []


def test_a_wrong_password_is_said_in_place_and_leads_on_once_it_is_right(page, demo, console_errors):
    page.goto(f"{demo.url}/sign-in?next=/account")
    page.get_by_label("E-mail").fill(demo.facts()["operator"]["email"])
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert "do not match" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Password").input_value() == ""
    assert [line for line in console_errors if "status of 422" not in line] == []
    console_errors.clear()
    page.get_by_label("Password").fill(demo.facts()["operator"]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")


def test_the_switcher_leads_into_the_sandbox_which_cannot_be_missed(page, home):
    page.goto(home + "/")
    page.get_by_role("button", name="Switch organization").click()
    page.locator("#menu-switcher").get_by_role("link", name="Acme Sandbox").click()
    page.get_by_role("region", name="Sandbox").wait_for()
    assert page.get_by_role("heading", level=1).inner_text() == "Overview"
