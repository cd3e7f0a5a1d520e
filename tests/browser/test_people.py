"""Teams, players and seasons in a real browser: drawers, menus, undo, searching while typing, charts; clean under axe."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.office import Office
from tests.make import Make, address

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def alice(office: Office, make: Make, page: Page) -> Office:
    page.emulate_media(reduced_motion="reduce")
    return office.carry(make, office.org.alice)


def smaller_number_wins(home: str, away: str) -> tuple[int, int]:
    return (2, 0) if int(home, 16) < int(away, 16) else (0, 2)


def test_a_team_gets_its_roster_with_a_way_back_from_each_act(alice: Office, page: Page):
    alice.at("/teams").page.get_by_role("link", name="Create team").first.click()
    alice.drawer.get_by_label("Name", exact=True).fill("Northern Lights")
    alice.drawer.get_by_role("button", name="Create team").click()
    expect(page.get_by_role("heading", level=1, name="Northern Lights")).to_be_visible()
    page.get_by_role("link", name="Add player").first.click()
    expect(alice.drawer.get_by_label("Wallet")).to_be_focused()
    page.keyboard.type(address(0xBEEF))
    page.keyboard.press("Enter")
    alice.says("is player of Northern Lights")
    alice.from_menu("0x0000…beef", "Make captain")
    alice.says("is captain of Northern Lights now").get_by_role("button", name="Undo").click()
    expect(alice.row("0x0000…beef")).to_contain_text("Player")
    alice.from_menu("0x0000…beef", "Remove from roster")
    removed = alice.says("is off the roster")
    expect(page.get_by_role("heading", name="Nobody on the roster yet")).to_be_visible()
    removed.get_by_role("button", name="Undo").click()
    expect(alice.row("0x0000…beef")).to_be_visible()
    assert faults(page, "roster") == []


def test_a_season_is_made_and_filled_while_typing_and_shows_what_brought_the_points(alice: Office, make: Make, page: Page):
    for number in (1, 2):
        league = make.competition(alice.org, "league", status="active", entrants=3, title=f"Friday League {number}")
        make.play(alice.org, league, smaller_number_wins)
    make.competition(alice.org, title="Other Cup")
    alice.at("/seasons").page.get_by_role("link", name="Create season").first.click()
    drawer = alice.drawer
    drawer.get_by_label("Name", exact=True).fill("Spring 2026")
    drawer.get_by_label("The final place in each competition").check()
    expect(drawer.get_by_label("Points by place")).to_be_visible()
    expect(drawer.get_by_label("Win", exact=True)).to_be_hidden()
    drawer.get_by_role("button", name="Create season").click()
    expect(page.get_by_role("heading", level=1, name="Spring 2026")).to_be_visible()
    page.get_by_role("link", name="Add competitions").first.click()
    drawer.get_by_label("Title or id").fill("friday")
    expect(drawer.get_by_label("Other Cup")).to_have_count(0)
    expect(drawer.get_by_label("Title or id")).to_be_focused()
    for number in (1, 2):
        drawer.get_by_label(f"Friday League {number}").check()
    drawer.get_by_label("Weight").fill("1.5")
    drawer.get_by_role("button", name="Add", exact=True).click()
    alice.says("2 competitions count for Spring 2026 now")
    page.get_by_role("link", name="Standings", exact=True).click()
    expect(page.get_by_role("heading", name="0x0000…0001 leads with 75 points")).to_be_visible()
    expect(page.locator("#season-chart canvas")).to_be_visible()
    first = page.locator("#standings tbody tr").first
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(first).to_contain_text("Friday League 2 25 × 1.5 = 37.5")
    assert faults(page, "season") == []


def test_a_player_is_found_by_a_pasted_wallet_and_opened(alice: Office, make: Make, page: Page):
    league = make.competition(alice.org, "league", status="active", entrants=4, title="Winter League")
    make.play(alice.org, league, smaller_number_wins)
    alice.at("/players").page.get_by_label("Wallet, name or team").fill(address(2).upper().replace("0X", "0x"))
    expect(page.locator("#players [data-announce]")).to_have_text("1–1 of 1 player")
    expect(page).to_have_url(re.compile(r"\?q=0x"))
    page.get_by_role("link", name="0x0000…0002").click()
    expect(page.get_by_role("heading", name="Best place: 2 of 4", exact=False)).to_be_visible()
    page.get_by_role("link", name="Opponents").click()
    expect(page.locator("#opponents tbody tr")).to_have_count(3)
    assert faults(page, "opponents") == []
