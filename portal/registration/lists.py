"""The lists of requests and invitations, and the words for their states."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from portal.competitions.model import Competition
from portal.kernel.clock import utc_now
from portal.players.model import Team
from portal.registration.model import INVITATION_STATES, Application, Invitation, applications_of, invitations_of
from portal.web.tables import Badge, Choice, Column, Search, Table

ANSWERS = {
    "pending": Badge("Waits for you", "warning"),
    "approved": Badge("Approved", "live"),
    "declined": Badge("Declined", "failing"),
    "withdrawn": Badge("Taken back", "draft"),
}
LINKS = {
    "unused": Badge("Unused", "open"),
    "used": Badge("Used", "done"),
    "expired": Badge("Expired", "draft"),
    "revoked": Badge("Revoked", "failing"),
}
KINDS = {True: "Player", False: "Team"}
_PENDING_FIRST = case((Application.status == "pending", 0), else_=1)


def in_state(state: str) -> Any:
    """The SQL of one of INVITATION_STATES just now."""
    unused, live = Invitation.used_at.is_(None), Invitation.revoked_at.is_(None)
    over = and_(Invitation.expires_at.is_not(None), Invitation.expires_at <= utc_now())
    return {
        "used": Invitation.used_at.is_not(None),
        "revoked": and_(unused, Invitation.revoked_at.is_not(None)),
        "expired": and_(unused, live, over),
        "unused": and_(unused, live, or_(Invitation.expires_at.is_(None), Invitation.expires_at > utc_now())),
    }[state]


class _ByState(Mapping[str, Any]):
    """The filter's SQL, which depends on the moment it is asked for."""

    def __getitem__(self, state: str) -> Any:
        return in_state(state)

    def __iter__(self) -> Iterator[str]:
        return iter(INVITATION_STATES)

    def __len__(self) -> int:
        return len(INVITATION_STATES)


REQUESTS = Table(
    "requests",
    [
        Column("name", "Name", value=lambda row: row.team.name, sort=func.lower(Team.name), pinned=True),
        Column("kind", "Kind", value=lambda row: KINDS[row.team.solo], sort=Team.solo),
        Column("status", "Status", value=lambda row: ANSWERS[row.status], sort=_PENDING_FIRST, kind="badge"),
        Column("message", "Message"),
        Column("contact", "E-mail", value=lambda row: row.team.contact, sort=Team.contact),
        Column("created_at", "Asked", sort=Application.created_at, kind="time"),
        Column("answer", "Your answer", shown=False),
        Column("decided_by", "Answered by", sort=Application.decided_by, shown=False),
        Column("decided_at", "Answered", sort=Application.decided_at, kind="time", shown=False),
        Column("tag", "Tag", value=lambda row: row.team.tag, sort=Team.tag, shown=False),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([Team.name, Team.contact, Application.message], label="Name, e-mail or message"),
        Choice("status", "Status", [(name, badge.word) for name, badge in ANSWERS.items()], column=Application.status),
    ],
    order="status",
    noun=("request", "requests"),
)
INVITATIONS = Table(
    "invitations",
    [
        Column("label", "For", value=lambda row: row.label or "Anybody", sort=func.lower(Invitation.label), pinned=True),
        Column("state", "Status", value=lambda row: LINKS[row.state(utc_now())], kind="badge"),
        Column("hint", "Link ends in", value=lambda row: f"…{row.hint}", csv=lambda row: row.hint),
        Column("used_by", "Used by", value=lambda row: row.used_by.name if row.used_by else None),
        Column("used_at", "Used", sort=Invitation.used_at, kind="time"),
        Column("expires_at", "Expires", sort=Invitation.expires_at, kind="time"),
        Column("created_at", "Made", sort=Invitation.created_at, kind="time"),
        Column("created_by", "Made by", sort=Invitation.created_by, shown=False),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([Invitation.label, Invitation.hint], label="Label or end of the link"),
        Choice("state", "Status", [(name, LINKS[name].word) for name in INVITATION_STATES], criteria_of=_ByState()),
    ],
    order="-created_at",
    noun=("invitation", "invitations"),
)


def requests_of(competition: Competition) -> Select[Application]:
    """Every request with who made it."""
    query = applications_of(competition).join(Team, Team.id == Application.team_id)
    return query.options(contains_eager(Application.team))


def counts_of(session: Session, competition: Competition) -> tuple[int, int]:
    """How many requests wait, and how many invitations nobody has used. One statement."""
    waiting = applications_of(competition).where(Application.status == "pending").with_only_columns(func.count())
    unused = invitations_of(competition).where(in_state("unused")).with_only_columns(func.count(Invitation.id))
    pending, free = session.execute(select(waiting.scalar_subquery(), unused.scalar_subquery())).one()
    return pending, free
