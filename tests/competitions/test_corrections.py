"""Correcting a result: foreseen in full, refused where later play would be lost, done in one go, told as it was."""

import pytest
from sqlalchemy import select

from portal.competitions.model import Match, Report
from portal.kernel.db import unit_of_work
from tests.competitions.playing import Organizer


@pytest.fixture
def organizer(make, client) -> Organizer:
    return Organizer(make, client)


@pytest.fixture
def started(organizer, make):
    def of(kind: str = "bracket", entrants: int = 4, **terms) -> str:
        return make.competition(organizer.org, kind, status="active", entrants=entrants, **terms)

    return of


def kinds(match: dict) -> list[str]:
    with unit_of_work() as session:
        query = select(Report.kind).join(Match).where(Match.uid == match["id"]).order_by(Report.id)
        return list(session.scalars(query))


def without_mode(answer: dict) -> dict:
    return {name: value for name, value in answer.items() if name != "dry_run"}


def test_a_preview_says_what_would_be_done_and_changes_nothing(organizer, started):
    uid = started(entrants=4)
    match = organizer.ready(uid)[0]
    organizer.report(uid, match, 2, 0)
    before, told = organizer.matches(uid), organizer.events()
    preview = organizer.correct(uid, match, 0, 2, "dry_run=true")
    assert preview["dry_run"] is True
    assert (organizer.matches(uid), organizer.events()) == (before, told)
    assert kinds(match) == ["result"]
    done = organizer.correct(uid, match, 0, 2, reason="The sides were mixed up")
    assert without_mode(done) == without_mode(preview)
    new = [name for name, _ in organizer.events()[len(told) :]]
    assert new == done["events"] == ["match.corrected", "match.advanced", "standings.updated"]
    final = organizer.matches(uid, round=2)[0]
    assert final["participant_a"] == match["participant_b"]
    assert [change["id"] for change in done["matches"]] == [match["id"], final["id"]]
    assert done["matches"][1]["before"]["participant_a"]["wallet"] == match["participant_a"]["wallet"]
    assert done["matches"][1]["after"]["participant_a"]["wallet"] == match["participant_b"]["wallet"]
    assert {moved["wallet"] for moved in done["standings"]} >= {match[f"participant_{side}"]["wallet"] for side in "ab"}
    assert kinds(match) == ["result", "correction"]


def test_later_play_is_named_and_lost_only_by_cascade(organizer, started):
    uid = started(entrants=4, prize_pool_wei="100")
    first, second = organizer.ready(uid)
    organizer.report(uid, first, 2, 0)
    organizer.report(uid, second, 2, 0)
    final = organizer.ready(uid)[0]
    organizer.report(uid, final, 3, 1)
    before = organizer.matches(uid)
    refusal = organizer.correct(uid, first, 0, 2, status=409)
    assert "Match 3 (Final)" in refusal and "cascade" in refusal
    assert organizer.matches(uid) == before
    done = organizer.correct(uid, first, 0, 2, "cascade=true")
    assert done["cleared"] == [final["id"]] and done["competition_status"] == "active"
    assert {prize["place_after"] for prize in done["prizes"]} >= {None}
    assert "competition.reopened" in done["events"] and "match.cleared" in done["events"]
    again = organizer.ready(uid)[0]
    assert (again["id"], again["score_a"], again["completed_at"]) == (final["id"], None, None)
    assert again["participant_a"] == first["participant_b"]
    assert organizer.call("GET", uid)["status"] == "active"
    assert kinds(final) == ["result", "cleared"]
    organizer.report(uid, again, 1, 0)
    champion = organizer.call("GET", f"{uid}/results")["placements"][0]
    assert (champion["wallet"], champion["prize_wei"]) == (first["participant_b"]["wallet"], "60")


def test_the_final_of_a_completed_competition_is_corrected_with_its_prizes(organizer, started):
    uid = started(entrants=2, prize_pool_wei="90")
    (final,) = organizer.ready(uid)
    organizer.report(uid, final, 2, 0)
    done = organizer.correct(uid, final, 0, 1)
    assert done["competition_status"] == "completed"
    paid = {each["wallet"]: (each["prize_wei_before"], each["prize_wei_after"]) for each in done["prizes"]}
    assert paid == {final["participant_a"]["wallet"]: ("60", "30"), final["participant_b"]["wallet"]: ("30", "60")}
    ((_, told),) = organizer.events("competition.corrected")
    assert told["placements"][0]["wallet"] == final["participant_b"]["wallet"]
    assert [each["prize_wei"] for each in organizer.call("GET", f"{uid}/results")["placements"]] == ["60", "30"]


def test_there_and_back_is_the_first_state(organizer, started):
    for kind, entrants, rules in (("bracket", 8, {"third_place_match": True}), ("league", 4, {})):
        uid = started(kind, entrants, rules=rules)
        for match in organizer.ready(uid)[:-1]:
            organizer.report(uid, match, 2, 0)
        before = organizer.matches(uid)
        standings = organizer.call("GET", f"{uid}/standings")
        organizer.correct(uid, before[0], 0, 4)
        assert organizer.matches(uid) != before
        organizer.correct(uid, before[0], 2, 0)
        assert organizer.matches(uid) == before
        assert organizer.call("GET", f"{uid}/standings") == standings


def test_the_same_result_once_more_changes_and_tells_nothing(organizer, started):
    uid = started(entrants=4)
    match = organizer.ready(uid)[0]
    organizer.report(uid, match, 2, 0)
    told = organizer.events()
    done = organizer.correct(uid, match, 2, 0)
    assert (done["matches"], done["events"], done["standings"]) == ([], [], [])
    assert organizer.events() == told and kinds(match) == ["result"]


@pytest.mark.parametrize(
    ("scores", "more", "status", "words"),
    [
        ((1, 1), {}, 422, "draw"),
        ((-1, 0), {}, 422, "score_a"),
        ((None, None), {}, 400, "score_a"),
        ((2, 0), {"winner": "b"}, 422, "winner"),
        ((2, 0), {"reason": 5}, 400, "reason"),
    ],
)
def test_a_correction_that_cannot_be_is_refused(organizer, started, scores, more, status, words):
    uid = started(entrants=2)
    (match,) = organizer.ready(uid)
    organizer.report(uid, match, 2, 0)
    assert words in organizer.correct(uid, match, *scores, status=status, **more)


def test_what_has_no_result_yet_cannot_be_corrected(organizer, started):
    uid = started(entrants=4)
    match = organizer.ready(uid)[0]
    assert "no result yet" in organizer.correct(uid, match, 2, 0, status=409)
    organizer.call("POST", f"{uid}/cancel")
    assert "canceled" in organizer.correct(uid, match, 2, 0, status=409)
    organizer.correct(uid, match, 2, 0, "dry_run=perhaps", status=400)


def test_a_swiss_round_is_drawn_anew_only_by_cascade(organizer, started):
    uid = started("league", 6, rules={"format": "swiss", "rounds": 3})
    first = organizer.ready(uid)
    for match in first:
        organizer.report(uid, match, 1, 0)
    drawn = organizer.matches(uid, round=2)
    organizer.correct(uid, first[0], 0, 1)
    assert organizer.matches(uid, round=2) == drawn
    organizer.correct(uid, first[0], 1, 0)
    done = organizer.correct(uid, first[0], 0, 1, "cascade=true")
    assert done["competition_status"] == "active"
    assert len(organizer.matches(uid, round=2)) == 3
    assert organizer.matches(uid, round=2) != drawn
