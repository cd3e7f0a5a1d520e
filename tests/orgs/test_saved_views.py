"""Views of a list under a name: of one's own or shared, marked where one looks at them, changed and forgotten."""

import json
import re
from html import unescape

import pytest

from portal.orgs.saved_views import MOST_VIEWS
from tests.make import csrf_of

ROW = re.compile(r'<nav class="views".*?</nav>', re.S)


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


@pytest.fixture
def bob(make, org):
    return make.signed_in(org.bob)


def at(org, path: str = "competitions") -> str:
    return f"/o/{org.slug}/{path}"


def row(answer) -> str:
    """The row of views on the page, "" where there is none."""
    found = ROW.search(answer.text)
    return unescape(found[0]) if found else ""


def current(answer) -> list[str]:
    return [
        re.sub(r"<[^>]+>", "", inner).strip()
        for inner in re.findall(r'<a class="view"[^>]*aria-current="true">(.*?)</a>', row(answer), re.S)
    ]


def save(client, org, name: str, query: str = "status=active", *, shared: bool = False, list: str = "competitions", **more):
    data = csrf_of(client, "/account") | {"name": name, "query": query, "list": list, "path": at(org, list)} | more
    return client.post(at(org, "views/new"), data=data | ({"shared": "y"} if shared else {}))


def address(client, org, name: str, query: str = "") -> str:
    """Where the pencil beside the view leads."""
    return re.search(rf'href="([^"]+)"[^>]*aria-label="Edit view {name}"', row(client.get(at(org) + query)))[1]


def test_the_first_view_has_no_row_and_a_changed_one_offers_to_be_saved(alice, org, make):
    make.competition(org, status="active", entrants=2)
    assert row(alice.get(at(org))) == ""
    changed = row(alice.get(at(org) + "?status=active&sort=title&page=1"))
    link = re.search(r'href="([^"]+/views/new[^"]+)"', changed)[1]
    form = alice.get(link)
    assert form.status_code == 200 and 'value="status=active&amp;sort=title"' in form.text


def test_a_saved_view_is_a_link_that_shows_it_and_is_marked_there(alice, org, make):
    make.competition(org, status="active", entrants=2)
    answer = save(alice, org, "Live ones", "sort=title&status=active&page=3&format=csv")
    assert answer.status_code == 303 and answer.headers["Location"] == at(org) + "?sort=title&status=active"
    assert current(alice.get(at(org))) == ["All"]
    assert current(alice.get(at(org) + "?status=active&sort=title")) == ["Live ones"]
    other = alice.get(at(org) + "?status=draft")
    assert current(other) == [] and "Save view" in row(other)
    assert "Live ones" not in row(alice.get(at(org, "keys") + "?status=active"))


def test_it_belongs_to_one_person_unless_it_is_shared(alice, bob, org, make):
    make.competition(org)
    save(alice, org, "Mine")
    save(alice, org, "Ours", shared=True)
    assert "Mine" in row(alice.get(at(org))) and "Mine" not in row(bob.get(at(org))) and "Ours" in row(bob.get(at(org)))
    address_of_ours = address(alice, org, "Ours", "?status=active")
    assert "Edit view Ours" not in row(bob.get(at(org) + "?status=active"))
    assert bob.get(address_of_ours).status_code == 403
    assert bob.get(address(alice, org, "Mine", "?status=active")).status_code == 404
    stranger = make.signed_in(make.org().alice)
    assert stranger.get(address_of_ours).status_code == 404


def test_it_is_renamed_given_other_filters_and_deleted(alice, org, make):
    make.competition(org, status="active", entrants=2)
    save(alice, org, "Old")
    url = address(alice, org, "Old", "?status=draft")
    form = alice.get(url)
    assert "Let it show what the list shows now" in form.text
    data = csrf_of(alice, url) | {"name": "New", "update": "y", "query": "status=draft", "path": at(org)}
    assert alice.post(url, data=data).headers["Location"] == at(org) + "?status=draft"
    assert current(alice.get(at(org) + "?status=draft")) == ["New"]
    delete = url.partition("?")[0].replace("/edit", "/delete")
    assert alice.post(delete, data=csrf_of(alice, "/account") | {"path": at(org)}).headers["Location"] == at(org)
    assert row(alice.get(at(org))) == "" and alice.get(url).status_code == 404


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "Write a name for the view."),
        ({"name": "x" * 61}, "Name has 61 characters. Use at most 60."),
        ({"list": "No such list"}, "That is the name of no list."),
        ({"query": "q=" + "x" * 2_000}, "a view keeps 2,000."),
        ({"query": "&".join(f"a{n}=1" for n in range(41))}, "A view keeps at most 40 filters."),
        ({"owner": "bob"}, "This form has no field `owner`."),
        ({"name": "Taken"}, "You have a view of that name. Choose another."),
    ],
)
def test_what_does_not_do_is_said_in_words(alice, org, changes, said):
    save(alice, org, "Taken")
    answer = save(alice, org, **{"name": "View"} | changes)
    assert answer.status_code == 422 and said in unescape(answer.text)


def test_there_are_at_most_thirty_of_a_list(alice, bob, org):
    for number in range(MOST_VIEWS):
        assert save(alice, org, f"View {number}", f"q={number}").status_code == 303
    refused = save(alice, org, "One more", "q=more")
    assert refused.status_code == 422 and "30 views of this list, which is the most" in refused.text
    assert save(bob, org, "His own", "q=more").status_code == 303
    assert save(alice, org, "Of another list", "q=more", list="keys").status_code == 303


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/o/other/competitions", "/o/{slug}/..//evil", "javascript:alert(1)"]
)
def test_it_never_leads_out_of_the_organization(alice, org, path):
    answer = save(alice, org, "View", path=path.format(slug=org.slug))
    assert answer.status_code == 303 and answer.headers["Location"].startswith(f"/o/{org.slug}")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "عرض", "🏆"])
def test_any_name_is_shown_as_text(alice, org, make, name):
    make.competition(org)
    save(alice, org, name)
    page = alice.get(at(org))
    assert name in row(page) and "<script>alert" not in page.text


def test_all_lists_of_a_page_ask_one_statement_together(alice, org, make, count_sql):
    make.competition(org)
    with count_sql() as without:
        alice.get(at(org))
    for number in range(5):
        save(alice, org, f"View {number}", f"q={number}")
    with count_sql() as with_views:
        alice.get(at(org))
    assert len([statement for statement in with_views if "saved_views" in statement]) == 1
    assert len(with_views) == len(without)


def test_with_htmx_the_drawer_closes_and_the_list_is_drawn_again(alice, org):
    data = csrf_of(alice, "/account") | {"name": "Live", "query": "status=active", "list": "competitions", "path": at(org)}
    answer = alice.post(at(org, "views/new"), data=data, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert json.loads(answer.headers["HX-Trigger"])["office:done"] == {"url": at(org) + "?status=active"}
