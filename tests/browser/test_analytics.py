"""Analytics and the palette as people use them: with a mouse, with the keyboard, and without JavaScript."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.office import Office, give_cookie
from tests.make import Make, unique

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_period_and_filters_change_the_figures_in_place_and_stand_in_the_address(office: Office, make: Make):
    page, org = office.page, office.org
    make.competition(org, status="registration", entrants=3, category="cs2")
    make.competition(org, status="registration", entrants=2, category="chess")
    office.carry(make, org.alice).at("/analytics")
    number = page.locator(".stat", has_text="Registrations").locator(".stat-value")
    expect(number).to_have_text("5")
    expect(page.locator("#figure-registrations canvas")).to_be_visible()
    category = page.get_by_label("Category")
    category.focus()
    category.select_option("chess")
    expect(number).to_have_text("2")
    expect(category).to_be_focused()
    expect(page).to_have_url(re.compile(r"category=chess"))
    expect(page.locator("#figure-registrations canvas")).to_be_visible()
    page.get_by_role("link", name="7 days", exact=True).click()
    expect(page).to_have_url(re.compile(r"category=chess.*period=7|period=7.*category=chess"))
    expect(page.get_by_role("heading", name="2 registrations in the last 7 days, none in the 7 days before")).to_be_visible()
    expect(page.get_by_role("link", name="7 days", exact=True)).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.get_by_role("link", name="30 days", exact=True)).to_have_attribute("aria-current", "true")
    expect(number).to_have_text("2")


def test_the_table_behind_a_chart_and_its_file_say_the_same(office: Office, make: Make):
    page, org = office.page, office.org
    make.competition(org, status="registration", entrants=4)
    office.carry(make, org.alice).at("/analytics?period=7")
    figure = page.locator("#figure-registrations")
    figure.get_by_text("Show as a table").click()
    cells = figure.locator("tbody tr").evaluate_all("rows => rows.map(row => row.cells[1].textContent)")
    with page.expect_download() as download:
        figure.get_by_role("link", name=re.compile("^CSV")).click()
    lines = download.value.path().read_text(encoding="utf-8-sig").split()
    assert [line.split(",")[-1] for line in lines[2:]] == cells and cells[-1] == "4"


def test_the_ranking_is_sorted_in_place_and_keeps_the_period(office: Office, make: Make):
    page, org = office.page, office.org
    cup = make.competition(org, status="active", entrants=4)
    make.play(org, cup, lambda home, away: (2, 0) if home < away else (0, 2))
    office.carry(make, org.alice).at("/analytics/ranking?period=7")
    expect(page.locator("#ranking tbody tr")).to_have_count(4)
    page.get_by_role("link", name="Lost").click()
    expect(page.get_by_role("columnheader", name="Lost")).to_have_attribute("aria-sort", "ascending")
    expect(page).to_have_url(re.compile("period=7.*sort=losses"))
    page.get_by_role("link", name="90 days", exact=True).click()
    expect(page).to_have_url(re.compile("period=90.*sort=losses"))
    expect(page.get_by_role("link", name="90 days", exact=True)).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("columnheader", name="Lost")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#ranking")).to_have_count(1)


def test_without_javascript_the_form_is_sent_by_its_button(browser: Browser, server: str, make: Make):
    org = make.org()
    make.competition(org, status="registration", entrants=3, category="cs2")
    with browser.new_context(java_script_enabled=False) as context:
        give_cookie(context, server, make, org.alice)
        page = context.new_page()
        page.goto(f"{server}/o/{org.slug}/analytics?period=90")
        page.get_by_label("Category").select_option("cs2")
        page.get_by_role("button", name="Show", exact=True).click()
        assert re.search(r"category=cs2", page.url) and "period=90" in page.url
        expect(page.locator(".stat", has_text="Registrations").locator(".stat-value")).to_have_text("3")
        page.locator("#figure-registrations summary").click()
        expect(page.locator("#figure-registrations tbody tr").last).to_contain_text("3")


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_days_are_those_of_utc_wherever_one_looks_from(browser: Browser, server: str, make: Make, zone: str):
    org = make.org()
    make.competition(org, status="registration", entrants=1)
    with browser.new_context(timezone_id=zone, locale="en-GB") as context:
        give_cookie(context, server, make, org.alice)
        page = context.new_page()
        page.goto(f"{server}/o/{org.slug}/analytics?from=2024-03-01&to=2024-03-07")
        page.goto(f"{server}/o/{org.slug}/analytics?period=7")
        plot = page.locator("#figure-registrations .u-over")
        plot.hover(position={"x": plot.bounding_box()["width"] - 4, "y": 40})
        today = page.locator("#figure-registrations tbody tr").last.locator("th").text_content()
        day, month, _year = today.split()
        expect(page.locator("#figure-registrations .chart-note .quiet")).to_have_text(f"{int(day)} {month}")


def test_the_palette_leads_to_a_competition_by_name_and_by_its_pasted_address(page: Page, office: Office, make: Make):
    org, title = office.org, unique("Obsidian Cup")
    uid = make.competition(org, title=title)
    office.carry(make, org.alice).at("/members")
    for text in (title.lower(), f"{office.home}/competitions/{uid}?tab=x"):
        page.keyboard.press("Control+k")
        page.locator("#palette-input").fill(text)
        expect(page.get_by_role("option", name=title)).to_be_visible()
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{office.home}/competitions/{uid}")
        office.at("/members")
    page.keyboard.press("Control+k")
    page.locator("#palette-input").fill("new competition")
    expect(page.get_by_role("option", name="New competition")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
