"""The API reference in a real browser: reading, copying, and calling the API from its form with a key."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import faults
from tests.browser.office import Office
from tests.make import Make, unique

pytestmark = [pytest.mark.browser, pytest.mark.processes]

LIST = "/docs/competition/list_competitions"
CREATE = "/docs/competition/create_competition"


@pytest.fixture
def alice(office: Office, make: Make) -> Office:
    """alice's window, signed in, and her organization remembered."""
    return office.carry(make, office.org.alice).at("/")


@pytest.fixture
def key(office: Office, make: Make) -> str:
    return make.key(office.org, "competition")


def opened(office: Office, path: str) -> Page:
    office.page.goto(office.server + path)
    return office.page


def key_field(page: Page) -> Locator:
    return page.get_by_role("textbox", name=re.compile("^Key (optional|required)"))


def answered(page: Page) -> tuple[str, dict]:
    """Status and body as the form shows them."""
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_be_visible()
    return answer.locator("[data-status]").inner_text(), json.loads(answer.locator("[data-text]").inner_text())


def test_a_call_is_found_opened_and_its_sample_copied(alice):
    page = opened(alice, "/docs")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("Find a call").fill("list competitions")
    expect(page.locator("[data-op]").filter(has_text="Create a team")).to_be_hidden()
    page.get_by_role("link", name="GET List competitions /api/v1/competitions").click()
    expect(page.get_by_role("heading", level=1, name="List competitions")).to_be_visible()
    copy = page.get_by_role("button", name="Copy curl sample")
    copy.click()
    expect(copy).to_have_class(re.compile(r"\bcopied\b"))
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()") == page.locator('[data-language="curl"] code').text_content()


def test_the_page_of_an_api_opens_one_call_and_remembers_the_language(alice):
    page = opened(alice, "/docs/competition")
    page.locator("#list_competitions > summary").click()
    call = page.locator("#list_competitions")
    expect(call.get_by_role("heading", name="Samples")).to_be_visible()
    call.locator('[data-language="python"] > summary').click()
    expect(call.locator('[data-language="python"] code')).to_be_visible()
    expect(call.locator('[data-language="curl"] code')).to_be_hidden()
    opened(alice, LIST)
    expect(page.locator('[data-language="python"] code')).to_be_visible()


def test_an_address_that_names_a_call_opens_it(alice):
    page = opened(alice, "/docs/competition#create_team")
    expect(page.locator("#create_team .op-body")).to_be_visible()
    expect(page.locator("#show_team .op-body")).to_be_hidden()


def test_a_key_that_is_pasted_reads_and_is_forgotten_on_request(alice, key, make):
    uid = make.competition(alice.org, visibility="private")
    page = opened(alice, LIST)
    key_field(page).fill(key)
    page.get_by_role("button", name="Send").click()
    status, body = answered(page)
    assert status.startswith("200") and [one["id"] for one in body["data"]["items"]] == [uid]
    expect(page.locator("[data-facts]")).to_contain_text("calls left")
    page.reload()
    expect(key_field(page)).to_have_value(key)
    page.get_by_role("button", name="Forget").click()
    page.reload()
    expect(key_field(page)).to_have_value("")


def test_a_key_issued_in_the_drawer_is_taken_over_and_writes(alice):
    page = opened(alice, CREATE)
    alice.open_issue_form("Competition")
    alice.drawer.get_by_label("Name", exact=True).fill("Explorer")
    alice.drawer.get_by_role("checkbox").first.check()
    alice.drawer.get_by_role("button", name="Issue key").click()
    secret = alice.secret.inner_text()
    alice.drawer.get_by_role("link", name="I have stored it").click()
    page.goto(alice.server + CREATE)
    expect(key_field(page)).to_have_value(secret)


def test_a_write_happens_once_it_is_sent(alice, key):
    page, title = opened(alice, CREATE), unique("Cup")
    body = json.loads(page.get_by_label("Body").input_value())
    assert body["org_id"] == alice.org.uid
    page.get_by_label("Body").fill(json.dumps(body | {"title": title}))
    key_field(page).fill(key)
    page.get_by_role("button", name="Send").click()
    status, answer = answered(page)
    assert status.startswith("201") and answer["data"]["title"] == title
    opened(alice, LIST).get_by_role("button", name="Send").click()
    assert title in [one["title"] for one in answered(page)[1]["data"]["items"]]


def test_a_refusal_is_shown_as_the_api_words_it(alice, key, console_errors):
    page = opened(alice, CREATE)
    key_field(page).fill(key)
    page.get_by_label("Body").fill("{}")
    page.get_by_role("button", name="Send").click()
    status, answer = answered(page)
    assert status.startswith("400") and "org_id" in answer["error"]
    assert console_errors and all("400" in error for error in console_errors)
    console_errors.clear()


def test_what_is_required_is_asked_for_before_anything_is_sent(alice):
    page = opened(alice, "/docs/competition/show_competition")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("uid")).to_be_focused()
    expect(page.get_by_label("uid")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("region", name="Answer")).to_be_hidden()


def test_signed_out_it_is_for_reading_and_a_kept_key_is_dropped(alice, key):
    page = opened(alice, LIST)
    key_field(page).fill(key)
    page.context.clear_cookies()
    page.reload()
    expect(page.get_by_role("button", name="Send")).to_have_count(0)
    expect(page.locator("#try").get_by_role("link", name="Sign in")).to_be_visible()
    expect(page.locator('[data-language="curl"] code')).to_contain_text("curl")
    assert page.evaluate("sessionStorage.length") == 0


def test_the_keyboard_alone_finds_a_call_and_sends_it(alice):
    page = opened(alice, "/docs")
    page.get_by_label("Find a call").focus()
    page.keyboard.type("list competitions")
    expect(page.locator("[data-op]").filter(has_text="Create a team")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="List competitions")).to_be_visible()
    page.get_by_label("limit").focus()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    assert answered(page)[0].startswith("200")
    assert page.evaluate("document.activeElement.id") == "try-query-limit"


@pytest.mark.parametrize("path", ["/docs", "/docs/competition#create_competition", LIST, CREATE, "/docs/changelog", "/docs/feed"])
def test_the_pages_are_accessible_and_fit_small_windows(alice, path):
    page = opened(alice, path)
    page.emulate_media(reduced_motion="reduce")
    assert faults(page, path) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_answer_is_accessible_too(alice):
    page = opened(alice, LIST)
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Send").click()
    answered(page)
    assert faults(page, "answer") == []
    assert re.match(r"\d+ ms", page.locator("[data-facts]").inner_text())
