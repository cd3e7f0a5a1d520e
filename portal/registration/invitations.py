"""One-time links by which somebody may register. Making them, taking them back, and using one: a single conditional UPDATE."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions.model import Competition
from portal.competitions.service import lock, subject_of
from portal.kernel.clock import Clock, utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import database_now
from portal.kernel.errors import Conflict, Gone, Invalid
from portal.outbox.emit import emit
from portal.registration.model import Invitation, invitations_of
from portal.registration.tokens import token_of, uid_of
from portal.web.texts import one_line

AT_ONCE, IN_ALL, LONGEST_LABEL = 500, 10_000, 100
HINT = 4
GONE = "This invitation does not open anything."
_FREE = (Invitation.used_at.is_(None), Invitation.revoked_at.is_(None))


def make(
    session: Session,
    competition: Competition,
    actor: Actor,
    labels: Sequence[str | None],
    expires_at: datetime | None,
    *,
    master: str,
    attempt: str,
    clock: Clock = utc_now,
) -> list[tuple[Invitation, str]]:
    """One invitation for each label (None: without one), with its token. The same attempt gives the same ones again.

    Raises Invalid naming the field for a bad number, label or time, Conflict once the competition has started or holds too
    many.
    """
    lock(session, competition)
    found = _made_before(session, competition, master, attempt)
    if found:
        return found
    if competition.status not in ("draft", "registration"):
        raise Conflict(f"This competition is {competition.status}: nobody can register any more.")
    if not 1 <= len(labels) <= AT_ONCE:
        raise Invalid("count", f"Make 1 to {AT_ONCE} invitations at once.")
    if expires_at is not None and expires_at <= clock():
        raise Invalid("expires_at", "This moment has passed. Choose a later one, or none.")
    held = session.scalar(select(func.count()).select_from(invitations_of(competition).subquery())) or 0
    if held + len(labels) > IN_ALL:
        raise Conflict(f"This competition has {held:,} invitations; {IN_ALL:,} is the most.")
    made = [_new(competition, actor, number, label, expires_at, master, attempt) for number, label in enumerate(labels)]
    session.add_all(invitation for invitation, _ in made)
    session.flush()
    told = {"competition_id": competition.uid, "count": len(made)}
    record(session, competition.org_id, actor, "invitation.created", subject_of(competition), after={"count": len(made)})
    emit(session, competition.org_id, "invitation.created", competition.uid, told)
    return made


def _new(
    competition: Competition, actor: Actor, number: int, label: str | None, expires_at: datetime | None, master: str, attempt: str
) -> tuple[Invitation, str]:
    token = token_of(master, _purpose(competition, number), attempt)
    invitation = Invitation(
        uid=uid_of(master, _purpose(competition, number), attempt),
        org_id=competition.org_id,
        competition_id=competition.id,
        digest=digest(token),
        hint=token[-HINT:],
        label=None if label is None else one_line("labels", label, 1, LONGEST_LABEL),
        created_by=actor.label[:200],
        expires_at=expires_at,
    )
    return invitation, token


def revoke(session: Session, competition: Competition, actor: Actor, uids: Sequence[str], clock: Clock = utc_now) -> int:
    """Take back those of the invitations that nobody has used; how many there were."""
    chosen = update(Invitation).where(Invitation.competition_id == competition.id, Invitation.uid.in_(uids), *_FREE)
    revoked = session.execute(chosen.values(revoked_at=clock()).returning(Invitation.uid, Invitation.label)).all()
    for uid, label in revoked:
        record(session, competition.org_id, actor, "invitation.revoked", ("invitation", uid, label or uid))
    if revoked:
        told = {"competition_id": competition.uid, "count": len(revoked)}
        emit(session, competition.org_id, "invitation.revoked", competition.uid, told)
    return len(revoked)


def is_good(session: Session, competition: Competition, token: str) -> bool:
    """Would the token open the page just now? Changes nothing."""
    query = invitations_of(competition).where(Invitation.digest == digest(token), *_usable()).with_only_columns(Invitation.id)
    return session.scalar(query) is not None


def use(session: Session, competition: Competition, token: str, clock: Clock = utc_now) -> str:
    """Use the invitation up, in the transaction of the registration; its uid. The one UPDATE decides, so that of any number
    who try exactly one gets in. Raises Gone in one sentence: unknown, used, expired, revoked, of another competition."""
    chosen = update(Invitation).where(Invitation.competition_id == competition.id, Invitation.digest == digest(token), *_usable())
    uid = session.scalar(chosen.values(used_at=clock()).returning(Invitation.uid))
    if uid is None:
        raise Gone(GONE)
    return uid


def note_user(session: Session, competition: Competition, uid: str, team_id: int, actor: Actor) -> None:
    """Who came by it."""
    session.execute(update(Invitation).where(Invitation.uid == uid).values(used_by_id=team_id))
    label = session.scalar(select(Invitation.label).where(Invitation.uid == uid))
    record(session, competition.org_id, actor, "invitation.used", ("invitation", uid, label or uid))
    emit(session, competition.org_id, "invitation.used", uid, {"id": uid, "competition_id": competition.uid, "label": label})


def _usable() -> tuple[ColumnElement[bool], ...]:
    return (*_FREE, or_(Invitation.expires_at.is_(None), Invitation.expires_at > database_now()))


def _made_before(session: Session, competition: Competition, master: str, attempt: str) -> list[tuple[Invitation, str]]:
    """What the same form made: its numbers run from 0, and the rows are in their order."""
    first = invitations_of(competition).where(Invitation.uid == uid_of(master, _purpose(competition, 0), attempt))
    start = session.scalar(first)
    if start is None:
        return []
    later = invitations_of(competition).where(Invitation.id >= start.id).order_by(Invitation.id).limit(AT_ONCE)
    found = []
    for number, invitation in enumerate(session.scalars(later)):
        if invitation.uid != uid_of(master, _purpose(competition, number), attempt):
            break
        found.append((invitation, token_of(master, _purpose(competition, number), attempt)))
    return found


def _purpose(competition: Competition, number: int) -> str:
    return f"invitation:{competition.uid}:{number}"
