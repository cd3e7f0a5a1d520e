"""Results from a list, times for many, standings with reasons, and what an organizer decides, through the pages."""

import json
import re
import time

import pytest

from portal.competitions.model import Entry, competition_by_uid, entries_of
from portal.kernel.db import unit_of_work
from tests.competitions.test_match_pages import HTMX, Desk
from tests.official import DATA, PREMIER_LEAGUE


@pytest.fixture
def desk(make):
    def of(**terms):
        return Desk(make, **terms)

    return of


def imported(cup, text, step="import"):
    return cup.send("/matches/import", {"text": text, "step": step})


def entry(cup, number=1):
    """(uid, status) of the entrant with that seed."""
    with unit_of_work() as session:
        query = entries_of(competition_by_uid(session, cup.org.id, cup.uid)).where(Entry.seed == number)
        return session.execute(query.with_only_columns(Entry.uid, Entry.status)).one()


def test_a_real_league_is_imported_from_one_list(desk):
    played = json.loads((DATA / "premier-league-2022-23.json").read_text())["matches"]
    clubs = sorted({match["team1"] for match in played})
    cup = desk(kind="league", names=clubs, rules={"legs": 2})
    lines = [f'"{m["team1"]}","{m["team2"]}",{m["score"]["ft"][0]},{m["score"]["ft"][1]}' for m in played]
    text = "\n".join(["side_a,side_b,score_a,score_b", *lines])
    preview = imported(cup, text, "preview")
    assert preview.status_code == 200 and "380 results to write" in preview.text and cup.match(1).status == "pending"
    began = time.monotonic()
    assert imported(cup, text).status_code == 303
    assert time.monotonic() - began < 15  # under two seconds on a quiet machine
    page = cup.get("/standings").text
    names = re.findall(r'<th scope="row" data-label="Entrant"><bdi>([^<]+)</bdi>', page)
    assert [name.replace("&amp;", "&") for name in names] == [club for club, _, _ in PREMIER_LEAGUE]
    again = imported(cup, text)
    assert again.status_code == 422 and "completed" in again.text


def test_every_bad_line_is_named_and_nothing_is_written(desk):
    cup = desk(kind="league", names=("Foxes", "Lights", "Kites"))
    text = "\n".join(
        [
            "match;side_a;side_b;score_a;score_b;outcome;scheduled_at",
            "1;;;2;1;;",
            "1;;;0;3;;",
            "99;;;1;0;;",
            ";Foxes;Nobody;1;0;;",
            "2;;;x;0;;",
            "2;;;1;0;vanished;",
            "2;;;;;;tomorrow",
            "2;Wrong;;1;0;;",
        ]
    )
    for step in ("preview", "import"):
        answer = imported(cup, text, step)
        assert answer.status_code == 422 and cup.match(1).status == "pending"
    page = imported(cup, text, "preview").text
    for says in (
        "Match 1 was already reported: 2-1",
        "There is no match 99",
        "Nobody called “Nobody” takes part",
        "not a whole number",
        "outcome is “vanished”",
        "not a moment",
        "not Wrong",
    ):
        assert says in page, says
    assert text.splitlines()[1] in page


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The list is empty"),
        ("a,b\n1,2", "The first line must name the columns"),
        ("match,surprise\n1,2", "There is no column “surprise”"),
        ("match,match\n1,2", "there twice"),
    ],
)
def test_a_list_that_is_none_is_refused(desk, text, says):
    answer = imported(desk(kind="league", names=("Foxes", "Lights")), text, "preview")
    assert answer.status_code == 422 and says in answer.text


def test_the_downloaded_list_is_read_back_and_plays_a_bracket_to_its_end(desk):
    cup = desk(names=("=Foxes", "Lights", "Kites", "Rovers"))
    heads, *lines = cup.get("/matches/template.csv").text.lstrip("\ufeff").splitlines()
    assert heads.startswith("match,round,group,side_a,side_b,score_a,score_b") and "'=Foxes" in lines[0]
    assert "Nothing new to write" in imported(cup, "\n".join([heads, *lines]), "preview").text
    results = "match,score_a,score_b,winner\n1,2,0,\n2,1,1,b\n3,3,1,"
    assert imported(cup, results).status_code == 303
    assert (cup.match(1).winner, cup.match(2).winner, cup.match(3).winner) == ("a", "b", "a")
    assert "Completed" in cup.get("/matches").text


def test_a_swiss_is_imported_over_rounds_that_are_drawn_on_the_way(desk):
    cup = desk(kind="league", names=("A1", "B2", "C3", "D4"), rules={"format": "swiss", "rounds": 2})
    assert imported(cup, "match,score_a,score_b\n1,1,0\n2,1,0\n3,1,0\n4,0,1").status_code == 303
    assert [cup.match(number).status for number in (1, 2, 3, 4)] == ["completed"] * 4


def test_one_match_gets_a_time_and_undo_takes_it_back(desk):
    cup = desk(names=("Foxes", "Lights"))
    uid = cup.match(1).uid
    answer = cup.send(f"/matches/{uid}/time", {"at": "2030-05-01T18:30"}, **HTMX)
    assert answer.status_code == 204 and f"{cup.match(1).scheduled_at:%Y-%m-%d %H:%M}" == "2030-05-01 18:30"
    undo = json.loads(answer.headers["HX-Trigger"])["toast"]["items"][0]["undo"]
    assert cup.send(undo.removeprefix(cup.home)).status_code == 303 and cup.match(1).scheduled_at is None
    assert cup.send(f"/matches/{uid}/time", {"at": "soon"}).status_code == 422
    assert cup.send(f"/matches/{uid}/time/back?at=soon").status_code in (400, 422)


def test_many_matches_are_spread_over_courts_round_by_round(desk):
    cup = desk(names=[f"Team {number}" for number in range(8)])
    sent = {"first": "2030-05-01T10:00", "every": "30", "courts": "2", "which": "without", "group": ""}
    page = cup.send("/matches/times", sent | {"step": "preview"})
    assert page.status_code == 200 and "7 matches" in page.text and cup.match(1).scheduled_at is None
    assert page.text.count('<time data-exact datetime="2030-05-01T1') == 9
    assert cup.send("/matches/times", sent | {"step": "apply"}).status_code == 303
    times = [f"{cup.match(number).scheduled_at:%H:%M}" for number in range(1, 8)]
    assert times == ["10:00", "10:00", "10:30", "10:30", "11:00", "11:00", "11:30"]
    answer = cup.send("/matches/times", sent | {"step": "preview"})
    assert answer.status_code == 422 and "No open match is left" in answer.text
    answer = cup.send("/matches/times", sent | {"every": "0", "courts": "0", "first": ""})
    assert answer.status_code == 422 and answer.text.count("field-error") == 3


def test_the_standings_say_why_and_can_be_narrowed_and_downloaded(desk):
    cup = desk(kind="league", names=("Foxes", "Lights", "Kites"))
    cup.report(1, "2", "0")
    page = cup.get("/standings").text
    assert "on points" in page and page.count("Why rank") == 3
    assert cup.get("/standings?q=kit").text.count("Why rank") == 1
    assert "Nobody matches" in cup.get("/standings?q=zzz").text
    assert cup.get("/standings?format=csv").text.splitlines()[0].lstrip("\ufeff").startswith("rank,group,entrant")


def test_two_who_are_level_are_decided_with_a_reason_and_it_is_taken_back(desk):
    cup = desk(kind="league", names=("Foxes", "Lights", "Kites"))
    sent = {"over": entry(cup, 2).uid, "under": entry(cup, 1).uid, "reason": "Fair play"}
    assert cup.send("/standings/decide", sent | {"reason": " "}).status_code == 422
    answer = cup.send("/standings/decide", sent, **HTMX)
    assert answer.status_code == 204 and "Lights stands above Foxes" in answer.headers["HX-Trigger"]
    assert "Fair play" in cup.get("/standings").text
    answer = cup.send("/standings/decide", sent)
    assert answer.status_code == 422 and "decided already" in answer.text
    assert cup.send("/standings/decide", sent | {"under": sent["over"]}).status_code == 422
    undo = re.search(r"/standings/decisions/[0-9a-f-]+/take-back", cup.get("/standings").text)[0]
    assert cup.send(undo).status_code == 303 and "Fair play" not in cup.get("/standings").text
    assert "no such decision any more" in cup.send(undo, **HTMX).headers["HX-Trigger"]


def test_disqualifying_lists_what_it_decides_and_wants_the_name(desk):
    cup = desk(kind="league", names=("Foxes", "Lights", "Kites"))
    path = f"/entrants/{entry(cup).uid}/disqualify"
    page = cup.get(path).text
    assert "2 matches are decided by it" in page and page.count("walkover for") == 2
    sent = {"reason": "Left", "confirm": "Foxes", "seen": re.search(r'name="seen"[^>]*value="([^"]*)"', page)[1]}
    assert "Write “Foxes” exactly" in cup.send(path, sent | {"confirm": "foxes"}).text
    assert "Other matches than those you saw" in cup.send(path, sent | {"seen": "1"}).text
    assert entry(cup).status == "registered"
    assert cup.send(path, sent).status_code == 303 and entry(cup).status == "disqualified"
    assert "Disqualified" in cup.get("/standings").text
    assert cup.send(path, sent).status_code == 422


def test_a_ladder_offers_those_who_may_be_challenged_and_says_why_not_the_others(desk):
    cup = desk(kind="ladder", names=("Foxes", "Lights", "Kites", "Rovers"), rules={"max_challenge_distance": 2})
    assert "Challenge" in cup.get("/matches").text
    who = entry(cup, 4).uid
    page = cup.get(f"/matches/challenge?challenger={who}").text
    assert "2. Lights" in page and "3. Kites" in page and "at most 2 are allowed" in page
    path = f"/matches/challenge?challenger={who}"
    assert cup.send(path, {"opponent": entry(cup, 1).uid}).status_code == 422
    assert cup.send(path, {"opponent": entry(cup, 2).uid}).status_code == 303
    assert cup.match(1).status == "pending"
    assert "has match 1 to play first" in cup.get(path).text
    cup.get("/matches/challenge?challenger=nonsense", 400)


def test_a_swiss_draws_its_next_round_by_itself_with_the_last_result(desk):
    cup = desk(kind="league", names=("A1", "B2", "C3", "D4"), rules={"format": "swiss", "rounds": 2})
    cup.report(1, "1", "0", view="table", state="")
    answer = cup.report(2, "1", "0", view="table", state="", headers=HTMX)
    assert answer.text.count("data-result") == 2 and "Round 2" in answer.text
