"""What follows from a try: the next one, the end, a rest, or the endpoint's."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from portal.webhooks import deliveries, service
from portal.webhooks.schedule import DELAYS
from tests.webhooks.office import GOOD, bad


def events(office, name):
    with unit_of_work() as session:
        query = select(Event).where(Event.org_id == office.org.id, Event.type == name)
        found = list(session.scalars(query))
        session.expunge_all()
    return found


def test_five_retries_by_the_plan_then_failed_with_every_try_numbered(office):
    uid = office.endpoint()
    office.tell()
    for delay in DELAYS:
        (claimed,) = office.claim()
        office.record([claimed], bad())
        (row,) = office.new(uid)
        assert row.state == "pending"
        assert delay * 0.9 <= row.due_at - row.last_try_at <= delay * 1.1
        assert office.claim() == []
        office.pass_time()
    office.record(office.claim(), bad())
    (row,) = office.new(uid)
    assert (row.state, row.due_at, row.tries, row.attempts) == ("failed", None, 6, 6)
    tries = office.attempts(row)
    assert [attempt.number for attempt in tries] == [1, 2, 3, 4, 5, 6]
    assert all(attempt.next_try_at for attempt in tries[:5]) and tries[5].next_try_at is None
    office.pass_time()
    assert office.claim() == []


@pytest.mark.parametrize(
    ("asked", "least", "most"), [("45", 45, 45), ("1", 27, 33), ("1000000000", 60, 60), ("soon", 27, 33), ("-1", 27, 33)]
)
def test_retry_after_lengthens_the_wait_to_twice_the_plan_at_most(office, asked, least, most):
    uid = office.endpoint()
    office.tell()
    office.record(office.claim(), bad(429, headers={"retry-after": asked}))
    (row,) = office.new(uid)
    assert least <= (row.due_at - row.last_try_at).total_seconds() <= most + 0.001


def test_an_endpoint_that_asks_for_less_rests_as_a_whole(office):
    uid = office.endpoint(in_flight_cap=1)
    office.tell(2)
    office.record(office.claim(), bad(429, headers={"Retry-After": "50"}))
    endpoint = office.get(uid)
    assert (endpoint.throttled_until - endpoint.last_try_at).total_seconds() == pytest.approx(50, abs=0.1)
    assert office.claim() == []
    office.pass_time(timedelta(seconds=51))
    assert len(office.claim()) == 1


def test_410_switches_the_endpoint_off_at_once_and_tells_it(office):
    uid = office.endpoint()
    office.tell(3)
    (first, *rest) = office.claim()
    office.record([first], bad(410))
    assert office.states(uid) == ["failed", "canceled", "canceled"]
    endpoint = office.get(uid)
    assert endpoint.status == "auto_off" and "410" in endpoint.status_reason
    (told,) = events(office, "webhook.endpoint_disabled")
    assert told.data["webhook_id"] == uid and "url" not in told.data
    with unit_of_work() as session:
        actions = list(session.scalars(select(AuditRow.action).where(AuditRow.subject_id == uid)))
    assert "webhook.switched_off" in actions
    office.record(rest, bad())
    assert office.states(uid) == ["failed", "canceled", "canceled"]
    office.pass_time()
    assert office.claim() == []


@pytest.mark.parametrize("verb", [service.delete_endpoint, service.disable])
def test_what_is_in_flight_when_an_endpoint_goes_is_recorded_and_not_tried_again(office, verb):
    uid = office.endpoint()
    office.tell(3)
    arriving, failing, never = office.claim()
    office.do(verb, uid, SYSTEM)
    assert office.states(uid) == ["canceled"] * 3
    assert office.record([arriving]) == 1
    assert office.record([failing], bad()) == 1
    assert office.states(uid) == ["delivered", "canceled", "canceled"]
    assert [len(office.attempts(row)) for row in office.new(uid)] == [1, 1, 0]
    office.pass_time()
    assert office.claim() == [] and never.delivery.id


def test_a_pause_lets_what_is_in_flight_end_and_keeps_what_failed(office):
    uid = office.endpoint()
    office.tell(2)
    claimed = office.claim()
    office.do(service.pause, uid, SYSTEM)
    office.record(claimed[:1])
    office.record(claimed[1:], bad())
    assert office.states(uid) == ["delivered", "pending"]
    office.pass_time()
    assert office.claim() == []
    office.do(service.resume, uid, SYSTEM)
    assert len(office.claim()) == 1


def test_while_our_own_way_out_is_down_nothing_counts(office):
    uid = office.endpoint()
    office.tell()
    for _ in range(10):
        office.record(office.claim(), bad(None, "The host's name could not be resolved.", unreachable=True), counted=False)
        office.pass_time()
    (row,) = office.new(uid)
    assert (row.state, row.tries, row.attempts) == ("pending", 0, 10)
    assert not any(attempt.counted for attempt in office.attempts(row))
    endpoint = office.get(uid)
    assert endpoint.failures == 0 and office.hours(uid) == []


def test_health_counts_tries_by_the_hour_and_one_success_ends_a_series_of_failures(office):
    uid = office.endpoint()
    office.tell(3)
    claimed = office.claim()
    office.record(claimed[:2], bad())
    endpoint = office.get(uid)
    assert endpoint.failures == 2 and endpoint.last_error == "The receiver answered 500."
    office.record(claimed[2:])
    endpoint = office.get(uid)
    assert endpoint.failures == 0 and endpoint.last_success_at is not None
    assert sum(hour.tries for hour in office.hours(uid)) == 3 and sum(hour.failed for hour in office.hours(uid)) == 2


def test_a_test_says_nothing_about_health(office):
    uid = office.endpoint()
    sent = office.do(deliveries.send_test, uid, SYSTEM, "match.completed", {"hello": "there"})
    (claimed,) = office.claim()
    assert claimed.delivery.uid == sent.uid
    office.record([claimed], bad())
    endpoint = office.get(uid)
    assert endpoint.failures == 0 and endpoint.last_try_at is None and office.hours(uid) == []
    assert len(office.attempts(sent)) == 1


def test_a_try_keeps_what_was_sent_and_what_came_back(office):
    uid = office.endpoint()
    office.tell()
    office.record(office.claim(), GOOD)
    (attempt,) = office.attempts(office.new(uid)[0])
    assert attempt.status == 200 and attempt.response_body == b"ok" and attempt.took_ms == 12 and attempt.first_byte_ms == 11
    assert attempt.request_headers["webhook-id"] == office.new(uid)[0].uid
