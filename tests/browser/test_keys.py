"""The key pages in a real browser: drawers, the secret shown once, the question before it is lost, small screens."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.office import give_cookie

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def office(make, server, page):
    """alice's browser, signed in; gives (page, address of her keys, organization)."""
    org = make.org()
    give_cookie(page.context, server, make, org.alice)
    return page, f"{server}/o/{org.slug}/keys", org


def issue(page, name):
    """Through both steps of the drawer, as far as the secret."""
    page.get_by_role("link", name="Issue key").first.click()
    page.locator("#drawer").get_by_role("link", name="Session").click()
    page.locator("#drawer").get_by_label("Name", exact=True).fill(name)
    page.locator("#drawer").get_by_label("Create links", exact=False).first.check()
    page.locator("#drawer").get_by_role("button", name="Issue key").click()
    return page.locator("#secret-value").inner_text()


def test_alice_issues_a_key_in_the_drawer_and_is_asked_before_the_secret_is_lost(office):
    page, keys, _org = office
    page.goto(keys)
    assert issue(page, "Night shift").startswith("dpk_")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_text("Leave without storing the secret?").wait_for()
    page.get_by_role("button", name="Stay").click()
    expect(page.locator("#secret-value")).to_be_visible()
    page.get_by_role("link", name="I have stored it").click()
    page.get_by_role("link", name="Night shift").wait_for()
    assert page.locator("#secret-value").count() == 0


def test_a_name_that_is_missing_is_said_beside_its_field_and_the_choices_stay(office, console_errors):
    page, keys, _org = office
    page.goto(f"{keys}/new?kind=feed")
    page.get_by_label("Odds, basic", exact=False).first.check()
    page.get_by_role("button", name="Issue key").click()
    page.locator(".error-summary").wait_for()
    said = page.locator(".field-error").all_inner_texts()
    assert [text.strip() for text in said] == [
        "Write a name for the key, such as the program that will use it.",
        "Name at least one sport, such as cs2: feed scopes are given per sport.",
    ]
    assert page.get_by_label("Odds, basic", exact=False).first.is_checked()
    assert violations(page) == []
    assert len(console_errors) == 1 and "422" in console_errors.pop()


def test_without_javascript_a_key_is_issued_disabled_and_revoked(office, browser):
    page, keys, _org = office
    state = page.context.storage_state()
    with browser.new_context(java_script_enabled=False, storage_state=state) as context:
        plain = context.new_page()
        plain.goto(f"{keys}/new")
        plain.get_by_role("link", name="Session").last.click()
        plain.get_by_label("Name", exact=True).fill("Plain")
        plain.get_by_label("Create links", exact=False).first.check()
        plain.get_by_role("button", name="Issue key").click()
        assert plain.locator("#secret-value").inner_text().startswith("dpk_")
        plain.get_by_role("link", name="I have stored it").click()
        plain.get_by_role("button", name="Disable").click()
        expect(plain.get_by_text("Plain is disabled.", exact=False).first).to_be_visible()
        plain.get_by_role("link", name="Revoke key").click()
        plain.get_by_label("Name of the key").fill("Plain")
        plain.get_by_role("button", name="Revoke key").click()
        expect(plain.locator(".state", has_text="Revoked").first).to_be_visible()
