"""The worker's threads from the commit to the arrival, against real receivers."""

import threading
import time
from collections import Counter
from datetime import timedelta
from statistics import quantiles

from standardwebhooks import Webhook

from portal.audit.service import SYSTEM
from portal.kernel.crypto import Master, seal
from portal.kernel.db import unit_of_work
from portal.webhooks import deliverer, deliveries, service
from portal.webhooks.model import Endpoint
from tests.webhooks.office import Office
from tests.webhooks.receiver import slow, status


def until(ready, seconds=10):
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_committed_arrives_signed_for_the_public_library(office, receiver):
    uid, secret = office.make.webhook_with_secret(office.org, receiver.url("/in"), ["competition.*"])
    with office.working():
        cup = office.make.competition(office.org, status="active", entrants=2)
        arrivals = receiver.wait(3, "/in")
        until(lambda: office.states(uid) == ["delivered"] * 3)
    told = [Webhook(secret).verify(arrival.body, arrival.headers) for arrival in arrivals]
    assert sorted(each["type"] for each in told) == ["competition.created", "competition.opened", "competition.started"]
    assert sorted(each["sequence"] for each in told) == [1, 2, 3]
    assert {each["data"]["competition_id"] for each in told} == {cup}
    assert len({arrival.id for arrival in arrivals}) == 3


def test_order_is_kept_in_each_competition_when_the_endpoint_asks_for_it(office, receiver):
    receiver.answers["/in"] = slow(0.05)
    uid = office.make.webhook(office.org, receiver.url("/in"), ["match.*"], ordered=True)
    cups = [office.make.competition(office.org) for _ in range(3)]
    for _ in range(4):
        for cup in cups:
            office.tell(1, competition_id=cup)
    with office.working():
        arrivals = receiver.wait(12, "/in")
        until(lambda: office.states(uid) == ["delivered"] * 12)
    for cup in cups:
        mine = [each.json["sequence"] for each in arrivals if each.json["data"]["competition_id"] == cup]
        assert mine == sorted(mine) and len(mine) == 4
    assert receiver.most_open > 1, "competitions go side by side"


def test_one_tenant_s_hanging_endpoints_do_not_slow_another_s(app, make, receiver):
    """T33, at a size for every day: sixty endpoints that hang, ten tenants that do not."""
    receiver.answers["/hang"] = slow(60)
    slow_one = Office(app, make, make.org())
    for _ in range(60):
        make.webhook(slow_one.org, receiver.url("/hang"), ["match.*"])
    healthy = [Office(app, make, make.org()) for _ in range(10)]
    for number, each in enumerate(healthy):
        make.webhook(each.org, receiver.url(f"/ok-{number}"), ["match.*"])
    slow_one.tell(3)
    with slow_one.working():
        receiver.wait(20, "/hang")
        took = []
        for _ in range(3):
            begun = time.monotonic()
            for each in healthy:
                make.event(each.org)
            for number in range(10):
                arrived = receiver.wait(len(took) // 10 + 1, f"/ok-{number}")[-1].at
                took.append(arrived - begun)
        assert len(receiver.at("/hang")) <= 50, "an organization has fifty in flight at most"
    assert quantiles(took, n=20)[-1] < 5


def test_no_try_begins_after_the_answer_to_a_delete(office, receiver):
    """F26: deleting races with a worker that sends."""
    receiver.answers["/in"] = slow(0.02)
    uid = office.make.webhook(office.org, receiver.url("/in"), ["match.*"])
    office.tell(200)
    with office.working():
        receiver.wait(5, "/in")
        office.do(service.delete_endpoint, uid, SYSTEM)
        gone = time.monotonic()
        time.sleep(0.5)
    late = [arrival for arrival in receiver.at("/in") if arrival.at > gone + 0.1]
    assert late == [] and 5 <= len(receiver.at("/in")) < 200
    states = office.states(uid)
    assert "pending" not in states and "sending" not in states
    assert states.count("delivered") == len({arrival.id for arrival in receiver.at("/in")})


def test_what_cannot_be_signed_waits_and_is_sent_when_it_can(office, receiver, monkeypatch):
    """F28: another master key. Nothing is sent unsigned, nothing fails."""
    monkeypatch.setattr(deliverer, "CLOSED_SECONDS", 0.3)
    uid = office.make.webhook(office.org, receiver.url("/in"), ["match.*"])
    row = office.get(uid)
    with unit_of_work() as session:
        closed = seal(Master("another-master-key"), b"whsec_x", "elsewhere")
        session.get_one(Endpoint, row.id).secret = closed
    with office.working():
        office.tell()
        time.sleep(1)
        assert receiver.at("/in") == [] and office.states(uid) == ["pending"], "left to workers that can"
        with unit_of_work() as session:
            session.get_one(Endpoint, row.id).secret = row.secret
        receiver.wait(1, "/in")
        until(lambda: office.states(uid) == ["delivered"])
    assert [attempt.number for attempt in office.attempts(office.new(uid)[0])] == [1]


def test_one_that_cannot_be_made_or_written_down_does_not_keep_the_others(office, receiver, monkeypatch):
    """A fault of ours in one row: its lease ends, and it is tried again; everybody else's goes out and is recorded."""
    compose, record = deliverer.compose, deliverer.record_tries
    uid = office.make.webhook(office.org, receiver.url("/in"), ["match.*"])
    office.tell(6)
    broken = [row.id for row in office.new(uid)[:2]]

    def made(each, *rest):
        if each.delivery.id == broken[0]:
            raise KeyError("made")
        return compose(each, *rest)

    def written(session, tried):
        if any(each.out.delivery_id == broken[1] for each in tried):
            raise ValueError("written")
        return record(session, tried)

    monkeypatch.setattr(deliverer, "compose", made)
    monkeypatch.setattr(deliverer, "record_tries", written)
    with office.working():
        until(lambda: sorted(office.states(uid)) == ["delivered"] * 4 + ["sending"] * 2)
        monkeypatch.undo()
        office.pass_time(timedelta(seconds=40))
        until(lambda: office.states(uid) == ["delivered"] * 6)
    assert sorted(Counter(arrival.id for arrival in receiver.at("/in")).values()) == [1] * 5 + [2]


def test_a_test_and_a_resend_go_out_at_once(office, receiver):
    uid = office.endpoint(receiver.url("/in"))
    with office.working():
        office.do(deliveries.send_test, uid, SYSTEM, "match.completed", {"edited": 1})
        (first,) = receiver.wait(1, "/in")
        assert first.json["test"] is True
        office.tell()
        second = receiver.wait(2, "/in")[1]
        until(lambda: office.states(uid) == ["delivered"])
        office.do(deliveries.resend, second.id, SYSTEM)
        third = receiver.wait(3, "/in")[2]
    assert third.id == second.id and third.body == second.body


def test_without_the_doorbell_an_event_arrives_within_a_second_and_a_half(office, receiver):
    uid = office.make.webhook(office.org, receiver.url("/in"), ["match.*"])
    with office.working():
        time.sleep(0.2)
        begun = time.monotonic()
        office.make.event(office.org)
        assert receiver.wait(1, "/in")[0].at - begun < 2.5  # the sweep, on a machine that does other things too
    assert uid


def test_two_workers_at_once_send_each_delivery_once(office, receiver):
    """F23."""
    uid = office.make.webhook(office.org, receiver.url("/in"), ["match.*"], in_flight_cap=50)
    office.tell(120)
    with office.working(), office.working():
        receiver.wait(120, "/in")
        until(lambda: office.states(uid) == ["delivered"] * 120)
    assert len(receiver.at("/in")) == 120
    assert all(len(office.attempts(row)) == 1 for row in office.new(uid)[:10])


def test_a_receiver_that_replies_too_late_gets_the_same_id_again(office, receiver, monkeypatch):
    """F21, with the deadline brought nearer."""
    monkeypatch.setattr("portal.webhooks.sending.ALL_SECONDS", 0.3)
    receiver.answers["/in"] = slow(0.6)
    uid = office.make.webhook(office.org, receiver.url("/in"), ["match.*"])
    office.tell()
    with office.working():
        receiver.wait(1, "/in")
        until(lambda: office.states(uid) == ["pending"])
        assert "No answer within" in office.new(uid)[0].error
        receiver.answers["/in"] = status(200)
        office.pass_time()
        receiver.wait(2, "/in")
        until(lambda: office.states(uid) == ["delivered"])
    assert len({arrival.id for arrival in receiver.at("/in")}) == 1


def test_the_threads_end_when_they_are_told_to(office):
    before = {thread.name for thread in threading.enumerate()}
    begun = time.monotonic()
    with office.working():
        time.sleep(0.1)
    assert time.monotonic() - begun < 6
    assert not {thread.name for thread in threading.enumerate() if thread.name in ("Courier", "Deliverer")} - before
