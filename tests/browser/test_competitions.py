"""Competitions in a real browser: made in steps, changed in the drawer, opened, found again by a saved view; with axe."""

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.axe import faults
from tests.browser.office import Office, give_cookie
from tests.make import Make

pytestmark = [pytest.mark.browser, pytest.mark.processes]

# The amount goes into its field as soon as the field is there; what its hint says then.
PASTE_AT_ONCE = """() => new Promise(done => {
    const paste = () => {
        const hint = document.getElementById('prize_pool_wei-hint');
        if (!hint) return requestAnimationFrame(paste);
        document.getElementById('prize_pool_wei').value = '1500000000000000000';
        done(hint.textContent);
    };
    paste();
})"""


def test_a_cup_is_made_in_steps_changed_and_opened(page: Page, office: Office, make: Make, console_errors: list[str]):
    office.carry(make, office.org.alice).at("/competitions")
    page.get_by_role("link", name="New competition").first.click()
    page.get_by_role("button", name=re.compile("^Cup")).click()
    expect(page.get_by_label("Title")).to_be_focused()
    page.get_by_label("Title").fill("Friday night cup")
    page.get_by_label("Best of").fill("4")
    page.get_by_role("button", name="Times and prizes").click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator(".error-summary")).to_contain_text("Use 3 or 5")
    assert [error for error in console_errors if "422" not in error] == []
    console_errors.clear()
    page.get_by_label("Best of").fill("5")
    page.get_by_role("button", name="Times and prizes").click()
    page.get_by_label("Prize pool").fill("1500000000000000000")
    expect(page.locator("#prize_pool_wei-hint")).to_have_text("1.5 (1,500,000,000,000,000,000 wei)")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Title")).to_have_value("Friday night cup")
    page.get_by_role("button", name="Times and prizes").click()
    expect(page.get_by_label("Prize pool")).to_have_value("1500000000000000000")
    page.get_by_role("button", name="Look over").click()
    expect(page.get_by_text("Best of 5")).to_be_visible()
    page.get_by_role("button", name="Create draft").click()
    office.says("Friday night cup is a draft now")
    page.get_by_role("link", name="Edit", exact=True).click()
    office.drawer.locator("#max_participants").fill("8")
    office.drawer.get_by_label("Entry fee").fill("250000000000000000")
    expect(office.drawer.locator("#entry_fee_wei-hint")).to_have_text("0.25 (250,000,000,000,000,000 wei)")
    office.drawer.get_by_label("Entry fee").fill("")
    office.drawer.get_by_role("button", name="Save").click()
    office.says("Changed: Places")
    expect(page.locator(".facts")).to_contain_text("0 of 8")
    page.locator(".page-actions").get_by_role("button", name="Open registration").click()
    page.get_by_role("dialog").get_by_role("button", name="Open registration").click()
    office.says("is open for registration")
    office.state_is("Registration open")
    expect(page.locator(".page-actions").get_by_role("link", name="Edit", exact=True)).to_have_count(0)


def test_an_amount_pasted_before_the_scripts_arrive_is_said_in_coins(page: Page, office: Office, make: Make):
    held: list[Route] = []
    page.route("**/wei.js?*", lambda route: held.append(route))
    draft = make.competition(office.org, prize_pool_wei="2000000000000000000")
    office.carry(make, office.org.alice)
    with page.expect_request("**/wei.js?*"):
        page.goto(f"{office.home}/competitions/{draft}/edit", wait_until="commit")
    assert "2 (2,000" in page.evaluate(PASTE_AT_ONCE)  # through the debugger, which waits for no scripts
    held[0].continue_()
    hint = page.locator("#prize_pool_wei-hint")
    expect(hint).to_have_text("1.5 (1,500,000,000,000,000,000 wei)")
    page.get_by_label("Prize pool").fill("1,5")
    expect(hint).to_contain_text("Digits only.")


def test_a_view_is_saved_and_many_are_opened_at_once(page: Page, office: Office, make: Make):
    for title in ("One", "Two"):
        make.competition(office.org, title=title)
    make.competition(office.org, title="Going", status="registration")
    office.carry(make, office.org.alice).at("/competitions")
    page.locator("#competitions-filter-status").select_option("draft")
    page.get_by_role("link", name="Save view").click()
    office.drawer.get_by_label("Name", exact=True).fill("Drafts")
    office.drawer.get_by_role("button", name="Save view").click()
    office.says("The view Drafts is saved")
    views = page.get_by_role("navigation", name="Saved views")
    expect(views.get_by_role("link", name="Drafts", exact=True)).to_have_attribute("aria-current", "true")
    views.get_by_role("link", name="All").click()
    expect(office.row("Going")).to_be_visible()
    page.get_by_role("checkbox", name="Select all on this page").check()
    page.get_by_role("button", name="Open registration").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Open registration").click()
    expect(page.get_by_text("2 of 3 open for registration, 1 left as it was.")).to_be_visible()
    page.get_by_role("link", name="One").click()
    office.state_is("Registration open")


def test_the_pages_of_competitions_have_no_faults_of_access(page: Page, office: Office, make: Make):
    org = office.org
    draft = make.competition(org, "league", title="Draft league " + "x" * 80)
    running = make.competition(org, title="🏆 كأس", status="active", entrants=8, prize_pool_wei="1000000000000000000")
    make.saved_view(org, query="status=active")
    office.carry(make, org.alice)
    page.emulate_media(reduced_motion="reduce")
    found = []
    for path in (
        "",
        "?status=active",
        "/new",
        "/new/terms?template=swiss",
        f"/{draft}",
        f"/{draft}/edit",
        f"/{running}",
        f"/{running}/cancel",
        f"/{running}/finalize",
        f"/{running}/activity",
    ):
        office.at(f"/competitions{path}")
        found += faults(page, path or "list")
    assert found == [], "\n".join(found)


def test_it_works_without_javascript(browser: Browser, server: str, make: Make):
    org = make.org()
    with browser.new_context(java_script_enabled=False) as context:
        give_cookie(context, server, make, org.alice)
        page = context.new_page()
        page.goto(f"{server}/o/{org.slug}/competitions/new")
        page.get_by_role("button", name=re.compile("^League")).click()
        page.get_by_label("Title").fill("Plain league")
        page.get_by_role("button", name="Create draft now").click()
        expect(page.locator("h1")).to_contain_text("Plain league")
        page.get_by_role("link", name="Edit", exact=True).click()
        page.get_by_label("Category").fill("cs2")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".facts")).to_contain_text("cs2")
        page.goto(f"{server}/o/{org.slug}/competitions?status=draft")
        page.get_by_role("link", name="Save view").click()
        page.get_by_label("Name", exact=True).fill("Drafts")
        page.get_by_role("button", name="Save view").click()
        expect(page.get_by_role("link", name="Drafts", exact=True)).to_have_attribute("aria-current", "true")
