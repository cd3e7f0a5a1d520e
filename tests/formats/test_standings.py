"""Standings: points by outcome, ranks and groups, what decided, decisions and lots."""

import hashlib
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.formats import round_robin
from portal.formats.plan import NOBODY, Entrant, Match, Outcome
from portal.formats.rules import TIEBREAKS, Points, Rules
from portal.formats.standings import Decision, standings
from portal.formats.tiebreaks import MEASURES
from portal.kernel.errors import Unprocessable
from tests.formats.tables import by_rank, field, league, over, played, row_of


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
