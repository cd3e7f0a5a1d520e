"""Faults that concern the workers: given up, frozen, replaced, cut off from the database, without Redis, without a way out.

Real processes, each stage with a database of its own. `matrix.py` says which row of the fault matrix is proven where.
"""

import os
import random
import signal
import socket
import time
from datetime import timedelta

import pytest
import redis
from sqlalchemy import create_engine, update
from sqlalchemy.engine import make_url

from portal.kernel.db import engine_options, unit_of_work
from portal.webhooks import figures as webhook_figures
from portal.webhooks.model import Delivery, Endpoint
from tests.faults.proxy import line
from tests.faults.scene import TYPE, staged
from tests.make import Make
from tests.servers import RedisServer, wait_until
from tests.webhooks.receiver import slow, status

pytestmark = pytest.mark.processes
FRESH = timedelta(seconds=30)


def test_a_worker_that_was_given_up_changes_nothing_when_it_comes_back(scene):
    """F05: it hangs in the midst of a try, the lease ends, another worker sends and records; then it goes on."""
    org = scene.tenant(cap=1)
    scene.receiver.answers["/"] = slow(1)
    lost = scene.start()
    scene.tell(org, 1)
    scene.receiver.wait(1)
    scene.freeze(lost)
    scene.end_leases()
    other = scene.start()
    scene.wait(1)
    scene.kill(other)
    os.kill(lost.pid, signal.SIGCONT)
    scene.tell(org, 1)  # before it takes this one up it has tried to write down the first
    scene.wait(2)
    first, second = scene.deliveries(org)
    assert scene.arrivals() == {first.uid: 2, second.uid: 1}
    assert [(attempt.delivery_id, attempt.number) for attempt in scene.attempts(org)] == [(first.id, 1), (second.id, 1)]


def test_after_ten_minutes_off_the_backlog_goes_out_in_the_order_of_its_due_times(scene):
    """F06: what is due later waits, and the oldest age is back at nothing."""
    org = scene.tenant(cap=1)
    scene.tell(org, 12)
    scene.hand_on()
    uids = [row.uid for row in scene.deliveries(org)]
    random.Random(6).shuffle(uids)
    begun, late = scene.now() - timedelta(minutes=10), uids.pop()
    with scene.app.app_context(), unit_of_work() as session:
        for place, uid in enumerate(uids):
            session.execute(update(Delivery).where(Delivery.uid == uid).values(due_at=begun + timedelta(seconds=place)))
        session.execute(update(Delivery).where(Delivery.uid == late).values(due_at=begun + timedelta(hours=1)))
        session.execute(update(Endpoint).where(Endpoint.org_id == org.id).values(next_due_at=begun, served_at=begun))
    assert oldest(scene) >= 600
    scene.start()
    wait_until(lambda: scene.states() == {"delivered": 11, "pending": 1}, "what is due", 30)
    assert [arrival.id for arrival in scene.receiver.arrivals] == uids
    assert oldest(scene) == 0


def oldest(scene) -> float:
    """Seconds for which something could have been sent, as `/metrics` says."""
    with scene.app.app_context():
        found = {metric.name: metric.samples[0].value for metric in webhook_figures.figures()}
    assert found["tiltyard_deliveries_turn_seconds"] <= found["tiltyard_deliveries_oldest_due_seconds"]
    return found["tiltyard_deliveries_oldest_due_seconds"]


def test_a_later_try_needs_neither_redis_nor_a_scheduler(scene):
    """F07: Redis is gone when the second try falls due; it begins within the sweep and two seconds."""
    org = scene.tenant()
    scene.receiver.answers["/"] = status(500)
    scene.start()
    scene.tell(org, 1)
    wait_until(lambda: [row.tries for row in scene.deliveries(org)] == [1], "the first try", 20)
    scene.redis.kill()
    scene.receiver.answers["/"] = status(200)
    row, now = scene.deliveries(org)[0], scene.now()
    due = time.monotonic() + 1
    scene.pass_time(row.due_at - now - timedelta(seconds=1))
    arrival = scene.receiver.wait(2, seconds=20)[-1]
    assert -0.1 < arrival.at - due < 3
    scene.wait(1)


def test_a_redis_that_takes_nothing_more_delays_by_a_sweep_only(scene):
    """F11: over its memory it refuses every job; the rows are there."""
    org = scene.tenant()
    scene.start()
    scene.tell(org, 1)
    scene.wait(1)
    with redis.Redis.from_url(scene.redis.url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            client.set("x", "y")
    begun = time.monotonic()
    scene.tell(org, 5)
    scene.wait(6, seconds=20)
    assert max(arrival.at for arrival in scene.receiver.arrivals) - begun < 5
    assert set(scene.arrivals().values()) == {1}


def test_while_no_name_can_be_resolved_nothing_counts_and_all_arrives_afterwards(scene):
    """F24: the worker's own way out is down, as it looks when nobody's host is found."""
    orgs = [unreachable(scene, number) for number in range(4)]
    scene.start()
    for attempts in (1, 2, 3):
        for org in orgs:
            scene.tell(org, 1)
        scene.pass_time(FRESH * 2, "pending")
        wait_until(lambda most=attempts: all(len(scene.attempts(org)) >= most for org in orgs), f"{attempts} tries each", 20)
    uncounted = [attempt for org in orgs for attempt in scene.attempts(org) if not attempt.counted]
    assert uncounted, "once it was seen that nobody can be reached, tries say nothing about anybody"
    with scene.app.app_context(), unit_of_work() as session:
        session.execute(update(Endpoint).values(url=scene.receiver.url()))
    for _ in range(8):  # a few at a time, until somebody was reached
        scene.pass_time(FRESH * 2, "pending")
        if scene.states() == {"delivered": 12}:
            break
        time.sleep(0.3)
    scene.wait(12, seconds=20)
    assert {endpoint.status for org in orgs for endpoint in scene.endpoints(org)} == {"enabled"}
    assert set(scene.arrivals().values()) == {1}


def unreachable(scene, number):
    """An organization whose webhook's host has no address."""
    with scene.app.app_context():
        make = Make(scene.app)
        org = make.org()
        make.webhook(org, f"http://host-{number}.example.invalid/", [TYPE])
    return org


@pytest.mark.parametrize("fault", ["cut", "silence"])
def test_a_worker_that_loses_the_database_after_it_sent_writes_down_what_it_knows_later(postgres_url, tmp_path, fault):
    """F25: nothing is lost, and while its leases hold nothing comes twice either."""
    with RedisServer(tmp_path) as server, staged(postgres_url, server.url, tmp_path) as scene:
        org = scene.tenant(cap=5)
        scene.receiver.answers["/"] = slow(0.2)
        url = make_url(postgres_url)
        with line(url.port) as way:
            scene.start(TILTYARD_DATABASE_URL=url.set(port=way.port).render_as_string(hide_password=False))
            scene.tell(org, 30)
            scene.receiver.wait(6)
            getattr(way, fault)()
            time.sleep(1)  # longer than any try
            before = len(scene.receiver.arrivals)
            way.mend()
            scene.wait(30, seconds=30)
        assert before < 30, "it was under way when the line was lost"
        assert set(scene.arrivals().values()) == {1} and len(scene.arrivals()) == 30


def test_a_line_to_the_database_on_which_every_packet_is_lost_is_given_up_in_ten_seconds(postgres_url):
    """F25: the system would go on trying for a quarter of an hour, and the worker with it."""
    engine = create_engine(postgres_url, **engine_options(postgres_url))
    with engine.connect() as connection, socket.socket(fileno=os.dup(connection.connection.fileno())) as line_to_it:
        assert line_to_it.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
        assert line_to_it.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle, pause, count = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        numbers = [line_to_it.getsockopt(socket.IPPROTO_TCP, number) for number in (idle, pause, count)]
        assert numbers[0] + numbers[1] * numbers[2] <= 10
    engine.dispose()


def test_workers_that_are_replaced_under_load_end_what_they_began(scene):
    """F27: SIGTERM while the next version begins. Nothing comes twice: what is in flight is waited for and written down."""
    org = scene.tenant(cap=4)
    scene.receiver.answers["/"] = slow(0.1)
    old = scene.start()
    scene.tell(org, 40)
    scene.receiver.wait(5)
    scene.start()
    old.send_signal(signal.SIGTERM)
    assert old.wait(20) == 0
    scene.workers.remove(old)
    scene.wait(40)
    assert set(scene.arrivals().values()) == {1} and len(scene.arrivals()) == 40
