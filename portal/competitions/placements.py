"""Where everybody ended, and the way there: each match from the participant's own side."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from portal.competitions.brackets import Held, load
from portal.competitions.model import Competition
from portal.competitions.tables import Place, places_of
from portal.formats.plan import Match, Outcome, Side
from portal.formats.rules import ELIMINATION

SIDES: tuple[tuple[Side, Side], ...] = (("a", "b"), ("b", "a"))


@dataclass(frozen=True, slots=True)
class Fought:
    """A match as one participant saw it: `opponent` is a wallet or a team's id, `score` starts with the own one and is
    None where nothing was played."""

    round: int
    opponent: str | None
    score: str | None
    result: Literal["win", "loss", "draw", "not_played"]


@dataclass(frozen=True, slots=True)
class Placed:
    place: Place
    matches: tuple[Fought, ...]


def placements_of(session: Session, competition: Competition) -> list[Placed]:
    """Final places with their prizes, best first. A bracket that is still played has the places that are certain, without
    prizes; other formats have none before they are over. Two statements."""
    if competition.status not in ("active", "completed"):
        return []
    over = competition.status == "completed"
    if not over and competition.format not in ELIMINATION:
        return []
    held = load(session, competition)
    ways = _ways(held)
    found = _stored(competition, held) if over else places_of(competition, held.plan, held.field)
    kept = found if over else [Place(each.place, each.person, each.rounds_won) for each in found]
    return [Placed(place, tuple(ways.get(place.person.id, ()))) for place in kept]


def _stored(competition: Competition, held: Held) -> list[Place]:
    """The places as they were written when it ended; `rounds_won` follows from the matches."""
    won = {each.person.id: each.rounds_won for each in places_of(competition, held.plan, held.field)}
    kept = [person for person in held.people.values() if person.place is not None]
    ordered = sorted(kept, key=lambda person: person.place or 0)
    return [
        Place(person.place or 0, person, won.get(person.id, 0), int(person.prize_wei) if person.prize_wei else None)
        for person in ordered
    ]


def _ways(held: Held) -> dict[int, list[Fought]]:
    ways: dict[int, list[Fought]] = {}
    for match in held.plan.in_order():
        for entrant, fought in _seen(held, match):
            ways.setdefault(entrant, []).append(fought)
    return ways


def _seen(held: Held, match: Match) -> Iterator[tuple[int, Fought]]:
    """A match that is over from each side; byes are no matches."""
    if not match.over or match.outcome is Outcome.BYE:
        return
    for side, other in SIDES:
        entrant, against = match.on(side), held.people.get(match.on(other) or 0)
        if not entrant:
            continue
        scores = {"a": match.score_a, "b": match.score_b}
        played = scores["a"] is not None and scores["b"] is not None
        score = f"{scores[side]}-{scores[other]}" if played else None
        opponent = (against.wallet or against.team_uid) if against else None
        yield entrant, Fought(match.round, opponent, score, _result(match, side))


def _result(match: Match, side: Side) -> Literal["win", "loss", "draw", "not_played"]:
    if match.outcome is Outcome.NOT_PLAYED:
        return "not_played"
    if match.winner == "draw":
        return "draw"
    return "win" if match.winner == side else "loss"
