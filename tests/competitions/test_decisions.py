"""An organizer's rulings: used where all else is level, refused where they go in a circle."""

import pytest

from tests.competitions.playing import Organizer


@pytest.fixture
def organizer(make, client) -> Organizer:
    return Organizer(make, client)


@pytest.fixture
def level(organizer, make):
    """A league of three in which everybody drew; registrations by wallet."""
    terms = {"rules": {"tiebreaks": ["points", "decision", "lots"]}, "prize_pool_wei": "100"}
    uid = make.competition(organizer.org, "league", status="active", entrants=3, **terms)
    for match in organizer.ready(uid):
        organizer.report(uid, match, 1, 1)
    return uid, {row["wallet"]: row["id"] for row in organizer.call("GET", f"{uid}/register")}


def order(organizer: Organizer, uid: str) -> list[str]:
    return [row["wallet"] for row in organizer.call("GET", f"{uid}/standings")["standings"]]


def test_a_ruling_moves_places_and_prizes_and_taking_it_back_too(organizer, level):
    uid, ids = level
    before = order(organizer, uid)
    body = {"over": ids[before[2]], "under": ids[before[0]], "reason": "Fair play"}
    made = organizer.call("POST", f"{uid}/decisions", body, 201)
    assert {name: made[name] for name in body} == body
    assert organizer.call("GET", f"{uid}/decisions") == [made]
    assert order(organizer, uid)[0] == before[2]
    placements = organizer.call("GET", f"{uid}/results")["placements"]
    assert (placements[0]["wallet"], placements[0]["prize_wei"]) == (before[2], "60")
    told = [name for name, _ in organizer.events("decision.recorded", "standings.updated", "competition.corrected")]
    assert told[-3:] == ["decision.recorded", "standings.updated", "competition.corrected"]
    assert organizer.call("DELETE", f"{uid}/decisions/{made['id']}") == {"id": made["id"], "removed": True}
    assert order(organizer, uid) == before
    assert organizer.call("GET", f"{uid}/decisions") == []


def test_rulings_in_a_circle_twice_or_about_nobody_are_refused(organizer, level):
    uid, ids = level
    a, b, c = ids.values()

    def rule(over: str, under: str, status: int, reason: str = "Lots drawn on the pitch"):
        return organizer.call("POST", f"{uid}/decisions", {"over": over, "under": under, "reason": reason}, status)

    rule(a, b, 201)
    rule(b, c, 201)
    assert "contradict" in rule(c, a, 422)
    assert "already" in rule(a, b, 409)
    assert "same" in rule(a, a, 422)
    rule(a, "no-uuid", 400)
    rule(a, "00000000-0000-4000-8000-000000000000", 404)
    rule(a, c, 400, "")
    assert len(organizer.call("GET", f"{uid}/decisions")) == 2
    organizer.call("DELETE", f"{uid}/decisions/00000000-0000-4000-8000-000000000000", status=404)


def test_there_is_nothing_to_rule_before_the_start(organizer, make):
    uid = make.competition(organizer.org, "league", status="registration", entrants=2)
    a, b = (row["id"] for row in organizer.call("GET", f"{uid}/register"))
    organizer.call("POST", f"{uid}/decisions", {"over": a, "under": b, "reason": "x"}, 409)
