"""Who meets whom in a Swiss: against published tournaments, and fair whatever the results are."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.formats import swiss
from portal.formats.plan import NOBODY, Entrant, Match, Outcome
from portal.formats.rules import Rules
from portal.formats.swiss_cards import Card, cards_of
from portal.formats.swiss_pairing import draw
from tests.formats.swiss_play import (
    CHESS,
    RESULTS,
    beginning_with,
    check_fair,
    games,
    of_round,
    play_out,
    play_round,
    report,
    tournament,
)
from tests.formats.swiss_tables import MIDDLE, SMALL

results = st.integers(0, 2**32)


def test_every_round_is_drawn_as_an_endorsed_program_drew_it():
    plan = beginning_with(1, 13, rounds=9, points=CHESS)
    for number, row in enumerate(SMALL, start=1):
        drawn = {(match.a, match.b): match.number for match in of_round(plan, number)}
        byes = {(int(word), NOBODY) for word in row.split() if word.isdigit()}
        assert set(drawn) == set(games(row)) | byes, f"round {number}"
        for pair, sign in games(row).items():
            report(plan, drawn[pair], sign)
    assert plan.over


def test_rounds_after_forfeits_are_drawn_as_an_endorsed_program_drew_them():
    """FIDE lets two meet again whose game was forfeited (8 and 17 do, in rounds 2 and 8); here they never would: so this
    takes the published games as they were, and strikes the forfeited ones from the list of those who have met."""
    entrants = [Entrant(number, number) for number in range(1, 35)]
    matches: list[Match] = []
    for number, row in enumerate(MIDDLE, start=1):
        cards = cards_of(entrants, matches, Rules("swiss", points=CHESS))
        for match in matches:
            if match.outcome is Outcome.NO_SHOW:
                cards[match.a].met.discard(match.b)
                cards[match.b].met.discard(match.a)
        topscore = 10 if number == len(MIDDLE) else float("inf")
        drawn = draw(cards.values(), number, topscore=topscore, first_side="a")
        assert {(home.id, away.id) for home, away in drawn.pairs} == set(games(row)), f"round {number}"
        for (home, away), sign in games(row).items():
            winner, score_a, score_b, outcome = RESULTS[sign]
            position = len(matches) + 1
            played = Match(position, "rounds", number, position, home, away, "", None, None, score_a, score_b, winner, outcome)
            matches.append(played)


@given(st.integers(2, 26), results)
@settings(max_examples=50, deadline=None)
def test_nobody_meets_twice_whatever_the_results_are(size, seed):
    rng = Random(seed)
    plan = tournament(size, rounds=rng.choice([None, max(1, size * 2 // 3)]), seed=seed)
    everybody = {entrant.id for entrant in plan.entrants}
    assert {side for match in plan.matches.values() for side in (match.a, match.b) if side} == everybody
    play_out(plan, rng, ["><=", ">><", [">>", "<<", "<", "="]][seed % 3])
    check_fair(plan)
    for number in range(1, max(match.round for match in plan.matches.values()) + 1):
        assert {side for match in of_round(plan, number) for side in (match.a, match.b) if side} == everybody


@given(st.integers(2, 9), results)
@settings(max_examples=40, deadline=None)
def test_a_swiss_of_all_rounds_ends_early_rather_than_repeat_a_match(size, seed):
    plan = tournament(size, rounds=size - 1 + size % 2, seed=seed)
    play_out(plan, Random(seed))
    check_fair(plan)
    assert plan.over


def test_a_large_field_is_paired_in_slices_by_the_same_rules():
    plan = tournament(300, rounds=4)
    play_out(plan, Random(5))
    check_fair(plan)
    assert not any("due to be" in match.why for match in plan.matches.values())
    floated = sum("floated" in match.why for match in plan.matches.values())
    assert floated <= 4 * 9, "at most one leaves each score group"


def test_a_field_of_thousands_is_drawn_too():
    plan = tournament(2000)
    play_round(plan, "><=")
    check_fair(plan)
    assert len(of_round(plan, 2)) == 1000


def test_a_large_group_gives_up_an_entrant_for_the_bye_when_everybody_below_has_had_one():
    top = [Card(number, number, score=3) for number in range(1, 98)]
    below = [Card(number, number, score=0, bye=True, met={98, 99} - {number}) for number in (98, 99)]
    drawn = draw([*top, *below], 3, topscore=float("inf"), first_side="a")
    assert [card.score for card in drawn.byes] == [3]
    assert len(drawn.pairs) == 49
    assert not any(home.id in away.met for home, away in drawn.pairs)
    assert len({card.id for pair in drawn.pairs for card in pair} | {card.id for card in drawn.byes}) == 99


def test_the_balance_of_sides_gives_way_before_anybody_meets_twice():
    """Two who are left for each other, both away twice running: somebody is away a third time, and the match says so."""
    cards = [Card(1, 1, sides=["b", "b"], met={3, 4}), Card(2, 2, sides=["b", "b"], met={3, 4})]
    drawn = draw(cards, 3, topscore=float("inf"), first_side="a")
    assert drawn.forced
    assert swiss.why_paired(drawn.pairs[0], 3).endswith("Seed 2 was due to be home; no pairing kept to the balance of sides.")


def test_who_won_by_default_has_the_bye_only_when_nobody_else_may():
    cards = [Card(1, 1, score=4), Card(2, 2, score=2, bye=True), Card(3, 3, default=True)]
    assert [card.id for card in draw(cards, 2, topscore=float("inf"), first_side="a").byes] == [1]
    cards[0].bye = True
    assert [card.id for card in draw(cards, 2, topscore=float("inf"), first_side="a").byes] == [3]
    cards[2].bye = True
    assert draw(cards, 2, topscore=float("inf"), first_side="a").pairs == ()


def test_points_below_nought_are_paired_like_others():
    cards = [Card(number, number, score=-number) for number in range(1, 6)]
    drawn = draw(cards, 1, topscore=float("inf"), first_side="a")
    assert ([card.id for card in drawn.byes], len(drawn.pairs)) == ([5], 2)
