"""The demo tenant with every process running: pages full of data, and work that a worker does."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.demo import DemoServer

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("demo")) as server:
        yield server


@pytest.fixture
def home(page: Page, demo: DemoServer) -> str:
    """The demo's operator is signed in; the address of its organization, where it arrives."""
    operator = demo.facts()["operator"]
    page.goto(f"{demo.url}/sign-in")
    page.get_by_label("E-mail").fill(operator["email"])
    page.get_by_label("Password").fill(operator["password"])
    page.get_by_role("button", name="Sign in").click()
    home = f"{demo.url}/o/{demo.facts()['org_slug']}"
    expect(page).to_have_url(f"{home}/")
    return home


def test_many_links_are_made_from_a_list_and_downloaded(page: Page, demo: DemoServer, home: str, tmp_path: Path):
    players = [f"player-{number}" for number in range(250)]
    uploaded = tmp_path / "players.csv"
    uploaded.write_text("external_ref,metadata\n" + "\n".join(f'{player},"{{""campaign"": ""summer""}}"' for player in players))
    page.goto(f"{home}/sessions/many")
    page.get_by_label("Leads to").select_option(f"game-{demo.facts()['game_id']}")
    page.locator("input[type=file]").set_input_files(uploaded)
    page.get_by_role("button", name="Create links").click()
    expect(page.get_by_text("250 of 250")).to_be_visible(timeout=30_000)

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the links as CSV").click()
    waiting.value.save_as(tmp_path / "links.csv")
    rows = list(csv.DictReader((tmp_path / "links.csv").read_text("utf-8-sig").splitlines()))
    assert [row["external_ref"] for row in rows] == players
    assert len({row["token"] for row in rows}) == 250

    page.goto(rows[-1]["link"])
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("heading", name=re.compile("Welcome, player-249"))).to_be_visible()


def test_a_list_with_a_bad_line_makes_nothing_and_keeps_what_was_pasted(page: Page, home: str, console_errors: list[str]):
    page.goto(f"{home}/sessions/many")
    pasted = page.locator("textarea")
    typed = 'external_ref,metadata\nplayer-1,\nplayer-2,"not json"'
    pasted.fill(typed)
    page.get_by_role("button", name="Create links").click()
    expect(page.locator(".field-error")).to_contain_text(re.compile("line 3", re.I))
    expect(pasted).to_have_value(typed)
    assert all("422" in text for text in console_errors)
    console_errors.clear()


def test_pages_full_of_data_fit_everybody(page: Page, home: str):
    page.emulate_media(reduced_motion="reduce")
    found = []
    for path in ("/", "/keys", "/sessions", "/sessions/12", "/games", "/audit"):
        page.goto(home + path)
        found += faults(page, path)
    page.goto(f"{home}/keys")
    page.get_by_role("link", name="Results importer").click()
    expect(page.locator(".u-over").first).to_be_visible()
    assert found + faults(page, "key") == []


def test_the_chart_of_a_key_has_its_data_as_a_table_one_click_away(page: Page, home: str):
    page.goto(f"{home}/keys")
    page.get_by_role("link", name="Results importer").click()
    expect(page.locator(".chart-box canvas")).to_have_count(2)
    page.get_by_text("Show as a table").first.click()
    table = page.locator(".chart-box details table").first
    expect(table.get_by_role("columnheader", name=re.compile("Answered"))).to_be_visible()
    expect(table.locator("tbody tr")).to_have_count(24)


def test_the_switcher_leads_into_the_sandbox_which_cannot_be_missed(page: Page, home: str):
    page.goto(home + "/")
    page.get_by_role("button", name="Switch organization").click()
    page.locator("#menu-switcher").get_by_role("link", name="Acme Sandbox").click()
    expect(page.get_by_role("region", name="Sandbox")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
