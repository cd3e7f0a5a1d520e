"""A competition's matches for reading: all of them as a bracket, or some of them as a flat list."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.competitions.brackets import MATCHES, Held, Slot, load, match_of, slot_of
from portal.competitions.model import Competition
from portal.competitions.participants import Participant, field_of
from portal.formats.labels import label
from portal.formats.plan import Match
from portal.formats.rules import ELIMINATION

STAGES = ("winners", "losers", "grand_final", "third_place")


@dataclass(frozen=True, slots=True)
class Listed:
    """A match with its public id and times, and who stands on its sides."""

    match: Match
    slot: Slot
    a: Participant | None
    b: Participant | None


@dataclass(frozen=True, slots=True)
class Round:
    number: int
    label: str
    matches: list[Listed]


def bracket_of(session: Session, competition: Competition) -> dict[str, list[Round] | None]:
    """The rounds by stage; in a league by group, or all under "rounds" (RULINGS 25). Two statements."""
    held = load(session, competition)
    format = competition.format
    key = _stage if format in ELIMINATION else _group
    found: dict[str, list[Round] | None] = dict.fromkeys(STAGES) if format in ELIMINATION else {}
    ordered = sorted(held.plan.matches.values(), key=lambda match: (len(key(match)), key(match), match.round, match.number))
    for name, matches in groupby(ordered, key=key):
        rounds = [(number, list(group)) for number, group in groupby(matches, key=lambda match: match.round)]
        last = rounds[-1][0]
        found[name] = [
            Round(number, label(format, group[0].stage, number, last), [listed(held, match) for match in group])
            for number, group in rounds
        ]
    return found or {"rounds": []}


def page_of_matches(
    session: Session, competition: Competition, wanted: Mapping[str, Any], limit: int, offset: int
) -> tuple[list[Listed], int]:
    """One page in order of play, and how many there are in all. `wanted` has values for columns of `matches`, None for any.
    Three statements."""
    conditions = [MATCHES.c.competition_id == competition.id]
    conditions += [MATCHES.c[name] == value for name, value in wanted.items() if value is not None]
    total = session.scalar(select(func.count()).select_from(MATCHES).where(*conditions)) or 0
    query = select(MATCHES).where(*conditions).order_by(MATCHES.c.number).limit(limit).offset(offset)
    rows = session.execute(query).all()
    sides = {side for row in rows for side in (row.a_id, row.b_id) if side}
    people = field_of(session, competition, sides).people if rows else {}
    read = [(match_of(row), slot_of(row)) for row in rows]
    return [Listed(match, slot, people.get(match.a or 0), people.get(match.b or 0)) for match, slot in read], total


def listed(held: Held, match: Match) -> Listed:
    """The match with who stands on its sides; `match` may be as it will be."""
    return Listed(match, held.slots[match.number], held.people.get(match.a or 0), held.people.get(match.b or 0))


def _stage(match: Match) -> str:
    return match.stage


def _group(match: Match) -> str:
    return match.group or "rounds"
