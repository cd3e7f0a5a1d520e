"""Requests to take part: made by whoever wants to, approved or declined by an organizer. The competition's row is held."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions import entries
from portal.competitions.entries import By, Participant
from portal.competitions.model import Competition, Entry
from portal.competitions.service import lock
from portal.competitions.windows import check_registering
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, PortalError
from portal.outbox.emit import emit
from portal.players.model import Team
from portal.registration.model import Application, application_by_uid, applications_of
from portal.web.texts import paragraphs

LONGEST_MESSAGE, MOST_PENDING = 1_000, 5_000
DONE = {"approved": "approved", "declined": "declined", "withdrawn": "taken back by who made it"}


def apply(
    session: Session, competition: Competition, team: Team, actor: Actor, message: str | None = None, clock: Clock = utc_now
) -> Application:
    """Ask for a place. Asking twice gives the same request.

    Raises Conflict outside the window, for somebody who is registered, and while too many wait.
    """
    lock(session, competition)
    check_registering(competition, clock())
    waiting = session.scalar(applications_of(competition).where(Application.open_team_id == team.id))
    if waiting is not None:
        return waiting
    if session.scalar(select(Entry.id).where(Entry.competition_id == competition.id, Entry.entrant_key == team.uid)):
        raise Conflict(f"{team.name} is registered already.")
    pending = applications_of(competition).where(Application.status == "pending")
    if (session.scalar(select(func.count()).select_from(pending.subquery())) or 0) >= MOST_PENDING:
        raise Conflict("So many requests wait for an answer that no more are taken just now. Come back later.")
    made = Application(
        org_id=competition.org_id,
        competition_id=competition.id,
        team_id=team.id,
        open_team_id=team.id,
        status="pending",
        created_at=clock(),
        message=None if not message else paragraphs("message", message, LONGEST_MESSAGE),
    )
    session.add(made)
    session.flush()
    _note(session, competition, actor, made, team, "request.created")
    return made


def approve(
    session: Session, competition: Competition, actor: Actor, uid: str, answer: str | None = None, clock: Clock = utc_now
) -> tuple[Application, Entry]:
    """Register who asked: with a place, or on the waiting list. Raises NotFound, and Conflict when it was answered already,
    outside the window or when all places are taken."""
    asked = _pending(session, competition, uid)
    team = asked.team
    entry = entries.register(session, competition, By(actor), Participant(team.uid, team.name, team=team), clock=clock)
    asked.entry_uid = entry.uid
    _decide(session, competition, actor, asked, "approved", answer, clock)
    return asked, entry


def decline(
    session: Session, competition: Competition, actor: Actor, uid: str, answer: str | None = None, clock: Clock = utc_now
) -> Application:
    """Raises NotFound, and Conflict when it was answered already."""
    asked = _pending(session, competition, uid)
    _decide(session, competition, actor, asked, "declined", answer, clock)
    return asked


def reopen(session: Session, competition: Competition, actor: Actor, uid: str) -> Application:
    """Take a decline back: the request waits again. Raises NotFound, and Conflict when it was not declined, or where the
    same participant has asked anew or is registered."""
    lock(session, competition)
    asked = application_by_uid(session, competition, uid)
    if asked.status != "declined":
        raise Conflict(f"The request of {asked.team.name} is {asked.status}, not declined.")
    newer = applications_of(competition).where(Application.open_team_id == asked.team_id)
    entered = select(Entry.id).where(Entry.competition_id == competition.id, Entry.entrant_key == asked.team.uid)
    if session.scalar(newer) is not None or session.scalar(entered) is not None:
        raise Conflict(f"{asked.team.name} has asked anew meanwhile, or is registered.")
    asked.status, asked.open_team_id = "pending", asked.team_id
    asked.answer, asked.decided_at, asked.decided_by = None, None, None
    session.flush()
    _note(session, competition, actor, asked, asked.team, "request.reopened")
    return asked


def withdraw(session: Session, competition: Competition, team: Team, actor: Actor, clock: Clock = utc_now) -> bool:
    """Take the team's own request back. False where none waits."""
    lock(session, competition)
    mine = applications_of(competition).where(Application.open_team_id == team.id)
    asked = session.scalar(mine.execution_options(populate_existing=True))
    if asked is None:
        return False
    asked.status, asked.open_team_id, asked.decided_at = "withdrawn", None, clock()
    session.flush()
    _note(session, competition, actor, asked, team, "request.withdrawn")
    return True


def each(session: Session, uids: Sequence[str], act: Callable[[str], Any]) -> tuple[list[Any], list[str]]:
    """What `act` gave for each uid, and why it was refused for the others. One refusal undoes nothing of the rest."""
    done, refused = [], []
    for uid in dict.fromkeys(uids):
        try:
            with session.begin_nested():
                done.append(act(uid))
        except PortalError as error:
            refused.append(error.message)
    return done, refused


def _pending(session: Session, competition: Competition, uid: str) -> Application:
    lock(session, competition)
    asked = application_by_uid(session, competition, uid)
    if asked.status != "pending":
        raise Conflict(f"The request of {asked.team.name} was {DONE[asked.status]} already.")
    return asked


def _decide(
    session: Session, competition: Competition, actor: Actor, asked: Application, status: str, answer: str | None, clock: Clock
) -> None:
    asked.answer = paragraphs("answer", answer, LONGEST_MESSAGE) if answer else None
    asked.status, asked.open_team_id = status, None
    asked.decided_at, asked.decided_by = clock(), actor.label[:200]
    session.flush()
    _note(session, competition, actor, asked, asked.team, f"request.{status}")


def _note(session: Session, competition: Competition, actor: Actor, asked: Application, team: Team, action: str) -> None:
    told: dict[str, str | None] = {
        "id": asked.uid,
        "competition_id": competition.uid,
        "team_id": team.uid,
        "status": asked.status,
    }
    told["registration_id"] = asked.entry_uid
    record(session, competition.org_id, actor, action, ("request", asked.uid, team.name), None, told | {"answer": asked.answer})
    emit(session, competition.org_id, action, asked.uid, told)
