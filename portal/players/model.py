"""Teams and their rosters, and the private links by which teams and players without an account act for themselves."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Select, String, UniqueConstraint, false, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization

ROSTER_ROLES = ("captain", "player", "substitute")


class Team(Model):
    """A deleted team keeps its row, so that results of the past keep its name; no finder returns it.

    `solo` is one person who takes part under a name. `contact` is an e-mail address for messages, never shown to others.
    """

    __tablename__ = "teams"
    __table_args__ = (Index("ix_teams_org_id_name", "org_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str] = mapped_column(String(100))
    tag: Mapped[str | None] = mapped_column(String(6))
    logo_url: Mapped[str | None] = mapped_column(String(500))
    solo: Mapped[bool] = mapped_column(default=False, server_default=false())
    contact: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RosterEntry(Model):
    """One player of a team. `wallet` is as it was given, `wallet_key` the same in lower case."""

    __tablename__ = "roster_entries"
    __table_args__ = (
        UniqueConstraint("team_id", "wallet_key", info={"field": "wallet", "says": "This wallet is on the roster already."}),
        CheckConstraint(
            "role IN ('captain', 'player', 'substitute')",
            name="role",
            info={"field": "role", "says": "A player is captain, player or substitute."},
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    wallet: Mapped[str] = mapped_column(String(42))
    wallet_key: Mapped[str] = mapped_column(String(42), index=True)
    role: Mapped[str] = mapped_column(String(10), default="player")
    joined_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


class CaptainLink(Model):
    """A private link of a team: whoever has it acts for the team on player pages. Only the digest of its token is kept."""

    __tablename__ = "captain_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hint: Mapped[str] = mapped_column(String(4))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def teams_of(org_id: int) -> Select[Team]:
    """The organization's teams that were not deleted."""
    return select(Team).where(Team.org_id == org_id, Team.deleted_at.is_(None))


def team_by_uid(session: Session, org_id: int, uid: str) -> Team:
    """Raises NotFound."""
    team = session.scalar(teams_of(org_id).where(Team.uid == uid))
    if team is None:
        raise NotFound("Team not found.")
    return team


def anybodys_team(session: Session, uid: str) -> tuple[Team, Organization]:
    """A team of any organization that is not switched off, with that organization: teams are public. Raises NotFound."""
    query = select(Team, Organization).join(Organization, Organization.id == Team.org_id)
    row = session.execute(query.where(Team.uid == uid, Team.deleted_at.is_(None), Organization.disabled_at.is_(None))).first()
    if row is None:
        raise NotFound("Team not found.")
    return row[0], row[1]


def roster_of(team: Team) -> Select[RosterEntry]:
    """The team's players in the order in which they joined."""
    return select(RosterEntry).where(RosterEntry.team_id == team.id).order_by(RosterEntry.id)


def teams_with_counts(org_id: int) -> Select[Team, int]:
    """Each team of the organization, the oldest first, with the number of players on its roster."""
    players = select(func.count()).where(RosterEntry.team_id == Team.id).correlate(Team).scalar_subquery()
    return teams_of(org_id).add_columns(players).order_by(Team.id)
