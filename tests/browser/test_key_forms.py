"""Issuing a key in the drawer: what is asked before a secret is lost, what a refused form says, and who can use the pages."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.office import Office
from tests.make import Make

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_leaving_a_secret_that_was_not_stored_is_asked_about_once(office: Office, make: Make):
    office.carry(make, office.org.alice)
    secret = office.issue_key("Night shift", "Session", "Create links")
    assert violations(office.page) == []
    office.page.keyboard.press("Escape")
    ask = office.page.locator("#ask")
    expect(ask).to_contain_text("Leave without storing the secret?")
    ask.get_by_role("button", name="Stay").click()
    expect(office.secret).to_have_text(secret)
    office.page.keyboard.press("Escape")
    ask.get_by_role("button", name="Leave").click()
    expect(office.drawer).to_be_hidden()
    expect(office.row("Night shift")).to_be_visible()
    assert secret not in office.page.content()


def test_a_refused_form_says_beside_each_field_what_to_write_and_keeps_the_choices(
    office: Office, make: Make, console_errors: list[str]
):
    office.carry(make, office.org.alice).at("/keys").open_issue_form("Feed")
    bundle = office.drawer.get_by_role("checkbox", name="Odds, basic")
    bundle.check()
    office.drawer.get_by_role("button", name="Issue key").click()
    expect(office.drawer.locator(".error-summary")).to_be_focused()
    said = [text.strip() for text in office.drawer.locator(".field-error").all_inner_texts()]
    assert said == [
        "Write a name for the key, such as the program that will use it.",
        "Name at least one sport, such as cs2: feed scopes are given per sport.",
    ]
    expect(bundle).to_be_checked()
    assert violations(office.page) == []
    assert len(console_errors) == 1 and "422" in console_errors.pop()


def test_a_question_asked_again_before_the_first_is_quite_closed_gets_its_own_answer(office: Office, make: Make):
    office.carry(make, office.org.alice).issue_key("Night shift", "Session", "Create links")
    office.page.keyboard.press("Escape")
    ask = office.page.locator("#ask")
    expect(ask).to_be_visible()
    # A dialog tells that it closed a moment later; by then a quick Esc has asked the second time.
    office.page.evaluate("""() => {
        document.getElementById("ask-no").click();
        document.getElementById("drawer").dispatchEvent(new Event("cancel", {cancelable: true}));
    }""")
    ask.get_by_role("button", name="Leave").click()
    expect(office.drawer).to_be_hidden()
