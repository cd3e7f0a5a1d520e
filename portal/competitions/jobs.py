"""What competitions do by themselves when their hour comes. Each in a unit of work of its own, asked again under its lock,
so that two clocks do each thing once."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal.audit.service import SYSTEM, record
from portal.competitions.model import Competition
from portal.competitions.service import lock, open_registration, subject_of, tell
from portal.competitions.starting import start
from portal.competitions.windows import due, to_open, to_start
from portal.kernel.clock import Clock, utc_now
from portal.kernel.db import reading, unit_of_work
from portal.kernel.errors import PortalError
from portal.kernel.sweeping import one_by_one


def move_due(clock: Clock = utc_now) -> None:
    """Periodic: open what opens and start what starts. Nothing is written where nothing is due."""
    now = clock()
    for query, act in ((to_open(now), _open), (to_start(now), _start)):
        with reading() as connection:
            ids = due(connection, query)
        one_by_one("a competition that opens or starts", ids, partial(act, query=query, clock=clock))


def _open(competition_id: int, query: Select[int], clock: Clock) -> None:
    _once(competition_id, query, lambda session, competition: open_registration(session, competition, SYSTEM, clock))


def _start(competition_id: int, query: Select[int], clock: Clock) -> None:
    try:
        _once(competition_id, query, lambda session, competition: start(session, competition, SYSTEM, clock=clock))
    except PortalError as error:
        reason = error.message
        _once(competition_id, query, lambda session, competition: _note_failure(session, competition, reason, clock))


def _once(competition_id: int, query: Select[int], act: Callable[[Session, Competition], object]) -> None:
    """Act under the competition's lock, if it is still due then."""
    with unit_of_work() as session:
        competition = session.get(Competition, competition_id)
        if competition is None:
            return
        lock(session, competition)
        if session.scalar(query.where(Competition.id == competition_id)) is not None:
            act(session, competition)


def _note_failure(session: Session, competition: Competition, reason: str, clock: Clock) -> None:
    """It stays in registration, for the organizer to start; said once, not every second."""
    competition.start_failed_at = clock()
    session.flush()
    record(session, competition.org_id, SYSTEM, "competition.start_failed", subject_of(competition), None, {"reason": reason})
    tell(session, competition, "competition.start_failed", {"reason": reason})
