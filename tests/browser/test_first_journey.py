"""The first journey end to end: an operator issues a key, a program calls with it, a player lands on its link."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.office import Office, call, player
from tests.make import Make

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_an_operator_issues_a_key_a_program_makes_a_link_and_a_player_plays(
    office: Office, make: Make, browser: Browser, tmp_path: Path
):
    game = make.game(office.org, name="Penalty Kings", launch_url=f"{office.server}/play/demo-game")
    office.sign_in(office.org.alice)
    key = _issue_and_store(office, tmp_path)

    status, answer = call(
        office.server, "POST", "/api/org-api-keys?action=create-session", key, {"game_id": game, "external_ref": "user-12345"}
    )
    assert (status, answer["success"]) == (200, True)
    link = f"/play/game/{game}?session_token={answer['data']['token']}"

    assert call(office.server, "GET", link)[0] == 200, "a mail scanner looks first"
    with player(browser) as context:
        window = context.new_page()
        _play(window, office.server + link)
    _see_receipts(office)


def _issue_and_store(office: Office, directory: Path) -> str:
    """Copy, download, and leave by saying so; the secret is nowhere afterwards."""
    page = office.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    secret = office.issue_key("Website links", "Session", "Create and revoke links")
    assert re.fullmatch(r"dpk_[0-9a-f]{40}", secret)

    office.drawer.get_by_role("button", name="Copy the secret").click()
    expect(page.locator("#live")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    expect(office.drawer.locator("pre")).to_contain_text(secret)

    with page.expect_download() as waiting:
        office.drawer.get_by_role("link", name="Download .env").click()
    waiting.value.save_as(directory / "tiltyard.env")
    lines = (directory / "tiltyard.env").read_text().splitlines()
    assert lines == [f"TILTYARD_API_KEY={secret}", f"TILTYARD_BASE_URL={office.server}"]

    office.drawer.get_by_role("link", name="I have stored it").click()
    expect(office.drawer).to_be_hidden()
    expect(office.row("Website links")).to_contain_text(f"{secret[:8]}…{secret[-4:]}")
    assert secret not in page.content()
    return secret


def _play(window: Page, link: str) -> None:
    for _ in range(2):  # looking changes nothing, however often
        window.goto(link)
        expect(window.get_by_role("heading", name="Penalty Kings")).to_be_visible()
    window.get_by_role("button", name="Play").click()
    expect(window.get_by_role("heading", name=re.compile("Welcome, user-12345"))).to_be_visible()
    checks = window.locator(".checks li")
    expect(checks.nth(0)).to_contain_text("Verified by the server")
    expect(checks.nth(1)).to_contain_text("Verified by this browser")

    assert window.goto(link).status == 410
    expect(window.get_by_role("heading", level=1)).to_be_visible()
    expect(window.get_by_role("button", name="Play")).to_have_count(0)


def _see_receipts(office: Office) -> None:
    page = office.at("/sessions").page
    for step in ("Created", "Previewed", "Opened", "Consumed"):
        expect(page.locator(".funnel")).to_contain_text(re.compile(rf"{step}\s*1 100%"))
    expect(office.row("user-12345")).to_contain_text("Consumed")
    page.get_by_role("link", name="user-12345").click()
    receipts = page.get_by_role("table", name="Receipts")
    for step in ("Created", "Previewed", "Opened", "Consumed"):
        expect(receipts.locator("tr", has_text=step)).not_to_contain_text("Not yet")
