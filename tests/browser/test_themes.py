"""Themes in a real browser: the editor's journey, and hostile CSS under a recorder of everything that is fetched."""

from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from portal.audit.service import SYSTEM
from portal.branding import service
from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization
from tests.branding.test_css import GONE
from tests.browser.axe import faults
from tests.browser.office import Office, player
from tests.make import Make, Org

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def themed(app: Flask, org: Org, **values: object) -> None:
    with app.app_context(), unit_of_work() as session:
        service.publish_changes(session, session.get_one(Organization, org.id), SYSTEM, values)


def foreign(requests: list[str], server: str) -> list[str]:
    """Of the addresses asked for, those elsewhere."""
    return [url for url in requests if urlsplit(url).netloc != urlsplit(server).netloc and not url.startswith("data:")]


def test_a_brand_is_made_seen_published_and_taken_back(page: Page, browser: Browser, office: Office, make: Make):
    office.carry(make, office.org.alice).at("/branding")
    link = f"{office.server}/play/{make.link(office.org).token}"
    page.locator("#primary").fill("#ff6600")
    page.locator("#footer").fill("Casino Royal")
    phone = page.frame_locator(".theme-phone iframe")
    expect(phone.locator(".foot")).to_have_text("Casino Royal")
    expect(phone.locator("button")).to_have_css("background-color", "rgb(255, 102, 0)")
    expect(page.locator("#footer")).to_be_focused()
    expect(page.locator("#theme-side")).to_contain_text("2.93")
    page.get_by_role("button", name="Use #").click()
    office.says("is in the draft")
    expect(page.locator("#primary")).not_to_have_value("#ff6600")
    page.get_by_role("button", name="Publish theme").click()
    office.says("Players see it from now on")
    with player(browser) as context:
        visitor = context.new_page()
        visitor.goto(link)
        expect(visitor.locator(".foot")).to_have_text("Casino Royal")
        assert faults(visitor, "a branded link page") == []
    page.locator("#footer").fill("Second thoughts")
    expect(phone.locator(".foot")).to_have_text("Second thoughts")
    page.get_by_role("button", name="Publish theme").click()
    office.says("Theme 2 is published")
    page.get_by_role("button", name="Publish again").click()
    page.get_by_role("button", name="Publish version 1").click()
    office.says("as theme 3")
    with player(browser) as context:
        visitor = context.new_page()
        visitor.goto(link)
        expect(visitor.locator(".foot")).to_have_text("Casino Royal")


def test_every_surface_is_previewed_as_it_is_typed(page: Page, office: Office, make: Make):
    """The page's console stays silent: nothing in a preview is refused by its policy or its sandbox."""
    office.carry(make, office.org.alice)
    for surface, sign in (
        ("competition", ".tree"),
        ("embed", ".tree"),
        ("game", ".checks"),
        ("missing", "h1"),
        ("mail", ".press"),
    ):
        office.at(f"/branding?surface={surface}")
        for frame in (".theme-phone iframe", ".theme-desktop iframe"):
            expect(page.frame_locator(frame).locator(sign).first).to_be_visible()
        page.locator("#footer").fill(f"Footer of {surface}")
        expect(page.frame_locator(".theme-phone iframe").locator(".foot")).to_have_text(f"Footer of {surface}")
    page.locator("#primary").fill("#0a7d32")
    button = page.frame_locator(".theme-desktop iframe").locator(".press")
    expect(button).to_have_css("background-color", "rgb(10, 125, 50)")


def test_hostile_css_fetches_nothing_and_changes_nothing(app: Flask, server: str, browser: Browser, make: Make):
    """Each hostile sheet is published, with an honest rule behind it that must still hold."""
    org = make.org()
    token = make.link(org).token
    with browser.new_context() as context:
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        for name, sheet in GONE.items():
            themed(app, org, custom_css=f"h1 {{ letter-spacing: 3px }}\n{sheet}")
            page.goto(f"{server}/play/{token}")
            assert foreign(asked, server) == [], name
            expect(page.locator("h1")).to_have_css("letter-spacing", "3px")
            assert page.evaluate("getComputedStyle(document.documentElement).position") == "static", name
            fixed = "[...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).position !== 'static').length"
            assert page.evaluate(fixed) == 0, name


def test_the_recorder_sees_what_the_same_sheets_fetch_when_nobody_cleans_them(browser: Browser):
    """The twin without cleaning: were the recorder blind, the test above could not fail."""
    seen = set()
    with browser.new_context() as context:
        page, asked = context.new_page(), []
        page.route("**/*", lambda route: route.abort())
        page.on("request", lambda request: asked.append(request.url))
        for name, sheet in GONE.items():
            asked.clear()
            page.set_content(f"<style>{sheet.replace('</style>', '')}</style><a href='/'>a</a>")
            page.wait_for_timeout(20)
            if any("evil.example" in url for url in asked):
                seen.add(name)
    assert {"import", "import escaped", "url", "url escaped", "image-set", "unclosed import"} <= seen, seen
