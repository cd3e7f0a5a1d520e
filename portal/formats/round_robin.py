"""Leagues: everybody meets everybody, once in each leg, in one group or several."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from portal.formats.checks import as_reported, check_entrants, match_to_correct, match_to_report
from portal.formats.plan import Changes, Entrant, Match, Outcome, Plan, Result, plan_of
from portal.formats.rules import Rules
from portal.kernel.errors import Unprocessable

MOST_LEGS = 4
MOST_ENTRANTS = 4_096
MOST_MATCHES = 20_000  # a league of 200 in one leg, or of 141 in two


def build(entrants: Sequence[Entrant], rules: Rules, rng: Random) -> Plan:
    """The whole schedule by the Berger tables (FIDE Handbook C.05, annex 1: the circle method), by seed.

    Rounds are counted through all legs and shared by the groups. Every other leg turns the sides round, so that over two
    legs each ordered pair meets once. With an odd number, whoever would meet the empty place has no match in that round.
    The seeds are the draw already: `rng` is not used. The entrants of the plan carry their groups.

    Raises Unprocessable for "legs", "groups" or "entrants" where no such league can be made.
    """
    check_entrants(entrants, 2, MOST_ENTRANTS)
    if not 1 <= rules.legs <= MOST_LEGS:
        raise Unprocessable("legs", f"A league has 1 to {MOST_LEGS} legs, not {rules.legs}.")
    placed = in_groups(sorted(entrants, key=lambda entrant: (entrant.seed, entrant.id)), rules.groups)
    groups: dict[str, list[Entrant]] = {}
    for entrant in placed:
        groups.setdefault(entrant.group, []).append(entrant)
    check_size(groups, rules.legs)
    schedules = {name: schedule(len(groups[name]), rules.legs) for name in sorted(groups, key=lambda name: (len(name), name))}
    return plan_of(placed, rules, list(matches_of(groups, schedules)))


def in_groups(entrants: Sequence[Entrant], count: int) -> list[Entrant]:
    """The entrants with their groups: those they came with, or filled in snake order (A B C, C B A, …) by seed."""
    given = {entrant.group for entrant in entrants}
    if given == {""}:
        if count == 1:
            return list(entrants)
        line = [*range(count), *reversed(range(count))]
        return [replace(entrant, group=group_name(line[n % len(line)])) for n, entrant in enumerate(entrants)]
    if "" in given:
        missing = sum(not entrant.group for entrant in entrants)
        raise Unprocessable(
            "groups", f"{missing} of {len(entrants)} entrants have no group. Give every entrant a group, or none."
        )
    if count not in (1, len(given)):
        raise Unprocessable(
            "groups", f"The rules say {count} groups, but the entrants stand in {len(given)}. Make the two agree."
        )
    return list(entrants)


def group_name(index: int) -> str:
    """A to Z, then AA, AB and so on, from 0."""
    name = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def check_size(groups: dict[str, list[Entrant]], legs: int) -> None:
    """Every group has somebody to play, and the schedule stays of a size that people can play and a page can show."""
    lonely = [name for name, members in groups.items() if len(members) < 2]
    if lonely:
        raise Unprocessable("groups", f"Group {lonely[0]} has only one entrant. A group needs at least 2: make fewer groups.")
    total = legs * sum(len(members) * (len(members) - 1) // 2 for members in groups.values())
    if total > MOST_MATCHES:
        raise Unprocessable(
            "entrants",
            f"This league would have {total:,} matches, and no more than {MOST_MATCHES:,} can be scheduled. "
            "Take fewer entrants or legs, or more groups.",
        )


def schedule(size: int, legs: int) -> list[list[tuple[int, int]]]:
    """The rounds of one group as pairs of places (home, away), each from 0.

    The last two rounds of a leg change places when another leg follows, as FIDE recommends, so that nobody is at home, or
    away, three times running (but for four entrants in three legs or more, where it cannot be avoided this way).
    """
    rounds = berger(size)
    rounds_of_all_legs: list[list[tuple[int, int]]] = []
    for leg in range(legs):
        ordered = [*rounds[:-2], *reversed(rounds[-2:])] if leg < legs - 1 else rounds
        rounds_of_all_legs += [[(b, a) if leg % 2 else (a, b) for a, b in pairs] for pairs in ordered]
    return rounds_of_all_legs


def berger(size: int) -> list[list[tuple[int, int]]]:
    """One leg. The last place stands still and is at home in every second round; the others turn in a circle.

    Home and away differ by one at most for everybody; with an odd number (the last place is empty) not at all.
    """
    even = size + size % 2
    circle, last = even - 1, even - 1
    rounds = []
    for number in range(circle):
        middle = number * (even // 2) % circle
        pairs = [(last, middle) if number % 2 else (middle, last)]
        pairs += [((middle + step) % circle, (middle - step) % circle) for step in range(1, even // 2)]
        rounds.append([pair for pair in pairs if max(pair) < size])
    return rounds


def matches_of(groups: dict[str, list[Entrant]], schedules: dict[str, list[list[tuple[int, int]]]]) -> Iterator[Match]:
    """Round by round, and in each round group by group; positions count through the round."""
    first_meeting: dict[frozenset[int], int] = {}
    number = 0
    for round_number in range(1, max(map(len, schedules.values())) + 1):
        position = 0
        for name, rounds in schedules.items():
            for home, away in rounds[round_number - 1] if round_number <= len(rounds) else ():
                number, position = number + 1, position + 1
                a, b = groups[name][home].id, groups[name][away].id
                first = first_meeting.setdefault(frozenset((a, b)), number)
                why = "" if first == number else f"They met first in match {first}; this is a further leg."
                yield Match(number, "rounds", round_number, position, a, b, group=name, why=why)


def advance(plan: Plan, result: Result) -> Changes:
    """The match as reported; in a league nothing follows from it.

    Raises Unprocessable where the result is not possible, Conflict where the match is over already.
    """
    return Changes(matches=(as_reported(match_to_report(plan, result), result),))


def correct(plan: Plan, result: Result, *, cascade: bool = False) -> Changes:
    """The match with the result replaced. No other match depends on it, so `cascade` makes no difference.

    Raises Unprocessable where the result is not possible, Conflict where the match has no result yet.
    """
    return Changes(matches=(as_reported(match_to_correct(plan, result), result),))


def withdraw(plan: Plan, entrant: int) -> Changes:
    """Take an entrant out: what it played stands, its open matches become walkovers for the opponents.

    A match between two that are both out is not played. The caller marks the entrant as withdrawn. Raises Unprocessable
    when the league has no such entrant.
    """
    if all(each.id != entrant for each in plan.entrants):
        raise Unprocessable("entrant", f"There is no entrant {entrant} in this league.")
    out = {each.id for each in plan.entrants if each.withdrawn} | {entrant}
    open_matches = [match for match in plan.in_order() if not match.over and entrant in (match.a, match.b)]
    return Changes(matches=tuple(without(match, out) for match in open_matches))


def without(match: Match, out: set[int]) -> Match:
    """The match when those in `out` do not come."""
    if match.a in out and match.b in out:
        return replace(match, outcome=Outcome.NOT_PLAYED)
    return replace(match, winner="b" if match.a in out else "a", outcome=Outcome.WALKOVER)
