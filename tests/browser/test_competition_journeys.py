"""The whole way of each kind of user, in the browser alone: a brand on every surface, a cup to its end, a league from
files, and a player who registers, checks in and follows the bracket on somebody else's site."""

import csv
import io
import json
import re
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.kernel.ids import new_uid
from tests.browser.office import Office, player
from tests.browser.test_public_competition import Host
from tests.make import Make
from tests.official import DATA, PREMIER_LEAGUE
from tests.public.staging import NAMES

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SIXTEEN = [f"{name} {number}" for number, name in enumerate((NAMES * 2)[:16], 1)]


@pytest.fixture
def alice(page: Page, office: Office, make: Make) -> Office:
    page.emulate_media(reduced_motion="reduce")
    return office.carry(make, office.org.alice)


def created(office: Office, template: str, title: str, **fields: str) -> str:
    """Make a competition from a template, with numbers in some fields, and open it; its id."""
    page = office.at("/competitions/new").page
    page.get_by_role("button", name=re.compile(f"^{template}")).click()
    page.get_by_label("Title").fill(title)
    for label, value in fields.items():
        page.get_by_role("spinbutton", name=label).fill(value)
    page.get_by_role("button", name="Create draft now").click()
    expect(page.locator("h1")).to_contain_text(title)
    opened(office)
    return page.url.rpartition("/")[2]


def opened(office: Office) -> None:
    page = office.page
    page.locator(".page-actions").get_by_role("button", name="Open registration").click()
    page.get_by_role("dialog").get_by_role("button", name="Open registration").click()
    office.state_is("Registration open")


def added(office: Office, uid: str, lines: str, many: int) -> None:
    """Add a list of entrants and check all of them in."""
    page = office.at(f"/competitions/{uid}/entrants/add?way=list").page
    page.get_by_label("One entrant a line").fill(lines)
    page.get_by_role("button", name="Look it over").click()
    page.get_by_role("button", name=f"Add {many} entrants").click()
    office.says(f"{many} entrants are added.")
    office.at(f"/competitions/{uid}/check-in")
    page.get_by_role("button", name=re.compile("^Check in all")).click()
    page.locator("#ask-yes").click()
    expect(page.locator("[data-desk-said]")).to_contain_text(f"{many} here")


def started(office: Office, uid: str) -> None:
    page = office.at(f"/competitions/{uid}/entrants/start").page
    page.get_by_role("button", name="Start with this draw").click()
    page.locator("#ask-yes").click()
    office.says("It has started")


def test_a_double_elimination_of_sixteen_is_set_up_and_played_to_its_end(alice: Office, page: Page):
    uid = created(alice, "Double elimination", "Friday night double")
    added(alice, uid, "\n".join(SIXTEEN), 16)
    started(alice, uid)
    alice.at(f"/competitions/{uid}/matches")
    page.keyboard.press("n")
    for played in count(1):
        expect(page.locator("form[data-result] .score-in").first).to_be_focused()
        page.keyboard.type("2")
        page.keyboard.press("Tab")
        page.keyboard.type("1")
        page.keyboard.press("Enter")
        # A second grand final that is not needed is not counted.
        expect(page.locator("#play-count")).to_contain_text(re.compile(rf"^{played} of "))
        if re.match("30 of 30|31 of 31", page.locator("#play-count").inner_text()):
            break
    assert played in (30, 31)
    alice.at(f"/competitions/{uid}").state_is("Completed")
    alice.at(f"/competitions/{uid}/standings")
    champion = page.locator("tbody tr").first.inner_text()
    assert any(name in champion for name in SIXTEEN)
    page.goto(f"{alice.server}/c/{alice.org.slug}/{uid}")
    expect(page.locator("main")).to_contain_text("Finished")


def test_a_league_is_made_of_two_files(alice: Office, page: Page):
    season = json.loads((DATA / "premier-league-2022-23.json").read_text())
    clubs = list(dict.fromkeys(match["team1"] for match in season["matches"]))
    uid = created(alice, "League", "Premier League", **{"Places": "20", "Everybody meets everybody": "2"})
    added(alice, uid, "\n".join(clubs), 20)
    started(alice, uid)
    sheet = io.StringIO()
    write = csv.writer(sheet)
    write.writerow(["side_a", "side_b", "score_a", "score_b"])
    write.writerows([match["team1"], match["team2"], *match["score"]["ft"]] for match in season["matches"])
    alice.at(f"/competitions/{uid}/matches/import")
    results = {"name": "results.csv", "mimeType": "text/csv", "buffer": sheet.getvalue().encode()}
    page.locator("input[type=file]").set_input_files(results)
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator("#foreseen")).to_contain_text("380 results to write")
    page.set_default_timeout(60_000)
    page.get_by_role("button", name="Import 380 results").click()
    expect(page.locator("#play-count")).to_contain_text("380 of 380 played", timeout=60_000)
    alice.at(f"/competitions/{uid}/standings")
    rows = page.locator("tbody tr")
    for place, (club, points, _difference) in list(enumerate(PREMIER_LEAGUE))[:6]:
        expect(rows.nth(place)).to_contain_text(club)
        expect(rows.nth(place)).to_contain_text(str(points))


def test_a_player_registers_checks_in_and_follows_the_bracket_on_another_site(alice: Office, page: Page, browser: Browser):
    uid = created(alice, "Cup", "Open cup")
    alice.at(f"/competitions/{uid}/registration")
    page.get_by_text("Open to everybody", exact=True).click()
    page.get_by_role("button", name="Save").click()
    alice.says("open to everybody")
    site = Host(f'<script src="{alice.server}/embed.js" data-competition="{uid}" async></script>')
    with player(browser) as context:
        visitor = context.new_page()
        visitor.goto(f"{alice.server}/c/{alice.org.slug}/{uid}")
        visitor.get_by_role("link", name="Register", exact=True).click()
        visitor.get_by_label("Your name").fill("Ayra Nightfall")
        visitor.get_by_role("button", name="Register").click()
        link = visitor.get_by_label("Private link of").input_value()
        visitor.goto(alice.server + re.search(r"/p/[\w-]+$", link)[0])
        visitor.get_by_role("button", name="Check in").click()
        expect(visitor.get_by_role("status")).to_have_text("You are checked in.")
        page.goto(f"{alice.home}/competitions/{uid}/entrants/add?way=list")
        page.get_by_label("One entrant a line").fill("Foxes\nLights\nTigers")
        page.get_by_role("button", name="Look it over").click()
        page.get_by_role("button", name="Add 3 entrants").click()
        alice.at(f"/competitions/{uid}/check-in")
        page.get_by_role("button", name=re.compile("^Check in all")).click()
        page.locator("#ask-yes").click()
        expect(page.locator("[data-desk-said]")).to_contain_text("4 here")
        started(alice, uid)
        visitor.goto(site.url)
        frame = visitor.frame_locator("iframe")
        expect(frame.locator(".tree").first).to_contain_text("Ayra Nightfall")
        alice.at(f"/competitions/{uid}/matches")
        row = page.locator("tbody tr", has_text="Ayra Nightfall").first
        first_side = row.locator("td").nth(2).inner_text().strip().startswith("Ayra")
        for box, score in zip(row.locator(".score-in").all(), ("3", "1") if first_side else ("1", "3"), strict=True):
            box.fill(score)
        page.keyboard.press("Enter")
        alice.says("Ayra Nightfall goes on to the final")
        final = frame.locator(".s", has_text="Ayra Nightfall")
        expect(final).to_have_count(2, timeout=4_000)
    site.stop()


def test_a_brand_is_on_every_surface_that_players_see(alice: Office, page: Page, browser: Browser, make: Make):
    cup = make.competition(alice.org, status="active", entrants=4)
    soon = make.competition(alice.org, status="registration")
    form = make.registration_page(alice.org, soon)
    used = make.link(alice.org)
    alice.at("/branding")
    page.locator("#primary").fill("#0b5d3b")
    page.locator("#footer").fill("Casino Royal")
    page.get_by_role("button", name="Publish theme").click()
    alice.says("Players see it from now on")
    public = f"{alice.server}/c/{alice.org.slug}"
    entrant = re.search(r"/entrants/[0-9a-f-]{36}", page.request.get(f"{public}/{cup}").text())[0]
    places = [f"{public}/{cup}", f"{public}/{cup}{entrant}", f"{public}/{soon}", f"{alice.server}{form}"]
    places += [f"{alice.server}/embed/{cup}", f"{alice.server}/play/{used.token}"]
    with player(browser) as context:
        visitor = context.new_page()
        for place in places:
            visitor.goto(place)
            primary = "getComputedStyle(document.querySelector('.player, body')).getPropertyValue('--primary').trim()"
            assert visitor.evaluate(primary).lower() == "#0b5d3b", place
            if "/embed/" not in place:
                expect(visitor.locator(".foot")).to_contain_text("Casino Royal")
        visitor.goto(f"{alice.server}/play/{new_uid()}")
        expect(visitor.locator(".foot")).to_have_count(0)  # whose a link is, an unknown one does not tell
