"""Seasons in the back office: forms, the standings as a page, what counts and how much."""

import html
import re

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from portal.seasons.model import Season, SeasonCompetition
from tests.make import post, unique
from tests.reading import plain

HTMX = {"HX-Request": "true"}
FORM = {"win": "3", "draw": "1", "loss": "0", "scoring": "matches", "place_points": "", "starts_at": "", "ends_at": ""}
HOSTILE = "<script>alert(1)</script> שלום 🏆"


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


def at(org, *parts):
    return "/".join((f"/o/{org.slug}/seasons", *parts))


def season_of(org, **values):
    with unit_of_work() as session:
        columns = (Season.uid, Season.name, Season.status, Season.scoring_config, Season.starts_at)
        return session.execute(select(*columns).where(Season.org_id == org.id).filter_by(**values)).one()


def weights(org):
    with unit_of_work() as session:
        query = select(SeasonCompetition.weight).join(Season).where(Season.org_id == org.id).order_by(SeasonCompetition.id)
        return list(session.scalars(query))


def told(org, uid):
    with unit_of_work() as session:
        return list(session.scalars(select(Event.type).where(Event.org_id == org.id, Event.subject == uid).order_by(Event.id)))


def smaller_number_wins(home, away):
    return (2, 0) if int(home, 16) < int(away, 16) else (0, 2)


class TestForms:
    def test_a_season_with_points_for_matches_is_created_and_leads_to_its_competitions(self, org, alice):
        name = unique("Spring")
        answer = post(alice, at(org, "new"), FORM | {"name": name, "win": "2.5", "starts_at": "2026-03-01T10:00"})
        season = season_of(org, name=name)
        assert answer.headers["Location"].endswith(f"{season.uid}/competitions")
        assert season.scoring_config == {"win": 2.5, "loss": 0, "draw": 1}
        assert season.starts_at.isoformat() == "2026-03-01T10:00:00+00:00"

    def test_points_by_place_are_read_and_shown_again_and_taken_away(self, org, alice):
        post(alice, at(org, "new"), FORM | {"name": "Prix", "scoring": "places", "place_points": "25, 18;15"})
        season = season_of(org)
        assert season.scoring_config["place_points"] == [25, 18, 15]
        form = alice.get(at(org, season.uid, "edit")).text
        assert 'value="25, 18, 15"' in form and 'value="places" checked' in form
        assert post(alice, at(org, season.uid, "edit"), FORM | {"name": "Prix"}).status_code == 303
        assert "place_points" not in season_of(org).scoring_config

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"name": ""}, "Write a name for the season"),
            ({"name": "n" * 101}, "101 characters. Use at most 100"),
            ({"name": "two\x00"}, "control character"),
            ({"win": "-1"}, "Win: write a number from 0 to 1,000"),
            ({"win": "nan"}, "Win: write a number from 0"),
            ({"win": "1.234"}, "more than 2 decimals"),
            ({"win": "many"}, "That is not a number"),
            ({"starts_at": "2026-03-02T10:00", "ends_at": "2026-03-01T10:00"}, "would end before it starts"),
            ({"starts_at": "yesterday"}, "That is not a moment"),
            ({"scoring": "places", "place_points": ""}, "Write the points of first place"),
            ({"scoring": "places", "place_points": "1, 2"}, "must not bring less than a worse one"),
            ({"scoring": "places", "place_points": "10, x"}, "“x” is not a whole number"),
            ({"scoring": "places", "place_points": ", ".join(["1"] * 101)}, "the points of 101 places. Write at most 100"),
            ({"scoring": "places", "place_points": "1" * 9}, "is not a whole number"),
            ({"scoring": "luck"}, "is not offered here"),
            ({"colour": "red"}, "This form has no field `colour`"),
        ],
    )
    def test_what_is_wrong_is_said_and_what_was_typed_is_kept(self, org, alice, changes, said):
        answer = post(alice, at(org, "new"), FORM | {"name": "Kept name", "description": "Kept words"} | changes)
        assert answer.status_code == 422
        assert said in plain(answer) and "Kept words" in answer.text
        with unit_of_work() as session:
            assert session.scalars(select(Season).where(Season.org_id == org.id)).all() == []

    def test_a_strange_name_is_shown_as_it_is(self, org, alice):
        post(alice, at(org, "new"), FORM | {"name": HOSTILE})
        for page in (at(org), at(org, season_of(org).uid)):
            shown = alice.get(page).text
            assert "<script>alert" not in shown and html.escape(HOSTILE) in shown

    def test_bob_reads_and_is_offered_nothing_that_he_may_not(self, make, org):
        uid, bob = make.season(org, make.competition(org)), make.signed_in(org.bob)
        for page in (at(org), at(org, uid), at(org, uid, "competitions")):
            shown = bob.get(page)
            assert shown.status_code == 200
            assert not re.search(r"Create season|Add competitions|Delete season|Remove from season|>Edit<", shown.text)


class TestStandings:
    def test_the_page_has_what_brought_the_points_and_the_csv_has_it_too(self, make, org, alice):
        league = make.competition(org, "league", status="active", entrants=3, title="Winter League")
        make.play(org, league, smaller_number_wins)
        uid = make.season(org, (league, 1.5))
        shown = plain(alice.get(at(org, uid)))
        assert "Winter League 6 × 1.5 = 9" in shown and "2–0–0" in shown
        rows = alice.get(at(org, uid) + "?format=csv").text.splitlines()
        assert rows[0].lstrip("\ufeff") == "Rank,Participant,Points,Won–drawn–lost,From"
        assert rows[1].split(",")[2:] == ["9", "2–0–0", "Winter League: 6 × 1.5 = 9"]

    def test_it_can_be_searched_sorted_and_paged(self, make, org, alice):
        league = make.competition(org, "league", status="active", entrants=60)
        uid = make.season(org, league)
        assert "1–50 of 60 participants" in plain(alice.get(at(org, uid)))
        assert "51–60 of 60 participants" in plain(alice.get(at(org, uid) + "?page=2"))
        assert "1–1 of 1 participant" in plain(alice.get(at(org, uid) + "?q=000000003C"))
        csv = alice.get(at(org, uid) + "?sort=-name&format=csv").text.splitlines()
        assert csv[1].split(",")[1].endswith("3c")
        assert "cannot be sorted by “luck”" in plain(alice.get(at(org, uid) + "?sort=luck"))

    def test_the_list_names_who_leads(self, make, org, alice):
        league = make.competition(org, "league", status="active", entrants=3)
        make.play(org, league, smaller_number_wins)
        make.season(org, league, name="Led")
        make.season(org, league, name="By places", scoring_config={"place_points": [10, 5]})
        make.season(org, name="Empty")
        csv = alice.get(at(org) + "?format=csv&sort=name").text
        assert 'Led,Active,"0x0000…0001, 6"' in csv and 'By places,Active,"0x0000…0001, 10"' in csv and "Empty,Active,," in csv
        assert "1–1 of 1 season" in plain(alice.get(at(org) + "?q=led"))
        assert "No seasons match" in plain(alice.get(at(org) + "?state=upcoming"))

    def test_pages_cost_as_many_statements_for_many_as_for_few(self, make, org, alice, count_sql):
        few = make.season(org, make.competition(org, "league", status="active", entrants=2))
        counts = []
        for uid in (
            few,
            few,
            make.season(org, *(make.competition(org, "league", status="active", entrants=9) for _ in range(4))),
        ):
            sent = []
            for page in (at(org), at(org, uid), at(org, uid, "competitions"), at(org, uid, "activity")):
                with count_sql() as statements:
                    assert alice.get(page).status_code == 200
                sent.append(len(statements))
            counts.append(sent)
        assert counts[1] == counts[2]
        assert max(counts[1]) <= 12

    def test_a_chart_is_drawn_from_two_competitions_on(self, make, org, alice):
        leagues = [make.competition(org, "league", status="active", entrants=3, title=f"League {n}") for n in (1, 2)]
        for league in leagues:
            make.play(org, league, smaller_number_wins)
        one, two = make.season(org, leagues[0]), make.season(org, *leagues)
        assert "data-chart" not in alice.get(at(org, one)).text
        shown = alice.get(at(org, two))
        assert "data-chart" in shown.text
        assert "0x0000…0001 leads with 12 points" in plain(shown)
        assert "League 1 6 3 League 2 12 6" in plain(shown)

    def test_a_circuit_is_named_as_one(self, make, org, alice):
        uid = make.season(org, make.competition(org, "circuit", title="The tour"))
        assert "is a circuit" in plain(alice.get(at(org, uid))) and "Open The tour" in plain(alice.get(at(org, uid)))


class TestWhatCounts:
    def test_competitions_are_found_added_weighed_and_removed_with_a_way_back(self, make, org, alice):
        first = make.competition(org, title="Alpha Cup")
        make.competition(org, title="Beta Cup")
        uid = make.season(org)
        found = alice.get(at(org, uid, "add") + "?q=alpha", headers=HTMX).text
        assert "Alpha Cup" in found and "Beta Cup" not in found and "<h1" not in found
        assert post(alice, at(org, uid, "add"), {"chosen": first, "weight": "2"}).status_code == 303
        assert weights(org) == [2.0]
        assert post(alice, at(org, uid, "competitions", first, "weight"), {"weight": "0.5"}).status_code == 303
        assert weights(org) == [0.5]
        removed = post(alice, at(org, uid, "competitions", first, "remove"), headers=HTMX)
        undo = re.search(r'"undo": "([^"]+)"', removed.headers["HX-Trigger"])[1]
        assert weights(org) == []
        assert post(alice, undo, headers=HTMX).status_code == 204
        assert weights(org) == [0.5]
        assert [name for name in told(org, uid) if "standings" not in name] == [
            "season.created", "season.competition_added", "season.competition_changed",
            "season.competition_removed", "season.competition_added",
        ]  # fmt: skip

    def test_several_are_added_at_once_or_none(self, make, org, alice):
        uid, mine, theirs = make.season(org), make.competition(org), make.competition(make.org())
        assert post(alice, at(org, uid, "add"), {"chosen": [mine, theirs], "weight": "1"}).status_code == 404
        assert weights(org) == []
        assert post(alice, at(org, uid, "add"), {"chosen": [mine, make.competition(org)], "weight": "1"}).status_code == 303
        assert post(alice, at(org, uid, "add"), {"chosen": [mine], "weight": "1"}).status_code == 422
        assert len(weights(org)) == 2

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            ({"weight": "1"}, "Choose at least one competition"),
            ({"weight": "0"}, "from 0.0001 to 1,000"),
            ({"weight": "1001"}, "from 0.0001 to 1,000"),
            ({"weight": "1.00001"}, "more than 4 decimals"),
            ({"weight": ""}, "That is not a number"),
        ],
    )
    def test_a_bad_weight_or_no_choice_is_said(self, make, org, alice, form, said):
        uid, cup = make.season(org), make.competition(org)
        chosen = {} if "Choose" in said else {"chosen": cup}
        answer = post(alice, at(org, uid, "add"), form | chosen)
        assert answer.status_code == 422 and said in plain(answer)
        assert weights(org) == []

    def test_an_undo_with_a_forged_weight_is_refused(self, make, org, alice):
        uid, cup = make.season(org), make.competition(org)
        for weight in ("nan", "inf", "-1", "0", "much", "1e9"):
            answer = post(alice, at(org, uid, "competitions", cup, "restore") + f"?weight={weight}")
            assert answer.status_code in (400, 422), weight
        assert weights(org) == []

    def test_saving_the_same_weight_changes_nothing(self, make, org, alice):
        cup = make.competition(org)
        uid = make.season(org, (cup, 1.5))
        before = told(org, uid)
        assert post(alice, at(org, uid, "competitions", cup, "weight"), {"weight": "1.5"}).status_code == 303
        assert told(org, uid) == before

    def test_a_completed_season_keeps_what_counts_until_it_is_reopened(self, make, org, alice):
        cup = make.competition(org)
        uid = make.season(org, cup)
        answer = post(alice, at(org, uid, "complete"), headers=HTMX)
        assert "reopen" in answer.headers["HX-Trigger"]
        for verb in ("remove", "weight"):
            assert post(
                alice, at(org, uid, "competitions", cup, verb), {"weight": "2"} if verb == "weight" else {}
            ).status_code in (409, 422)
        assert "Add competitions" not in alice.get(at(org, uid)).text
        assert post(alice, at(org, uid, "reopen")).status_code == 303
        assert season_of(org).status == "active"
        assert told(org, uid).count("season.completed") == 1


class TestDeleting:
    def test_the_name_has_to_be_written_and_the_competitions_stay(self, make, org, alice):
        cup = make.competition(org)
        uid = make.season(org, cup, name="Winter")
        wrong = post(alice, at(org, uid, "delete"), {"confirm": "winter"})
        assert wrong.status_code == 422 and "Write “Winter” exactly" in plain(wrong)
        assert post(alice, at(org, uid, "delete"), {"confirm": "Winter"}).status_code == 303
        assert alice.get(at(org, uid)).status_code == 404
        assert alice.get(f"/o/{org.slug}/competitions/{cup}").status_code == 200
        assert told(org, uid)[-1] == "season.deleted"
        with unit_of_work() as session:
            row = session.scalars(select(AuditRow.before).where(AuditRow.subject_id == uid, AuditRow.action == "season.deleted"))
            assert row.one()["name"] == "Winter"

    def test_gone_is_gone_for_every_act(self, make, org, alice):
        cup = make.competition(org)
        uid = make.season(org, cup, name="Winter")
        post(alice, at(org, uid, "delete"), {"confirm": "Winter"})
        for verb in ("complete", "reopen", f"competitions/{cup}/remove", f"competitions/{cup}/restore"):
            assert post(alice, at(org, uid, verb)).status_code == 404
