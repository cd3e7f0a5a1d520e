"""What registration does by itself: players who have a place and are not checked in are reminded, once."""

from datetime import datetime, timedelta

from sqlalchemy import Select, and_, or_, select

from portal.competitions.model import Competition
from portal.competitions.service import lock
from portal.kernel.clock import Clock, utc_now
from portal.kernel.db import reading, unit_of_work
from portal.kernel.sweeping import one_by_one
from portal.mail.service import can_send
from portal.registration.messages import tell_not_checked_in
from portal.registration.model import REMINDERS, RegistrationPage


def remind_due(clock: Clock = utc_now) -> None:
    """Periodic: remind those whose competition starts in as many hours as its page says. Each in a unit of work of its own,
    asked again under the competition's lock, so that two clocks remind once."""
    if not can_send():
        return
    query = _due(clock())
    with reading() as connection:
        ids = list(connection.scalars(query.limit(100)))
    one_by_one("a competition's reminder", ids, lambda competition_id: _remind(competition_id, query, clock))


def _due(now: datetime) -> Select[int]:
    near = [
        and_(RegistrationPage.remind_hours == hours, Competition.starts_at <= now + timedelta(hours=hours)) for hours in REMINDERS
    ]
    query = select(Competition.id).join(RegistrationPage, RegistrationPage.competition_id == Competition.id)
    waiting = RegistrationPage.reminded_at.is_(None), Competition.status == "registration", Competition.starts_at > now
    return query.where(or_(*near), *waiting).order_by(Competition.id)


def _remind(competition_id: int, query: Select[int], clock: Clock) -> None:
    with unit_of_work() as session:
        competition = session.get(Competition, competition_id)
        if competition is None:
            return
        lock(session, competition)
        if session.scalar(query.where(Competition.id == competition_id)) is None:
            return
        session.get_one(RegistrationPage, competition_id, populate_existing=True).reminded_at = clock()
        tell_not_checked_in(session, competition)
