"""Real seasons played through the rules: the official tables come out."""

import json
from dataclasses import replace
from random import Random

import pytest

from portal.formats import round_robin
from portal.formats.plan import Entrant, Plan, Result
from portal.formats.rules import Rules
from portal.formats.standings import Decision, Row, standings
from tests.official import DATA, PREMIER_LEAGUE


def read(name: str) -> dict:
    return json.loads((DATA / name).read_text())


def play(plan: Plan, names: list[str], results: list[dict], seed: int) -> None:
    """Report each result to the match of its two sides, in an order of its own for each seed.

    Where a league has one leg only, the draw says who is at home, and the score is turned with it.
    """
    ids = {name: number for number, name in enumerate(names, start=1)}
    numbers = {(match.a, match.b): match.number for match in plan.in_order()}
    for real in Random(seed).sample(results, len(results)):
        pair, (a, b) = (ids[real["team1"]], ids[real["team2"]]), real["score"]["ft"]
        if pair not in numbers:
            pair, (a, b) = pair[::-1], (b, a)
        winner = "draw" if a == b else "a" if a > b else "b"
        plan.apply(round_robin.advance(plan, Result(numbers.pop(pair), winner, a, b)))
    assert plan.over and not numbers


@pytest.mark.parametrize("seed", [1, 2])
def test_the_premier_league_ends_with_the_official_table(seed):
    results = read("premier-league-2022-23.json")["matches"]
    names = sorted({result["team1"] for result in results})
    rules = Rules("round_robin", legs=2)
    plan = round_robin.build([Entrant(number, number) for number in range(1, 21)], rules, Random(seed))
    assert len(plan.matches) == len(results) == 380
    play(plan, names, results, seed)
    rows = standings(plan.matches.values(), plan.entrants, rules, rng_seed=seed)
    assert [(names[row.entrant - 1], row.points, row.score_difference) for row in rows] == PREMIER_LEAGUE
    assert [row.rank for row in rows] == list(range(1, 21))
    assert all(row.played == 38 and row.decided_by is None for row in rows)


def world_cup() -> tuple[list[str], Plan, dict[str, list[dict]]]:
    """The names by id, the eight groups as drawn and played, and their official tables."""
    official = {
        group["name"].removeprefix("Group "): group["standings"]
        for group in read("world-cup-2018-group-standings.json")["groups"]
    }
    drawn = sorted((line["team"]["name"], group) for group, lines in official.items() for line in lines)
    names = [name for name, _ in drawn]
    entrants = [Entrant(number, number, group) for number, (_, group) in enumerate(drawn, start=1)]
    plan = round_robin.build(entrants, Rules("round_robin", groups=8), Random(1))
    played = [match for match in read("world-cup-2018.json")["matches"] if match.get("group")]
    assert len(plan.matches) == len(played) == 48
    play(plan, names, played, seed=4)
    return names, plan, official


def as_printed(rows: tuple[Row, ...], names: list[str], group: str) -> list[tuple]:
    return [
        (names[r.entrant - 1], r.rank, r.played, r.wins, r.draws, r.losses, r.score_for, r.score_against, r.points)
        for r in rows
        if r.group == group
    ]


FAIR_PLAY = "Fair play: Japan had 4 yellow cards, Senegal 6"


def test_the_groups_of_the_world_cup_end_with_the_official_tables():
    names, plan, official = world_cup()
    japan, senegal = names.index("Japan") + 1, names.index("Senegal") + 1
    rows = standings(
        plan.matches.values(), plan.entrants, plan.rules, decisions=[Decision(japan, senegal, FAIR_PLAY)], rng_seed=1
    )
    columns = ("pos", "played", "won", "drawn", "lost", "goals_for", "goals_against", "pts")
    for group, lines in official.items():
        assert as_printed(rows, names, group) == [(line["team"]["name"], *(line[each] for each in columns)) for line in lines]
    row = next(row for row in rows if row.entrant == senegal)
    assert row.decided_by.tiebreak == "decision"
    assert row.decided_by.text == (
        "points: 4 against 4; score difference: 0 against 0; score for: 4 against 4; "
        f"points in the matches between them: 1 against 1; of those tied put below by decision: 0 against 1 ({FAIR_PLAY})"
    )


def test_without_the_decision_lots_decide_and_the_rows_say_so():
    names, plan, _ = world_cup()
    second = set()
    for seed in range(20):
        rows = standings(plan.matches.values(), plan.entrants, plan.rules, rng_seed=seed)
        tied = [row for row in rows if row.decided_by and row.decided_by.tiebreak == "lots"]
        assert {names[row.entrant - 1] for row in tied} == {"Japan", "Senegal"}
        second.add(names[next(row.entrant for row in tied if row.rank == 2) - 1])
    assert second == {"Japan", "Senegal"}


def test_without_lots_japan_and_senegal_share_the_second_place():
    _, plan, _ = world_cup()
    rules = replace(plan.rules, tiebreaks=("points", "score_difference", "score_for", "head_to_head"))
    rows = [row for row in standings(plan.matches.values(), plan.entrants, rules, rng_seed=1) if row.group == "H"]
    assert [row.rank for row in rows] == [1, 2, 2, 4]


def test_portugal_stands_below_spain_by_goals_scored_and_says_so():
    names, plan, _ = world_cup()
    rows = {names[row.entrant - 1]: row for row in standings(plan.matches.values(), plan.entrants, plan.rules, rng_seed=1)}
    decided = rows["Portugal"].decided_by
    assert (decided.tiebreak, decided.value, decided.other) == ("score_for", 5, 6)
    assert decided.neighbour == rows["Spain"].entrant
