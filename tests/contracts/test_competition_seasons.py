"""Competition API, "Seasons": the page's samples, what others see, what is refused, what it costs."""

from datetime import UTC, datetime

import pytest

from portal.kernel.clock import utc_now
from tests.contracts.pages import same_shape, sample
from tests.make import address, unique

URL = "/api/v1/seasons"
NOWHERE = "f47ac10b-58cc-4372-a567-0e02b2c3d479"


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def key(make, org):
    return {"Authorization": f"Bearer {make.key(org, 'competition')}"}


def smaller_number_wins(home, away):
    return (2, 0) if int(home, 16) < int(away, 16) else (0, 2)


def refused(answer, status, *words):
    assert answer.status_code == status, answer.text
    assert list(answer.json) == ["ok", "error"]
    for word in words:
        assert word in answer.json["error"], answer.json


class TestSamples:
    def send(self, client, org, key, route, **values):
        asked = sample(route).filled({"f47ac10b-...": org.uid, **values})
        answer = asked.send(client, {"authorization": key["Authorization"]})
        assert answer.status_code == asked.status, answer.text
        return asked.expected, answer.json

    def test_a_season_is_created_listed_shown_and_changed(self, client, org, key):
        expected, got = self.send(client, org, key, "POST /api/v1/seasons")
        same_shape(expected, got)
        season = {"s1a2b3c4-...": got["data"]["id"]}
        expected, got = self.send(client, org, key, "GET /api/v1/seasons")
        same_shape(expected, got, free=("competition_count", "participant_count"))
        expected, got = self.send(client, org, key, "GET /api/v1/seasons/[id]", **season)
        counts = ("competitions", "competitions_completed", "total_matches", "unique_participants")
        same_shape(expected, got, free=counts)
        assert got["data"]["summary"] == dict.fromkeys(counts, 0)
        same_shape(*self.send(client, org, key, "PATCH /api/v1/seasons/[id]", **season))

    def test_competitions_are_added_listed_and_removed(self, client, make, org, key):
        first = make.competition(org, "bracket", status="active", entrants=2, title="Dota 2 Spring Invitational")
        make.play(org, first, smaller_number_wins)
        second = make.competition(org, "league", status="active", entrants=3, title="Weekly League #3")
        values = {"s1a2b3c4-...": make.season(org), "c1d2e3f4-...": first}
        same_shape(*self.send(client, org, key, "POST /api/v1/seasons/[id]/competitions", **values))
        body = {"competition_id": second}
        assert client.post(f"{URL}/{values['s1a2b3c4-...']}/competitions", json=body, headers=key).status_code == 201
        same_shape(*self.send(client, org, key, "GET /api/v1/seasons/[id]/competitions", **values))
        same_shape(*self.send(client, org, key, "DELETE /api/v1/seasons/[id]/competitions", **values))
        left = client.get(f"{URL}/{values['s1a2b3c4-...']}/competitions").json["data"]
        assert [line["competition_id"] for line in left] == [second]

    def test_the_standings_have_the_shape_of_the_page(self, client, make, org, key):
        cup = make.competition(org, "bracket", status="active", entrants=4, title="Spring Invitational")
        league = make.competition(org, "league", status="active", entrants=4, title="Weekly League #3")
        make.play(org, cup, smaller_number_wins)
        make.play(org, league, lambda _home, _away: (1, 1))
        season = make.season(org, (cup, 1.5), league, name="Spring 2026")
        expected, got = self.send(client, org, key, "GET /api/v1/seasons/[id]/standings", **{"s1a2b3c4-...": season})
        numbers = ("total_points", "competitions_entered", "total_wins", "total_losses", "total_draws")
        same_shape(expected, got, free=(*numbers, "breakdown"))
        first = got["data"]["standings"][0]
        same_shape(expected["data"]["standings"][0]["breakdown"][0], first["breakdown"][0], free=("points", "weighted_points"))
        assert first == {
            "rank": 1,
            "wallet": address(1),
            "team_id": None,
            "team_name": None,
            "total_points": 12.0,
            "competitions_entered": 2,
            "total_wins": 2,
            "total_losses": 0,
            "total_draws": 3,
            "breakdown": [
                {"competition_id": cup, "title": "Spring Invitational", "points": 6, "weight": 1.5, "weighted_points": 9},
                {"competition_id": league, "title": "Weekly League #3", "points": 3, "weight": 1.0, "weighted_points": 3},
            ],
        }

    def test_the_sum_of_the_page_has_no_noise(self, client, make, org, key):
        cup = make.competition(org, "bracket", status="active", entrants=2)
        league = make.competition(org, "league", status="active", entrants=2)
        for uid in (cup, league):
            make.play(org, uid, smaller_number_wins)
        season = make.season(org, (cup, 0.1), (league, 0.2), scoring_config={"win": 1.1})
        answer = client.get(f"{URL}/{season}/standings")
        assert '"total_points":0.33,' in answer.text.replace(" ", "")
        assert [line["weighted_points"] for line in answer.json["data"]["standings"][0]["breakdown"]] == [0.11, 0.22]


class TestReading:
    def test_teams_stand_under_their_name(self, client, make, org):
        league = make.competition(org, "league", status="registration")
        teams = [make.team(org, players=1) for _ in range(2)]
        make.enter_teams(org, league, teams)
        make.start(org, league)
        rows = client.get(f"{URL}/{make.season(org, league)}/standings").json["data"]["standings"]
        assert {row["team_id"] for row in rows} == set(teams)
        assert all(row["wallet"] is None and row["team_name"].startswith("Team") for row in rows)

    def test_private_competitions_are_neither_listed_nor_counted_for_others(self, client, make, org, key):
        private = make.competition(org, "league", status="active", entrants=3, visibility="private")
        public = make.competition(org, "league", status="active", entrants=2)
        for uid in (private, public):
            make.play(org, uid, smaller_number_wins)
        season = make.season(org, private, public)
        stranger = {"Authorization": f"Bearer {make.key(make.org(), 'competition')}"}
        unscoped = {"Authorization": f"Bearer {make.key(org, 'competition', scopes=['teams:read'])}"}
        seen = {
            "key": (key, 2, 3, 4, 9.0),
            "nobody": ({}, 1, 2, 1, 3.0),
            "stranger": (stranger, 1, 2, 1, 3.0),
            "a key that may not": (unscoped, 1, 2, 1, 3.0),
        }
        for who, (headers, competitions, people, matches, points) in seen.items():
            detail = client.get(f"{URL}/{season}", headers=headers).json["data"]["summary"]
            assert detail == {
                "competitions": competitions,
                "competitions_completed": competitions,
                "total_matches": matches,
                "unique_participants": people,
            }, who
            listed = client.get(f"{URL}?org_id={org.uid}", headers=headers).json["data"]
            assert [(row["competition_count"], row["participant_count"]) for row in listed] == [(competitions, people)], who
            assert len(client.get(f"{URL}/{season}/competitions", headers=headers).json["data"]) == competitions, who
            table = client.get(f"{URL}/{season}/standings", headers=headers).json["data"]["standings"]
            assert table[0]["total_points"] == points, who
        member = make.wallet(org)
        assert client.get(f"{URL}/{season}", headers=member.headers()).json["data"]["summary"]["competitions"] == 2

    def test_there_is_no_list_of_what_others_prepare(self, client, make, org, key):
        hidden, shown = make.season(org), make.season(org, make.competition(org))
        wallet = make.wallet(org)

        def listed(headers, query="?limit=200"):
            return {row["id"] for row in client.get(URL + query, headers=headers).json["data"]}

        assert {hidden, shown} <= listed(key)
        assert shown in listed({}) and hidden not in listed({})
        assert {hidden, shown} <= listed(wallet.headers())
        assert {hidden, shown} == listed({}, f"?org_id={org.uid}")

    def test_seasons_of_an_organization_that_is_switched_off_are_gone_for_the_world(self, client, make):
        off = make.org(disabled_at=utc_now())
        uid = make.season(off)
        refused(client.get(f"{URL}/{uid}"), 404, "Season not found.")
        assert client.get(f"{URL}?org_id={off.uid}").json["data"] == []
        assert client.get(f"{URL}/{uid}", headers=make.wallet(off).headers()).status_code == 200

    def test_filters_by_status_and_pages(self, client, make, org):
        ahead = make.season(org, starts_at=datetime(2080, 1, 1, tzinfo=UTC))
        active = make.season(org, starts_at=datetime(2020, 1, 1, tzinfo=UTC))
        plain = make.season(org)
        over = make.season(org, status="completed", starts_at=datetime(2080, 1, 1, tzinfo=UTC))

        def listed(query):
            answer = client.get(f"{URL}?org_id={org.uid}{query}")
            assert answer.status_code == 200, answer.text
            return [(row["id"], row["status"]) for row in answer.json["data"]]

        assert listed("&status=upcoming") == [(ahead, "upcoming")]
        assert listed("&status=active") == [(plain, "active"), (active, "active")]
        assert listed("&status=completed") == [(over, "completed")]
        assert [uid for uid, _ in listed("")] == [over, plain, active, ahead]
        assert [uid for uid, _ in listed("&limit=2&offset=1")] == [plain, active]
        assert listed("&status=active&limit=1&offset=2") == []

    @pytest.mark.parametrize("query", ["status=open", "org_id=7", "limit=0", "limit=201", "offset=-1", "limit=x"])
    def test_a_bad_query_is_named(self, client, query):
        refused(client.get(f"{URL}?{query}"), 400, query.split("=")[0])

    @pytest.mark.parametrize("uid", [NOWHERE, "x", "s1a2b3c4-...", "0" * 400])
    def test_what_is_not_there_is_not_found(self, client, key, uid):
        for tail in ("", "/competitions", "/standings"):
            refused(client.get(f"{URL}/{uid}{tail}"), 404, "Season not found.")
        refused(client.patch(f"{URL}/{uid}", json={}, headers=key), 404, "Season not found.")

    def test_everything_takes_one_statement_more_or_less_whatever_there_is(self, client, make, org, key, count_sql):
        small = make.season(org, make.competition(org, "league", status="active", entrants=2))
        leagues = [make.competition(org, "league", status="active", entrants=5) for _ in range(4)]
        for league in leagues:
            make.play(org, league, smaller_number_wins)
        large = make.season(org, *leagues)
        for path in ("", "/competitions", "/standings"):
            counts = []
            for season in (small, small, large):
                with count_sql() as statements:
                    assert client.get(f"{URL}/{season}{path}", headers=key).status_code == 200
                counts.append(len(statements))
            assert counts[1] == counts[2] <= 3, (path, counts)
        with count_sql() as statements:
            client.get(f"{URL}?org_id={org.uid}", headers=key)
        assert len(statements) <= 2


class TestWriting:
    def test_what_is_not_said_has_the_defaults_of_the_page(self, client, org, key):
        made = client.post(URL, json={"org_id": org.uid, "name": "  Autumn  "}, headers=key).json["data"]
        assert (made["name"], made["description"], made["status"]) == ("Autumn", None, "active")
        assert (made["starts_at"], made["ends_at"]) == (None, None)
        assert list(made["scoring_config"].items()) == [("win", 3), ("loss", 0), ("draw", 1)]

    def test_a_change_keeps_what_it_does_not_name(self, client, org, key):
        terms = {"name": "Spring", "description": "d", "scoring_config": {"win": 2.5}, "ends_at": "2030-01-01T00:00:00Z"}
        uid = client.post(URL, json={"org_id": org.uid} | terms, headers=key).json["data"]["id"]
        changes = {"scoring_config": {"draw": 0}, "description": None}
        changed = client.patch(f"{URL}/{uid}", json=changes, headers=key).json["data"]
        assert list(changed) == ["id", "scoring_config", "description", "updated_at"]
        assert changed["scoring_config"] == {"win": 2.5, "loss": 0, "draw": 0}
        shown = client.get(f"{URL}/{uid}").json["data"]
        assert (shown["name"], shown["description"], shown["ends_at"]) == ("Spring", None, "2030-01-01T00:00:00.000Z")
        changes = {"scoring_config": {"place_points": [10, 5]}}
        changed = client.patch(f"{URL}/{uid}", json=changes, headers=key).json["data"]
        assert changed["scoring_config"] == {"win": 2.5, "loss": 0, "draw": 0, "place_points": [10, 5]}
        changed = client.patch(f"{URL}/{uid}", json={"scoring_config": {"place_points": None}}, headers=key).json["data"]
        assert changed["scoring_config"] == {"win": 2.5, "loss": 0, "draw": 0}
        changed = client.patch(f"{URL}/{uid}", json={"scoring_config": None}, headers=key).json["data"]
        assert changed["scoring_config"] == {"win": 3, "loss": 0, "draw": 1}

    @pytest.mark.parametrize(
        ("terms", "status", "words"),
        [
            ({"name": ""}, 400, ["name"]),
            ({"name": "   "}, 400, ["name"]),
            ({"name": "x" * 101}, 400, ["name", "100"]),
            ({"name": "a\nb"}, 400, ["name"]),
            ({"name": 7}, 400, ["name", "text"]),
            ({"name": None}, 400, ["name"]),
            ({"description": "x" * 10_001}, 400, ["description"]),
            ({"starts_at": "2026-03-01"}, 400, ["starts_at"]),
            ({"starts_at": "2026-03-01T00:00:00"}, 400, ["starts_at", "zone"]),
            ({"starts_at": "2026-03-01T00:00:00Z", "ends_at": "2026-03-01T00:00:00Z"}, 422, ["ends_at", "starts_at"]),
            ({"starts_at": "2026-06-01T00:00:00Z", "ends_at": "2026-03-01T00:00:00Z"}, 422, ["ends_at", "starts_at"]),
            ({"scoring_config": {"win": -1}}, 400, ["win"]),
            ({"scoring_config": {"win": "3"}}, 400, ["win"]),
            ({"scoring_config": {"win": True}}, 400, ["win"]),
            ({"scoring_config": {"win": 1001}}, 400, ["win", "1000"]),
            ({"scoring_config": {"win": 1.005}}, 400, ["win", "decimals"]),
            ({"scoring_config": {"win": 1e-9}}, 400, ["win", "decimals"]),
            ({"scoring_config": {"wins": 3}}, 400, ["wins"]),
            ({"scoring_config": [3, 1, 0]}, 400, ["scoring_config"]),
            ({"scoring_config": {"place_points": []}}, 400, ["place_points"]),
            ({"scoring_config": {"place_points": [5, 10]}}, 422, ["place_points"]),
            ({"scoring_config": {"place_points": [5, -1]}}, 400, ["place_points"]),
            ({"color": "red"}, 400, ["color"]),
            ({"org_id": "x"}, 400, ["org_id"]),
            ({"org_id": NOWHERE}, 404, ["Organization not found"]),
        ],
    )
    def test_bad_terms_are_named_and_nothing_is_made(self, client, org, key, terms, status, words):
        body = {"org_id": org.uid, "name": unique("Season")} | terms
        refused(client.post(URL, json=body, headers=key), status, *words)
        assert client.get(f"{URL}?org_id={org.uid}").json["data"] == []

    @pytest.mark.parametrize(
        "changes", [{"status": "upcoming"}, {"status": None}, {"name": None}, {"org_id": NOWHERE}, {"ends_at": "soon"}]
    )
    def test_a_bad_change_is_named_and_changes_nothing(self, client, make, org, key, changes):
        uid = make.season(org)
        before = client.get(f"{URL}/{uid}").json
        refused(client.patch(f"{URL}/{uid}", json=changes, headers=key), 400, next(iter(changes)))
        assert client.get(f"{URL}/{uid}").json == before

    def test_only_one_end_given_is_held_to_the_other_that_stands(self, client, make, org, key):
        uid = client.post(URL, json={"org_id": org.uid, "name": "S", "starts_at": "2030-01-01T00:00:00Z"}, headers=key)
        change = {"ends_at": "2029-01-01T00:00:00Z"}
        refused(client.patch(f"{URL}/{uid.json['data']['id']}", json=change, headers=key), 422, "ends_at")

    @pytest.mark.parametrize("weight", [0, -1, "2", True, 1e9, 1000.5, 0.00001, None])
    def test_a_weight_is_a_number_above_nought_and_within_reason(self, client, make, org, key, weight):
        season, body = make.season(org), {"competition_id": make.competition(org), "weight": weight}
        refused(client.post(f"{URL}/{season}/competitions", json=body, headers=key), 400, "weight")
        assert client.get(f"{URL}/{season}/competitions", headers=key).json["data"] == []

    def test_a_weight_that_is_no_number_of_json_is_refused(self, client, make, org, key):
        for weight in ("1e999", "NaN", "Infinity"):
            body = f'{{"competition_id": "{make.competition(org)}", "weight": {weight}}}'
            url = f"{URL}/{make.season(org)}/competitions"
            answer = client.post(url, data=body, headers=key, content_type="application/json")
            assert answer.status_code == 400, answer.text

    def test_what_cannot_be_added(self, client, make, org, key):
        season, added = make.season(org), make.competition(org)
        url = f"{URL}/{season}/competitions"
        assert client.post(url, json={"competition_id": added}, headers=key).status_code == 201
        refused(client.post(url, json={"competition_id": added, "weight": 2}, headers=key), 409, "already")
        foreign = make.competition(make.org())
        refused(client.post(url, json={"competition_id": foreign}, headers=key), 404, "Competition not found.")
        refused(client.post(url, json={"competition_id": "x"}, headers=key), 400, "competition_id")
        refused(client.post(url, json={}, headers=key), 400, "competition_id", "missing")
        canceled = make.competition(org, status="registration")
        assert client.delete(f"/api/v1/competitions/{canceled}", headers=key).json["data"]["status"] == "canceled"
        refused(client.post(url, json={"competition_id": canceled}, headers=key), 409, "canceled")

    def test_what_cannot_be_removed(self, client, make, org, key):
        added, other = make.competition(org), make.competition(org)
        season = make.season(org, added)
        url = f"{URL}/{season}/competitions"
        refused(client.delete(url, headers=key), 400, "competition_id")
        refused(client.delete(f"{url}?competition_id=x", headers=key), 400, "competition_id")
        refused(client.delete(f"{url}?competition_id={other}", headers=key), 404, "not in the season")
        stranger = {"Authorization": f"Bearer {make.key(make.org(), 'competition')}"}
        refused(client.delete(f"{url}?competition_id={added}", headers=stranger), 404, "Season not found.")

    def test_a_completed_season_keeps_what_counts_until_it_is_active_again(self, client, make, org, key):
        added, other = make.competition(org), make.competition(org)
        season = make.season(org, added)
        url = f"{URL}/{season}"
        assert client.patch(url, json={"status": "completed"}, headers=key).json["data"]["status"] == "completed"
        refused(client.post(f"{url}/competitions", json={"competition_id": other}, headers=key), 409, "completed")
        refused(client.delete(f"{url}/competitions?competition_id={added}", headers=key), 409, "completed")
        client.patch(url, json={"status": "active"}, headers=key)
        assert client.delete(f"{url}/competitions?competition_id={added}", headers=key).status_code == 200

    def test_a_deleted_draft_leaves_the_season(self, client, make, org, key):
        added = make.competition(org)
        season = make.season(org, added)
        assert client.delete(f"/api/v1/competitions/{added}", headers=key).json["data"]["status"] == "deleted"
        assert client.get(f"{URL}/{season}").json["data"]["summary"]["competitions"] == 0

    def test_a_competition_may_count_for_several_seasons(self, client, make, org, key):
        league = make.competition(org, "league", status="active", entrants=2)
        make.play(org, league, smaller_number_wins)
        for weight in (1, 2.5):
            table = client.get(f"{URL}/{make.season(org, (league, weight))}/standings").json["data"]["standings"]
            assert table[0]["total_points"] == 3 * weight

    def test_roles_and_scopes_decide_who_writes(self, client, make, org):
        body = {"org_id": org.uid, "name": "Season"}
        reader = {"Authorization": f"Bearer {make.key(org, 'competition', scopes=['seasons:read'])}"}
        refused(client.post(URL, json=body, headers=reader), 403, "seasons:write")
        refused(client.post(URL, json=body, headers=make.wallet(org, "member").headers()), 403, "admin")
        refused(client.post(URL, json=body, headers=make.wallet().headers()), 403, "no member")
        refused(client.post(URL, json=body), 401)
        assert client.post(URL, json=body, headers=make.wallet(org, "admin").headers()).status_code == 201
