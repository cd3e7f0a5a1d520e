"""Swiss: a fixed number of rounds, each drawn when the one before is over, between entrants of about the same score."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from random import Random

from portal.formats.checks import as_reported, check_entrants, match_to_correct, match_to_report
from portal.formats.plan import NOBODY, Changes, Entrant, Match, Outcome, Plan, Result, Side, plan_of
from portal.formats.rules import Rules
from portal.formats.swiss_cards import Card, Strength, allocate, cards_of, numbered
from portal.formats.swiss_pairing import Draw, Pair, draw
from portal.kernel.errors import Invalid, Unprocessable

MOST_ENTRANTS = 4096
DUE = {"a": "home", "b": "away"}


def build(entrants: Sequence[Entrant], rules: Rules, rng: Random) -> Plan:
    """The first round: the top half by seed meets the bottom half, sides alternating; `rng` draws who begins at home.

    With an odd number the lowest seed has a bye. Raises Unprocessable("entrants") for too few or too many, and
    Invalid("rounds") for more rounds than there are opponents.
    """
    check_entrants(entrants, 2, MOST_ENTRANTS)
    count_rounds(len(entrants), rules)
    cards = list(cards_of(entrants, (), rules).values())
    half = len(cards) // 2
    first_side: Side = rng.choice(("a", "b"))
    pairs = tuple(allocate(cards[place], cards[place + half], first_side) for place in range(half))
    return plan_of(entrants, rules, list(matches_of(Draw(pairs, tuple(cards[2 * half :])), 1, 1)))


def count_rounds(entrants: int, rules: Rules) -> int:
    """How many rounds are played: as the rules say, else as many as a knock-out would take to leave one unbeaten.

    Raises Invalid("rounds") when somebody would have to meet an opponent twice.
    """
    if rules.rounds is None:
        return max(1, (entrants - 1).bit_length())
    most = entrants - 1 + entrants % 2
    if not 1 <= rules.rounds <= most:
        raise Invalid(
            "rounds",
            f"{entrants} entrants can play 1 to {most} rounds without meeting twice, not {rules.rounds}. Set fewer rounds.",
        )
    return rules.rounds


def advance(plan: Plan, result: Result) -> Changes:
    """The match as reported; with the last one of a round come the pairings of the next.

    Raises Unprocessable where the result is not possible, Conflict where the match is over already.
    """
    match = as_reported(match_to_report(plan, result), result)
    if any(not other.over for other in others_of_round(plan, match)):
        return Changes(matches=(match,))
    return Changes(matches=(match, *next_round(plan, match)))


def correct(plan: Plan, result: Result, *, cascade: bool = False) -> Changes:
    """The match with the result replaced. Published pairings stand, as FIDE has it: later rounds stay as they were drawn.

    Only with `cascade`, and only while nothing of the next round has been reported, is that round drawn anew. There is no
    Conflict over later rounds. Raises Unprocessable where the result is not possible, Conflict where there is none yet.
    """
    match = as_reported(match_to_correct(plan, result), result)
    following = [other for other in plan.matches.values() if other.round == match.round + 1]
    if not cascade or not following or any(other.over and other.outcome is not Outcome.BYE for other in following):
        return Changes(matches=(match,))
    drawn = {other.number: other for other in next_round(plan, match)}
    return Changes(
        matches=(match, *(other for other in drawn.values() if plan.matches.get(other.number) != other)),
        removed=tuple(other.number for other in following if other.number not in drawn),
        cleared=tuple(other.number for other in following if other.over and drawn.get(other.number) != other),
    )


def withdraw(plan: Plan, entrant: int) -> Changes:
    """Take an entrant out: what it played stands, its open match becomes a walkover, and it is drawn no more.

    Where that ends a round, the next one is drawn without it. The caller marks the entrant as withdrawn. Raises
    Unprocessable when there is no such entrant.
    """
    if all(each.id != entrant for each in plan.entrants):
        raise Unprocessable("entrant", f"There is no entrant {entrant} in this competition.")
    left = Plan(
        tuple(replace(each, withdrawn=each.withdrawn or each.id == entrant) for each in plan.entrants), plan.rules, plan.matches
    )
    match = next((match for match in plan.matches.values() if not match.over and entrant in (match.a, match.b)), None)
    if match is None:
        return Changes()
    match = replace(match, winner="b" if match.a == entrant else "a", outcome=Outcome.WALKOVER)
    if any(not other.over for other in others_of_round(plan, match)):
        return Changes(matches=(match,))
    return Changes(matches=(match, *next_round(left, match)))


def others_of_round(plan: Plan, match: Match) -> Iterator[Match]:
    """The other matches of the round, nearest first: whoever looks for an open one mostly finds it at once."""
    for step in (1, -1):
        for number in count(match.number + step, step):
            other = plan.matches.get(number)
            if other is None or other.round != match.round:
                break
            yield other


def next_round(plan: Plan, match: Match) -> tuple[Match, ...]:
    """The round after that of `match`, which has just been reported; nothing after the last, or when no pair is left."""
    rounds, coming = count_rounds(len(plan.entrants), plan.rules), match.round + 1
    if coming > rounds:
        return ()
    played = {number: other for number, other in plan.matches.items() if other.round < coming}
    played[match.number] = match
    cards = cards_of(plan.entrants, played.values(), plan.rules)
    active = [cards[entrant.id] for entrant in plan.entrants if not entrant.withdrawn]
    half_of_all = match.round * plan.rules.points.win / 2
    drawn = draw(
        active,
        coming,
        topscore=half_of_all if coming == rounds else float("inf"),
        first_side="a" if played[1].a == numbered(plan.entrants)[0].id else "b",
    )
    return tuple(matches_of(drawn, coming, max(played) + 1))


def matches_of(drawn: Draw, round_number: int, first_number: int) -> Iterator[Match]:
    """The matches of a round, best board first, byes last; each says why it is so."""
    numbers = count(first_number)
    for home, away in drawn.pairs:
        number = next(numbers)
        why = why_paired((home, away), round_number)
        yield Match(number, "rounds", round_number, number - first_number + 1, home.id, away.id, why=why)
    for card in drawn.byes:
        number = next(numbers)
        yield Match(
            number,
            "rounds",
            round_number,
            number - first_number + 1,
            card.id,
            NOBODY,
            winner="a",
            outcome=Outcome.BYE,
            why=why_bye(card, len(drawn.byes), round_number),
        )


def why_paired(pair: Pair, round_number: int) -> str:
    """In words, what brought these two together, and which side is against the balance."""
    high, low = sorted(pair, key=lambda card: (-card.score, card.number))
    if round_number == 1:
        return f"Top half meets bottom half: seed {high.number} and seed {low.number}."
    if high.score == low.score:
        words = [f"Both have {points(high.score)}."]
    else:
        words = [f"Seed {high.number} floated down from {points(high.score)} to {low.score}: no opponent left that fits better."]
    for card, side in zip(pair, DUE, strict=True):
        due, strength = card.preference
        if due not in (None, side) and strength is Strength.ABSOLUTE:
            words.append(f"Seed {card.number} was due to be {DUE[str(due)]}; no pairing kept to the balance of sides.")
    return " ".join(words)


def why_bye(card: Card, byes: int, round_number: int) -> str:
    """In words, why this entrant has no opponent. A bye counts as a win."""
    if byes > 1:
        return f"No opponent is left for seed {card.number} whom it has not met; nobody meets twice."
    if round_number == 1:
        return f"The number of entrants is odd: the lowest seed, {card.number}, has the bye."
    return f"The number of entrants is odd: seed {card.number}, on {points(card.score)}, is the lowest that may have the bye."


def points(number: int) -> str:
    return f"{number} point" if number == 1 else f"{number} points"
