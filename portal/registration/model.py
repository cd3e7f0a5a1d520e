"""How players get into a competition by themselves: its registration page, one-time invitations, and requests to take part."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Select, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from portal.competitions.model import Competition
from portal.kernel.clock import utc_now
from portal.kernel.db import Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid
from portal.players.model import Team

ACCESS = ("closed", "open", "invited")
ENTRANTS = ("players", "teams", "both")
REMINDERS = (1, 3, 24)  # hours before the start
INVITATION_STATES = ("unused", "used", "expired", "revoked")
APPLICATION_STATUSES = ("pending", "approved", "declined", "withdrawn")


class RegistrationPage(Model):
    """What the registration page of a competition asks for; a competition without a row has none."""

    __tablename__ = "registration_pages"
    __table_args__ = (
        CheckConstraint(
            "access IN ('closed', 'open', 'invited')",
            name="access",
            info={"field": "access", "says": "A registration page is closed, open or for the invited."},
        ),
        CheckConstraint(
            "entrants IN ('players', 'teams', 'both')",
            name="entrants",
            info={"field": "entrants", "says": "A registration page is for players, teams or both."},
        ),
    )

    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"), primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    access: Mapped[str] = mapped_column(String(8), default="closed")
    entrants: Mapped[str] = mapped_column(String(8), default="players")
    approval: Mapped[bool] = mapped_column(default=False)
    self_check_in: Mapped[bool] = mapped_column(default=True)
    asks_contact: Mapped[bool] = mapped_column(default=False)
    welcome: Mapped[str | None] = mapped_column(Text)
    remind_hours: Mapped[int | None]  # one of REMINDERS
    reminded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # once: a later start brings no second one
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)


class Invitation(Model):
    """A link by which one participant may register, once. Only the digest of its token is kept."""

    __tablename__ = "registration_invitations"
    __table_args__ = (Index("ix_registration_invitations_competition_id_id", "competition_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hint: Mapped[str] = mapped_column(String(4))
    label: Mapped[str | None] = mapped_column(String(100))
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    used_by_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    used_by: Mapped[Team | None] = relationship(lazy="joined", viewonly=True)

    def state(self, now: datetime) -> str:
        """One of INVITATION_STATES."""
        if self.used_at is not None:
            return "used"
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "unused"


class Application(Model):
    """A request to take part that an organizer approves or declines. `entry_uid` is the registration that came of it."""

    __tablename__ = "registration_applications"
    __table_args__ = (
        UniqueConstraint("competition_id", "open_team_id", info={"says": "A request of this participant waits already."}),
        CheckConstraint(
            "status IN ('pending', 'approved', 'declined', 'withdrawn')",
            name="status",
            info={"says": "A request is pending, approved, declined or withdrawn."},
        ),
        Index("ix_registration_applications_competition_id_status", "competition_id", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    open_team_id: Mapped[int | None]  # the team while the request waits, so that one team has one at a time
    status: Mapped[str] = mapped_column(String(9), default="pending")
    message: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    entry_uid: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(200))
    team: Mapped[Team] = relationship(lazy="joined", innerjoin=True, viewonly=True)


def page_of(session: Session, competition: Competition) -> RegistrationPage:
    """The competition's registration page; one that is closed, and in no table, where nobody made it."""
    found = session.get(RegistrationPage, competition.id)
    return found or RegistrationPage(
        competition_id=competition.id,
        org_id=competition.org_id,
        access="closed",
        entrants="players",
        approval=False,
        self_check_in=True,
        asks_contact=False,
    )


def invitations_of(competition: Competition) -> Select[Invitation]:
    """Every invitation of the competition."""
    return select(Invitation).where(Invitation.competition_id == competition.id)


def applications_of(competition: Competition) -> Select[Application]:
    """Every request to take part in the competition."""
    return select(Application).where(Application.competition_id == competition.id)


def application_by_uid(session: Session, competition: Competition, uid: str) -> Application:
    """Read afresh. Raises NotFound."""
    query = applications_of(competition).where(Application.uid == uid).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound("Request not found.")
    return found
