"""Entrants in a browser: a list pasted in the drawer, the desk with the keyboard, seeding by drag and keyboard, the start."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.office import Office
from tests.make import Make, post

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def alice(office: Office, make: Make) -> Office:
    return office.carry(make, office.org.alice)


def cup(make: Make, office: Office, entrants: int = 0, kind: str = "bracket", **terms: object) -> str:
    return "/competitions/" + make.competition(office.org, kind, status="registration", entrants=entrants, **terms)


def order(page: Page) -> list[str]:
    return page.locator("[data-seed-row]").evaluate_all("rows => rows.map(row => row.dataset.name)")


def numbers(page: Page) -> list[str]:
    return page.locator(".seed-number").evaluate_all("inputs => inputs.map(input => input.value)")


def test_a_list_is_pasted_mended_looked_over_and_added(alice: Office, make: Make, console_errors: list[str]):
    page = alice.at(cup(make, alice) + "/entrants").page
    page.get_by_role("link", name="Add entrants").first.click()
    alice.drawer.get_by_role("link", name="A list").click()
    alice.drawer.get_by_label("One entrant a line").fill("Ayra Nightfall\nBo,0x12\nFoxes")
    alice.drawer.get_by_role("button", name="Look it over").click()
    expect(alice.drawer.get_by_role("alert")).to_contain_text("One line needs a change")
    expect(alice.drawer.get_by_role("alert")).to_be_focused()
    assert [error for error in console_errors if "422" not in error] == []
    console_errors.clear()
    alice.drawer.get_by_label("One entrant a line").fill("Ayra Nightfall\nBo\nFoxes")
    alice.drawer.get_by_role("button", name="Look it over").click()
    expect(alice.drawer).to_contain_text("3 new players")
    alice.drawer.get_by_role("button", name="Add 3 entrants").click()
    alice.says("3 entrants are added.")
    expect(page.locator("#entrants tbody tr")).to_have_count(3)
    alice.from_menu("Bo", "Remove")
    page.locator("#ask-yes").click()
    alice.says("Bo is taken out.").get_by_role("button", name="Undo").click()
    alice.says("Back in.")
    expect(page.locator("#entrants tbody tr")).to_have_count(3)


def test_a_file_is_uploaded_and_a_team_is_found_as_one_writes(alice: Office, make: Make):
    team = make.team(alice.org, players=1)
    page = alice.at(cup(make, alice) + "/entrants").page
    page.get_by_role("link", name="Add entrants").first.click()
    alice.drawer.get_by_role("link", name="A list").click()
    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": b"name,tag\nAyra,AYR\n"}
    alice.drawer.get_by_label("Or a CSV file").set_input_files(file)
    alice.drawer.get_by_role("button", name="Look it over").click()
    alice.drawer.get_by_role("button", name="Add 1 entrant").click()
    alice.says("Ayra is added.")
    page.get_by_role("link", name="Add entrants").first.click()
    alice.drawer.get_by_role("link", name="Existing team").click()
    alice.drawer.get_by_label("Name or tag").press_sequentially("team-")
    alice.drawer.get_by_role("button", name="Add", exact=True).first.click()
    alice.says("Team-")
    assert team
    expect(page.locator("#entrants tbody tr")).to_have_count(2)


def test_at_the_desk_a_name_and_enter_check_somebody_in_and_other_helpers_see_it(alice: Office, make: Make):
    path = cup(make, alice)
    make.enter(alice.org, path.rpartition("/")[2], range(1, 13), checked_in=False)
    page = alice.at(path + "/check-in").page
    page.set_viewport_size({"width": 390, "height": 844})
    other = page.context.new_page()
    other.goto(alice.home + path + "/check-in?show=in")
    box = page.get_by_role("searchbox", name=re.compile("^Name, tag"))
    expect(box).to_be_focused()
    page.keyboard.type("000c")
    page.keyboard.press("Enter")
    alice.says("0x0000…000c is checked in.")
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    expect(page.locator("[data-desk-said]")).to_contain_text("1 here")
    expect(other.locator("[data-desk-said]")).to_contain_text("1 here")
    expect(other.locator(".desk-list")).to_contain_text("0x0000…000c")
    page.get_by_role("button", name="Check in 0x0000…0003").click()
    expect(page.locator("[data-desk-said]")).to_contain_text("2 here")
    page.get_by_role("button", name=re.compile("^Check in all")).click()
    page.locator("#ask-yes").click()
    expect(page.locator("[data-desk-said]")).to_contain_text("12 here")
    alice.says("10 entrants are checked in.").get_by_role("button", name="Undo").click()
    expect(page.locator("[data-desk-said]")).to_contain_text("2 here")


def test_seeds_are_moved_by_drag_buttons_number_and_keyboard_and_saved_once(alice: Office, make: Make):
    page = alice.at(cup(make, alice, 5) + "/entrants/seeding").page
    one, two, three, four, five = order(page)
    page.get_by_role("button", name=f"{three} up").click()
    assert order(page) == [one, three, two, four, five] and numbers(page) == list("12345")
    page.get_by_role("button", name=f"{five} to the top").click()
    assert order(page) == [five, one, three, two, four]
    page.get_by_role("textbox", name=f"Seed of {five}").fill("4")
    page.keyboard.press("Enter")
    assert order(page) == [one, three, two, five, four] and numbers(page) == list("12345")
    grip = page.get_by_role("button", name=f"Move {four}")
    grip.focus()
    page.keyboard.press("Space")
    expect(page.locator("#live")).to_contain_text("is grabbed")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    expect(page.locator("#live")).to_have_text(f"{four}, seed 1 of 5")
    expect(grip).to_be_focused()
    page.keyboard.press("Escape")
    assert order(page) == [one, three, two, five, four]
    page.keyboard.press("Space")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(page.locator("#live")).to_contain_text("dropped at seed 1")
    assert order(page) == [four, one, three, two, five]
    page.get_by_role("button", name=f"Move {five}").drag_to(page.get_by_role("button", name=f"Move {four}"))
    assert order(page)[0] == five and numbers(page) == list("12345")
    kept = order(page)
    page.get_by_role("button", name="Save seeds").click()
    undo = alice.says("Seeds 1 to 5 are saved.").get_by_role("button", name="Undo")
    expect(page.locator("[data-seed-state]")).to_have_text("Everybody has a seed.")
    assert page.reload() and order(page) == kept
    page.get_by_role("link", name="By name").click()
    expect(page.locator("[data-seed-state]")).to_contain_text("by name")
    assert order(page) == [one, two, three, four, five] and undo is not None


def test_leaving_an_unsaved_order_asks(alice: Office, make: Make):
    page = alice.at(cup(make, alice, 4) + "/entrants/seeding").page
    names = order(page)
    page.get_by_role("button", name=f"{names[1]} up").click()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    away = page.get_by_role("navigation", name="About entrants").get_by_role("link", name="List", exact=True)
    with page.expect_event("dialog"):
        away.click(no_wait_after=True)
    assert asked == ["beforeunload"] and "/seeding" in page.url


def test_a_thousand_and_twenty_four_stay_usable(alice: Office, make: Make):
    path = cup(make, alice)
    lines = "\n".join(f"Player {number:04}" for number in range(1024))
    add = f"/o/{alice.org.slug}{path}/entrants/add/list"
    assert post(make.signed_in(alice.org.alice), add, {"text": lines}).status_code == 303
    page = alice.page
    alice.at(path + "/entrants/seeding")
    last = page.get_by_role("textbox", name="Seed of Player 1023")
    last.fill("1")
    took = page.evaluate(
        """() => { const start = performance.now();
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
        document.body.offsetHeight; return performance.now() - start; }"""
    )
    assert order(page)[:2] == ["Player 1023", "Player 0000"] and took < 2_000
    page.get_by_role("button", name="Save seeds").click()
    expect(page.locator(".toast-box", has_text="Seeds 1 to 1,024 are saved.")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-seed-state]")).to_have_text("Everybody has a seed.")


def test_the_draw_that_is_shown_is_started(alice: Office, make: Make):
    path = cup(make, alice, 6)
    page = alice.at(path + "/entrants/start").page
    expect(page.locator(".draw-columns")).to_contain_text("Bye")
    shown = page.locator(".draw-column").nth(1).locator(".draw-pair bdi").all_inner_texts()
    page.get_by_role("button", name="Start with this draw").click()
    page.locator("#ask-yes").click()
    alice.says("It has started with 5 matches to play.")
    expect(page.locator("#content")).to_contain_text(shown[0])


def test_the_pages_are_accessible_in_light_and_dark_and_fit_a_small_phone(alice: Office, make: Make):
    path = cup(make, alice, 6, "league", rules={"groups": 2}, waiting_list=True)
    uid = path.rpartition("/")[2]
    make.enter(alice.org, uid, [20, 21], checked_in=False)
    alice.page.emulate_media(reduced_motion="reduce")
    found = []
    for view in ("/entrants", "/entrants/waiting", "/check-in", "/check-in/cards", "/check-in/poster", "/entrants/seeding"):
        found += faults(alice.at(path + view).page, view)
    for view in ("/entrants/start", "/entrants/add", "/entrants/add?way=team", "/entrants/add?way=list"):
        found += faults(alice.at(path + view).page, view)
    bracket = cup(make, alice, 9)
    found += faults(alice.at(bracket + "/entrants/start").page, "the bracket")
    assert found == []
