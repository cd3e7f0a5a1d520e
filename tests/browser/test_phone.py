"""The back office on a phone: what folds, what scrolls, and that it says so."""

import pytest
from playwright.sync_api import Page

from tests.browser.office import Office
from tests.make import Make

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PHONE = {"width": 390, "height": 844}
FADE = "tabs => ['before', 'after'].map(side => getComputedStyle(tabs).getPropertyValue(`--fade-${side}`))"


@pytest.fixture
def phone(office: Office, make: Make, page: Page) -> Office:
    page.set_viewport_size(PHONE)
    return office.carry(make, office.org.alice)


def test_a_match_takes_two_lines_and_the_menu_of_a_page_stands_beside_its_buttons(phone: Office, make: Make, page: Page):
    cup = make.competition(phone.org, status="active", entrants=4)
    phone.at(f"/competitions/{cup}/matches")
    row = page.locator("#matches tbody tr").first
    first, score, second = (row.locator(f"[data-column={name}]") for name in ("side_a", "score", "side_b"))
    middles = {round(box["y"] + box["height"] / 2) for box in (first.bounding_box(), score.bounding_box(), second.bounding_box())}
    assert max(middles) - min(middles) <= 2
    assert row.bounding_box()["height"] < 110
    heights = {round(button.bounding_box()["y"]) for button in page.locator(".page-actions .btn").all()}
    assert len(heights) == 1


def test_tabs_that_do_not_fit_fade_out_where_there_are_more(phone: Office, make: Make, page: Page):
    cup = make.competition(phone.org, status="active", entrants=4)
    phone.at(f"/competitions/{cup}")
    tabs = page.locator("nav.tabs")
    assert tabs.evaluate(FADE) == ["0px", "56px"]
    phone.at(f"/competitions/{cup}/activity")
    assert page.locator(".tabs [aria-current]").bounding_box()["x"] < PHONE["width"] - 60
    assert tabs.evaluate(FADE) == ["40px", "0px"]
    page.set_viewport_size({"width": 1280, "height": 844})
    page.reload()
    assert tabs.evaluate(FADE) == ["0px", "0px"]
