"""Feed API beyond the key's own calls: what it shows, to which scopes, as JSON and as XML (FACTS 2)."""

import time
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from portal.audit.service import SYSTEM
from portal.competitions.model import competition_by_uid, matches_of
from portal.competitions.scheduling import schedule
from portal.competitions.service import cancel_competition
from portal.contracts.feed.sports import PATHS, TAKEN
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.markets.model import request_by_uid
from portal.markets.recovery import messages
from portal.outbox.model import Event
from tests.markets.betting import Book

BASE = ["id", "team_a", "team_b", "team_a_logo", "team_b_logo", "event", "bo_type", "status", "scheduled_at", "score_a"]
BASE += ["score_b", "map_name"]
TIMES = ["started_at", "finished_at", "maps", "tournament_id", "team_a_id", "team_b_id", "winner", "outcome"]
DETAIL = ["rounds", "events", "streams", "demo_url", "player_stats"]
INTERNALS = ["oddin_match_id", "data_delay_seconds", "suspended"]
SETTLEMENT = ["id", "market_offer_id", "match_id", "previous_status", "new_status", "outcome", "settled_by"]
SETTLEMENT += ["is_resettlement", "created_at"]


class Reader:
    """A key of the feed and the calls that it makes."""

    def __init__(self, make, client, org, *names: str, sport: str = "cs2") -> None:
        scopes = [f"{sport}:{name}" for name in names] if names else None
        self.headers = {"X-API-Key": make.key(org, "feed", scopes=scopes, sports=[sport])}
        self.client, self.sport = client, sport

    def get(self, path: str, status: int = 200, **headers: str):
        answer = self.client.get(f"/{self.sport}/v1/{path}", headers=self.headers | headers)
        assert answer.status_code == status, answer.text
        return answer

    def data(self, path: str):
        return self.get(path).json["data"]


@pytest.fixture
def book(make) -> Book:
    return Book.opened(make)


@pytest.fixture
def reader(make, client, book):
    return lambda *names: Reader(make, client, book.org, *names)


@pytest.mark.parametrize("names, fields", [
    (["matches:list"], BASE),
    (["matches:read"], BASE + TIMES),
    (["matches:list", "matches:detail"], BASE + DETAIL),
    (["matches:list", "markets:read"], [*BASE, "markets"]),
    (["matches:list", "matches:scoreboard"], [*BASE, "scoreboard"]),
    (["matches:list", "matches:internals"], BASE + INTERNALS),
    (["matches:read", "matches:detail", "markets:read"], [*BASE, *TIMES, *DETAIL, "markets"]),
    (["matches:finished"], None),
    ([], [*BASE, *TIMES, *DETAIL, "markets", "scoreboard", *INTERNALS]),
])  # fmt: skip
def test_a_match_has_the_fields_of_the_scopes_and_no_others(reader, book, names, fields):
    answer = reader(*names).get(f"matches/{book.match}", 200 if fields else 404)
    assert fields is None or list(answer.json["data"]) == fields


@pytest.mark.parametrize("names", [["markets:read"], ["matches:detail"], ["teams:list", "stream:matches"]])
def test_a_key_that_may_see_no_match_is_told_the_scope(reader, book, names):
    for path in ("matches", f"matches/{book.match}"):
        answer = reader(*names).get(path, 403)
        assert answer.json["detail"].startswith("Required scope 'cs2:matches:list' is not granted to this API key.")


def test_finished_matches_only(reader, book):
    """The bundle scoretock."""
    scoretock = reader("matches:finished", "matches:detail")
    assert scoretock.data("matches") == []
    scoretock.get(f"matches/{book.match}", 404)
    book.report(2, 1)
    assert [row["id"] for row in scoretock.data("matches")] == [book.match]
    shown = scoretock.data(f"matches/{book.match}")
    assert list(shown) == BASE + TIMES + DETAIL and shown["finished_at"].endswith("Z") and shown["winner"] == "a"


def test_the_list_is_live_then_upcoming_then_finished(make, reader, book):
    league = make.competition(book.org, "league", status="active", entrants=4, category="CS2")
    with unit_of_work() as session:
        competition = competition_by_uid(session, book.org.id, league)
        matches = [match.uid for match in session.scalars(matches_of(competition))]
        schedule(session, competition, SYSTEM, matches[0], utc_now() - timedelta(minutes=5))
        schedule(session, competition, SYSTEM, matches[1], utc_now() + timedelta(hours=5))
    book.report(2, 0)
    rows = reader().data("matches")
    assert [row["status"] for row in rows] == ["live", *["upcoming"] * (len(rows) - 2), "finished"]
    assert (rows[0]["id"], rows[1]["id"], rows[-1]["id"]) == (matches[0], matches[1], book.match)
    assert list(rows[0]) == BASE and rows[0]["bo_type"] == "bo1"
    # The final waits for its sides: it is no fixture yet.
    assert len(rows) == 6 + 2
    assert reader().get("matches?limit=3").json["meta"] == {"count": 3, "limit": 3, "total": 8}
    assert {row["status"] for row in reader().data("matches?status=upcoming")} == {"upcoming"}
    assert [row["id"] for row in reader().data("matches?status=live")] == [matches[0]]


def test_what_nobody_played_is_cancelled_and_in_no_list_without_asking(reader, book):
    with unit_of_work() as session:
        cancel_competition(session, book.competition(session), SYSTEM)
    assert reader().data("matches") == []
    rows = reader().data("matches?status=cancelled")
    assert len(rows) == 2 and {row["score_a"] for row in rows} == {None}


def test_another_sport_and_another_organization_are_not_there(make, client, reader, book):
    stranger = Reader(make, client, make.org())
    assert stranger.data("matches") == [] == stranger.data("settlements")
    stranger.get(f"matches/{book.match}", 404)
    stranger.get(f"matches/{book.match}/settlements", 404)
    dota = Reader(make, client, book.org, sport="dota2")
    assert dota.data("matches") == []
    dota.get(f"matches/{book.match}", 404)
    answer = client.get("/dota2/v1/matches", headers=reader().headers)
    assert (answer.status_code, answer.json) == (403, {"detail": "Sport 'dota2' is not in this key's sport_allowlist."})


def test_a_sport_is_the_category_in_lower_case_with_hyphens(make, client):
    org = make.org()
    make.competition(org, status="active", entrants=2, category="Counter Strike_2")
    assert len(Reader(make, client, org, sport="counter-strike-2").data("matches")) == 1


PATHS_READ = ["matches", "matches/{match}", "settlements", "matches/{match}/settlements", "tournaments", "teams"]


@pytest.mark.parametrize("path", PATHS_READ)
def test_xml_holds_what_json_holds(reader, book, path):
    book.report(2, 0)
    path = path.format(match=book.match)
    key = reader()
    plain = key.get(path).json
    by_accept, sibling = key.get(path, Accept="application/xml"), key.get(f"{path}.xml")
    assert by_accept.data == sibling.data and sibling.mimetype == "application/xml"
    root = ElementTree.fromstring(sibling.data)
    if path == f"matches/{book.match}":
        assert root.tag == "fixtures_fixture"
        plain = plain["data"]
    same(root, plain)
    assert key.get(path, Accept="text/html", status=406).json["detail"].startswith("Neither JSON nor XML")


def same(element, value) -> None:
    """The element holds the value, all of it and nothing else."""
    if isinstance(value, dict):
        assert [child.tag for child in element] == list(value)
        for child in element:
            same(child, value[child.tag])
    elif isinstance(value, list):
        assert len(element) == len(value)
        for child, item in zip(element, value, strict=True):
            same(child, item)
    else:
        words = {None: None, True: "true", False: "false"}
        assert element.text == (words[value] if value is None or isinstance(value, bool) else str(value) or None)


def test_settlements_are_read_on_from_the_last_that_one_has(reader, book):
    key = reader("markets:settlements", "matches:list")
    assert key.data(f"matches/{book.match}/settlements") == []
    book.report(2, 0)
    book.correct(0, 2)
    book.correct(2, 1)
    first = key.get("settlements?limit=2").json
    assert [list(row) for row in first["data"]] == [SETTLEMENT, SETTLEMENT]
    assert first["meta"] == {"count": 2, "limit": 2, "next_since_id": 2}
    rest = key.get("settlements?since_id=2").json
    assert [row["id"] for row in rest["data"]] == [3]
    assert [row["outcome"] for row in first["data"] + rest["data"]] == ["a", "b", "a"]
    assert [row["is_resettlement"] for row in first["data"] + rest["data"]] == [False, True, True]
    assert key.get("settlements?since_id=3").json["meta"]["next_since_id"] == 3
    assert len(key.data(f"matches/{book.match}/settlements")) == 3
    assert reader("matches:list").get("settlements", 403).json["detail"].startswith("Required scope 'cs2:markets:settlements'")


def test_markets_stand_in_the_match_with_exact_prices(reader, book):
    book.do("change_prices", {"a": "1.7005"})
    (market,) = reader("matches:list", "markets:read").data(f"matches/{book.match}")["markets"]
    assert [(each["key"], each["price"], each["result"]) for each in market["outcomes"]] == [
        ("a", "1.7005", None),
        ("b", "1.90", None),
    ]
    assert market["status"] == "open"


def test_tournaments_say_what_their_metadata_says_where_it_is_of_the_right_kind(make, client):
    org = make.org()
    facts = {"hltv_event_id": 7524, "tier": "S", "is_lan": True, "prize_pool_usd": 250_000}
    major = make.competition(org, status="registration", category="cs2", metadata=facts)
    odd = {"hltv_event_id": "x", "tier": "Z", "is_lan": "maybe", "prize_pool_usd": []}
    cup = make.competition(org, status="registration", category="cs2", metadata=odd)
    make.competition(org, category="cs2")  # a draft
    key = Reader(make, client, org, "tournaments:list")
    assert {row["id"] for row in key.data("tournaments")} == {major, cup}
    for asked in ("tier=S", "is_lan=true"):
        (row,) = key.data(f"tournaments?{asked}")
        assert {name: row[name] for name in facts} == facts
    (row,) = key.data("tournaments?is_lan=false")
    assert (row["id"], row["tier"], row["is_lan"], row["hltv_event_id"], row["prize_pool_usd"]) == (cup, None, False, None, None)


def test_a_team_has_its_record_in_the_sport(make, client):
    org = make.org()
    winner, loser = make.team(org, players=1), make.team(org, players=1)
    uid = make.competition(org, "league", status="registration", category="cs2")
    make.enter_teams(org, uid, [winner, loser])
    make.start(org, uid)
    book = Book(make, org, uid)
    (match,) = book.matches()
    key = Reader(make, client, org)
    book.report(1, 0, match=match.uid)
    side = key.data(f"matches/{match.uid}")["team_a_id"]
    rows = {row["id"]: row for row in key.data("teams")}
    assert set(rows) == {winner, loser}
    assert key.data(f"teams/{side}") == rows[side] | {"wins": 1, "draws": 0, "losses": 0}
    key.get(f"teams/{make.team(org)}", 404)


def recover(reader: Reader, query: str = "", **more):
    return reader.client.post(f"/cs2/v1/recovery/initiate_request{query}", headers=reader.headers, **more)


def test_recovery_is_an_event_and_its_messages_are_the_state_of_each_match(reader, book):
    key, other = reader(), book.matches()[1].uid
    book.offers.append(book.make.offer(book.org, book.uid, other))
    book.report(2, 0)
    book.do("void", offer=book.offers[1])
    answer = recover(key, f"?after={int(time.time() * 1000) - 60_000}&request_id=r-1")
    assert answer.status_code == 202, answer.text
    asked = answer.json["data"]
    with unit_of_work() as session:
        found = session.scalars(select(Event).where(Event.org_id == book.org.id, Event.type == "recovery.requested")).one()
        assert found.data["recovery_id"] == asked["id"] and found.data["request_id"] == "r-1"
        said = list(messages(session, request_by_uid(session, book.org.id, asked["id"])))
    assert [(each.kind, each.match_id) for each in said] == [
        ("odds_change", book.match),
        ("bet_settlement", book.match),
        ("odds_change", other),
        ("bet_cancel", other),
        ("snapshot_complete", ""),
    ]
    assert said[1].data["settlements"][0]["outcome"] == "a" and said[-1].data == {"request_id": "r-1"}


@pytest.mark.parametrize("query, body, field", [
    ("?request_id=r", None, "after"),
    ("?after={now}", None, "request_id"),
    ("?after={ahead}&request_id=r", None, "after"),
    ("?after={long_ago}&request_id=r", None, "after"),
    ("?after=soon&request_id=r", None, "after"),
    ("?after=99999999999999999999&request_id=r", None, "after"),
    ("?after={now}&request_id=r", {"after": 1}, "after"),
    ("?after={now}&request_id=" + "r" * 65, None, "request_id"),
    ("", {"after": "1", "request_id": "r"}, "after"),
    ("", {"request_id": "r", "other": 1}, "other"),
])  # fmt: skip
def test_a_wrong_recovery_is_named(reader, query, body, field):
    now = int(time.time() * 1000)
    filled = query.format(now=now - 1000, ahead=now + 60_000, long_ago=now - 4 * 86_400_000)
    answer = recover(reader(), filled, json=body) if body else recover(reader(), filled)
    assert answer.status_code == 400 and field in answer.json["detail"], answer.text


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/passwd">]><x>&a;&c;</x>'


@pytest.mark.parametrize("mimetype", ["application/xml", "text/xml", "application/json"])
def test_xml_is_never_read(reader, mimetype):
    answer = recover(reader(), data=BOMB, content_type=mimetype)
    assert answer.status_code == (400 if mimetype == "application/json" else 415)
    assert "passwd" not in answer.text and "root:" not in answer.text


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "status=over", "limit=1&limit=2"])
def test_a_wrong_parameter_is_named(reader, query):
    assert query.split("=")[0] in reader().get(f"matches?{query}", 400).json["detail"]


@pytest.mark.parametrize("path", ["matches/1", "matches/not-a-uuid", "nothing", "matches/%00"])
def test_what_is_not_there_is_404_in_the_feed_s_words(reader, path):
    assert "detail" in reader().get(path, 404).json


def test_lists_take_the_same_statements_however_long(make, client, count_sql):
    counts = set()
    for entrants in (2, 8):
        book = Book.opened(make, "league", entrants=entrants)
        key = Reader(make, client, book.org)
        for match in book.matches():
            book.report(1, 0, match=match.uid)
        found = []
        for path in ("matches", f"matches/{book.match}", "settlements", "tournaments", "teams"):
            key.get(path)  # the key is known then
            with count_sql() as statements:
                key.get(path)
            found.append(len(statements))
        counts.add(tuple(found))
    assert counts == {(2, 2, 1, 2, 2)}


def test_no_other_address_looks_like_one_of_the_feed(app):
    firsts = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules() if rule.rule.count("/") > 1}
    assert {first for first in firsts if not first.startswith("<sport:")} <= set(TAKEN)
    assert all(not PATHS.match(f"/{name}/v1/matches") for name in TAKEN)
    assert PATHS.match("/cs2/v1/matches") and PATHS.match("/once-upon/v1/x") and not PATHS.match("/cs2/v10/x")
