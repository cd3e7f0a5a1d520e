"""A player on a phone: registers, keeps the link, checks in; and the pages where an organizer lets players in."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import axe
from tests.browser.office import player


@pytest.fixture
def cup(make, office) -> str:
    return make.competition(office.org, status="registration", max_participants=8, title="Spring Cup")


def test_a_player_registers_on_a_phone_keeps_the_link_and_checks_in(browser: Browser, make, office, server, cup):
    make.registration_page(office.org, cup, welcome="Bring your own pad.\nDoors open at noon.", asks_contact=True)
    found: list[str] = []
    with player(browser) as context:
        page = context.new_page()
        page.goto(f"{server}/c/{office.org.slug}/{cup}")
        page.get_by_role("link", name="Register", exact=True).click()
        found += axe.faults(page, "register")
        page.set_viewport_size({"width": 390, "height": 844})
        page.get_by_label("Your name").fill("Ayra <b>")
        page.get_by_role("button", name="Register").click()
        expect(page.get_by_role("alert")).to_contain_text("Write an e-mail address.")
        expect(page.get_by_label("Your name")).to_have_value("Ayra <b>")
        found += axe.faults(page, "refused")
        page.get_by_label("E-mail").fill("ayra@example.com")
        page.get_by_role("button", name="Register").dblclick()
        expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
        link = page.get_by_label("Private link of").input_value()
        found += axe.faults(page, "registered")
        page.reload()
        assert page.get_by_label("Private link of").input_value() == link, "a reload shows the same link"
        path = re.search(r"/p/[\w-]{43}$", link)[0]
        page.goto(server + path)
        found += axe.faults(page, "private page")
        page.get_by_role("button", name="Check in").click()
        expect(page.get_by_role("status")).to_have_text("You are checked in.")
        page.get_by_text("Code for the door").click()
        expect(page.get_by_alt_text("QR code of your registration")).to_be_visible()
        for name in ("Change name", "Make a new link"):
            page.goto(server + path)
            page.get_by_role("link", name=name).click()
            found += axe.faults(page, name)
        page.goto(server + path)
        page.get_by_role("link", name="Leave").click()
        found += axe.faults(page, "leave")
        page.get_by_role("button", name="Leave").click()
        expect(page.get_by_text("Withdrawn")).to_be_visible()
    assert found == []


def test_it_works_without_javascript(browser: Browser, make, office, server, cup):
    url = server + make.registration_page(office.org, cup, entrants="both", approval=True)
    with browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(url)
        page.get_by_text("A team", exact=True).click()
        page.get_by_label("Name", exact=True).fill("Iron Quarter")
        page.get_by_label("Tag").fill("IQ")
        page.get_by_role("button", name="Ask to take part").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your request is sent")
        page.goto(server + re.search(r"/p/[\w-]{43}$", page.get_by_label("Private link of").input_value())[0])
        expect(page.get_by_text("Waits for the organizer")).to_be_visible()


def test_an_organizer_opens_the_page_answers_requests_and_invites(page: Page, make, office, cup):
    found: list[str] = []
    page.emulate_media(reduced_motion="reduce")  # colours that still change would be measured half-way
    office.carry(make, office.org.alice).at(f"/competitions/{cup}/registration")
    page.get_by_text("Open to everybody", exact=True).click()
    page.get_by_text("I approve each request", exact=True).click()
    page.get_by_role("button", name="Save").click()
    office.says("open to everybody")
    found += axe.faults(page, "set-up")
    registered(page, office, cup, "Ayra")
    registered(page, office, cup, "Bea")
    office.at(f"/competitions/{cup}/registration/requests")
    found += axe.faults(page, "requests")
    office.from_menu("Bea", "Decline")
    office.drawer.get_by_label("Answer").fill("Next time.")
    office.drawer.get_by_role("button", name="Decline").click()
    expect(office.row("Bea")).to_contain_text("Declined")
    office.says("1 request is declined.").get_by_role("button", name="Undo").click()
    office.says("waits for an answer again")
    expect(office.row("Bea")).to_contain_text("Waits for you")  # the list was loaded again
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Approve", exact=True).first.click()
    office.says("2 requests are approved.")
    office.at(f"/competitions/{cup}/registration/invitations")
    page.get_by_role("link", name="Make invitations").click()
    office.drawer.get_by_label("For whom").fill("Cleo\nDana")
    office.drawer.get_by_role("button", name="Make invitations").click()
    expect(office.drawer.get_by_role("heading", name="2 invitations made")).to_be_visible()
    office.drawer.get_by_text("QR code").first.click()
    found += axe.faults(page, "made")
    office.drawer.get_by_role("link", name="I have them").click()
    expect(office.row("Cleo")).to_contain_text("Unused")
    found += axe.faults(page, "invitations")
    assert found == []


def registered(page: Page, office, cup: str, name: str) -> None:
    """Somebody registers elsewhere."""
    url = f"{office.server}/c/{office.org.slug}/{cup}/register"
    attempt = re.search(r'name="attempt"[^>]*value="([^"]+)"', page.request.get(url).text())[1]
    assert page.request.post(url, form={"attempt": attempt, "name": name}).ok
