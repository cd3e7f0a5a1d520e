"""The embed builder: its state is the address, and it says what is in the way."""

import re
from html import unescape

import pytest

from portal.kernel.ids import new_uid
from tests.public.staging import change


@pytest.fixture
def builder(make):
    """An organization, bob's browser, and what opens the builder."""
    org = make.org()
    bob = make.signed_in(org.bob)

    def show(uid="", **asked):
        return bob.get(f"/o/{org.slug}/embeds", query_string={"competition": uid, **asked} if uid else asked)

    return org, show


def codes(page):
    return [unescape(code) for code in re.findall(r"<pre[^>]*><code>(.*?)</code>", page.text, re.DOTALL)]


def test_one_chooses_from_the_list_by_title(make, builder):
    org, show = builder
    uid, other = make.competition(org, title="Autumn cup"), make.competition(org, title="Spring league")
    page = show(q="autumn").text
    assert f"/o/{org.slug}/embeds?competition={uid}" in page and other not in page


def test_the_address_alone_makes_the_code(make, builder):
    org, show = builder
    uid = make.competition(org, status="active", entrants=4, title="<b>Cup</b>")
    page = show(uid, view="schedule", theme="dark", size="fixed", width="640", height="420")
    script, html, react, wordpress, link, markdown = codes(page)
    assert (
        f'<iframe src="http://localhost/embed/{uid}?theme=dark&amp;view=schedule"' in html and 'width="640" height="420"' in html
    )
    assert 'data-view="schedule" data-height="420"' in script and "<iframe" in react and html in wordpress
    assert link == f"http://localhost/c/{org.slug}/{uid}?view=schedule" and markdown.startswith(r"[![\<b\>Cup\</b\>]")
    assert f'src="/embed/{uid}?theme=dark&amp;view=schedule"' in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "data-view" not in codes(show(uid))[0]  # the first view needs no name


def test_one_match_is_named_by_its_number(make, builder):
    org, show = builder
    uid = make.competition(org, status="active", entrants=4)
    assert re.search(r'data-view="match" data-match="[0-9a-f-]{36}"', codes(show(uid, view="match", number="2"))[0])
    assert "There is no match 99" in show(uid, view="match", number="99").text
    page = show(uid, view="match").text
    assert "Write the number of the match" in page and "<pre" not in page


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"width": "12"}, "Write a number from 200 to 4,000 pixels."),
        ({"height": "tall"}, "is not a whole number"),
        ({"theme": "pink"}, "not offered here"),
        ({"view": "bracket\x00"}, "control character"),
        ({"size": "<script>"}, "not offered here"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(make, builder, asked, words):
    org, show = builder
    answer = show(make.competition(org, status="active", entrants=2), **asked)
    assert answer.status_code == 200 and words in answer.text and "<pre" not in answer.text


def test_a_fragment_holds_what_changes_alone(make, builder):
    org, _ = builder
    uid = make.competition(org)
    alice = make.signed_in(org.alice)
    answer = alice.get(f"/o/{org.slug}/embeds?competition={uid}", headers={"HX-Request": "true"})
    assert 'id="embed-shown"' in answer.text and "embed-form" not in answer.text


def test_private_drafts_and_listed_sites_are_explained(make, builder):
    org, show = builder
    private = make.competition(org, visibility="private")
    assert "This competition is private" in show(private).text
    draft = make.competition(org, visibility="public")
    assert "This competition is a draft" in show(draft).text and "Any site may show it" in show(draft).text
    change(org, embed_sites="https://news.example")
    page = show(draft).text
    assert "<code>https://news.example</code>" in page and f"/o/{org.slug}/settings#sites" in page


def test_a_proven_domain_is_in_the_code(make, builder):
    org, show = builder
    host, uid = make.domain(org), make.competition(org)
    assert all(f"https://{host}/" in code and "localhost" not in code for code in codes(show(uid)))


def test_other_tenants_competitions_and_nonsense_are_not_there(make, builder):
    _, show = builder
    for uid in (make.competition(make.org()), new_uid()):
        assert show(uid).status_code == 404
    assert show("nonsense").status_code in (400, 404, 422)


def test_a_field_of_1024_costs_as_many_statements_as_one_of_4(make, builder, count_sql):
    org, show = builder
    counts = []
    for entrants in (4, 300):
        uid = make.competition(org, status="active", entrants=entrants)
        with count_sql() as statements:
            assert show(uid).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]
