"""Who takes part once a competition has started, and what was ruled between them: one statement for both.

A ladder needs one more, for places lost by not playing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.competitions.model import Competition, Decision, Entry, LadderDrop
from portal.formats import ladder, tiebreaks
from portal.formats.plan import Entrant
from portal.players.model import Team

# Those who were let in at the start: somebody disqualified later keeps the matches that were played.
TAKING_PART = ("registered", "disqualified")


@dataclass(frozen=True, slots=True)
class Participant:
    """One entry with what people call it: a wallet, or a team. `id` joins rows, `uid` is its registration for the world."""

    id: int
    uid: str
    wallet: str | None
    team_uid: str | None
    team_name: str | None
    seed: int | None
    group: str
    rating: int
    status: str
    place: int | None
    prize_wei: str | None

    @property
    def entrant(self) -> Entrant:
        return Entrant(self.id, self.seed or 0, self.group, self.rating, self.status == "disqualified")

    @property
    def name(self) -> str:
        """What people call it, whole."""
        return self.team_name or self.wallet or ""

    @property
    def named(self) -> dict[str, Any]:
        """As events and previews name it."""
        return {"registration_id": self.uid} | self.shown

    @property
    def shown(self) -> dict[str, Any]:
        """As the pages of the API name it."""
        return {"wallet": self.wallet, "team_id": self.team_uid, "team_name": self.team_name}


@dataclass(frozen=True, slots=True)
class Earned:
    """What somebody in a circuit has from its competitions so far; `rank` is shared where nothing separates."""

    rank: int
    points: Decimal
    wins: int
    draws: int
    losses: int


@dataclass(frozen=True, slots=True)
class Field:
    """The participants by id in order of seed, the organizer's rulings between them and, on a ladder, who lost places for
    not playing; each in the order they were made."""

    people: dict[int, Participant]
    decisions: tuple[tiebreaks.Decision, ...]
    drops: tuple[ladder.Drop, ...] = ()
    earned: Mapping[int, Earned] = field(default_factory=dict)


_COLUMNS = (
    Entry.id,
    Entry.uid,
    Entry.wallet,
    Team.uid,
    Team.name,
    Entry.seed,
    Entry.group,
    Entry.rating,
    Entry.status,
    Entry.place,
    Entry.prize_wei,
)
_RULINGS = (Decision.id, Decision.over_id, Decision.under_id, Decision.reason)
_QUERY = (
    select(*_COLUMNS, *_RULINGS)
    .outerjoin(Team, Team.id == Entry.team_id)
    .outerjoin(Decision, Decision.over_id == Entry.id)
    .where(Entry.status.in_(TAKING_PART))
    .order_by(Entry.seed, Entry.id, Decision.id)
)


def field_of(session: Session, competition: Competition, only: Collection[int] | None = None) -> Field:
    """Everybody who takes part; with `only`, those entries and whoever was disqualified."""
    query = _QUERY.where(Entry.competition_id == competition.id)
    if only is not None:
        query = query.where(Entry.id.in_(only) | (Entry.status == "disqualified"))
    people: dict[int, Participant] = {}
    rulings: dict[int, tiebreaks.Decision] = {}
    rows: Iterable[Any] = session.execute(query)
    for row in rows:
        people.setdefault(row[0], Participant(*row[: len(_COLUMNS)]))
        number, over, under, reason = row[len(_COLUMNS) :]
        if number is not None:
            rulings[number] = tiebreaks.Decision(over, under, reason)
    drops = _drops(session, competition) if competition.format == "ladder" else ()
    earned = _earned(session, competition) if competition.format == "leaderboard" else {}
    return Field(people, tuple(rulings[number] for number in sorted(rulings)), drops, earned)


def _earned(session: Session, competition: Competition) -> Mapping[int, Earned]:
    """A circuit is scored from other competitions: which ones, the seasons above this room know."""
    scores: Callable[[Session, Competition], Mapping[int, Earned]] = current_app.extensions["circuit_scores"]
    return scores(session, competition)


def _drops(session: Session, competition: Competition) -> tuple[ladder.Drop, ...]:
    rows = session.scalars(select(LadderDrop).where(LadderDrop.competition_id == competition.id).order_by(LadderDrop.id))
    return tuple(ladder.Drop(row.entry_id, row.places, row.after, row.until, row.why) for row in rows)
