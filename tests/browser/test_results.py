"""Results typed by somebody in a hurry: with the keyboard alone, in the table and in the bracket; and corrected."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.office import Office
from tests.make import Make
from tests.public.staging import NAMES, team_cup

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def desk(page: Page, office: Office, make: Make) -> Office:
    page.emulate_media(reduced_motion="reduce")
    return office.carry(make, office.org.alice)


def score(page: Page, side: str, match: int):
    return page.get_by_label(f"Score of {side}, match {match}", exact=True)


def test_results_are_typed_one_after_the_other_without_the_mouse(desk: Office, page: Page, make: Make, console_errors):
    uid = team_cup(make, desk.org, NAMES[:8])
    desk.at(f"/competitions/{uid}/matches")
    page.keyboard.press("n")
    expect(score(page, NAMES[0], 1)).to_be_focused()
    page.locator("form[data-result]").nth(3).locator(".score-in").last.fill("7")  # half typed elsewhere
    score(page, NAMES[0], 1).focus()
    page.keyboard.type("2")
    page.keyboard.press("Enter")  # half a result is none
    expect(score(page, NAMES[7], 1)).to_be_focused()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    desk.says(f"{NAMES[0]} goes on to the semifinals, match 5.")
    expect(page.locator("form[data-result]")).to_have_count(3)
    expect(page.locator("#play-count")).to_have_text("1 of 7 played, 6 to go")
    expect(page.locator("form[data-result] .score-in").first).to_be_focused()
    assert page.locator(".score-in").evaluate_all("all => all.map(one => one.value).join('')") == "7"
    page.keyboard.press("ArrowDown")
    expect(page.locator("form[data-result]").nth(1).locator(".score-in").first).to_be_focused()
    page.keyboard.type("5")
    page.keyboard.press("Escape")
    expect(page.locator("form[data-result]").nth(1).locator(".score-in").first).to_have_value("")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_contain_text("First match to report")
    page.keyboard.press("Escape")
    assert console_errors == []


def test_a_level_score_in_the_bracket_asks_for_the_winner_and_a_correction_is_previewed(
    desk: Office, page: Page, make: Make, console_errors
):
    uid = team_cup(make, desk.org, NAMES[:4])
    desk.at(f"/competitions/{uid}/matches/bracket")
    score(page, NAMES[0], 1).fill("1")
    score(page, NAMES[3], 1).fill("1")
    page.keyboard.press("Enter")
    winner = page.get_by_label("Winner of match 1")
    expect(winner).to_be_focused()
    expect(score(page, NAMES[3], 1)).to_have_value("1")
    assert console_errors and all("422" in text for text in console_errors)
    console_errors.clear()
    winner.select_option(label=NAMES[3])
    page.get_by_label("Save the result of match 1").click()
    desk.says(f"{NAMES[3]} goes on to the final, match 3.")
    expect(page.locator(".bx-won .bx-name", has_text=NAMES[3])).to_be_visible()
    page.get_by_role("link", name="Correct match 1").click()
    drawer = desk.drawer
    drawer.get_by_label(f"Score of {NAMES[0]}").fill("3")
    drawer.get_by_label("Winner").select_option("")
    drawer.get_by_role("button", name="Preview").click()
    expect(drawer.locator("#foreseen")).to_contain_text("match.corrected")
    assert faults(page, "correction") == []
    drawer.get_by_role("button", name="Apply correction").click()
    toast = desk.says("Match 1 is corrected")
    expect(page.locator(".bx-won .bx-name", has_text=NAMES[0])).to_be_visible()
    toast.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Apply correction")).to_be_visible()


def test_matches_bracket_standings_and_import_can_be_used_by_everybody(desk: Office, page: Page, make: Make):
    uid = team_cup(make, desk.org, NAMES[:6], rules={"format": "double_elimination"})
    found = []
    for path in ("matches", "matches/bracket", "standings", "matches/import"):
        desk.at(f"/competitions/{uid}/{path}")
        found += faults(page, path)
    assert found == []
