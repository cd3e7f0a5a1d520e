"""Competition API, "Teams" and rosters: the page's samples, who may do what, bounds, and a team that plays stays."""

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.kernel.db import reading
from portal.outbox.model import Event
from portal.players import service
from tests.contracts.pages import same_shape, sample
from tests.make import address

URL = "/api/v1/teams"
NOBODY = "00000000-0000-4000-8000-000000000000"


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def refused(answer, status, *words):
    assert answer.status_code == status, answer.text
    for word in words:
        assert word in answer.json["error"], answer.json


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def headers(make, org):
    return bearer(make.key(org, "competition"))


@pytest.fixture
def created(client, org, headers):
    """A new team, as the API answers it."""

    def of(**fields):
        answer = client.post(URL, json={"org_id": org.uid, "name": "Team Alpha"} | fields, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json["data"]

    return of


class TestSamples:
    def test_create_list_and_delete_teams(self, client, make, org, headers):
        values = {"f47ac10b-...": org.uid, "lc_xxxxx": headers["Authorization"].removeprefix("Bearer ")}
        asked = sample(f"POST {URL}").filled(values)
        answer = asked.send(client)
        assert answer.status_code == asked.status == 201
        same_shape(asked.expected, answer.json)
        client.post(URL, json={"org_id": org.uid, "name": "Team Bravo", "tag": "BRV"}, headers=headers)
        asked = sample(f"GET {URL}").filled(values)
        listed = asked.send(client)
        same_shape(asked.expected, listed.json, free=("roster_count",))
        assert [row["roster_count"] for row in listed.json["data"]] == [0, 0]
        asked = sample(f"DELETE {URL}/[id]").filled(values | {"e5f6a7b8-...": answer.json["data"]["id"]})
        same_shape(asked.expected, asked.send(client).json)
        refused(asked.send(client), 404, "Team not found.")
        assert [row["tag"] for row in client.get(f"{URL}?org_id={org.uid}").json["data"]] == ["BRV"]

    def test_rosters(self, client, org, headers, created):
        logo = "https://cdn.example.com/alpha.png"
        uid = created(tag="ALPHA", logo_url=logo)["id"]
        values = {"e5f6a7b8-...": uid, "lc_xxxxx": headers["Authorization"].removeprefix("Bearer ")}
        players = []
        for number, role in ((0xAAA, "captain"), (0xBBB, "player"), (0xCCC, "substitute")):
            body = {"wallet": address(number), "role": role}
            players.append(client.post(f"{URL}/{uid}/roster", json=body, headers=headers).json["data"]["id"])
        for route in (f"GET {URL}/[id]", f"GET {URL}/[id]/roster"):
            asked = sample(route).filled(values)
            answer = asked.send(client)
            assert answer.status_code == 200
            same_shape(asked.expected, answer.json)
        asked = sample(f"POST {URL}/[id]/roster").filled(values | {"0xddd...": address(0xDDD)})
        answer = asked.send(client)
        assert answer.status_code == asked.status == 201
        same_shape(asked.expected, answer.json)
        assert client.get(f"{URL}?org_id={org.uid}").json["data"][0]["roster_count"] == 4
        asked = sample(f"DELETE {URL}/[id]/roster/[uid]").filled(values | {"r2-...": players[1]})
        same_shape(asked.expected, asked.send(client).json)
        refused(asked.send(client), 404, "Player not found.")
        assert [row["id"] for row in client.get(f"{URL}/{uid}/roster").json["data"]][:2] == [players[0], players[2]]


class TestTeams:
    @pytest.mark.parametrize(
        ("fields", "status", "word"),
        [
            ({"name": "x"}, 400, "name"),
            ({"name": "x" * 101}, 400, "name"),
            ({"name": " x "}, 400, "name"),
            ({"name": "a\u0007b"}, 400, "name"),
            ({"tag": "A"}, 400, "tag"),
            ({"tag": "ABCDEFG"}, 400, "tag"),
            ({"tag": "A\nB"}, 400, "tag"),
            ({"logo_url": "ftp://x.gg/a.png"}, 400, "logo_url"),
            ({"logo_url": "https://x.gg/a b.png"}, 400, "logo_url"),
            ({"roster": []}, 400, "roster"),
            ({"org_id": "x"}, 400, "org_id"),
            ({"org_id": NOBODY}, 404, "Organization"),
        ],
    )
    def test_a_bad_team_is_refused_by_name(self, client, org, headers, fields, status, word):
        body = {"org_id": org.uid, "name": "Team Alpha"} | fields
        refused(client.post(URL, json=body, headers=headers), status, word)
        assert client.get(f"{URL}?org_id={org.uid}").json["data"] == []

    def test_a_team_may_be_named_in_any_script_and_like_another(self, created):
        assert created(name="Équipe Ω 北京")["name"] == "Équipe Ω 北京"
        assert created()["id"] != created()["id"]

    @pytest.mark.parametrize(
        ("query", "status", "word"),
        [
            ("", 400, "org_id"),
            ("?org_id=x", 400, "org_id"),
            (f"?org_id={NOBODY}", 404, "Organization"),
            ("&limit=0", 400, "limit"),
        ],
    )
    def test_a_list_without_its_organization_is_refused(self, client, org, query, status, word):
        refused(client.get(URL + query.replace("&", f"?org_id={org.uid}&")), status, word)

    def test_a_list_is_read_page_by_page(self, client, org, created):
        made = [created()["id"] for _ in range(5)]
        pages = [client.get(f"{URL}?org_id={org.uid}&limit=2&offset={offset}").json["data"] for offset in (0, 2, 4, 6)]
        assert [[row["id"] for row in page] for page in pages] == [made[:2], made[2:4], made[4:], []]

    def test_a_team_that_plays_cannot_be_deleted_until_it_is_over(self, client, make, org, headers):
        team, cup = make.team(org), make.competition(org, status="registration")
        entered = client.post(f"/api/v1/competitions/{cup}/register", json={"team_id": team}, headers=headers)
        assert entered.status_code == 201
        refused(client.delete(f"{URL}/{team}", headers=headers), 409, "not over")
        assert client.get(f"{URL}/{team}").status_code == 200
        client.post(f"/api/v1/competitions/{cup}/cancel", headers=headers)
        assert client.delete(f"{URL}/{team}", headers=headers).status_code == 200
        refused(client.get(f"{URL}/{team}"), 404)
        (row,) = client.get(f"/api/v1/competitions/{cup}/register").json["data"]
        assert row["team_name"], "what happened keeps the team's name"

    def test_every_change_is_in_the_log_and_told(self, client, headers, created):
        uid = created()["id"]
        player = {"wallet": address(0xABC)}
        entry = client.post(f"{URL}/{uid}/roster", json=player, headers=headers).json["data"]["id"]
        client.post(f"{URL}/{uid}/roster", json=player | {"role": "captain"}, headers=headers)
        client.post(f"{URL}/{uid}/roster", json=player | {"role": "captain"}, headers=headers)
        client.delete(f"{URL}/{uid}/roster/{entry}", headers=headers)
        client.delete(f"{URL}/{uid}", headers=headers)
        with reading() as connection:
            rows = connection.scalars(select(AuditRow.action).where(AuditRow.subject_id == uid).order_by(AuditRow.id))
            told = connection.scalars(select(Event.type).where(Event.subject.in_((uid, entry))).order_by(Event.id))
            changes = ["player_added", "player_changed", "player_removed"]
            assert list(rows) == ["team.created", *(f"team.{change}" for change in changes), "team.deleted"]
            changes = ["player_added", "player_updated", "player_removed"]
            assert list(told) == ["team.created", *(f"roster.{change}" for change in changes), "team.deleted"]


class TestRosters:
    def test_the_same_wallet_in_another_spelling_is_the_same_player(self, client, make, headers, created):
        uid, wallet = created()["id"], make.wallet().address
        first = client.post(f"{URL}/{uid}/roster", json={"wallet": wallet}, headers=headers)
        again = client.post(f"{URL}/{uid}/roster", json={"wallet": wallet.lower(), "role": "captain"}, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json["data"]["role"] == "player"
        assert again.json["data"] == first.json["data"] | {"role": "captain"}
        assert len(client.get(f"{URL}/{uid}/roster").json["data"]) == 1

    @pytest.mark.parametrize(
        ("body", "word"),
        [
            ({}, "wallet"),
            ({"wallet": None}, "wallet"),
            ({"wallet": "0xddd..."}, "wallet"),
            ({"wallet": "0X" + "a" * 40}, "wallet"),
            ({"wallet": "0x" + "a" * 40 + "\n"}, "wallet"),
            ({"wallet": "0x" + "a" * 40, "role": "coach"}, "role"),
            ({"wallet": "0x" + "a" * 40, "role": None}, "role"),
            ({"wallet": "0x" + "a" * 40, "seed": 1}, "seed"),
        ],
    )
    def test_a_bad_player_is_refused_by_name(self, client, headers, created, body, word):
        refused(client.post(f"{URL}/{created()['id']}/roster", json=body, headers=headers), 400, word)

    def test_a_roster_holds_a_hundred(self, client, make, org, headers):
        team = make.team(org, players=service.MOST_PLAYERS - 1)
        url = f"{URL}/{team}/roster"
        assert client.post(url, json={"wallet": address(5000)}, headers=headers).status_code == 201
        refused(client.post(url, json={"wallet": address(5001)}, headers=headers), 409, "100 players")
        assert client.post(url, json={"wallet": address(5000), "role": "captain"}, headers=headers).status_code == 201

    def test_a_player_of_another_team_is_not_there(self, client, make, org, headers):
        mine, other = make.team(org), make.team(org, players=1)
        player = client.get(f"{URL}/{other}/roster").json["data"][0]["id"]
        for uid in (player, NOBODY, "x", "%00"):
            refused(client.delete(f"{URL}/{mine}/roster/{uid}", headers=headers), 404, "Player not found.")


def test_reads_take_as_many_statements_whatever_their_length(client, make, org, count_sql):
    small, large = make.team(org, players=1), make.team(org, players=60)
    counts = []
    for url in (f"{URL}/{small}", f"{URL}/{large}", f"{URL}/{small}/roster", f"{URL}/{large}/roster", f"{URL}?org_id={org.uid}"):
        with count_sql() as statements:
            assert client.get(url).status_code == 200
        counts.append(len(statements))
    assert counts == [2] * 5


def test_changes_take_as_many_statements_whatever_is_there(client, make, org, headers, count_sql):
    teams, calls = (make.team(org, players=1), make.team(org, players=60)), []
    for team in teams:
        counts = []
        for body in ({"wallet": address(9000)}, {"wallet": address(9000), "role": "captain"}):
            client.get("/v1/whoami", headers=headers)  # the key is remembered from now on
            with count_sql() as statements:
                assert client.post(f"{URL}/{team}/roster", json=body, headers=headers).status_code == 201
            counts.append(len(statements))
        with count_sql() as statements:
            assert client.delete(f"{URL}/{team}", headers=headers).status_code == 200
        calls.append([*counts, len(statements)])
    assert calls[0] == calls[1] and max(calls[0]) <= 9, calls
