"""The private link of a team or a player: 256 random bits, of which only the digest is kept. Whoever has it acts for them."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, aliased

from portal.audit.service import Actor, record
from portal.kernel.clock import Clock, utc_now
from portal.kernel.crypto import digest
from portal.kernel.errors import NotFound
from portal.orgs.model import Organization
from portal.players.model import CaptainLink, Team

BYTES = 32
LENGTH = 43  # of base64url text of so many bytes
HINT = 4
GONE = "This link leads nowhere. It was revoked, or never issued."
# A look at the page is noted no more often than this.
NOTED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Held:
    """What a link opens: the team, and the organization in which it plays."""

    link: CaptainLink
    team: Team
    organization: Organization


def new_token() -> str:
    return secrets.token_urlsafe(BYTES)


def issue(session: Session, team: Team, token: str | None = None) -> str:
    """One more link for the team; the token, which is kept nowhere. `token` is given where it has to be found again."""
    token = token or new_token()
    session.add(CaptainLink(org_id=team.org_id, team_id=team.id, digest=digest(token), hint=token[-HINT:]))
    session.flush()
    return token


def renew(session: Session, team: Team, actor: Actor, token: str | None = None, clock: Clock = utc_now) -> str:
    """A new link; all others of the team die at once."""
    revoke(session, team, actor, clock)
    token = issue(session, team, token)
    record(session, team.org_id, actor, "team.link_made", ("team", team.uid, team.name), after={"ends_in": token[-HINT:]})
    return token


def revoke(session: Session, team: Team, actor: Actor, clock: Clock = utc_now) -> int:
    """End every link of the team; how many there were."""
    mine = update(CaptainLink).where(CaptainLink.team_id == team.id, CaptainLink.revoked_at.is_(None))
    count = len(session.scalars(mine.values(revoked_at=clock()).returning(CaptainLink.id)).all())
    if count:
        record(session, team.org_id, actor, "team.links_revoked", ("team", team.uid, team.name), after={"links": count})
    return count


def live_links(session: Session, team: Team) -> tuple[int, datetime | None]:
    """How many links of the team work, and when one was last used."""
    mine = (CaptainLink.team_id == team.id, CaptainLink.revoked_at.is_(None))
    count, last = session.execute(select(func.count(), func.max(CaptainLink.last_used_at)).where(*mine)).one()
    return count, last


def held_by(session: Session, token: str) -> Held:
    """What the token opens. One statement. Raises NotFound in one sentence for everything else: unknown, revoked, the team
    deleted, the organization or one above it switched off."""
    if len(token) != LENGTH or not token.isascii():
        raise NotFound(GONE)
    above = aliased(Organization)
    query = (
        select(CaptainLink, Team, Organization)
        .join(Team, Team.id == CaptainLink.team_id)
        .join(Organization, Organization.id == Team.org_id)
        .outerjoin(above, above.id == Organization.parent_id)
        .where(CaptainLink.digest == digest(token), CaptainLink.revoked_at.is_(None), Team.deleted_at.is_(None))
        .where(Organization.disabled_at.is_(None), or_(above.id.is_(None), above.disabled_at.is_(None)))
    )
    row = session.execute(query).first()
    if row is None:
        raise NotFound(GONE)
    return Held(row[0], row[1], row[2])


def is_due(link: CaptainLink, now: datetime) -> bool:
    """Should this look be noted?"""
    return link.last_used_at is None or link.last_used_at < now - NOTED


def note_use(session: Session, link_id: int, clock: Clock = utc_now) -> None:
    """The link was used now."""
    session.execute(update(CaptainLink).where(CaptainLink.id == link_id).values(last_used_at=clock()))
