"""Every page of the back office under axe (WCAG 2.2 AA) in light and dark, with a clean console, at widths from a small phone
to a very wide screen. Pages come from `tests.routes`, and their tabs from the pages: a new one is covered by itself."""

from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page

from tests.browser.axe import HEIGHT, LOOKS, SMALLEST, WIDTH_AFTER_A_FRAME, violations
from tests.browser.office import call, give_cookie
from tests.make import Make, Org
from tests.parameters import PARAMETERS
from tests.routes import ROLES
from tests.test_routes import address, methods

pytestmark = [pytest.mark.browser, pytest.mark.processes]

WIDTHS = (2560, *LOOKS, SMALLEST)
# Views of a page that no tab of it leads to, by endpoint.
VIEWS = {
    "analytics.index": ["?period=all&category=none"],
    "keys.index": ["?q=nothing-by-this-name"],
    "keys.new": ["?kind=competition", "?kind=feed", "?kind=agent"],
    "session_tokens.index": ["?state=revoked"],
}
ROOMS = sorted({endpoint.split(".")[0] for endpoint in ROLES})


@pytest.fixture(scope="module")
def org(app: Flask, server: str) -> Org:
    """An organization with calls answered, a cup in play and results, so that charts and lists have something in them."""
    with app.app_context():
        make = Make(app)
        org = make.org("Acme Sportsbook")
        key = make.key(org, "feed", name="Scoreboard")
        cup = make.competition(org, status="active", entrants=8, category="cs2", title="Spring Cup with a rather long name")
        make.play(org, cup, lambda home, away: (2, 1) if home < away else (0, 2))
        make.competition(org, "league", status="registration", entrants=5)
        make.link(org)
    for _ in range(3):
        assert call(server, "GET", "/v1/whoami", key)[0] == 200
    return org


@pytest.fixture(scope="module")
def things(app: Flask, org: Org) -> dict[str, object]:
    with app.app_context():
        things = Make(app).things(org)
        return {name: things[name] for name in PARAMETERS.values()}


@pytest.mark.parametrize("room", ROOMS)
def test_pages_of(room: str, app: Flask, make: Make, page: Page, server: str, org: Org, things: dict[str, object]):
    page.emulate_media(reduced_motion="reduce")
    give_cookie(page.context, server, make, org.alice)
    alice, found, seen = make.signed_in(org.alice), [], set()
    waiting = list(_addresses(app, room, org, things))
    while waiting:
        path = waiting.pop(0)
        if path not in seen and _is_page(alice, path):
            found += _faults(page, server + path, path)
            waiting += [tab for tab in _tabs(page, server) if tab.startswith(f"{path}?")]
        seen.add(path)
    assert found == []


def _addresses(app: Flask, room: str, org: Org, things: dict[str, object]) -> Iterator[str]:
    for endpoint in ROLES:
        if endpoint.split(".")[0] == room and "GET" in methods(app, endpoint):
            path = address(app, endpoint, org.slug, things)
            yield from (path + view for view in ["", *VIEWS.get(endpoint, [])])


def _is_page(client: FlaskClient, path: str) -> bool:
    """No download, style sheet, JSON, and nothing that sends elsewhere: where it leads has an address of its own."""
    answer = client.get(path)
    assert answer.status_code in (200, 204, 302, 303), (path, answer.status_code)
    is_file = "Content-Disposition" in answer.headers or answer.mimetype != "text/html"
    return answer.status_code == 200 and not is_file and b"<html" in answer.data


def _faults(page: Page, url: str, name: str) -> list[str]:
    """One visit, from the widest window to the narrowest."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
    page.goto(url)
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        if (needed := page.evaluate(WIDTH_AFTER_A_FRAME)) > width:
            found.append(f"{name} is {needed} px wide in a window of {width} px")
        if scheme := LOOKS.get(width):
            page.emulate_media(color_scheme=scheme)
            found += [f"{name} at {width} px, {scheme}: {one}" for one in violations(page)]
    return found


def _tabs(page: Page, server: str) -> list[str]:
    """Paths that the page's tabs lead to."""
    links = page.locator("nav.tabs a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    return [urljoin(page.url, link).removeprefix(server) for link in links]
