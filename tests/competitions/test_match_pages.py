"""Matches in the back office: reported where they stand, corrected with what follows, given times, imported."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.competitions.model import Match, competition_by_uid, matches_of
from portal.kernel.db import unit_of_work
from tests.make import csrf_of, post
from tests.public.staging import team_cup

HTMX = {"HX-Request": "true"}


class Desk:
    """A competition of alice's organization and her browser."""

    def __init__(self, make, **terms):
        self.make, self.org = make, make.org()
        self.uid = terms.pop("uid", None) or team_cup(make, self.org, **terms)
        self.alice = make.signed_in(self.org.alice)
        self.home = f"/o/{self.org.slug}/competitions/{self.uid}"

    def get(self, path, status=200, **headers):
        answer = self.alice.get(self.home + path, headers=headers)
        assert answer.status_code == status, (answer.status_code, answer.text[:800])
        return answer

    def send(self, path, data=None, **headers):
        return post(self.alice, self.home + path, data, headers=headers)

    def match(self, number) -> Match:
        with unit_of_work() as session:
            found = session.scalars(matches_of(competition_by_uid(session, self.org.id, self.uid)).where(Match.number == number))
            match = found.one()
            session.expunge(match)
            return match

    def sides(self, number):
        """The hidden fields that say whom the form is about."""
        page = self.get(f"/matches/{self.match(number).uid}/result").text
        return {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("side_a", "side_b")}

    def report(self, number, a, b, **more):
        headers = more.pop("headers", {})
        return self.send(f"/matches/{self.match(number).uid}/result", {"score_a": a, "score_b": b} | more, **headers)


@pytest.fixture
def desk(make):
    def of(**terms):
        return Desk(make, **terms)

    return of


def test_what_can_be_played_comes_first_and_can_be_reported_where_it_stands(desk):
    cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
    page = cup.get("/matches").text
    assert page.index("Semifinals") < page.index("Final<") and page.count("data-result") == 2
    assert "0 of 3 played" in page and "Score of Foxes, match 1" in page
    assert cup.get("/matches?status=waiting").text.count("data-result") == 0
    assert "No choice" not in page and "has no choice" in cup.get("/matches?round=x-9").text


def test_undo_after_a_result_leads_to_the_form_that_corrects_it(desk):
    cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
    answer = cup.report(1, "2", "1", view="table", state="", headers=HTMX, **cup.sides(1))
    (shown,) = json.loads(answer.headers["HX-Trigger"])["toast"]["items"]
    way = post(cup.alice, shown["undo"]).headers["Location"]
    assert way.endswith(f"/matches/{cup.match(1).uid}/correct") and "2–1" in cup.alice.get(way).text


def test_a_result_from_the_table_answers_the_table_with_all_that_follows(desk):
    cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
    sides = cup.sides(1)
    answer = cup.report(1, "2", "1", view="table", state="", headers=HTMX, **sides)
    assert answer.status_code == 200 and answer.text.lstrip().startswith('<section class="list" id="matches"')
    assert "goes on to the final, match 3" in answer.headers["HX-Trigger"]
    assert "1 of 3 played" in answer.text and answer.text.count("data-result") == 1
    assert cup.match(1).score_a == 2 and cup.match(3).a_id == cup.match(1).a_id
    assert cup.report(1, "2", "1", view="table", state="", **sides).status_code == 303  # twice is once


def test_without_javascript_the_list_comes_back_as_it_was_narrowed(desk):
    cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
    answer = cup.report(1, "2", "1", view="table", state="status=ready&q=o")
    assert answer.status_code == 303 and answer.headers["Location"].endswith("/matches?status=ready&q=o#matches")
    answer = cup.report(2, "0", "1", view="table", state="//evil.example/?x=1&format=csv")
    assert answer.status_code == 303 and answer.headers["Location"].startswith(f"{cup.home}/matches?")


def test_level_scores_in_a_bracket_ask_who_goes_on_and_keep_what_was_typed(desk):
    cup = desk(names=("Foxes", "Lights"))
    answer = cup.report(1, "1", "1", view="bracket", state="", headers=HTMX)
    assert answer.status_code == 422 and "level, and somebody has to go on" in answer.text
    assert 'value="1"' in answer.text and 'name="winner"' in answer.text
    answer = cup.report(1, "1", "1", winner="b", view="bracket", state="", headers=HTMX)
    assert answer.status_code == 204 and "competition is completed" in answer.headers["HX-Trigger"]
    assert cup.match(1).winner == "b"


def test_whoever_comes_second_is_told_the_other_result_and_who_reported_it(desk):
    cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
    cup.report(1, "2", "0")
    answer = cup.report(1, "0", "3", view="table", state="", headers=HTMX)
    assert answer.status_code == 422 and f"{cup.org.alice.email} reported match 1 meanwhile: Foxes 2–0 Rovers" in answer.text
    assert "You wrote 0–3; it is not saved" in answer.text and cup.match(1).score_a == 2
    answer = cup.report(1, "0", "3", headers=HTMX)
    assert answer.status_code == 422 and "meanwhile" in answer.text


def test_a_form_about_other_sides_is_refused(desk):
    cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
    answer = cup.report(1, "2", "0", **cup.sides(2))
    assert answer.status_code == 422 and "have changed meanwhile: it is Foxes against Rovers now" in answer.text
    assert cup.match(1).status == "pending"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"score_a": "x", "score_b": "1"}, "not a whole number"),
        ({"score_a": "", "score_b": "1"}, "Write both scores"),
        ({"score_a": "-1", "score_b": "1"}, "whole number from 0"),
        ({"score_a": "99999999999999999999", "score_b": "1"}, "whole number from 0"),
        ({"outcome": "no_show"}, "Choose which side came"),
        ({"outcome": "bye", "winner": "a"}, "not offered here"),
        ({"score_a": "1", "score_b": "2", "winner": "a"}, "Correct the one or the other"),
        ({"score_a": "1", "score_b": "2", "surprise": "1"}, "no field `surprise`"),
        ({"outcome": "double_no_show", "score_a": "1", "score_b": "2"}, "has no scores"),
        ({"score_a": "1", "score_b": "2", "notes": "x" * 2_001}, "Use at most 2,000"),
    ],
)
def test_a_bad_result_is_refused_in_words(desk, data, says):
    cup = desk(names=("Foxes", "Lights"))
    answer = cup.send(f"/matches/{cup.match(1).uid}/result", data)
    assert answer.status_code == 422 and says in answer.text
    assert cup.match(1).status == "pending"


def test_a_no_show_is_reported_in_the_drawer(desk):
    cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
    answer = cup.report(1, "", "", outcome="no_show", winner="b", notes="Train was late", headers=HTMX)
    assert answer.status_code == 204 and "no-show, for Rovers" in answer.headers["HX-Trigger"].encode().decode("unicode_escape")
    assert (cup.match(1).outcome, cup.match(1).notes) == ("no_show", "Train was late")


class TestCorrecting:
    def preview(self, cup, number, a, b, **more):
        return cup.send(f"/matches/{cup.match(number).uid}/correct", {"score_a": a, "score_b": b, "step": "preview"} | more)

    def seen(self, answer):
        return re.search(r'name="seen" value="([0-9a-f]+)"', answer.text)[1]

    def test_the_preview_changes_nothing_and_apply_does_what_it_showed(self, desk):
        cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
        cup.report(1, "2", "0")
        page = self.preview(cup, 1, "0", "2")
        assert page.status_code == 200 and "Apply correction" in page.text and cup.match(1).score_a == 2
        assert "match.corrected" in page.text
        answer = cup.send(
            f"/matches/{cup.match(1).uid}/correct",
            {"score_a": "0", "score_b": "2", "step": "apply", "seen": self.seen(page), "reason": "Typed the wrong way round"},
            **HTMX,
        )
        assert answer.status_code == 204 and "reverse" in answer.headers["HX-Trigger"] and cup.match(1).score_b == 2
        back = cup.send(f"/matches/{cup.match(1).uid}/reverse?score_a=2&score_b=0&outcome=played")
        page = cup.alice.get(back.headers["Location"]).text
        assert back.status_code == 303 and "Apply correction" in page and 'value="2"' in page

    def test_apply_without_or_against_the_preview_does_nothing(self, desk):
        cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
        cup.report(1, "2", "0")
        answer = self.preview(cup, 1, "0", "2", step="apply", seen="0" * 32)
        assert answer.status_code == 422 and "Something changed since you looked" in answer.text and cup.match(1).score_a == 2

    def test_later_results_are_listed_and_cleared_only_when_ticked(self, desk):
        cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
        for number in (1, 2, 3):
            cup.report(number, "2", "0")
        page = self.preview(cup, 1, "0", "2")
        assert "Cleared" in page.text and "open again" in page.text
        sent = {"seen": self.seen(page), "step": "apply"}
        answer = self.preview(cup, 1, "0", "2", **sent)
        assert answer.status_code == 422 and "Tick that these results are cleared" in answer.text and cup.match(3).winner
        assert self.preview(cup, 1, "0", "2", cascade="y", **sent).status_code == 303
        assert (cup.match(3).winner, cup.match(1).winner) == (None, "b")

    def test_a_match_without_a_result_has_nothing_to_correct(self, desk):
        cup = desk(names=("Foxes", "Lights"))
        answer = self.preview(cup, 1, "0", "2")
        assert answer.status_code == 422 and "has no result yet" in answer.text


def test_members_look_and_do_not_touch(desk, make):
    cup = desk(names=("Foxes", "Lights"))
    bob = make.signed_in(cup.org.bob)
    for path in ("/matches", "/matches/bracket", "/standings"):
        page = bob.get(cup.home + path).text
        assert "data-result" not in page and "Import results" not in page and "Disqualify" not in page
    assert post(bob, f"{cup.home}/matches/{cup.match(1).uid}/result", {"score_a": 1, "score_b": 0}).status_code == 403
    assert make.signed_in(cup.org.charlie).get(cup.home + "/matches").status_code == 404


def test_foreign_matches_are_not_there(desk):
    one, other = desk(names=("Foxes", "Lights")), desk(names=("Kites", "Rovers"))
    for path in ("result", "correct", "time"):
        one.get(f"/matches/{other.match(1).uid}/{path}", 404)
    assert one.alice.get(f"{other.home}/matches").status_code == 404


def test_strange_names_are_shown_as_they_are(desk):
    names = ("<script>alert(1)</script>", "x" * 100, "\u05d0\u05d1\u05d2 \u05d3\u05d4\u05d5", "🦊🔥 =1+1")
    cup = desk(names=names)
    for path in ("/matches", "/matches/bracket", "/standings"):
        page = cup.get(path).text
        assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page and names[2] in page
    assert "'=" not in cup.get("/matches?format=csv").text.split("🦊")[0]


def test_a_competition_that_has_not_started_says_so(desk, make):
    org = make.org()
    uid = make.competition(org)
    alice = make.signed_in(org.alice)
    assert "drawn when the competition starts" in alice.get(f"/o/{org.slug}/competitions/{uid}/matches").text
    assert "No matches yet" in alice.get(f"/o/{org.slug}/competitions/{uid}/matches/bracket").text
    assert "No standings yet" in alice.get(f"/o/{org.slug}/competitions/{uid}/standings").text


def test_a_league_has_no_bracket(desk):
    desk(kind="league", names=("Foxes", "Lights", "Kites")).get("/matches/bracket", 404)


def test_a_task_is_passed_or_failed_with_one_button(make, desk):
    org_desk = desk(kind="challenge", names=("Foxes", "Lights"))
    page = org_desk.get("/matches").text
    assert page.count(">Passed</button>") == 2
    answer = org_desk.send(f"/matches/{org_desk.match(1).uid}/result", {"winner": "a", "view": "table", "state": ""}, **HTMX)
    assert answer.status_code == 200 and "Foxes passed" in answer.headers["HX-Trigger"]


def test_the_pages_take_the_same_statements_at_any_size(make, count_sql):
    org, counts = make.org(), {}
    alice = make.signed_in(org.alice)
    for size in (4, 64):
        uid = make.competition(org, status="active", entrants=size, rules={"format": "double_elimination"})
        for path in ("matches", "matches/bracket", "standings"):
            alice.get(f"/o/{org.slug}/competitions/{uid}/{path}")
            with count_sql() as statements:
                assert alice.get(f"/o/{org.slug}/competitions/{uid}/{path}").status_code == 200
            counts.setdefault(path, []).append(len(statements))
    assert all(few == many <= 12 for few, many in counts.values()), counts


def test_a_field_of_1024_is_drawn_in_parts(make):
    org = make.org()
    uid = make.competition(org, status="active", entrants=1024)
    alice = make.signed_in(org.alice)
    home = f"/o/{org.slug}/competitions/{uid}"
    page = alice.get(f"{home}/matches/bracket").text
    assert "Part 16" in page and len(page) < 150_000
    part = alice.get(f"{home}/matches/bracket?part=winners-16").text
    assert part.count("data-result") == 32 and len(part) < 400_000 and "Last rounds" in part
    assert len(alice.get(f"{home}/matches").text) < 200_000


def test_the_table_is_downloaded_as_it_is_narrowed(desk):
    cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
    cup.report(1, "2", "0")
    lines = cup.get("/matches?status=over&format=csv").text.splitlines()
    assert len(lines) == 2 and "Foxes,2–0,Rovers" in lines[1]


def test_of_two_who_report_at_once_one_wins_and_the_other_is_told(desk, make):
    cup = desk(names=("Foxes", "Lights", "Kites", "Rovers"))
    path = f"{cup.home}/matches/{cup.match(1).uid}/result"
    clients = [make.signed_in(cup.org.alice) for _ in range(2)]
    tokens = [csrf_of(client, "/account") for client in clients]

    def send(number):
        return clients[number].post(path, data={"score_a": number, "score_b": 1 - number} | tokens[number])

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(send, range(2)))
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    (refused,) = [answer.text for answer in answers if answer.status_code == 422]
    assert "meanwhile" in refused, re.findall(r"error-summary.*?</ul>", refused, re.S) or refused[-4000:]
