"""What surrounds every page: navigation, switcher, the way in and the list of organizations."""

import re

import pytest

from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization
from tests.make import post


def nav(client, org) -> list[str]:
    side = re.search(r'<nav class="side-nav".*?</nav>', client.get(f"/o/{org.slug}/").text, re.S)[0]
    return re.findall(r"</svg><span>([^<]+)</span></a>", side)


def test_the_navigation_lists_the_pages_that_exist_in_their_groups(make):
    org = make.org()
    assert nav(make.signed_in(org.alice), org) == [
        "Overview", "Competitions", "Seasons", "Teams", "Players", "Analytics", "Session links", "Games and streams",
        "API keys", "Webhooks", "Event feeds", "API reference", "Theme", "Embeds", "Domain", "Settings", "Members", "Agents",
        "Audit log",
    ]  # fmt: skip


def test_a_page_that_one_may_not_open_is_not_listed(make):
    operator = make.org()
    agent = make.org("North", parent=operator)
    assert "Audit log" not in nav(make.signed_in(operator.bob), operator)
    assert "Agents" not in nav(make.signed_in(agent.alice), agent)


def test_every_listed_page_opens_and_marks_itself(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    side = re.search(r'<nav class="side-nav".*?</nav>', alice.get(f"/o/{org.slug}/").text, re.S)[0]
    links = re.findall(r'href="(/o/[^"]+)"', side)
    assert len(links) == 18, "all but the API reference, which is no page of the organization"
    for link in links:
        page = alice.get(link)
        assert page.status_code == 200, link
        assert re.findall(r'href="([^"]+)" aria-current="page"', page.text)[0] == link


def test_the_switcher_shows_the_tree_and_nobody_elses(make):
    operator, stranger = make.org("Operator"), make.org("Stranger")
    agent = make.org("North", parent=operator)
    page = make.signed_in(operator.bob).get(f"/o/{agent.slug}/").text
    menu = re.search(r'id="menu-switcher".*?</div>', page, re.S)[0]
    assert re.findall(r"depth-(\d)", menu) == ["0", "1"]
    assert menu.index(operator.name) < menu.index(agent.name)
    assert stranger.name not in page


def test_a_sandbox_is_marked_on_every_page(make):
    sandbox, live = make.org(sandbox=True), make.org()
    bar = 'class="sandbox"'
    alice = make.signed_in(sandbox.alice)
    for path in ("", "settings", "members", "agents", "audit", "keys"):
        assert bar in alice.get(f"/o/{sandbox.slug}/{path}").text
    assert bar not in make.signed_in(live.alice).get(f"/o/{live.slug}/").text


def test_the_first_page_is_the_organization_used_last(make):
    org = make.org("Alpha")
    agent = make.org("Beta", parent=org)
    alice = make.signed_in(org.alice)
    assert alice.get("/").headers["Location"] == f"/o/{org.slug}/"
    alice.get(f"/o/{agent.slug}/settings")
    assert alice.get("/").headers["Location"] == f"/o/{agent.slug}/"


def test_whoever_belongs_nowhere_is_told_what_to_do(make):
    person = make.person("dora")
    client = make.signed_in(person)
    page = client.get("/")
    assert page.status_code == 200
    assert "Ask an owner to add" in page.text
    assert client.get("/account").status_code == 200
    assert client.get("/organizations").status_code == 200


def test_the_list_of_organizations_can_be_searched_and_holds_only_ones_own(make):
    operator = make.org("Operator")
    for name in ("Northern", "Southern"):
        make.org(name, parent=operator)
    alice = make.signed_in(operator.alice)
    assert alice.get("/organizations").text.count('id="organizations-') >= 3
    found = alice.get("/organizations?q=Northern").text
    assert "Northern" in found
    assert "Southern-" not in re.search(r"<tbody>.*</tbody>", found, re.S)[0]
    csv = alice.get("/organizations?format=csv").text
    assert len(csv.strip().splitlines()) == 4


def test_two_hundred_agents_cost_no_statement_more(make, count_sql):
    operator = make.org()
    alice = make.signed_in(operator.alice)
    costs = []
    for more in (1, 200):
        with unit_of_work() as work:
            for n in range(more):
                slug = f"{operator.slug}-{more}-{n}"
                work.add(Organization(name=f"Agent {n}", slug=slug, parent_id=operator.id, level="agent"))
        with count_sql() as statements:
            page = alice.get(f"/o/{operator.slug}/members")
        costs.append(len(statements))
        assert page.status_code == 200
    assert costs[0] == costs[1] <= 10
    assert "All organizations" in page.text


@pytest.mark.parametrize("path", ["/o/{slug}/", "/o/{slug}/settings", "/o/{slug}/members", "/o/{slug}/agents"])
def test_a_stranger_gets_the_same_answer_as_for_what_is_not_there(make, path):
    org = make.org()
    charlie = make.signed_in(org.charlie)
    foreign, absent = charlie.get(path.format(slug=org.slug)), charlie.get(path.format(slug="no-such-organization"))
    clean = lambda answer: re.sub(r"[0-9a-f]{20}|csrf[^>]*|X-CSRFToken[^}]*", "", answer.text)  # noqa: E731
    assert foreign.status_code == absent.status_code == 404
    assert clean(foreign) == clean(absent)


def test_an_error_page_asks_the_database_for_nothing_more(make, count_sql):
    org = make.org()
    bob = make.signed_in(org.bob)
    with count_sql() as statements:
        answer = bob.get(f"/o/{org.slug}/audit")
    assert answer.status_code == 403
    assert "needs the role admin" in answer.text
    assert len(statements) <= 4


def test_signing_out_is_a_form_on_every_page(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    assert 'action="/sign-out"' in alice.get(f"/o/{org.slug}/").text
    assert post(alice, "/sign-out").status_code == 303


@pytest.mark.parametrize("slug", ["%00", "%0a", "a%00b", "%ff", "%ed%a0%80", "x" * 4000, "..", "%2e%2e", "'"])
def test_a_strange_short_name_in_the_address_is_not_there(make, slug):
    assert make.signed_in(make.person("dora")).get(f"/o/{slug}/settings").status_code == 404
