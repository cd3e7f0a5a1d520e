"""Ladders: everybody has a position, and whoever wants a better one challenges somebody above.

Positions and ratings are never kept: they follow from the seeds, the matches in order of their numbers and the drops for
inactivity. So the order of reports makes no difference, and a corrected result needs no repair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from portal.formats.checks import as_reported, check_entrants, match_to_correct, match_to_report
from portal.formats.placing import Placement
from portal.formats.plan import Changes, Entrant, Match, Outcome, Plan, Result
from portal.formats.rules import Rules
from portal.kernel.errors import Conflict, Unprocessable

MOST_ENTRANTS = 4096
K = 32  # the most that one match moves a rating


@dataclass(frozen=True, slots=True)
class Drop:
    """A loss of `places` positions for not playing, after match number `after` (0: before the first). `until` is the moment
    up to which the time without a match is paid for: count further inactivity from there."""

    entrant: int
    places: int
    after: int
    until: datetime
    why: str


def build(entrants: Sequence[Entrant], rules: Rules, rng: Random) -> Plan:
    """A ladder in the order of the seeds, without any match yet: they come by `challenge`. `rng` is not used.

    Raises Unprocessable("entrants") for too few or too many.
    """
    check_entrants(entrants, 2, MOST_ENTRANTS)
    return Plan(tuple(entrants), rules)


def challenge(
    plan: Plan, positions: Sequence[int], challenger: int, opponent: int, now: datetime, history: Mapping[int, datetime]
) -> Match:
    """The match that comes of a challenge; whoever stands higher is at home.

    `positions` are ids, best first; `history` tells when each match was over, by number. Raises Unprocessable where the
    opponent cannot be challenged from here, Conflict where not now.
    """
    check_reach(plan.rules, positions, challenger, opponent)
    latest: datetime | None = None
    for match in plan.matches.values():
        sides = {match.a, match.b}
        for name, entrant in (("challenger", challenger), ("opponent", opponent)):
            if not match.over and entrant in sides:
                raise Conflict(f"The {name} has match {match.number} to play first.")
        if sides == {challenger, opponent} and match.number in history:
            latest = max(latest or history[match.number], history[match.number])
    hours = plan.rules.cooldown_hours
    free = latest and latest + timedelta(hours=hours)
    if free and now < free:
        again = f"{free:%Y-%m-%d %H:%M %Z}".rstrip()
        raise Conflict(f"These two met less than {hours} hours ago. They can meet again from {again}.")
    number = max(plan.matches, default=0) + 1
    why = f"Position {positions.index(challenger) + 1} challenged position {positions.index(opponent) + 1}."
    return Match(number, "rounds", number, 1, opponent, challenger, why=why)


def check_reach(rules: Rules, positions: Sequence[int], challenger: int, opponent: int) -> None:
    """Raises Unprocessable, naming the field, unless `opponent` stands above `challenger` and near enough."""
    for name, entrant in (("challenger", challenger), ("opponent", opponent)):
        if entrant not in positions:
            raise Unprocessable(name, f"The {name} is not on this ladder.")
    distance = positions.index(challenger) - positions.index(opponent)
    if distance == 0:
        raise Unprocessable("opponent", "Nobody can challenge themselves. Choose somebody above.")
    if distance < 0:
        raise Unprocessable("opponent", "The opponent stands below the challenger. Choose somebody above.")
    most = rules.max_challenge_distance
    if most is not None and distance > most:
        message = f"The opponent stands {distance} places above; at most {most} are allowed. Choose somebody nearer."
        raise Unprocessable("opponent", message)


def advance(plan: Plan, result: Result) -> Changes:
    """The match as reported; `positions` and `ratings` follow from it.

    Raises Unprocessable where the result is not possible, Conflict where the match is over already.
    """
    return Changes(matches=(as_reported(match_to_report(plan, result), result),))


def correct(plan: Plan, result: Result, *, cascade: bool = False) -> Changes:
    """The match with the result replaced: all positions since then are worked out anew. Challenges made since stand, whatever
    the positions now were, so `cascade` makes no difference.

    Raises Unprocessable where the result is not possible, Conflict where the match has no result yet.
    """
    return Changes(matches=(as_reported(match_to_correct(plan, result), result),))


def withdraw(plan: Plan, entrant: int) -> Changes:
    """Take an entrant out: its open match becomes a walkover, and those below move up. The caller marks it as withdrawn.

    Raises Unprocessable when there is no such entrant.
    """
    if all(each.id != entrant for each in plan.entrants):
        raise Unprocessable("entrant", f"There is no entrant {entrant} on this ladder.")
    open_matches = [match for match in plan.in_order() if not match.over and entrant in (match.a, match.b)]
    return Changes(
        matches=tuple(
            replace(match, winner="b" if match.a == entrant else "a", outcome=Outcome.WALKOVER) for match in open_matches
        )
    )


def positions(plan: Plan, drops: Sequence[Drop] = ()) -> tuple[int, ...]:
    """The ids, best first, of everybody who has not withdrawn."""
    withdrawn = gone(plan)
    return tuple(entrant for entrant in standing(plan, drops)[0] if entrant not in withdrawn)


def ratings(plan: Plan, drops: Sequence[Drop] = ()) -> dict[int, int]:
    """The ratings by id; they move in an `elo` ladder only."""
    return standing(plan, drops)[1]


def gone(plan: Plan) -> set[int]:
    return {entrant.id for entrant in plan.entrants if entrant.withdrawn}


def standing(plan: Plan, drops: Sequence[Drop]) -> tuple[list[int], dict[int, int]]:
    """The order of all, best first, and their ratings, after every match that is over and every drop.

    Equal ratings stand in the order they had before.
    """
    seeded = sorted(plan.entrants, key=lambda entrant: (entrant.seed, entrant.id))
    order = [entrant.id for entrant in seeded]
    rating = {entrant.id: entrant.rating for entrant in seeded}
    by_rating, withdrawn = plan.rules.ladder == "elo", gone(plan)
    places = {entrant: place for place, entrant in enumerate(order)}
    steps: list[tuple[int, int, Match | Drop]] = [(match.number, 0, match) for match in plan.matches.values() if match.over]
    steps += [(drop.after, 1, drop) for drop in drops]
    for _, _, step in sorted(steps, key=lambda step: step[:2]):
        if isinstance(step, Match):
            if by_rating:
                rate(step, rating)
            else:
                swap(step, order, places)
            continue
        if by_rating:
            order.sort(key=lambda entrant: -rating[entrant])
        fall(order, rating if by_rating else None, step, withdrawn)
        places = {entrant: place for place, entrant in enumerate(order)}
    if by_rating:
        order.sort(key=lambda entrant: -rating[entrant])
    return order, rating


def swap(match: Match, order: list[int], places: dict[int, int]) -> None:
    """A winner who stood lower changes places with the loser; nobody else moves."""
    if match.winner not in ("a", "b") or not match.a or not match.b:
        return
    winner, loser = (match.a, match.b) if match.winner == "a" else (match.b, match.a)
    above, below = places[loser], places[winner]
    if above < below:
        order[above], order[below] = winner, loser
        places[winner], places[loser] = above, below


def rate(match: Match, rating: dict[int, int]) -> None:
    """Elo: what one side gains the other loses, in whole points. A walkover or a no-show counts as played."""
    if match.winner is None or not match.a or not match.b:
        return
    score = {"a": 1.0, "draw": 0.5, "b": 0.0}[match.winner]
    expected = 1 / (1 + 10 ** ((rating[match.b] - rating[match.a]) / 400))
    gained = round(K * (score - expected))
    rating[match.a] += gained
    rating[match.b] -= gained


def fall(order: list[int], rating: dict[int, int] | None, drop: Drop, withdrawn: set[int]) -> None:
    """Move somebody down past so many who are still there; by rating, to one point less than the last of them."""
    place = lower = order.index(drop.entrant)
    passed = [at for at in range(place + 1, len(order)) if order[at] not in withdrawn][: drop.places]
    if passed:
        lower = passed[-1]
        if rating is not None:
            rating[drop.entrant] = rating[order[lower]] - 1
    order.insert(lower, order.pop(place))


def drop_inactive(
    positions: Sequence[int], last_played: Mapping[int, datetime], now: datetime, rules: Rules, *, after: int = 0
) -> tuple[Drop, ...]:
    """The drops that are due now: one place for each whole period of `rules.inactivity_days` without a match.

    `last_played` has for each id the moment of its last match, of its last drop's `until`, or of its start on the ladder,
    whichever is latest; who is not in it is left alone. `after` is the number of the latest match. The lowest comes first,
    so that two neighbours who both rest both fall behind whoever plays. Keep the drops and give them to `positions`.
    """
    if not rules.inactivity_days:
        return ()
    period = timedelta(days=rules.inactivity_days)
    drops = []
    for entrant in reversed(positions):
        if entrant in last_played and (periods := (now - last_played[entrant]) // period) > 0:
            until = last_played[entrant] + periods * period
            days = periods * rules.inactivity_days
            places = "1 place" if periods == 1 else f"{periods} places"
            drops.append(Drop(entrant, periods, after, until, f"Down {places}: no match for {days} days."))
    return tuple(drops)


def placements(plan: Plan, drops: Sequence[Drop] = ()) -> tuple[Placement, ...]:
    """Everybody by position, with the matches they won."""
    won: dict[int, int] = {}
    for match in plan.matches.values():
        if match.winner in ("a", "b"):
            winner = match.on(match.winner)
            won[winner or 0] = won.get(winner or 0, 0) + 1
    return tuple(Placement(place, entrant, won.get(entrant, 0)) for place, entrant in enumerate(positions(plan, drops), start=1))
