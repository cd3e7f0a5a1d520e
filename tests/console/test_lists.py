"""Every list of the back office: each head sorts it, its search and its CSV work, and the address holds its state. Lists are
found on the pages of `tests.routes`, so a new one is covered by itself."""

import re
from html import unescape

import pytest

from tests.parameters import PARAMETERS
from tests.routes import ROLES
from tests.test_routes import address, methods

ROOMS = sorted({endpoint.split(".")[0] for endpoint in ROLES})
# Tabs of a page that its bare address does not show.
TABS = {"keys.show": ["?tab=callers", "?tab=refused", "?tab=activity"]}
WITH_LISTS = {
    "agents", "analytics", "audit", "catalog", "competitions", "embeds", "entrants", "keys", "members", "play", "players",
    "registering", "seasons", "session_tokens", "teams",
}  # fmt: skip
TABLE = re.compile(r'<section class="list" id="([\w-]+)".*?</section>', re.S)


@pytest.fixture
def org(make):
    """With results, registrations and members, so that lists have rows."""
    org = make.org()
    cup = make.competition(org, status="active", entrants=4, title="Spring Cup")
    make.play(org, cup, lambda home, away: (2, 1) if home < away else (0, 2))
    make.link(org)
    make.stream(org)
    return org


def lists_of(text: str) -> dict[str, str]:
    return {found[1]: found[0] for found in TABLE.finditer(text)}


def pages_with_lists(app, client, org, things, room):
    for endpoint in ROLES:
        if endpoint.split(".")[0] != room or "GET" not in methods(app, endpoint):
            continue
        path = address(app, endpoint, org.slug, things)
        for view in ("", *TABS.get(endpoint, ())):
            answer = client.get(path + view)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                for name, html in lists_of(answer.text).items():
                    yield path + view, name, html


@pytest.mark.parametrize("room", ROOMS)
def test_every_head_sorts_both_ways_and_every_list_can_be_searched_and_downloaded(app, make, org, room):
    alice, things = make.signed_in(org.alice), make.things(org)
    for name in PARAMETERS.values():
        things[name]
    found = list(pages_with_lists(app, alice, org, things, room))
    assert found or room not in WITH_LISTS
    for path, name, html in found:
        for url in map(unescape, re.findall(r'class="sort" href="([^"]+)"', html)):
            for way in (url, url.replace("sort=-", "sort=") if "sort=-" in url else url.replace("sort=", "sort=-")):
                answer = alice.get(way)
                assert answer.status_code == 200, (way, answer.status_code)
                assert re.search(r'aria-sort="(ascending|descending)"', lists_of(answer.text)[name]), way
                assert "cannot be sorted by" not in answer.text, way
        _searched(alice, path, name, html)


def _searched(client, path: str, name: str, html: str) -> None:
    """Filtered to nothing it says so and offers to clear; its CSV has a head and keeps the filter."""
    searches = re.findall(r'type="search"[^>]*name="(\w+)"', html)
    if not searches:
        return
    url = f"{path}{'&' if '?' in path else '?'}{searches[0]}=nothing-by-this-name"
    answer = client.get(url)
    assert answer.status_code == 200, url
    found = lists_of(answer.text)[name]
    assert "match these filters" in found and "Clear" in found, url
    downloads = [unescape(link) for link in re.findall(r'href="([^"]*format=csv[^"]*)"', found)]
    for link in downloads:
        assert f"{searches[0]}=nothing-by-this-name" in link, link
        answer = client.get(link)
        assert answer.mimetype == "text/csv" and answer.text.startswith("\ufeff"), link


def test_a_search_by_htmx_gets_the_list_alone(app, make, org):
    alice = make.signed_in(org.alice)
    for path in ("competitions", "teams", "players", "seasons", "keys", "sessions", "members", "audit", "analytics/ranking"):
        answer = alice.get(f"/o/{org.slug}/{path}", headers={"HX-Request": "true"})
        assert answer.status_code == 200 and "<html" not in answer.text, path
        assert "HX-Request" in answer.headers["Vary"], path
