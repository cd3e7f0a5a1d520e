"""What an endpoint was never given is sent to it by order, once, whoever dies meanwhile."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import clock_of, unit_of_work
from portal.kernel.errors import Conflict
from portal.webhooks import jobs, recoveries, service
from portal.webhooks.model import Recovery


def order(office, uid, since=None):
    return office.do(recoveries.start_recovery, uid, SYSTEM, since or utc_now() - timedelta(days=1))


def state(number):
    with unit_of_work() as session:
        row = session.scalars(select(Recovery).where(Recovery.id == number)).one()
        session.expunge_all()
    return row


@pytest.fixture
def off_for_a_while(office):
    """An endpoint that got two events, missed five that it wants and two that it does not, and is on again."""
    uid = office.endpoint()
    office.tell(2)
    office.do(service.disable, uid, SYSTEM)
    office.tell(5)
    office.tell(2, "team.created")
    office.do(service.enable, uid, SYSTEM)
    return uid


def test_everything_missing_is_sent_and_nothing_twice(office, off_for_a_while, monkeypatch):
    monkeypatch.setattr(recoveries, "CHUNK", 3)
    made = order(office, off_for_a_while)
    jobs.run_recovery(made.id)
    done = state(made.id)
    assert (done.state, done.sent, done.done) == ("done", 5, done.total) and done.finished_at is not None
    assert office.states(off_for_a_while) == ["canceled"] * 2 + ["pending"] * 5
    jobs.run_recovery(made.id)
    again = order(office, off_for_a_while)
    jobs.run_recovery(again.id)
    assert state(again.id).sent == 0
    assert len(office.new(off_for_a_while)) == 7


def test_a_worker_that_died_is_followed_by_another(office, off_for_a_while, monkeypatch):
    monkeypatch.setattr(recoveries, "CHUNK", 3)
    made = order(office, off_for_a_while)
    with unit_of_work() as session:
        lease = recoveries.claim_recovery(session, made.id)
    with unit_of_work() as session:
        assert recoveries.recover_chunk(session, made.id, lease)
    with unit_of_work() as session:
        assert recoveries.claim_recovery(session, made.id) is None
        ended = update(Recovery).where(Recovery.id == made.id).values(lease_until=utc_now() - timedelta(seconds=1))
        session.execute(ended)
    jobs.sweep_recoveries()
    assert state(made.id).state == "done" and state(made.id).sent == 5
    with pytest.raises(Conflict), unit_of_work() as session:
        recoveries.recover_chunk(session, made.id, lease)
    assert len(office.new(off_for_a_while)) == 7


def test_an_order_that_fails_holds_up_no_other(office, off_for_a_while, monkeypatch):
    broken, good = order(office, office.endpoint()), order(office, off_for_a_while)
    claim = recoveries.claim_recovery

    def claimed(session, number):
        if number == broken.id:
            raise LookupError("nobody foresaw this")
        return claim(session, number)

    monkeypatch.setattr(recoveries, "claim_recovery", claimed)
    jobs.sweep_recoveries()
    assert (state(broken.id).state, state(good.id).state) == ("waiting", "done")


def test_one_order_at_a_time_and_none_for_what_is_off(office, off_for_a_while):
    made = order(office, off_for_a_while)
    with pytest.raises(Conflict):
        order(office, off_for_a_while)
    office.do(service.disable, off_for_a_while, SYSTEM)
    with pytest.raises(Conflict):
        order(office, off_for_a_while)
    jobs.run_recovery(made.id)
    assert state(made.id).state == "failed"
    assert office.states(off_for_a_while) == ["canceled"] * 2


def test_an_order_without_anything_to_do_is_done(office):
    made = order(office, office.endpoint(), utc_now() + timedelta(days=1))
    jobs.run_recovery(made.id)
    assert state(made.id).state == "done" and state(made.id).total == 0


def test_only_what_happened_since_then_is_sent(office):
    uid = office.endpoint()
    office.do(service.disable, uid, SYSTEM)
    office.tell(2)
    time.sleep(0.002)  # SQLite's clock counts milliseconds
    with unit_of_work() as session:
        since = clock_of(session)
    office.tell(3)
    office.do(service.enable, uid, SYSTEM)
    jobs.run_recovery(order(office, uid, since).id)
    assert len(office.new(uid)) == 3
