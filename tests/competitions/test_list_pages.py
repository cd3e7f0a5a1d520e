"""The list of competitions, the overview and the activity of one."""

import csv
import io
from datetime import timedelta

import pytest

from portal.kernel.clock import utc_now
from tests.competitions.test_create_pages import home, plain


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


@pytest.fixture
def bob(make, org):
    return make.signed_in(org.bob)


def lines(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_list_counts_entrants_and_matches_and_costs_the_same_however_long_it_is(make, alice, org, count_sql):
    costs = []
    for more in (1, 6):
        for _ in range(more):
            make.competition(org, status="active", entrants=4, max_participants=8)
        with count_sql() as statements:
            page = alice.get(home(org))
        costs.append(len(statements))
        assert page.status_code == 200
    assert costs[0] == costs[1] <= 9
    text = plain(page)
    assert "4 / 8" in text and "4 checked in" in text and "0 / 3" in text


def test_it_is_narrowed_sorted_and_downloaded(make, alice, org):
    make.competition(org, title="=1+1", category="cs2", starts_at=utc_now() + timedelta(days=2))
    make.competition(org, "league", title="League", category="dota2", visibility="private")
    make.competition(org, title="Live", status="active", entrants=2, category="cs2")

    def titles(query):
        return [line["Title"] for line in lines(alice.get(f"{home(org)}?format=csv&columns=title&{query}"))]

    assert titles("sort=title") == ["'=1+1", "League", "Live"]
    assert titles("status=active") == ["Live"] and titles("visibility=private") == ["League"]
    assert titles("category=dota2") == ["League"] and titles("q=LEAG") == ["League"]
    assert titles("sort=-entrants")[0] == "Live" and titles("sort=status")[0] == "Live"
    assert titles(f"starts_from={utc_now():%Y-%m-%d}") == ["'=1+1"]
    assert "League" in alice.get(f"{home(org)}?played=nonsense&category=<script>").text


def test_the_filter_of_the_format_is_not_the_format_of_the_download(make, alice, org):
    make.competition(org, "league", title="League")
    make.competition(org, title="Cup")
    page = alice.get(f"{home(org)}?played=round_robin")
    assert "League" in page.text and ">Cup<" not in page.text
    assert [line["Title"] for line in lines(alice.get(f"{home(org)}?played=round_robin&format=csv"))] == ["League"]


@pytest.mark.parametrize(
    ("status", "entrants", "kind", "said"),
    [
        ("draft", 0, "bracket", "Look over the terms, then open registration"),
        ("registration", 1, "bracket", "1 more entrant needed before it can start."),
        ("registration", 2, "bracket", "Everybody is checked in."),
        ("active", 4, "bracket", "3 matches are to be played."),
        ("registration", 0, "circuit", "Start the circuit when its season begins"),
        ("active", 3, "circuit", "Finalize it when the last one is over."),
        ("active", 3, "ladder", "No match is open."),
    ],
)
def test_the_overview_says_what_to_do_next(make, alice, org, status, entrants, kind, said):
    uid = make.competition(org, kind, status=status, entrants=entrants)
    assert said in plain(alice.get(f"{home(org)}/{uid}"))


def test_whoever_is_not_checked_in_is_counted(make, alice, org):
    uid = make.competition(org, status="registration", entrants=2)
    make.enter(org, uid, [7], checked_in=False)
    assert "2 are checked in, 1 are not and would be left out" in plain(alice.get(f"{home(org)}/{uid}"))


def test_the_overview_of_a_finished_one_names_the_places_and_prizes(make, alice, org, count_sql):
    uid = make.competition(org, status="active", entrants=4, prize_pool_wei="1000000000000000000")
    make.play(org, uid, lambda a, b: (2, 0))
    with count_sql() as statements:
        page = plain(alice.get(f"{home(org)}/{uid}"))
    assert "Completed" in page and "0.6 (600,000,000,000,000,000 wei)" in page and "2 – 0" in page
    assert len(statements) <= 14


def test_the_overview_costs_the_same_with_many_entrants(make, alice, org, count_sql):
    costs = []
    for entrants in (4, 64):
        uid = make.competition(org, status="active", entrants=entrants)
        with count_sql() as statements:
            assert alice.get(f"{home(org)}/{uid}").status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1]


def test_bob_sees_everything_and_no_button_that_he_may_not_use(make, bob, org):
    for status in ("draft", "registration", "active"):
        uid = make.competition(org, status=status, entrants=0 if status == "draft" else 2)
        page = bob.get(f"{home(org)}/{uid}")
        assert page.status_code == 200
        for verb in ("open", "edit", "clone", "cancel", "delete", "finalize", "times", "visibility"):
            assert f"/{uid}/{verb}" not in page.text, verb
    listed = bob.get(home(org)).text
    assert "New competition" not in listed and "/many/" not in listed and "/clone" not in listed


def test_a_private_one_has_no_public_address_on_its_page(make, alice, org):
    hidden, shown = make.competition(org, visibility="private"), make.competition(org, visibility="unlisted")
    assert f"/c/{org.slug}/{hidden}" not in alice.get(f"{home(org)}/{hidden}").text
    assert f"/c/{org.slug}/{shown}" in alice.get(f"{home(org)}/{shown}").text


def test_the_activity_is_that_of_the_competition_its_entrants_and_its_matches_alone(make, alice, org, count_sql):
    uid = make.competition(org, title="Mine", status="active", entrants=4)
    other = make.competition(org, title="Other", status="active", entrants=2)
    for each in (uid, other):
        make.play(org, each, lambda a, b: (2, 1))
    page = plain(alice.get(f"{home(org)}/{uid}/activity?size=100"))
    for words in ("Competition created", "Registration checked in", "Competition started", "Match reported"):
        assert words in page
    assert "Other" not in page
    only = lines(alice.get(f"{home(org)}/{uid}/activity?about=match&format=csv"))
    assert {line["What"] for line in only} == {"Match reported"} and len(only) == 3
