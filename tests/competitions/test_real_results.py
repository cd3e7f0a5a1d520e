"""Two real seasons, created and played through the API: the tables and the places are the official ones."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from portal.formats.seeding import positions
from tests.competitions.playing import Organizer
from tests.official import DATA, PREMIER_LEAGUE

KNOCK_OUT = ("Round of 16", "Quarter-finals", "Semi-finals", "Final")


@pytest.fixture
def organizer(make, client) -> Organizer:
    return Organizer(make, client)


def real(name: str) -> list[dict[str, Any]]:
    return json.loads((DATA / name).read_text())["matches"]


def entered(organizer: Organizer, kind: str, title: str, rules: dict, names: list[str], **terms: Any) -> tuple[str, dict]:
    """A competition in registration with these teams, all checked in; (its id, registration by team name)."""
    org = organizer.org.uid
    created = {"org_id": org, "title": title, "type": kind, "rules": rules} | terms
    uid = organizer.call("POST", "/api/v1/competitions", created, 201)["id"]
    organizer.call("POST", f"{uid}/open")
    registrations = {}
    for name in names:
        team = organizer.call("POST", "/api/v1/teams", {"org_id": org, "name": name}, 201)["id"]
        registrations[name] = organizer.call("POST", f"{uid}/register", {"team_id": team}, 201)["id"]
        organizer.call("POST", f"{uid}/check-in", {"team_id": team})
    return uid, registrations


def sides(match: dict[str, Any]) -> tuple[str, str]:
    return match["participant_a"]["team_name"], match["participant_b"]["team_name"]


def test_the_premier_league_of_2022_23_ends_as_it_did(organizer, count_sql):
    results = {(match["team1"], match["team2"]): match["score"]["ft"] for match in real("premier-league-2022-23.json")}
    clubs = sorted({home for home, _ in results})
    uid, _ = entered(organizer, "league", "Premier League 2022/23", {"legs": 2}, clubs, prize_pool_wei="1000")
    assert organizer.call("POST", f"{uid}/start")["matches_generated"] == 380
    matches = organizer.matches(uid)
    assert sorted(map(sides, matches)) == sorted(results)
    answers = [organizer.report(uid, match, *results[sides(match)]) for match in matches]
    assert [answer["competition_auto_completed"] for answer in answers] == [False] * 379 + [True]
    with count_sql() as statements:
        standings = organizer.client.get(f"/api/v1/competitions/{uid}/standings").json["data"]["standings"]
    assert len(statements) <= 3, statements
    assert [(row["team_name"], row["points"], row["score_difference"]) for row in standings] == PREMIER_LEAGUE
    assert [row["rank"] for row in standings] == list(range(1, 21))
    assert {row["matches_played"] for row in standings} == {38}
    level = next(row for row in standings if row["team_name"] == "Crystal Palace FC")
    assert level["decided_by"] is None
    placements = organizer.call("GET", f"{uid}/results")["placements"]
    assert [(each["team_name"], each["prize_wei"]) for each in placements[:4]] == [
        ("Manchester City FC", "600"),
        ("Arsenal FC", "300"),
        ("Manchester United FC", "100"),
        ("Newcastle United FC", None),
    ]
    assert [len(each["matches"]) for each in placements] == [38] * 20


def test_the_world_cup_of_2018_ends_as_it_did(organizer):
    played = real("world-cup-2018.json")
    tables = json.loads((DATA / "world-cup-2018-group-standings.json").read_text())["groups"]
    official = {table["name"].removeprefix("Group "): table["standings"] for table in tables}
    group_stage(organizer, [match for match in played if match.get("group")], official)
    knock_out(organizer, [match for match in played if not match.get("group")])


def group_stage(organizer: Organizer, played: list[dict], official: dict[str, list[dict]]) -> None:
    group_of = {line["team"]["name"]: name for name, lines in official.items() for line in lines}
    uid, ids = entered(organizer, "league", "World Cup 2018, groups", {"groups": 8}, sorted(group_of))
    seeds = [
        {"registration_id": ids[team], "seed": number, "group": group_of[team]} for number, team in enumerate(sorted(group_of), 1)
    ]
    assert organizer.call("POST", f"{uid}/bracket/seed", {"seeds": seeds}) == {"seeded": 32}
    assert organizer.call("POST", f"{uid}/start", {"seed_order": "manual"})["matches_generated"] == 48
    results = {frozenset((match["team1"], match["team2"])): match for match in played}
    for match in organizer.matches(uid):
        home, away = sides(match)
        real_one = results[frozenset((home, away))]
        score = real_one["score"]["ft"]
        organizer.report(uid, match, *(score if real_one["team1"] == home else reversed(score)))
    rows = [row for row in organizer.call("GET", f"{uid}/standings")["standings"] if row["team_name"] in ("Japan", "Senegal")]
    assert {row["decided_by"]["tiebreak"] for row in rows} == {"lots"}
    body = {"over": ids["Japan"], "under": ids["Senegal"], "reason": "Fair play: four yellow cards against six."}
    assert organizer.call("POST", f"{uid}/decisions", body, 201)["reason"] == body["reason"]
    assert list(table(organizer, uid)) == [
        (name, line["pos"], line["team"]["name"], line["pts"], line["goals_for"], line["goals_against"])
        for name, lines in sorted(official.items())
        for line in sorted(lines, key=lambda line: line["pos"])
    ]
    japan = next(row for row in organizer.call("GET", f"{uid}/standings")["standings"] if row["team_name"] == "Japan")
    assert japan["decided_by"]["tiebreak"] == "decision" and "Fair play" in japan["decided_by"]["text"]
    bracket = organizer.call("GET", f"{uid}/bracket")["rounds"]
    assert list(bracket) == list("ABCDEFGH")
    assert all(len(rounds) == 3 for rounds in bracket.values())


def table(organizer: Organizer, uid: str) -> Iterator[tuple]:
    for row in organizer.call("GET", f"{uid}/standings")["standings"]:
        yield row["group"], row["rank"], row["team_name"], row["points"], row["score_for"], row["score_against"]


def knock_out(organizer: Organizer, played: list[dict]) -> None:
    rounds = {name: [match for match in played if match["round"] == name] for name in KNOCK_OUT}
    order = in_bracket_order(rounds)
    rules = {"third_place_match": True}
    uid, ids = entered(organizer, "bracket", "World Cup 2018", rules, order, prize_pool_wei="2000000000000000000")
    seeds = [{"registration_id": ids[team], "seed": seed} for team, seed in zip(order, positions(16), strict=True)]
    organizer.call("POST", f"{uid}/bracket/seed", {"seeds": seeds})
    assert organizer.call("POST", f"{uid}/start", {"seed_order": "manual"})["matches_generated"] == 16
    results = {frozenset((match["team1"], match["team2"])): match for match in played}
    while ready := organizer.ready(uid):
        for match in ready:
            report_real(organizer, uid, match, results[frozenset(sides(match))])
    found = organizer.call("GET", f"{uid}/results")
    assert found["status"] == "completed"
    placed = [(each["place"], each["team_name"], each["prize_wei"]) for each in found["placements"]]
    assert placed[:4] == [
        (1, "France", "1200000000000000000"),
        (2, "Croatia", "600000000000000000"),
        (3, "Belgium", "200000000000000000"),
        (4, "England", None),
    ]
    assert sorted(name for place, name, _ in placed if place == 5) == ["Brazil", "Russia", "Sweden", "Uruguay"]
    assert [place for place, _, _ in placed].count(9) == 8
    croatia = found["placements"][1]
    assert croatia["rounds_won"] == 3
    assert [(each["score"], each["result"]) for each in croatia["matches"]] == [
        ("1-1", "win"),
        ("2-2", "win"),
        ("2-1", "win"),
        ("2-4", "loss"),
    ]
    ranks = {row["team_name"]: row["rank"] for row in organizer.call("GET", f"{uid}/standings")["standings"]}
    assert [ranks[name] for name in ("France", "Croatia", "Belgium", "England")] == [1, 2, 3, 4]
    labels = [each["label"] for each in organizer.call("GET", f"{uid}/bracket")["rounds"]["winners"]]
    assert labels == ["Round of 16", "Quarterfinals", "Semifinals", "Final"]


def in_bracket_order(rounds: dict[str, list[dict]]) -> list[str]:
    """The sixteen teams from the top of the bracket to the bottom, read back from who met whom."""
    teams = [rounds["Final"][0]["team1"], rounds["Final"][0]["team2"]]
    for name in ("Semi-finals", "Quarter-finals", "Round of 16"):
        opponents = {}
        for match in rounds[name]:
            opponents |= {match["team1"]: match["team2"], match["team2"]: match["team1"]}
        teams = [each for team in teams for each in (team, opponents[team])]
    return teams


def report_real(organizer: Organizer, uid: str, match: dict[str, Any], real_one: dict[str, Any]) -> None:
    """The score after extra time; after a shoot-out it is level and the winner is said."""
    score = real_one["score"].get("et") or real_one["score"]["ft"]
    shoot_out = real_one["score"].get("p")
    turned = sides(match)[0] != real_one["team1"]
    a, b = reversed(score) if turned else score
    if shoot_out:
        assert a == b
        first_won = shoot_out[0] > shoot_out[1]
        organizer.report(uid, match, a, b, winner="a" if first_won != turned else "b")
    else:
        organizer.report(uid, match, a, b)
