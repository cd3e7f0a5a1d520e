"""When failures switch an endpoint off: the boundaries of RULINGS 21, the warning before, the clock that begins anew."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from portal.webhooks import service
from portal.webhooks.health import NOTICE, judge, state_of
from portal.webhooks.model import Endpoint, EndpointHour
from portal.webhooks.way_out import WayOut
from tests.webhooks.office import bad


def figures(office, uid, tries, failed, span, *, warned=True, ended=timedelta(minutes=5)):
    """The endpoint had these tries, the last one some minutes ago."""
    last = utc_now() - ended
    first = last - span
    number = office.get(uid).id
    rows = [(first, tries // 2, failed // 2), (last, tries - tries // 2, failed - failed // 2)]
    with unit_of_work() as session:
        session.execute(delete(EndpointHour).where(EndpointHour.endpoint_id == number))
        for at, count, bad_ones in rows:
            hour = at.replace(minute=0, second=0, microsecond=0)
            row = session.get(EndpointHour, (number, hour)) or EndpointHour(endpoint_id=number, hour=hour, tries=0, failed=0)
            row.first_at, row.last_at, row.took_ms = row.first_at or at, at, 0
            row.tries, row.failed = row.tries + count, row.failed + bad_ones
            session.add(row)
            session.flush()
        endpoint = session.get_one(Endpoint, number)
        endpoint.counted_from, endpoint.last_failure_at, endpoint.failures = first - timedelta(days=30), last, 1
        endpoint.warned_at = utc_now() - NOTICE - timedelta(minutes=1) if warned else None


def judged(office, uid):
    with unit_of_work() as session:
        judge(session)
    return office.get(uid)


def told(office, name):
    with unit_of_work() as session:
        return list(session.scalars(select(Event.subject).where(Event.org_id == office.org.id, Event.type == name)))


@pytest.mark.parametrize(
    ("tries", "failed", "hours", "off"),
    [
        (20, 11, 24, True),
        (19, 19, 24, False),  # too few
        (20, 10, 24, False),  # just half
        (1000, 501, 24, True),  # 50.1 %
        (1000, 500, 24, False),
        (20, 20, 23.99, False),  # not long enough
        (20, 20, 24 * 6, True),
    ],
)
def test_more_than_half_of_twenty_tries_over_a_day_switch_it_off(office, tries, failed, hours, off):
    uid = office.endpoint()
    figures(office, uid, tries, failed, timedelta(hours=hours))
    endpoint = judged(office, uid)
    assert endpoint.status == ("auto_off" if off else "enabled")
    assert told(office, "webhook.endpoint_disabled") == ([uid] if off else [])


def test_what_is_older_than_seven_days_does_not_count(office):
    uid = office.endpoint()
    figures(office, uid, 40, 40, timedelta(hours=30), ended=timedelta(days=6))
    assert judged(office, uid).status == "enabled"


def test_there_is_one_warning_an_hour_before_the_end_at_least(office):
    uid = office.endpoint()
    figures(office, uid, 30, 30, timedelta(hours=25), warned=False)
    first = judged(office, uid)
    assert first.status == "enabled" and first.warned_at is not None
    second = judged(office, uid)
    assert second.status == "enabled" and told(office, "webhook.endpoint_warned") == [uid]
    with unit_of_work() as session:
        session.get_one(Endpoint, first.id).warned_at = first.warned_at - NOTICE
    assert judged(office, uid).status == "auto_off"
    judged(office, uid)
    assert told(office, "webhook.endpoint_warned") == told(office, "webhook.endpoint_disabled") == [uid]


def test_the_warning_comes_when_half_of_that_is_reached(office):
    uid = office.endpoint()
    figures(office, uid, 9, 9, timedelta(hours=12), warned=False)
    assert judged(office, uid).warned_at is None
    figures(office, uid, 10, 6, timedelta(hours=12), warned=False)
    assert judged(office, uid).warned_at is not None


def test_an_endpoint_that_recovers_is_no_longer_warned(office):
    uid = office.endpoint()
    figures(office, uid, 100, 40, timedelta(hours=30))
    endpoint = judged(office, uid)
    assert endpoint.status == "enabled" and endpoint.warned_at is None


def test_switching_it_on_again_begins_the_count_anew(office):
    uid = office.endpoint()
    figures(office, uid, 30, 30, timedelta(hours=25))
    assert judged(office, uid).status == "auto_off"
    office.do(service.enable, uid, SYSTEM)
    office.tell()
    office.record(office.claim(), bad())
    endpoint = judged(office, uid)
    assert endpoint.status == "enabled" and endpoint.warned_at is None


def test_a_state_is_one_word(office):
    uid = office.endpoint()
    now = utc_now()
    assert state_of(office.get(uid), now) == "healthy"
    office.tell()
    office.record(office.claim(), bad())
    assert state_of(office.get(uid), now) == "failing"
    office.pass_time()
    office.record(office.claim(), bad(429))
    assert state_of(office.get(uid), now) == "throttled"
    office.do(service.pause, uid, SYSTEM)
    assert state_of(office.get(uid), now) == "paused"
    office.do(service.disable, uid, SYSTEM)
    assert state_of(office.get(uid), now) == "disabled"


class TestOurOwnWayOut:
    def way_out(self):
        self.now = 0.0
        return WayOut(clock=lambda: self.now)

    def note(self, way_out, orgs, unreachable):
        for org in orgs:
            way_out.note(org, f"https://host-{org}.example/", unreachable)

    def test_it_is_down_when_half_of_the_organizations_reach_nobody(self):
        way_out = self.way_out()
        self.note(way_out, range(4, 7), False)
        self.note(way_out, range(3), True)
        assert way_out.judge()

    def test_fewer_than_half_are_those_receivers_own_trouble(self):
        way_out = self.way_out()
        self.note(way_out, range(4, 8), False)
        self.note(way_out, range(3), True)
        assert not way_out.judge()

    def test_one_tenant_with_many_dead_addresses_speaks_for_itself_alone(self):
        way_out = self.way_out()
        for number in range(50):
            way_out.note(1, f"https://dead-{number}.example/", True)
        way_out.note(2, "https://alive.example/", False)
        assert not way_out.judge()

    def test_two_silent_hosts_are_not_enough(self):
        way_out = self.way_out()
        self.note(way_out, range(2), True)
        assert not way_out.judge()

    def test_it_stays_down_until_somebody_is_reached(self):
        way_out = self.way_out()
        self.note(way_out, range(5), True)
        assert way_out.judge()
        self.now = 600.0
        assert way_out.judge()
        way_out.note(1, "https://host-1.example/", True)
        assert way_out.judge()
        way_out.note(1, "https://host-1.example/", False)
        assert not way_out.judge()
