"""Lists of entrants for the back office: the table, the waiting list, and the figures above them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for
from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from portal.competitions.model import Competition, Entry
from portal.competitions.rules import rules_of
from portal.players.model import RosterEntry, Team
from portal.players.names import shortened
from portal.web.tables import Badge, Choice, Column, Search, Table

STATES = {
    "registered": Badge("Registered", "open"),
    "waiting": Badge("Waiting list", "warning"),
    "withdrawn": Badge("Withdrawn", "done"),
    "dropped": Badge("Left out", "done"),
    "disqualified": Badge("Disqualified", "failing"),
}
THERE = Badge("Checked in", "live")
_NAME = func.coalesce(Team.name, Entry.wallet)
_CAPTAIN = (
    select(func.min(RosterEntry.wallet))
    .where(RosterEntry.team_id == Entry.team_id, RosterEntry.role == "captain")
    .correlate(Entry)
    .scalar_subquery()
)
_KINDS: Mapping[str, Any] = {
    "wallet": Entry.wallet.is_not(None),
    "player": Team.solo.is_(True),
    "team": and_(Entry.team_id.is_not(None), Team.solo.is_(False)),
}
_STATUSES: Mapping[str, Any] = {
    "in": and_(Entry.status == "registered", Entry.checked_in_at.is_not(None)),
    "expected": and_(Entry.status == "registered", Entry.checked_in_at.is_(None)),
} | {name: Entry.status == name for name in STATES if name != "registered"}


def kind_of(row: Any) -> str:
    """Wallet, Player or Team."""
    return "Wallet" if row.Entry.wallet else "Player" if row.solo else "Team"


def state_of(row: Any) -> Badge:
    """Its status; being there counts as one."""
    entry = row.Entry
    return THERE if entry.status == "registered" and entry.checked_in_at else STATES[entry.status]


def public_url(place: Any, competition: Competition, uid: str) -> str | None:
    """The entrant's page for everybody; None where only members see the competition."""
    if competition.visibility == "private" or competition.status == "draft":
        return None
    return url_for("competition_pages.entrant", slug=place.organization.slug, uid=competition.uid, entrant=uid)


ENTRANTS = Table(
    "entrants",
    [
        Column("name", "Name", sort=func.lower(_NAME), pinned=True),
        Column("kind", "Kind", value=kind_of),
        Column("state", "Status", value=state_of, sort=Entry.status, kind="badge"),
        Column("seed", "Seed", value=lambda row: row.Entry.seed, sort=Entry.seed, kind="number"),
        Column("group", "Group", value=lambda row: row.Entry.group, sort=Entry.group),
        Column(
            "checked_in",
            "Checked in",
            value=lambda row: row.Entry.checked_in_at,
            sort=Entry.checked_in_at,
            kind="time",
            csv=lambda row: "yes" if row.Entry.checked_in_at else "",
        ),
        Column("registered", "Registered", value=lambda row: row.Entry.registered_at, sort=Entry.registered_at, kind="time"),
        Column("place", "Place", value=lambda row: row.Entry.place, sort=Entry.place, kind="number"),
        Column("wallet", "Wallet", value=lambda row: row.Entry.wallet or row.captain, kind="id", shown=False),
        Column("tag", "Tag", sort=Team.tag, shown=False),
        Column("rating", "Rating", value=lambda row: row.Entry.rating, sort=Entry.rating, kind="number", shown=False),
        Column("registration", "Registration", value=lambda row: row.uid, kind="id", shown=False),
    ],
    filters=[
        Search([Team.name, Entry.wallet, Team.tag, Entry.uid], label="Name, wallet or id"),
        Choice(
            "status",
            "Status",
            [("in", "Checked in"), ("expected", "Not checked in"), *((name, STATES[name].word) for name in list(STATES)[1:])],
            criteria_of=_STATUSES,
        ),
        Choice("kind", "Kind", [("player", "Player"), ("team", "Team"), ("wallet", "Wallet")], criteria_of=_KINDS),
    ],
    order="registered",
    sizes=(50, 25, 100),
    noun=("entrant", "entrants"),
)

WAITING = Table(
    "waiting",
    [
        Column("position", "Position", sort=Entry.id),
        Column("name", "Name", sort=func.lower(_NAME), pinned=True),
        Column("kind", "Kind", value=kind_of),
        Column("registered", "Waiting since", value=lambda row: row.Entry.registered_at, sort=Entry.registered_at, kind="time"),
        Column("wallet", "Wallet", value=lambda row: row.Entry.wallet or row.captain, kind="id", shown=False),
        Column("registration", "Registration", value=lambda row: row.uid, kind="id", shown=False),
    ],
    filters=[Search([Team.name, Entry.wallet, Team.tag, Entry.uid], label="Name, wallet or id")],
    order="position",
    sizes=(50, 25, 100),
    noun=("entrant", "entrants"),
)


def table_of(competition: Competition) -> Table:
    """The table as it begins for this competition: groups where it has some, places once there can be any."""
    fitting = {
        "group": rules_of(competition.type, competition.rules).groups > 1,
        "place": competition.status in ("active", "completed"),
    }
    return replace(ENTRANTS, columns=[replace(one, shown=fitting.get(one.key, one.shown)) for one in ENTRANTS.columns])


def entrants_of(competition: Competition, withdrawn: bool = False) -> Select[Any]:
    """Everybody who did not leave before the start, with names; with `withdrawn` those who left too."""
    rows = select(Entry, Entry.uid, _NAME.label("name"), Team.uid.label("team"), Team.solo, Team.tag, _CAPTAIN.label("captain"))
    here = rows.outerjoin(Team, Team.id == Entry.team_id).where(Entry.competition_id == competition.id)
    return here if withdrawn else here.where(Entry.status != "withdrawn")


def waiting_of(competition: Competition) -> Select[Any]:
    """Those on the waiting list, each with its `position` from 1."""
    other = aliased(Entry)
    ahead = select(func.count()).where(
        other.competition_id == Entry.competition_id, other.status == "waiting", other.id <= Entry.id
    )
    position = ahead.correlate(Entry).scalar_subquery().label("position")
    return entrants_of(competition).where(Entry.status == "waiting").add_columns(position)


@dataclass(frozen=True, slots=True)
class Counts:
    """Who has a place, who of them is there, who waits. `version` changes with every check-in, arrival and departure."""

    registered: int
    there: int
    waiting: int
    version: str

    @property
    def expected(self) -> int:
        return self.registered - self.there


def counts_of(session: Session, competition: Competition) -> Counts:
    """One statement."""
    held = Entry.status == "registered"
    there = held & Entry.checked_in_at.is_not(None)
    figures = select(
        func.count(case((held, 1))),
        func.count(case((there, 1))),
        func.count(case((Entry.status == "waiting", 1))),
        func.max(Entry.id),
        func.sum(case((there, Entry.id), else_=0)),
        func.max(Entry.checked_in_at),
        func.max(Entry.ended_at),
    ).where(Entry.competition_id == competition.id)
    registered, arrived, waiting, *rest = session.execute(figures).one()
    said = "-".join(str(value) for value in (competition.status, registered, arrived, waiting, *rest))
    return Counts(registered, arrived, waiting, said.replace(" ", "T"))


def first_waiting(session: Session, competition: Competition) -> str | None:
    """Whoever would get the next place that becomes free, shortened."""
    query = entrants_of(competition).where(Entry.status == "waiting").order_by(Entry.id).limit(1)
    found = session.execute(query).first()
    return shortened(found.name) if found else None
