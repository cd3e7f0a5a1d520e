"""Who takes part in a competition, for the players' pages: lists, winners, and one entrant's way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from portal.competitions.drawing import TREES, Shape
from portal.competitions.model import Competition, Entry, Match
from portal.competitions.participants import TAKING_PART
from portal.kernel.errors import NotFound
from portal.players.model import Team
from portal.players.names import shortened
from portal.public.showing import Head, Shown, matches_with

PAGE = 100
PODIUM = 8
EARLIER = 20


@dataclass(frozen=True, slots=True)
class Person:
    """An entrant; `place` is the final one, `present` tells of the check-in."""

    id: int
    uid: str
    full: str
    seed: int | None
    group: str
    status: str
    place: int | None
    checked_in_at: datetime | None
    wallet: str | None
    team_id: int | None

    @property
    def name(self) -> str:
        return shortened(self.full)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another competition of the same organization in which the same wallet or team took part."""

    uid: str
    title: str
    status: str
    place: int | None
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class Way:
    """One entrant with every match there was. `branches` are the parts of a large bracket in which they stand: (name in the
    address, stage, number)."""

    person: Person
    matches: list[Shown]
    elsewhere: list[Elsewhere]
    branches: list[tuple[str, str, int]]

    def count(self, result: str) -> int:
        """How many matches ended as `win`, `loss` or `draw` for this entrant."""
        return sum(self.result(match) == result for match in self.matches)

    def result(self, shown: Shown) -> str:
        """`win`, `loss`, `draw`, `none` where nobody won, or "" while it is not over."""
        match = shown.match
        if not match.over:
            return ""
        if match.winner not in ("a", "b"):
            return "draw" if match.winner == "draw" else "none"
        return "win" if match.on(match.winner) == self.person.id else "loss"


_PERSON = select(
    Entry.id,
    Entry.uid,
    func.coalesce(Team.name, Entry.wallet),
    Entry.seed,
    Entry.group,
    Entry.status,
    Entry.place,
    Entry.checked_in_at,
    Entry.wallet,
    Entry.team_id,
).outerjoin(Team, Team.id == Entry.team_id)


def entrants(session: Session, head: Head, page: int) -> tuple[list[Person], bool]:
    """One page of who takes part, by seed, and whether there are more. One statement."""
    mine = _PERSON.where(Entry.competition_id == head.id, Entry.status.in_(TAKING_PART))
    query = mine.order_by(Entry.seed.is_(None), Entry.seed, Entry.id).offset((page - 1) * PAGE).limit(PAGE + 1)
    found = _people(session, query)
    return found[:PAGE], len(found) > PAGE


def podium(session: Session, head: Head, most: int = PODIUM) -> list[Person]:
    """The best places of a competition that is over. One statement."""
    mine = _PERSON.where(Entry.competition_id == head.id, Entry.place.is_not(None))
    return _people(session, mine.order_by(Entry.place, Entry.id).limit(most))


def way_of(session: Session, head: Head, uid: str) -> Way:
    """One entrant with the matches here and the competitions elsewhere. Three statements; raises NotFound."""
    mine = (Entry.competition_id == head.id, Entry.uid == uid, Entry.status.in_(TAKING_PART))
    row: Any = session.execute(_PERSON.add_columns(*map(_rounds, TREES)).where(*mine)).one_or_none()
    if row is None:
        raise NotFound("Entrant not found.")
    *columns, winners, losers = row
    person = Person(*columns)
    matches = matches_with(session, head, person.id)
    shape = Shape({stage: count for stage, count in zip(TREES, (winners, losers), strict=True) if count})
    return Way(person, matches, _elsewhere(session, head, person), _branches(shape, matches))


def _rounds(stage: str) -> Any:
    """How many rounds that stage of the entrant's competition has."""
    count = select(func.max(Match.round)).where(Match.competition_id == Entry.competition_id, Match.stage == stage)
    return count.correlate(Entry).scalar_subquery()


def _branches(shape: Shape, matches: list[Shown]) -> list[tuple[str, str, int]]:
    names = dict.fromkeys(name for shown in matches if (name := shape.part_of(shown)))
    return [(name, *shape.part(name)) for name in names]


def _people(session: Session, query: Any) -> list[Person]:
    return [Person(*row) for row in session.execute(query)]


def _elsewhere(session: Session, head: Head, person: Person) -> list[Elsewhere]:
    """Listed ones only: an unlisted competition is known to whoever was given its address."""
    wallet: ColumnElement[bool] = Entry.wallet.in_({person.wallet, (person.wallet or "").lower()})
    same = wallet if person.wallet else Entry.team_id == person.team_id
    query = (
        select(Competition.uid, Competition.title, Competition.status, Entry.place, Competition.started_at)
        .join(Entry, Entry.competition_id == Competition.id)
        .where(Competition.org_id == head.org_id, Competition.visibility == "public", Competition.id != head.id)
        .where(Competition.started_at.is_not(None), Entry.status.in_(TAKING_PART), same)
        .order_by(Competition.started_at.desc(), Competition.id.desc())
        .limit(EARLIER)
    )
    return [Elsewhere(*row) for row in session.execute(query)]
