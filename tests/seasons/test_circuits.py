"""A circuit is scored by the places reached in the competitions of its season."""

import pytest

from tests.make import address


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def call(client, make, org):
    """The data of a good answer to a call with the organization's key."""
    headers = {"X-API-Key": make.key(org, "competition")}

    def send(method, path, status=200, **body):
        answer = client.open(f"/api/v1/{path}", method=method, headers=headers, json=body or None)
        assert answer.status_code == status, answer.text
        return answer.json["data"] if status < 400 else answer.json["error"]

    return send


def first_is(*order):
    return lambda home, away: (1, 0) if order.index(int(home, 16)) < order.index(int(away, 16)) else (0, 1)


def league(make, org, *order, **terms):
    uid = make.competition(org, "league", status="active", entrants=len(order), **terms)
    make.play(org, uid, first_is(*order))
    return uid


def circuit(make, org, *who, **terms):
    rules = {"place_points": [10, 6, 3]}
    uid = make.competition(org, "circuit", status="registration", rules=rules, **terms)
    make.enter(org, uid, who, checked_in=False)
    make.start(org, uid)
    return uid


def test_places_bring_the_points_of_the_circuit_times_the_weight_of_each_competition(make, org, call):
    grand_prix = circuit(make, org, 1, 2, 3, 4, prize_pool_wei="100")
    running = make.competition(org, "league", status="active", entrants=3)
    rounds = [(league(make, org, 2, 1, 3), 1.0), (league(make, org, 1, 2, 3, 4), 1.5)]
    make.season(org, grand_prix, *rounds, running)
    table = call("GET", f"competitions/{grand_prix}/standings")["standings"]
    assert [(row["rank"], row["wallet"], row["points"], row["matches_played"]) for row in table] == [
        (1, address(1), 21, 5),
        (2, address(2), 19, 5),
        (3, address(3), 7.5, 5),
        (4, address(4), 0, 3),
    ]
    assert call("GET", f"competitions/{grand_prix}/results")["placements"] == []
    assert call("POST", f"competitions/{grand_prix}/finalize")["status"] == "completed"
    placements = call("GET", f"competitions/{grand_prix}/results")["placements"]
    assert [(each["place"], each["wallet"], each["prize_wei"]) for each in placements] == [
        (1, address(1), "60"),
        (2, address(2), "30"),
        (3, address(3), "10"),
        (4, address(4), None),
    ]


def test_only_who_registered_for_the_circuit_is_ranked_with_the_place_that_it_reached(make, org, call):
    grand_prix = circuit(make, org, 2, 3, 9)
    make.season(org, league(make, org, 1, 2, 3), grand_prix)
    table = call("GET", f"competitions/{grand_prix}/standings")["standings"]
    assert [(row["rank"], row["wallet"], row["points"]) for row in table] == [
        (1, address(2), 6),
        (2, address(3), 3),
        (3, address(9), 0),
    ]


def test_a_circuit_without_a_season_has_everybody_level(make, org, call):
    grand_prix = circuit(make, org, 1, 2)
    table = call("GET", f"competitions/{grand_prix}/standings")["standings"]
    assert [(row["rank"], row["points"]) for row in table] == [(1, 0), (1, 0)]


def test_a_circuit_brings_nothing_to_its_season_and_is_scored_by_one_only(make, org, call):
    grand_prix, played = circuit(make, org, 1, 2), league(make, org, 1, 2)
    season, other = make.season(org, grand_prix, played), make.season(org)
    table = call("GET", f"seasons/{season}/standings")["standings"]
    assert [(row["wallet"], row["total_points"], row["competitions_entered"]) for row in table] == [
        (address(1), 3.0, 1),
        (address(2), 0.0, 1),
    ]
    assert "another season" in call("POST", f"seasons/{other}/competitions", 409, competition_id=grand_prix)


def test_a_table_costs_the_same_however_many_competitions_there_are(make, org, call, count_sql):
    counts = []
    for rounds in (1, 3):
        grand_prix = circuit(make, org, 1, 2)
        make.season(org, grand_prix, *[league(make, org, 1, 2) for _ in range(rounds)])
        call("GET", f"competitions/{grand_prix}/standings")
        with count_sql() as statements:
            call("GET", f"competitions/{grand_prix}/standings")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6
