"""Who is served next, how much at once, and that nothing is ever handed out twice."""

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from portal.kernel.db import unit_of_work
from portal.kernel.ids import new_uid
from portal.webhooks import claiming
from portal.webhooks.claiming import FAILING, LEASE, ORG_CAP
from portal.webhooks.model import Delivery, Endpoint
from tests.webhooks.office import Office, bad


def endpoints(claimed):
    return Counter(each.endpoint.uid for each in claimed)


def test_an_endpoint_gets_its_cap_and_the_rest_when_some_are_recorded(office):
    uid = office.endpoint(in_flight_cap=3)
    office.tell(7)
    first = office.claim()
    assert endpoints(first) == {uid: 3} and [each.delivery.sequence for each in first] == sorted(
        each.delivery.sequence for each in first
    )
    assert office.claim() == []
    office.record(first[:2])
    assert len(office.claim()) == 2


def test_an_organization_gets_its_cap_over_all_its_endpoints(office):
    uids = [office.endpoint(in_flight_cap=50) for _ in range(3)]
    office.tell(40)
    claimed = office.claim()
    assert len(claimed) == ORG_CAP
    assert office.claim() == []
    office.record(claimed)
    assert len(office.claim()) == ORG_CAP and set(uids) >= set(endpoints(claimed))


def hand_out(free: int, here: Counter[int]) -> Counter[int]:
    with unit_of_work() as session:
        return Counter(each.delivery.org_id for each in claiming.claim(session, free, 1000, here))


def held_by_all(app, make, orgs: int, places: int) -> Counter[int]:
    """What each of so many organizations holds of a worker's places when nothing of theirs ends and all have more due."""
    offices = [Office(app, make, make.org()) for _ in range(orgs)]
    for office in offices:
        make.webhook(office.org, "http://127.0.0.1:9/", in_flight_cap=ORG_CAP)
        for _ in range(ORG_CAP):
            make.event(office.org)
    offices[0].hand_on()
    here: Counter[int] = Counter()
    while got := hand_out(places - here.total(), here):
        here += got
    return here


def test_however_many_organizations_hang_a_newcomer_finds_room(app, make):
    here = held_by_all(app, make, 8, 256)
    newcomer = Office(app, make, make.org())
    newcomer.endpoint()
    newcomer.tell(3)
    assert hand_out(256 - here.total(), here)[newcomer.org.id] >= 1


def test_with_a_cap_alone_eight_that_hang_leave_no_room(app, make, monkeypatch):
    """The naive twin."""
    monkeypatch.setattr(claiming, "share", lambda free, _held: free)
    assert held_by_all(app, make, 8, 256).total() == 256


@pytest.mark.parametrize("places", [1, 2, 7])
def test_one_alone_gets_half_of_few_places_at_least(app, make, places):
    assert held_by_all(app, make, 1, places).total() >= (places + 1) // 2


@pytest.mark.parametrize("places, orgs", [(256, 1), (256, 6), (256, 20), (64, 3), (10, 40)])
def test_once_all_that_hung_has_ended_a_newcomer_finds_as_much_as_each_holds(places, orgs):
    held = [0] * orgs
    for _ in range(places):
        for org in range(orgs):
            held[org] += max(0, claiming.share(places - sum(held), held[org]))
        held = [max(0, each - 1) for each in held]
    assert places - sum(held) >= places // (orgs + 1)


def test_organizations_take_turns_and_within_each_its_endpoints(app, make):
    """One with ten busy endpoints gets no more turns than one with a single delivery."""
    busy, small = Office(app, make, make.org()), Office(app, make, make.org())
    many = [busy.endpoint(in_flight_cap=2) for _ in range(10)]
    one = small.endpoint()
    busy.tell(5)
    small.tell(1)
    with unit_of_work() as session:
        from portal.kernel.db import clock_of
        from portal.webhooks.claiming import _next_in_turn

        order = [row.id for row in session.execute(_next_in_turn(clock_of(session), 1000, ()))]
    ids = {uid: busy.get(uid).id for uid in [*many, one]}
    places = sorted(order.index(ids[uid]) for uid in many if ids[uid] in order)
    assert order.index(ids[one]) <= places[1], "the small one comes before the busy one's second endpoint"
    served = endpoints(busy.claim())
    assert set(served) <= set(many) and max(served.values()) == 2


def test_whoever_waited_longest_is_next(office):
    first, second = office.endpoint(in_flight_cap=1), office.endpoint(in_flight_cap=1)
    office.tell(3)
    before = office.get(second).created_at - timedelta(days=1)
    with unit_of_work() as session:
        session.execute(update(Endpoint).where(Endpoint.uid == second).values(served_at=before))
    assert [each.endpoint.uid for each in office.claim()] == [second, first]


def test_an_endpoint_that_keeps_failing_gets_one_at_a_time(office):
    uid = office.endpoint(in_flight_cap=10)
    office.tell(20)
    claimed = office.claim()
    office.record(claimed[:FAILING], bad())
    office.record(claimed[FAILING:], bad())
    assert len(office.claim()) == 1
    assert office.claim() == []
    assert office.get(uid).failures >= FAILING


def test_over_an_hour_s_allowance_deliveries_wait_and_none_is_dropped(office):
    uid = office.endpoint(in_flight_cap=50)
    office.tell(7)
    first = office.claim(hourly=5)
    assert len(first) == 5
    office.record(first)
    assert office.claim(hourly=5) == []
    assert office.states(uid).count("pending") == 2
    office.pass_time(timedelta(minutes=59))
    assert office.claim(hourly=5) == []
    office.pass_time(timedelta(minutes=2))
    assert len(office.claim(hourly=5)) == 2


def test_a_lease_that_ends_frees_the_delivery_and_fences_the_one_who_held_it(office):
    uid = office.endpoint()
    office.tell()
    (late,) = office.claim()
    assert office.claim() == []
    office.pass_time(LEASE + timedelta(seconds=1))
    (again,) = office.claim()
    assert again.delivery.uid == late.delivery.uid and again.lease != late.lease
    assert office.record([late], bad()) == 0
    assert office.states(uid) == ["sending"]
    assert office.record([again]) == 1
    assert office.states(uid) == ["delivered"]
    assert [attempt.number for attempt in office.attempts(office.new(uid)[0])] == [1]


class TestOrdered:
    def test_one_at_a_time_of_each_competition_side_by_side(self, office):
        cups = [office.make.competition(office.org) for _ in range(3)]
        uid = office.endpoint(ordered=True)
        for _ in range(3):
            for cup in cups:
                office.tell(1, competition_id=cup)
        seen = {cup: [] for cup in cups}
        while claimed := office.claim():
            assert len({each.delivery.competition for each in claimed}) == len(claimed) <= 3
            for each in claimed:
                seen[each.delivery.competition].append(each.delivery.sequence)
            office.record(claimed)
        assert all(len(numbers) == 3 and numbers == sorted(numbers) for numbers in seen.values())
        assert set(office.states(uid)) == {"delivered"}

    def test_what_waits_for_another_try_holds_up_its_own_competition_only(self, office):
        one, other = (office.make.competition(office.org) for _ in range(2))
        uid = office.endpoint(ordered=True)
        office.tell(2, competition_id=one)
        office.tell(1, competition_id=other)
        failed = [each for each in office.claim() if each.delivery.competition == one]
        office.record(failed, bad())
        assert office.claim() == []
        office.pass_time()
        (again,) = [each for each in office.claim() if each.delivery.competition == one]
        assert again.delivery.sequence == failed[0].delivery.sequence
        office.record([again])
        assert [each.delivery.sequence for each in office.claim()] == [again.delivery.sequence + 1]
        assert office.get(uid).ordered

    def test_what_belongs_to_no_competition_waits_for_nobody(self, office):
        office.endpoint(ordered=True)
        office.tell(4)
        assert len(office.claim()) == 4


def race(app, work, workers=4):
    """What each of several threads got, all let go at once."""
    got, ready = [], threading.Barrier(workers)

    def run():
        with app.app_context():
            ready.wait()
            while found := work():
                got.extend(found)

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_workers_that_claim_at_once_never_get_the_same(app, office):
    for _ in range(3):
        office.endpoint(in_flight_cap=50)
    office.tell(16)
    got = race(app, lambda: [each.delivery.uid for each in office.claim(most=5)])
    assert len(got) == len(set(got)) == 48


def test_the_race_would_find_a_claim_that_reads_first_and_writes_later(app, office):
    """The wrong twin: SELECT what is pending, then UPDATE it by its id."""
    office.endpoint(in_flight_cap=50)
    office.tell(48)
    pending = select(Delivery.id).where(Delivery.org_id == office.org.id, Delivery.state == "pending")
    engine = naive_engine(app)

    def naive():
        with engine.connect() as connection:
            ids = list(connection.scalars(pending.where(Delivery.type == "match.completed").limit(5)))
            connection.rollback()
        time.sleep(0.005)
        with unit_of_work() as session:
            values = {"state": "sending", "lease_token": new_uid()}
            session.execute(
                update(Delivery).where(Delivery.id.in_(ids)).values(values), execution_options={"synchronize_session": False}
            )
        return ids

    got = race(app, naive)
    assert len(got) > len(set(got)), "the harness must be able to see a delivery that is handed out twice"


def naive_engine(app):
    from portal.kernel.db import db

    with app.app_context():
        return db.engine


def test_no_code_reads_on_by_the_last_id_it_saw():
    """Ids become visible out of order (M9): nothing that hands on may ask for what is above the last one."""
    import re
    from pathlib import Path

    rooms = [*Path("portal/outbox").glob("*.py"), *Path("portal/webhooks").glob("*.py")]
    found = [
        path.name for path in rooms if re.search(r"(Event|_events\.c|Delivery|_deliveries\.c)\.id\s*>[=\s]", path.read_text())
    ]
    assert rooms and found == []


@pytest.mark.parametrize("backlog", [3000])
def test_a_long_backlog_does_not_slow_the_claim(office, backlog, count_sql):
    """It reads endpoints, not backlogs: the number of statements is the same, and the time is short."""
    uid = office.endpoint(in_flight_cap=5, ordered=True)
    cup = office.make.competition(office.org)
    with unit_of_work() as session:
        endpoint = session.scalars(select(Endpoint).where(Endpoint.uid == uid)).one()
        rows = [
            {"u": new_uid(), "o": office.org.id, "e": endpoint.id, "n": 10_000 + number, "c": cup, "at": endpoint.created_at}
            for number in range(backlog)
        ]
        insert = text(
            "INSERT INTO webhook_deliveries (uid, org_id, endpoint_id, type, subject, competition, sequence, state, due_at,"
            " tries, attempts, error, created_at)"
            " VALUES (:u, :o, :e, 'match.completed', 'x', :c, :n, 'pending', :at, 0, 0, '', :at)"
        )
        from sqlalchemy import bindparam

        from portal.kernel.db import UTCDateTime

        session.execute(insert.bindparams(bindparam("at", type_=UTCDateTime())), rows)
        endpoint.next_due_at = endpoint.created_at
    begun = time.monotonic()
    with count_sql() as statements:
        assert len(office.claim()) == 1
    assert time.monotonic() - begun < 2
    assert len(statements) < 40
