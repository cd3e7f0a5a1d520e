"""What competitions do by themselves: open at their hour, start at their hour, once."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.clock import jobs as periodic
from portal.competitions import jobs, starting
from portal.competitions.model import Competition, competition_by_uid, matches_of
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event

HOUR = timedelta(hours=1)


def setting(org, uid: str, **values) -> None:
    """Write these columns, whatever the rules would say."""
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        for name, value in values.items():
            setattr(found, name, value)


def due_to_start(make, org, entrants: int, **terms) -> str:
    """In registration, opened two hours ago, to start an hour ago."""
    uid = make.competition(org, status="registration", entrants=entrants, **terms)
    setting(org, uid, opened_at=utc_now() - 2 * HOUR, starts_at=utc_now() - HOUR)
    return uid


def status(org, uid: str) -> str:
    with unit_of_work() as session:
        return competition_by_uid(session, org.id, uid).status


def told(org, uid: str) -> list[str]:
    """The types of its events after its creation."""
    with unit_of_work() as session:
        names = session.scalars(select(Event.type).where(Event.org_id == org.id, Event.subject == uid).order_by(Event.id))
        return [name for name in names if name not in ("competition.created",)]


def test_the_clock_looks_after_competitions_every_second():
    assert [job.seconds for job in periodic() if job.run is jobs.move_due] == [1]


def test_registration_opens_by_itself_when_its_hour_comes_and_once(make):
    org = make.org()
    uid = make.competition(org)
    setting(org, uid, registration_opens=utc_now() - HOUR, registration_closes=utc_now() + HOUR)
    for _ in range(3):
        jobs.move_due()
    assert status(org, uid) == "registration" and told(org, uid) == ["competition.opened"]
    with unit_of_work() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.subject_id == uid, AuditRow.action == "competition.opened")).one()
        assert (row.actor_kind, row.org_id) == ("system", org.id)


def test_a_draft_before_its_hour_or_without_one_or_after_its_window_stays_a_draft(make):
    org, now = make.org(), utc_now()
    times = ({}, {"registration_opens": now + HOUR}, {"registration_opens": now - 2 * HOUR, "registration_closes": now - HOUR})
    uids = []
    for values in times:
        uids.append(make.competition(org))
        setting(org, uids[-1], **values)
    jobs.move_due()
    assert [status(org, uid) for uid in uids] == ["draft"] * 3


def test_it_starts_by_itself_with_those_who_are_checked_in(make):
    org = make.org()
    uid = due_to_start(make, org, 3)
    make.enter(org, uid, [9], checked_in=False)
    jobs.move_due()
    assert status(org, uid) == "active" and told(org, uid) == ["competition.opened", "competition.started"]
    with unit_of_work() as session:
        sides = [(match.a_id, match.b_id) for match in session.scalars(matches_of(competition_by_uid(session, org.id, uid)))]
    assert len({side for pair in sides for side in pair if side}) == 3


def test_what_cannot_start_stays_in_registration_and_is_told_once(make):
    org = make.org()
    uid = due_to_start(make, org, 1)
    for _ in range(3):
        jobs.move_due()
    assert status(org, uid) == "registration"
    assert told(org, uid) == ["competition.opened", "competition.start_failed"]
    with unit_of_work() as session:
        row = session.scalars(
            select(AuditRow).where(AuditRow.action == "competition.start_failed", AuditRow.subject_id == uid)
        ).one()
        assert "1 checked in" in row.after["reason"]
    make.enter(org, uid, [2])
    jobs.move_due()
    assert status(org, uid) == "registration", "the organizer takes over"
    with unit_of_work() as session:
        starting.start(session, competition_by_uid(session, org.id, uid), SYSTEM)
    assert status(org, uid) == "active"


def test_an_hour_that_had_passed_when_it_was_opened_starts_nothing(make):
    org = make.org()
    uid = make.competition(org, status="registration", entrants=2)
    setting(org, uid, starts_at=utc_now() - HOUR)
    jobs.move_due()
    assert status(org, uid) == "registration"


def test_two_clocks_at_once_do_each_thing_once(make, app):
    org = make.org()
    opening = [make.competition(org) for _ in range(5)]
    for uid in opening:
        setting(org, uid, registration_opens=utc_now() - HOUR)
    starts = [due_to_start(make, org, 4) for _ in range(5)]
    fails = [due_to_start(make, org, 0) for _ in range(3)]
    ready = threading.Barrier(3)

    def tick() -> None:
        with app.app_context():
            ready.wait()
            jobs.move_due()

    threads = [threading.Thread(target=tick) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [told(org, uid) for uid in opening] == [["competition.opened"]] * 5
    assert [told(org, uid) for uid in starts] == [["competition.opened", "competition.started"]] * 5
    assert [told(org, uid) for uid in fails] == [["competition.opened", "competition.start_failed"]] * 3


def test_one_that_breaks_does_not_keep_the_others_waiting(make, monkeypatch):
    org = make.org()
    broken, sound = due_to_start(make, org, 2), due_to_start(make, org, 2)

    def start(session, competition, *rest, **more):
        if competition.uid == broken:
            raise RuntimeError("broken")
        return starting.start(session, competition, *rest, **more)

    monkeypatch.setattr(jobs, "start", start)
    jobs.move_due()
    assert (status(org, broken), status(org, sound)) == ("registration", "active")
    setting(org, broken, status="canceled")


def test_nothing_is_written_where_nothing_is_due(make, count_sql):
    jobs.move_due()
    with count_sql() as statements:
        jobs.move_due()
    assert len(statements) == 2 and all(statement.startswith("SELECT") for statement in statements)


@pytest.mark.parametrize("column", ["registration_opens", "starts_at"])
def test_the_hour_itself_counts(make, column):
    """Asked of the query, with a moment of its own: the clock's job would move what other tests left."""
    from portal.competitions.windows import to_open, to_start

    org, at = make.org(), utc_now()
    uid = make.competition(org, status="registration" if column == "starts_at" else "draft")
    setting(org, uid, **{column: at}, **({"opened_at": at - HOUR} if column == "starts_at" else {}))
    query = to_start if column == "starts_at" else to_open
    with unit_of_work() as session:
        for now, there in ((at - timedelta(milliseconds=1), False), (at, True)):
            found = session.scalar(query(now).where(Competition.uid == uid))
            assert (found is not None) is there
    setting(org, uid, status="canceled")
