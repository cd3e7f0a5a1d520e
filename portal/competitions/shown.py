"""Matches as pages draw them: their place in the bracket, and what those on their sides are called. One row each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal.competitions.brackets import MATCHES, match_of
from portal.competitions.model import Entry
from portal.formats.plan import Match, Outcome
from portal.players.model import Team
from portal.players.names import shortened


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody as pages call them: a team by its name, a wallet shortened. `full` is the whole of it."""

    uid: str
    full: str
    seed: int | None = None
    out: bool = False  # disqualified

    @property
    def name(self) -> str:
        return shortened(self.full)


@dataclass(frozen=True, slots=True)
class Shown:
    """A match as it is drawn. A side is None where nobody is known yet."""

    match: Match
    uid: str
    a: Named | None
    b: Named | None
    scheduled_at: datetime | None
    completed_at: datetime | None

    @property
    def stage(self) -> str:
        return self.match.stage

    @property
    def round(self) -> int:
        return self.match.round

    @property
    def position(self) -> int:
        return self.match.position

    @property
    def over(self) -> bool:
        return self.match.over

    @property
    def blank(self) -> bool:
        return self.match.outcome is Outcome.BYE


_A, _B = aliased(Entry), aliased(Entry)
_TEAM_A, _TEAM_B = aliased(Team), aliased(Team)
MATCH_ROWS = (
    select(
        MATCHES,
        _A.uid.label("a_uid"),
        func.coalesce(_TEAM_A.name, _A.wallet).label("a_name"),
        _A.seed.label("a_seed"),
        _A.status.label("a_status"),
        _B.uid.label("b_uid"),
        func.coalesce(_TEAM_B.name, _B.wallet).label("b_name"),
        _B.seed.label("b_seed"),
        _B.status.label("b_status"),
    )
    .select_from(MATCHES)
    .outerjoin(_A, _A.id == MATCHES.c.a_id)
    .outerjoin(_TEAM_A, _TEAM_A.id == _A.team_id)
    .outerjoin(_B, _B.id == MATCHES.c.b_id)
    .outerjoin(_TEAM_B, _TEAM_B.id == _B.team_id)
)


def shown(row: Any) -> Shown:
    """The match of a row of `MATCH_ROWS`."""
    a = Named(row.a_uid, row.a_name, row.a_seed, row.a_status == "disqualified") if row.a_uid else None
    b = Named(row.b_uid, row.b_name, row.b_seed, row.b_status == "disqualified") if row.b_uid else None
    return Shown(match_of(row), row.uid, a, b, row.scheduled_at, row.completed_at)
