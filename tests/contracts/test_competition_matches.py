"""Competition API, "Bracket & Matches" and "Standings & Results": the page's samples, and who may see and do what."""

import pytest

from portal.kernel.db import unit_of_work
from portal.keys.kinds import Limits
from tests.competitions.playing import Organizer
from tests.contracts.pages import same_shape, sample
from tests.make import Wallet

URL = "/api/v1/competitions"


@pytest.fixture
def organizer(make, client) -> Organizer:
    return Organizer(make, client)


def filled(organizer: Organizer, heading: str, uid: str, **values: str):
    """The page's sample with our ids and key."""
    method, _, path = heading.partition(" ")
    ours = {"c1d2e3f4-...": uid, "lc_xxxxx": organizer.headers["Authorization"].removeprefix("Bearer ")}
    return sample(f"{method} {URL}/[id]/{path}").filled(ours | values)


def running(organizer: Organizer, make, entrants: int = 16, kind: str = "bracket", **terms) -> str:
    return make.competition(organizer.org, kind, status="active", entrants=entrants, **terms)


def test_the_bracket_as_printed(organizer, make):
    uid = running(organizer, make)
    first, second = organizer.ready(uid)[:2]
    for match in (first, second):
        path = f"{uid}/matches/{match['id']}"
        organizer.call("PATCH", path, {"scheduled_at": "2026-04-15T18:00:00Z"})
    organizer.report(uid, first, 2, 1)
    asked = filled(organizer, "GET bracket", uid)
    answer = asked.send(organizer.client)
    assert answer.status_code == asked.status == 200
    expected = asked.expected
    expected["data"]["rounds"]["winners"][1]["matches"] = answer.json["data"]["rounds"]["winners"][1]["matches"]
    same_shape(expected, answer.json, ours=("third_place",))
    labels = [(each["round"], each["label"], len(each["matches"])) for each in answer.json["data"]["rounds"]["winners"]]
    assert labels == [(1, "Round of 16", 8), (2, "Quarterfinals", 4), (3, "Semifinals", 2), (4, "Final", 1)]


def test_a_result_as_printed(organizer, make):
    uid = running(organizer, make)
    match = organizer.ready(uid)[0]
    asked = filled(organizer, "POST matches/[mid]/result", uid, **{"m-0002-...": match["id"]})
    answer = asked.send(organizer.client)
    assert answer.status_code == asked.status == 200
    same_shape(asked.expected, answer.json)


def test_standings_as_printed(organizer, make):
    uid = running(organizer, make, 4, "league", rules={"legs": 2})
    organizer.play_out(uid)
    asked = filled(organizer, "GET standings", uid)
    answer = asked.send(organizer.client)
    free = ("wallet", "wins", "losses", "draws", "points", "score_for", "score_against")
    same_shape(asked.expected, answer.json, free=free, ours=("score_difference", "group", "decided_by"))


def test_results_and_finalize_as_printed(organizer, make):
    uid = running(organizer, make, prize_pool_wei="2000000000000000000", rules={"third_place_match": True})
    organizer.play_out(uid)
    asked = filled(organizer, "GET results", uid)
    answer = asked.send(organizer.client)
    placements = answer.json["data"]["placements"]
    assert [each["prize_wei"] for each in placements[:4]] == [
        *(each["prize_wei"] for each in asked.expected["data"]["placements"]),
        None,
    ]
    assert [each["rounds_won"] for each in placements[:2]] == [4, 3]
    asked.expected["data"]["placements"][2]["matches"] = placements[2]["matches"]  # the page leaves them out
    same_shape(asked.expected, answer.json, free=("score", "rounds_won"))
    asked = filled(organizer, "POST finalize", uid)
    same_shape(asked.expected, asked.send(organizer.client).json)


def test_leagues_and_groups_have_their_rounds(organizer, make):
    league, groups = running(organizer, make, 4, "league"), running(organizer, make, 8, "league", rules={"groups": 2})
    rounds = organizer.call("GET", f"{league}/bracket")["rounds"]
    assert list(rounds) == ["rounds"] and [each["label"] for each in rounds["rounds"]] == ["Round 1", "Round 2", "Round 3"]
    rounds = organizer.call("GET", f"{groups}/bracket")["rounds"]
    assert {name: [len(each["matches"]) for each in found] for name, found in rounds.items()} == {"A": [2] * 3, "B": [2] * 3}
    assert len(organizer.matches(groups, group="A", round=2)) == 2
    assert {match["stage"] for match in organizer.matches(groups)} == {"rounds"}


def test_the_flat_list_has_pages(organizer, make):
    uid = running(organizer, make, 4, "league")
    page = organizer.call("GET", f"{uid}/matches?limit=4&offset=4")
    assert (len(page["items"]), page["total"], page["limit"], page["offset"]) == (2, 6, 4, 4)
    assert organizer.call("GET", f"{uid}/matches?offset=100")["items"] == []
    for query in ("limit=0", "limit=201", "offset=-1", "status=open", "round=x", "group=a", "limit=1&limit=2"):
        organizer.call("GET", f"{uid}/matches?{query}", status=400)


def test_lists_take_the_same_statements_however_many_matches(organizer, make, client, count_sql):
    counts = []
    for entrants in (4, 32):
        uid = running(organizer, make, entrants)
        for path in ("bracket", "matches?limit=200", "standings", "results"):
            with count_sql() as statements:
                assert client.get(f"{URL}/{uid}/{path}").status_code == 200
            counts.append((path, len(statements)))
    assert counts[:4] == counts[4:]
    assert max(count for _, count in counts) <= 4


@pytest.mark.parametrize("path", ["bracket", "matches", "standings", "results", "decisions"])
def test_private_ones_are_for_their_own(organizer, make, client, path):
    public, private = running(organizer, make, 2), running(organizer, make, 2, visibility="private")
    member, stranger = make.wallet(organizer.org), Wallet()
    lacking = {"X-API-Key": make.key(organizer.org, "competition", scopes=["teams:read"], limits=Limits())}

    def status(uid: str, headers=None) -> int:
        return client.get(f"{URL}/{uid}/{path}", headers=headers).status_code

    foreign = Organizer(make, client)
    for headers in (None, stranger.headers(), lacking, foreign.headers, organizer.headers, member.headers()):
        assert status(public, headers) == 200
    for headers in (None, stranger.headers(), lacking, foreign.headers):
        assert status(private, headers) == 404
    assert status(private, organizer.headers) == status(private, member.headers()) == 200


def test_an_admins_wallet_reports_and_a_members_does_not(organizer, make, client):
    uid = running(organizer, make, 2)
    (match,) = organizer.ready(uid)
    body = {"score_a": 2, "score_b": 0, "winner": "a"}
    url = f"{URL}/{uid}/matches/{match['id']}/result"
    for wallet, status in ((Wallet(), 403), (make.wallet(organizer.org), 403), (make.wallet(organizer.org, "admin"), 200)):
        assert client.post(url, json=body, headers=wallet.headers()).status_code == status
    assert client.post(url, json=body).status_code == 401


def test_a_result_sent_twice_with_one_key_is_one_result(organizer, make):
    uid = running(organizer, make, 2)
    (match,) = organizer.ready(uid)
    url, body = f"{URL}/{uid}/matches/{match['id']}/result", {"score_a": 2, "score_b": 0, "winner": "a"}
    headers = organizer.headers | {"Idempotency-Key": "one"}
    first, second = (organizer.client.post(url, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json == second.json
    with unit_of_work():
        assert len(organizer.events("match.completed")) == 1
