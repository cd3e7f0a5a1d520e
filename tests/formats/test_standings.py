"""Standings: points, each tie-break by its published definition, what decided, decisions and lots."""

import hashlib
import time
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.formats import round_robin
from portal.formats.plan import NOBODY, Entrant, Match, Outcome
from portal.formats.rules import TIEBREAKS, Points, Rules
from portal.formats.standings import Decision, Row, standings
from portal.formats.tally import tally
from portal.formats.tiebreaks import MEASURES, Draw, head_to_head
from portal.kernel.errors import Unprocessable

CHESS = Points(win=2, draw=1, loss=0)  # FIDE's points doubled, so that they stay whole


def field(count: int) -> list[Entrant]:
    return [Entrant(number, number) for number in range(1, count + 1)]


def played(*scores: tuple[int, int, int, int]) -> list[Match]:
    """Matches of one round from (home, away, score of home, score of away)."""
    return [over(number, *score) for number, score in enumerate(scores, start=1)]


def over(number: int, a: int, b: int, f: int, g: int, *, round_number: int = 1, group: str = "") -> Match:
    winner = "draw" if f == g else "a" if f > g else "b"
    return Match(number, "rounds", round_number, number, a, b, group, None, None, f, g, winner, Outcome.PLAYED)


def by_rank(rows: tuple[Row, ...]) -> list[list[int]]:
    return [[row.entrant for row in rows if row.rank == rank] for rank in sorted({row.rank for row in rows})]


def row_of(rows: tuple[Row, ...], entrant: int) -> Row:
    return next(row for row in rows if row.entrant == entrant)


def league(*tiebreaks: str, **changes: object) -> Rules:
    return replace(Rules("round_robin"), tiebreaks=tiebreaks or Rules("x").tiebreaks, **changes)


def test_every_tie_break_of_the_rules_can_be_computed():
    assert set(MEASURES) == set(TIEBREAKS)


def test_wins_draws_and_losses_bring_the_points_of_the_rules():
    matches = played((1, 2, 3, 1), (2, 3, 1, 1), (3, 1, 0, 2))
    rows = standings(matches, field(3), league(points=Points(win=4, draw=2, loss=1)), rng_seed=1)
    summed = [(row.entrant, row.wins, row.draws, row.losses, row.points, row.played) for row in rows]
    assert summed == [(1, 2, 0, 0, 8, 2), (2, 0, 1, 1, 3, 2), (3, 0, 1, 1, 3, 2)]
    scores = [(row.score_for, row.score_against, row.score_difference) for row in rows]
    assert scores == [(5, 1, 4), (2, 4, -2), (1, 3, -2)]


def test_a_match_that_is_not_played_yet_is_no_draw():
    matches = [Match(1, "rounds", 1, 1, 1, 2), *[replace(m, number=2) for m in played((3, 4, 0, 0))]]
    rows = standings(matches, field(4), league(), rng_seed=1)
    assert [(row.played, row.points) for row in sorted(rows, key=lambda row: row.entrant)] == [(0, 0), (0, 0), (1, 1), (1, 1)]


@pytest.mark.parametrize(
    ("outcome", "winner", "home", "away"),
    [
        (Outcome.WALKOVER, "a", (1, 0, 3), (0, 1, 0)),
        (Outcome.NO_SHOW, "b", (0, 1, 0), (1, 0, 3)),
        (Outcome.DOUBLE_NO_SHOW, None, (0, 1, 0), (0, 1, 0)),
        (Outcome.NOT_PLAYED, None, (0, 0, 0), (0, 0, 0)),
    ],
)
def test_an_outcome_without_play_counts_as_its_name_says(outcome, winner, home, away):
    rows = standings([Match(1, "rounds", 1, 1, 1, 2, winner=winner, outcome=outcome)], field(2), league(), rng_seed=1)
    found = {row.entrant: (row.wins, row.losses, row.points) for row in rows}
    assert found == {1: home, 2: away}
    assert all(row.score_for == row.score_against == 0 for row in rows)


def test_an_awarded_score_counts_with_its_walkover():
    awarded = Match(1, "rounds", 1, 1, 1, 2, score_a=3, score_b=0, winner="a", outcome=Outcome.WALKOVER)
    assert row_of(standings([awarded], field(2), league(), rng_seed=1), 1).score_difference == 3


def test_a_bye_is_a_win_in_a_swiss_and_nothing_in_elimination():
    bye = [Match(1, "rounds", 1, 1, 1, NOBODY, winner="a", outcome=Outcome.BYE)]
    swiss = standings(bye, field(1), Rules("swiss"), rng_seed=1)[0]
    knockout = standings(bye, field(1), Rules("single_elimination"), rng_seed=1)[0]
    assert (swiss.wins, swiss.points, swiss.played, swiss.score_for) == (1, 3, 1, 0)
    assert (knockout.wins, knockout.points, knockout.played) == (0, 0, 0)


def test_a_challenge_that_one_entrant_takes_alone_is_passed_or_failed():
    matches = [
        Match(1, "rounds", 1, 1, 1, NOBODY, score_a=40, winner="a", outcome=Outcome.PLAYED),
        Match(2, "rounds", 1, 2, 2, NOBODY, score_a=12, winner="b", outcome=Outcome.PLAYED),
    ]
    rows = standings(matches, field(2), Rules("challenge"), rng_seed=1)
    assert [(row.entrant, row.wins, row.losses, row.score_for) for row in rows] == [(1, 1, 0, 40), (2, 0, 1, 12)]


def test_points_that_decide_need_no_word_and_a_tie_break_says_its_numbers():
    rows = standings(played((1, 3, 4, 0), (2, 3, 1, 0)), field(3), league(), rng_seed=1)
    first, second, third = rows
    assert third.decided_by is None
    assert (first.decided_by.tiebreak, first.decided_by.value, first.decided_by.other) == ("score_difference", 4, 1)
    assert (first.decided_by.neighbour, first.decided_by.above) == (2, True)
    assert (second.decided_by.neighbour, second.decided_by.above) == (1, False)
    assert second.decided_by.text == "points: 3 against 3; score difference: 1 against 4"


def test_points_come_first_unless_the_rules_place_them_elsewhere():
    matches = played((1, 3, 0, 0), (1, 4, 0, 0), (2, 5, 1, 0))  # two draws against one win
    points = Points(win=1, draw=1)
    assert by_rank(standings(matches, field(5), league("wins", points=points), rng_seed=1))[0] == [1]
    wins_first = standings(matches, field(5), league("wins", "points", points=points), rng_seed=1)
    assert by_rank(wins_first)[:2] == [[2], [1]]
    assert wins_first[0].decided_by.text == "wins: 1 against 0"


def test_who_cannot_be_separated_shares_the_rank_and_the_next_rank_stays_empty():
    rows = standings(played((1, 3, 1, 0), (2, 4, 1, 0)), field(4), league("points", "score_difference"), rng_seed=1)
    assert [(row.rank, row.entrant) for row in rows] == [(1, 1), (1, 2), (3, 3), (3, 4)]


def test_each_group_has_ranks_of_its_own_and_groups_come_in_order_of_their_names():
    entrants = [Entrant(1, 1, "AA"), Entrant(2, 2, "B"), Entrant(3, 3, "B"), Entrant(4, 4, "AA")]
    rows = standings(played((4, 1, 1, 0), (2, 3, 1, 0)), entrants, league(), rng_seed=1)
    assert [(row.group, row.rank, row.entrant) for row in rows] == [("B", 1, 2), ("B", 2, 3), ("AA", 1, 4), ("AA", 2, 1)]


def test_the_group_of_a_match_is_known_where_the_entrant_does_not_say():
    plan = round_robin.build(field(6), league(groups=2), Random(1))
    rows = standings(plan.matches.values(), field(6), plan.rules, rng_seed=1)
    assert [(row.group, row.entrant) for row in rows] == [("A", 1), ("A", 4), ("A", 5), ("B", 2), ("B", 3), ("B", 6)]


# Head-to-head


def test_two_level_on_points_are_separated_by_their_own_matches_where_these_come_first():
    """As in Spain in 2006/07: Real Madrid (1) won 2-0 and drew 3-3; Barcelona (2) had by far the better difference."""
    matches = played((1, 2, 2, 0), (2, 1, 3, 3), (2, 3, 9, 0), (3, 1, 1, 0))
    spain = standings(matches, field(3), league("points", "head_to_head", "score_difference"), rng_seed=1)
    england = standings(matches, field(3), league("points", "score_difference", "head_to_head"), rng_seed=1)
    assert [row.entrant for row in spain] == [1, 2, 3]
    assert [row.entrant for row in england] == [2, 1, 3]
    assert spain[1].decided_by.text == "points: 4 against 4; points in the matches between them: 1 against 4"


def test_three_that_drew_with_one_another_are_separated_by_the_goals_of_these_matches():
    """European Championship 2004, group C: Sweden, Denmark and Italy had 5 points and drew with one another."""
    sweden, denmark, italy, bulgaria = 1, 2, 3, 4
    matches = played(
        (denmark, italy, 0, 0),
        (sweden, bulgaria, 5, 0),
        (bulgaria, denmark, 0, 2),
        (italy, sweden, 1, 1),
        (italy, bulgaria, 2, 1),
        (denmark, sweden, 2, 2),
    )
    rows = standings(matches, field(4), league("points", "head_to_head"), rng_seed=1)
    assert by_rank(rows) == [[sweden], [denmark], [italy], [bulgaria]]
    assert rows[0].decided_by.text == "points: 5 against 5; score for there: 3 against 2"
    assert rows[2].decided_by.text == "points: 5 against 5; score for there: 1 against 2"


def test_head_to_head_is_taken_again_among_those_it_could_not_separate():
    """1, 2 and 3 won once each; 1 scored 3 in these matches, 2 and 3 scored 2. Between these two, 2 won (UEFA)."""
    matches = played((1, 2, 2, 1), (2, 3, 1, 0), (3, 1, 2, 1))
    for seed in range(10):
        rows = standings(matches, field(3), league("points", "head_to_head", "lots"), rng_seed=seed)
        assert by_rank(rows) == [[1], [2], [3]]
        assert rows[1].decided_by.text == "points: 3 against 3; score for there: 2 against 3"
        assert (rows[2].decided_by.tiebreak, rows[2].decided_by.value, rows[2].decided_by.other) == ("head_to_head", 0, 3)


def test_a_later_tie_break_does_not_bring_head_to_head_back():
    """FIFA: 1, 2 and 3 beat one another in a circle 1-0; score for takes 3 out, and lots (not the match) decide the rest."""
    matches = played((1, 2, 1, 0), (2, 3, 1, 0), (3, 1, 1, 0), (1, 4, 1, 0), (2, 4, 1, 0), (3, 4, 3, 2))
    rules = league("points", "head_to_head", "score_difference", "score_for", "lots")
    decided = {seed: standings(matches, field(4), rules, rng_seed=seed) for seed in range(20)}
    assert {rows[0].entrant for rows in decided.values()} == {3}
    assert {rows[1].entrant for rows in decided.values()} == {1, 2}
    assert all(rows[1].decided_by.tiebreak == "score_for" for rows in decided.values())
    assert all(rows[2].decided_by.tiebreak == "lots" for rows in decided.values())


def test_head_to_head_waits_for_matches_that_could_still_turn_it():
    """A Swiss: 1 beat 2, but neither met 3. Once 1 beat 3 as well, 1 is first, however 2 against 3 ends (FIDE C.07, 6.2)."""
    rules = replace(Rules("swiss"), tiebreaks=("points", "head_to_head"))
    first = [over(1, 1, 2, 1, 0), over(2, 3, 5, 1, 0), over(3, 2, 4, 1, 0, round_number=2)]
    assert by_rank(standings(first, field(5), rules, rng_seed=1)) == [[1, 2, 3], [4, 5]]
    more = [over(4 + n, *pair, 1, 0, round_number=3 + n) for n, pair in enumerate([(1, 3), (2, 5), (3, 4)])]
    rows = standings(first + more, field(5), rules, rng_seed=1)
    assert by_rank(rows) == [[1], [2, 3], [4, 5]]
    assert rows[0].decided_by.steps[-1].text == "of those tied surely below in the matches between them: 2 against 0"


def test_a_match_that_nobody_played_is_no_meeting_in_a_swiss():
    """FIDE counts only what was played between those tied; in a league a no-show counts like any other match."""
    given = Match(1, "rounds", 1, 1, 1, 2, winner="a", outcome=Outcome.NO_SHOW)
    matches = [given, over(2, 2, 3, 1, 0)]
    assert by_rank(standings(matches, field(3), league("points", "head_to_head"), rng_seed=1))[0] == [1]
    assert by_rank(standings(matches, field(3), replace(Rules("swiss"), tiebreaks=("head_to_head",)), rng_seed=1))[0] == [1, 2]


def test_head_to_head_waits_where_a_match_between_them_was_called_off():
    """1 beat 2, and 2 drew with 3; 1 against 3 was called off, so nobody knows that 3 stands below 1."""
    off = Match(9, "rounds", 1, 9, 1, 3, outcome=Outcome.NOT_PLAYED)
    matches = [*played((1, 2, 1, 0), (2, 3, 0, 0), (2, 4, 0, 0), (2, 5, 0, 0), (3, 4, 0, 0), (3, 5, 0, 0)), off]
    rows = standings(matches, field(5), league("points", "head_to_head"), rng_seed=1)
    assert by_rank(rows)[0] == [1, 2, 3]


def test_head_to_head_knows_that_even_a_lost_match_may_bring_points():
    """With 4, 2 and 1 points: 1 has 8 and gets 1 more at least; 4 has 4 and gets 4 more at most in the match between them."""
    rules = league(points=Points(win=4, draw=2, loss=1))
    between = played((1, 2, 1, 0), (1, 3, 1, 0), (2, 3, 0, 0), (2, 4, 0, 0), (3, 4, 0, 0))
    measured = head_to_head(tally(between, field(4), rules), [1, 2, 3, 4], Draw(1))
    assert measured.keys == {1: (3,), 2: (0,), 3: (0,), 4: (0,)}


# Tie-breaks on opponents: the exercises that FIDE published with its regulations


# "Exercises in Tie-Breaking" (FIDE Technical Commission, 2024), crosstable of the Swiss; (home, away, points of home, of away).
SWISS = {
    1: "10-2 01, 1-9 10, 3-11 ==, 12-4 01, 16-8 ==, 14-6 10, 5-13 01, 7-15 10",
    2: "2-7 10, 13-1 ==, 6-3 01, 11-16 01, 15-5 10, 8-14 10, 9-10 01, 12 bye",
    3: "1-2 ==, 3-8 10, 4-13 10, 16-7 10, 5-11 10, 12-14 +-, 10-15 01, 6 bye",
    4: "2-16 10, 15-1 01, 4-3 ==, 6-10 10, 7-5 ==, 8-13 10, 11-9 +-",
    5: "3-2 ==, 1-4 ==, 16-15 10, 8-6 01, 5-10 10, 11-7 10, 13-14 01, 9 bye",
}
# Two players had a half-point bye, which is not an outcome here; they and those who met them are left out.
PUBLISHED_SCORES = {2: 8, 5: 5, 6: 6, 7: 3, 8: 5, 14: 4, 15: 4, 16: 7}  # doubled
# From page 10 on, doubled. 6 has a bye: 12.0 in the exercise, half a point less since the dummy's score has a ceiling (2026).
BUCHHOLZ = {2: 26, 5: 17, 6: 23, 7: 29, 8: 27, 14: 22, 15: 24, 16: 25}
# 14 was absent in round 4 and did not turn up in round 3: that goes first, not the lowest opponent (1.5).
BUCHHOLZ_CUT_1 = {2: 24, 5: 15, 7: 25, 8: 24, 14: 18, 15: 22, 16: 22}
MEDIAN_BUCHHOLZ = {2: 17, 5: 10, 7: 17, 8: 17, 15: 15, 16: 14}
SONNEBORN_BERGER = {2: 38, 5: 17, 6: 24, 7: 13, 8: 21, 14: 18, 15: 14, 16: 29}  # four times; 6 by the ceiling again


def published_swiss() -> list[Match]:
    ends = {
        "10": ("a", Outcome.PLAYED),
        "01": ("b", Outcome.PLAYED),
        "==": ("draw", Outcome.PLAYED),
        "+-": ("a", Outcome.NO_SHOW),
        "bye": ("a", Outcome.BYE),
    }
    matches = []
    for round_number, line in SWISS.items():
        for text in line.split(", "):
            pair, end = text.split(" ")
            a, _, b = pair.partition("-")
            winner, outcome = ends[end]
            number = len(matches) + 1
            sides = (int(a), int(b or NOBODY))
            matches.append(Match(number, "rounds", round_number, number, *sides, winner=winner, outcome=outcome))
    return matches


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("points", PUBLISHED_SCORES),
        ("buchholz", BUCHHOLZ),
        ("buchholz_cut_1", BUCHHOLZ_CUT_1),
        ("median_buchholz", MEDIAN_BUCHHOLZ),
        ("sonneborn_berger", SONNEBORN_BERGER),
    ],
)
def test_the_swiss_of_the_published_exercises_gives_the_published_numbers(name, expected):
    rules = replace(Rules("swiss"), points=CHESS, tiebreaks=("points", name))
    rows = standings(published_swiss(), field(16), rules, rng_seed=1)
    assert {entrant: row_of(rows, entrant).values[name] for entrant in expected} == expected


def test_the_round_robin_of_the_published_exercises_counts_a_no_show_as_a_match():
    """The same exercises, number 14: six players, one match lost by not turning up; values four times the published."""
    scores = (
        "1-5 ==, 2-6 10, 3-4 10, 1-2 10, 6-3 01, 5-4 10, 3-1 01, 2-5 10, 4-6 ==, 1-4 01, 2-3 ==, 5-6 -+, 6-1 01, 4-2 01, 3-5 10"
    )
    ends = {"10": "a", "01": "b", "==": "draw", "-+": "b"}
    matches = []
    for number, text in enumerate(scores.split(", "), start=1):
        pair, end = text.split(" ")
        a, b = map(int, pair.split("-"))
        outcome = Outcome.NO_SHOW if end == "-+" else Outcome.PLAYED
        matches.append(Match(number, "rounds", 1, number, a, b, winner=ends[end], outcome=outcome))
    rows = standings(matches, field(6), league("points", "sonneborn_berger", points=CHESS), rng_seed=1)
    found = {row.entrant: (row.points, row.values["sonneborn_berger"]) for row in rows}
    assert found == {1: (7, 37), 2: (7, 25), 3: (7, 25), 4: (3, 17), 5: (3, 13), 6: (3, 9)}


def test_an_opponent_that_left_is_taken_to_have_drawn_what_followed():
    """1 beat 2, who then left: 2 has 0 points, and counts 1 for each of the two rounds that followed."""
    rules = replace(Rules("swiss"), points=CHESS, tiebreaks=("points", "buchholz"))
    matches = [over(1, 1, 2, 1, 0), over(2, 3, 4, 1, 0), over(3, 1, 3, 1, 0, round_number=2), over(4, 1, 4, 1, 0, round_number=3)]
    rows = standings(matches, field(4), rules, rng_seed=1)
    assert row_of(rows, 1).values["buchholz"] == 2 + (2 + 1) + 0  # 2 drew twice; 3 was absent in round 3; 4 came back


def test_a_round_without_play_counts_as_a_dummy_of_limited_strength():
    """By hand from C.07, 16.3 to 16.5: 1 has 4 points, 2 has 2, 3 and 4 have 3; three rounds, so a dummy is worth 3 at most."""
    matches = [
        Match(1, "rounds", 1, 1, 1, 2, winner="a", outcome=Outcome.NO_SHOW),
        over(2, 3, 4, 1, 0),
        over(3, 1, 3, 1, 0, round_number=2),
        over(4, 2, 4, 1, 1, round_number=2),
        over(5, 2, 3, 1, 1, round_number=3),
        Match(6, "rounds", 3, 2, 4, NOBODY, winner="a", outcome=Outcome.BYE),
    ]
    rules = replace(Rules("swiss"), points=CHESS, tiebreaks=("points", "buchholz", "buchholz_cut_1"))
    rows = standings(matches, field(4), rules, rng_seed=1)
    assert {row.entrant: (row.values["buchholz"], row.values["buchholz_cut_1"]) for row in rows} == {
        1: (2 + 3 + 3, 2 + 3),  # 2 did not turn up and is worth 2; met 3; absent, worth 3 and the first to be left out
        2: (2 + 3 + 3, 3 + 3),  # did not turn up, worth its own 2; met 4 and 3
        3: (3 + (4 + 1) + 2, 3 + 5),  # met 4; 1, who was absent at the end; 2
        4: (3 + 2 + 3, 3 + 3),  # met 3 and 2; the bye is worth its own 3
    }


def test_not_turning_up_is_no_return():
    """2 was absent in round 2 and did not turn up in round 3: still the end of its play, so the absence counts as a draw."""
    rules = replace(Rules("swiss"), points=CHESS, tiebreaks=("points", "buchholz"))
    gone = Match(3, "rounds", 3, 1, 3, 2, winner="a", outcome=Outcome.NO_SHOW)
    matches = [over(1, 1, 2, 1, 0), over(2, 1, 3, 1, 0, round_number=2), gone, over(4, 1, 4, 1, 0, round_number=3)]
    rows = standings(matches, field(4), rules, rng_seed=1)
    assert row_of(rows, 1).values["buchholz"] == (0 + 1) + 2 + 0  # 2; 3; 4, who joined in round 3


def test_a_match_that_is_still_to_be_played_is_no_absence():
    rules = replace(Rules("swiss"), points=CHESS, tiebreaks=("points", "buchholz"))
    matches = [over(1, 1, 2, 1, 0), over(2, 3, 4, 1, 0), over(3, 1, 3, 1, 0, round_number=2), Match(4, "rounds", 2, 2, 2, 4)]
    rows = standings(matches, field(4), rules, rng_seed=1)
    assert {row.entrant: row.values["buchholz"] for row in rows} == {1: 0 + 2, 2: 4, 3: 0 + 4, 4: 2}


def test_a_match_that_was_called_off_makes_no_opponent():
    off = Match(1, "rounds", 1, 1, 1, 2, outcome=Outcome.NOT_PLAYED)
    rows = standings([off, over(2, 2, 3, 1, 0)], field(3), league("points", "buchholz"), rng_seed=1)
    assert {row.entrant: row.values["buchholz"] for row in rows} == {1: 0, 2: 0, 3: 3}


# Decisions and lots


def level(count: int = 3) -> list[Match]:
    """Everybody drew with everybody."""
    pairs = [(a, b) for a in range(1, count + 1) for b in range(a + 1, count + 1)]
    return played(*[(a, b, 1, 1) for a, b in pairs])


def test_a_decision_is_used_before_lots_even_where_the_rules_do_not_name_it():
    decisions = (Decision(3, 1, "Fewer yellow cards"), Decision(1, 2, "Fewer red cards"))
    for seed in range(10):
        rows = standings(level(), field(3), league(), decisions=decisions, rng_seed=seed)
        assert [row.entrant for row in rows] == [3, 1, 2]
        assert rows[0].decided_by.tiebreak == "decision"
        assert rows[0].decided_by.steps[-1].note == "Fewer yellow cards"
        assert "Fewer red cards" in rows[2].decided_by.text


def test_a_decision_about_others_is_not_named():
    rows = standings(
        level(4), field(4), league(), decisions=[Decision(1, 2, "A"), Decision(1, 3, "B"), Decision(1, 4, "C")], rng_seed=1
    )
    assert rows[0].decided_by.text.endswith(("(A)", "(B)", "(C)"))
    assert [step.tiebreak for step in rows[3].decided_by.steps if step.tiebreak in ("decision", "lots")] == ["lots"]


def test_a_decision_counts_only_where_the_two_are_still_tied():
    matches = [*level(2), over(2, 1, 3, 1, 0)]
    rows = standings(matches, field(3), league(), decisions=[Decision(2, 1, "Better dressed")], rng_seed=1)
    assert rows[0].entrant == 1 and rows[0].decided_by is None


def test_decisions_that_go_round_in_a_circle_are_refused():
    circle = [Decision(1, 2, "x"), Decision(2, 3, "y"), Decision(3, 1, "z")]
    with pytest.raises(Unprocessable) as refused:
        standings(level(), field(3), league(), decisions=circle, rng_seed=1)
    assert refused.value.field == "decisions"
    with pytest.raises(Unprocessable):
        standings(level(), field(3), league(), decisions=[Decision(1, 1, "above myself")], rng_seed=1)


def test_lots_are_the_same_on_every_call_and_anybody_can_draw_them_again():
    seed = 20261121
    rows = standings(level(6), field(6), league(), rng_seed=seed)
    assert rows == standings(level(6), field(6), league(), rng_seed=seed)
    assert [row.entrant for row in rows] == sorted(range(1, 7), key=lambda e: hashlib.sha256(f"{seed}:{e}".encode()).hexdigest())
    assert all(row.decided_by.tiebreak == "lots" for row in rows)


def test_another_seed_draws_other_lots():
    drawn = {tuple(row.entrant for row in standings(level(4), field(4), league(), rng_seed=seed)) for seed in range(200)}
    assert len(drawn) == 24


def test_no_lots_are_drawn_before_anything_was_played():
    rows = standings([], field(4), league(), rng_seed=5)
    assert [(row.rank, row.entrant, row.decided_by) for row in rows] == [(1, entrant, None) for entrant in (1, 2, 3, 4)]


# Properties


@st.composite
def leagues_in_play(draw):
    size = draw(st.integers(2, 7))
    rules = league(
        "points",
        *draw(st.permutations([each for each in TIEBREAKS if each != "points"])),
        legs=draw(st.integers(1, 2)),
        format=draw(st.sampled_from(["round_robin", "swiss"])),
    )
    matches = list(round_robin.build(field(size), rules, Random(1)).in_order())
    scores = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=len(matches), min_size=0))
    done = [over(m.number, m.a, m.b, *score, round_number=m.round) for m, score in zip(matches, scores, strict=False)]
    return size, rules, done + matches[len(done) :]


@settings(max_examples=60, deadline=None)
@given(leagues_in_play(), st.randoms(use_true_random=False), st.integers(0, 2**63))
def test_standings_do_not_depend_on_the_order_of_the_reports(in_play, rng, seed):
    size, rules, matches = in_play
    shuffled = matches[:]
    rng.shuffle(shuffled)
    rows = standings(matches, field(size), rules, rng_seed=seed)
    assert standings(shuffled, field(size), rules, rng_seed=seed) == rows
    assert sorted(row.entrant for row in rows) == list(range(1, size + 1))
    assert [row.points for row in rows] == sorted((row.points for row in rows), reverse=True)


@settings(max_examples=60, deadline=None)
@given(leagues_in_play(), st.integers(0, 2**63))
def test_what_decided_points_the_way_the_ranks_stand(in_play, seed):
    size, rules, matches = in_play
    rows = standings(matches, field(size), rules, rng_seed=seed)
    for row in rows:
        if row.decided_by is None:
            continue
        neighbour = row_of(rows, row.decided_by.neighbour)
        assert neighbour.points == row.points
        assert (row.rank < neighbour.rank) == row.decided_by.above == (row.decided_by.value > row.decided_by.other)
        assert all(step.value == step.other for step in row.decided_by.steps[:-1] if step.tiebreak != "head_to_head")


def test_standings_of_a_whole_season_take_under_a_fiftieth_of_a_second():
    rng = Random(7)
    matches = [
        over(m.number, m.a, m.b, rng.randrange(4), rng.randrange(4), round_number=m.round)
        for m in round_robin.build(field(20), league(legs=2), Random(1)).in_order()
    ]
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        standings(matches, field(20), league(*TIEBREAKS), rng_seed=1)
        taken.append(time.perf_counter() - started)
    assert len(matches) == 380
    assert min(taken) < 0.02
