"""The AMQP feed against a real RabbitMQ: set up, published, confirmed, and nothing lost when the broker dies."""

import asyncio
import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from xml.etree import ElementTree

import aio_pika
import pytest
from aio_pika.exceptions import AMQPException

from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.markets.recovery import initiate
from portal.transports import service
from portal.transports.amqp import Publisher
from portal.transports.broker import Broker
from portal.transports.claiming import Outcome
from portal.transports.trouble import TroubleError
from tests.transports.desk import Desk, until


@pytest.fixture
def fed(desk: Desk):
    """(uid, listener) of an AMQP feed that is set up, with the tenant's queue bound to everything."""
    made = desk.amqp()
    with desk.working():
        until(lambda: desk.get(made.transport.uid).setup == "ready")
    return made.transport.uid, desk.listener(made.password).bind()


def playing(desk: Desk) -> tuple[str, str]:
    """A competition that is played, and one of its matches."""
    cup = desk.make.competition(desk.org, category="CS2", status="active", entrants=4)
    return cup, desk.first_match(cup)


def test_offers_and_results_arrive_as_xml_in_their_order(desk, fed):
    uid, listener = fed
    cup, match = playing(desk)
    with desk.working():
        desk.make.offer(desk.org, cup, match)
        desk.report(cup, match)
        until(lambda: desk.messages(uid) and not set(desk.states(uid)) - {"sent", "skipped"})
        got = listener.wait(3)
    keys = [each.key for each in got]
    assert f"hi.odds_change.cs2.{match}" in keys and f"hi.bet_settlement.cs2.{match}" in keys
    assert keys.index(f"hi.odds_change.cs2.{match}") < keys.index(f"hi.bet_settlement.cs2.{match}")
    settled = ElementTree.fromstring(next(each.body for each in got if ".bet_settlement." in each.key))
    assert settled.tag == "bet_settlement" and settled.get("tt_match_id") == match and settled.get("product") == "2"
    assert settled.get("event_id", "").startswith("od:match:")
    assert [(outcome.get("id"), outcome.get("result")) for outcome in settled.iter("outcome")] == [("a", "won"), ("b", "lost")]
    fixture = ElementTree.fromstring(next(each.body for each in got if ".fixture_change." in each.key))
    assert fixture.tag == "fixtures_fixture" and fixture.findtext("id") == match
    ids = {row.event_id for row in desk.messages(uid)}
    assert len(ids) == len(desk.messages(uid)), "one message for each event"


def test_a_tenant_may_read_and_declare_its_own_and_nothing_else(desk, fed, app, make):
    _, listener = fed
    other = Desk(app, make, make.org())
    made = other.amqp()
    with other.working():
        until(lambda: other.get(made.transport.uid).setup == "ready")
    foreign = other.listener(made.password)
    foreign.url = foreign.url.rpartition("/")[0] + f"/{desk.org.slug}"
    with pytest.raises(AMQPException):
        foreign.bind()

    async def publish(channel):
        exchange = await channel.get_exchange("ttfeed", ensure=False)
        await exchange.publish(aio_pika.Message(b"forged"), "hi.odds_change.cs2.x")

    async def declare(channel):
        await channel.declare_queue("somebody-elses")

    for forbidden in (publish, declare):
        with pytest.raises(AMQPException, match=r"(?i)refused"):
            listener._with(forbidden)


def test_a_rotated_password_ends_the_old_one(desk, fed):
    uid, listener = fed
    made = desk.do(service.rotate, uid, SYSTEM, desk.settings)
    with desk.working():
        until(lambda: desk.get(uid).setup == "ready")
    assert desk.get(uid).secret is None, "the broker has it, nobody here keeps it"
    with pytest.raises(AMQPException):
        listener.drain()
    desk.listener(made.password).drain()


def test_whoever_holds_a_connection_with_the_old_password_loses_it(desk, fed):
    """A password that leaked is no use any more, not even to those who have used it already."""
    uid, listener = fed
    opened, closed = threading.Event(), threading.Event()

    async def stay(channel):
        queue = await channel.get_queue(f"op-{desk.org.slug}.main")
        while True:
            await queue.get(fail=False, timeout=10)
            opened.set()
            await asyncio.sleep(0.1)

    def until_it_is_closed():
        with contextlib.suppress(Exception):
            listener._with(stay)
        closed.set()

    staying = threading.Thread(target=until_it_is_closed)
    staying.start()
    assert opened.wait(10) and not closed.is_set()
    desk.do(service.rotate, uid, SYSTEM, desk.settings)
    with desk.working():
        until(lambda: desk.get(uid).setup == "ready")
        assert closed.wait(15)
    staying.join()


def test_a_connection_that_comes_to_nothing_is_closed(desk, fed, broker, monkeypatch):
    """One that may not declare the exchange tries again and again: each would stay open, and the broker would run out."""
    uid, _ = fed
    desk.do(service.send_test, uid, SYSTEM)
    (turn,) = desk.claim()
    made = []

    async def run():
        real = aio_pika.connect

        async def connect(*arguments, **named):
            made.append(await real(*arguments, **named))
            return made[-1]

        monkeypatch.setattr("portal.transports.amqp.aio_pika.connect", connect)
        monkeypatch.setattr("portal.transports.amqp.EXCHANGE", "amq.forbidden")  # names with amq. are the broker's own
        for _ in range(3):
            with pytest.raises(TroubleError):
                await Publisher(broker.url).send(turn, Outcome())

    asyncio.run(run())
    assert [connection.is_closed for connection in made] == [True] * 3


def test_what_was_confirmed_before_the_broker_fell_silent_is_not_sent_again(desk, fed, monkeypatch):
    uid, _ = fed
    for _ in range(3):
        desk.do(service.send_test, uid, SYSTEM)
    (turn,) = desk.claim()
    outcome, publisher = Outcome(), Publisher(desk.settings.rabbitmq_url)
    monkeypatch.setattr("portal.transports.amqp.CONFIRM_SECONDS", 1.0)
    last, real = turn.letters[-1].publishes, Publisher._publish

    async def silent(self, line, publishes):
        return await (asyncio.sleep(60, 0) if publishes is last else real(self, line, publishes))

    monkeypatch.setattr(Publisher, "_publish", silent)
    with pytest.raises(TroubleError, match="did not confirm in time"):
        asyncio.run(publisher.send(turn, outcome))
    assert list(outcome.sent) == [letter.id for letter in turn.letters[:-1]]


def test_the_heartbeat_says_whether_there_was_a_gap(desk, fed):
    uid, listener = fed
    seen = []

    async def fetch(channel):
        queue = await channel.get_queue(f"op-{desk.org.slug}.main")
        while (message := await queue.get(fail=False)) is not None:
            await message.ack()
            seen.append((message.routing_key, message.body))

    with unit_of_work() as session:
        transport = service.hold(session, desk.org.id, uid)
        transport.alive_at = utc_now().replace(year=2020)
        transport.due_at = utc_now()
    with desk.working():
        until(lambda: listener._with(fetch) or seen)
    assert seen[0][0] == "-.alive.-.-" and ElementTree.fromstring(seen[0][1]).get("subscribed") == "0"


def _updates_done(desk, uid) -> int:
    return sum(row.type == "market.updated" and row.state in ("sent", "skipped") for row in desk.messages(uid))


def test_a_broker_killed_in_mid_stream_loses_nothing(desk, fed, broker):
    """Messages may come twice, with the same id; none is missing, and the order of first arrivals holds."""
    uid, listener = fed
    cup, match = playing(desk)
    with desk.working():
        desk.make.offer(desk.org, cup, match)
        for number in range(40):
            desk.tell(10, "market.updated", **_market(cup, match))
            if number == 10:
                broker.kill()
            if number == 25:
                broker.start()
            time.sleep(0.02)
        until(lambda: _updates_done(desk, uid) == 400, seconds=90)
        listener.wait(400, seconds=60)
        listener.drain()
    first = list(dict.fromkeys(each.id for each in listener.got if ".odds_change." in each.key))
    told = desk.event_uids(row.event_id for row in desk.messages(uid) if row.type.startswith("market."))
    assert first == told


def test_two_workers_send_each_message_once(desk, fed):
    uid, listener = fed
    cup, match = playing(desk)
    desk.make.offer(desk.org, cup, match)
    desk.tell(300, "market.updated", **_market(cup, match))
    with desk.working(), desk.working():
        until(lambda: _updates_done(desk, uid) == 300, seconds=60)
    listener.drain()
    ids = [each.id for each in listener.got]
    assert len(ids) == len(set(ids)), "no broker died, so nothing came twice"
    assert len([each for each in listener.got if ".odds_change." in each.key]) == 301


def test_a_recovery_comes_with_low_priority_and_says_when_it_is_complete(desk, fed):
    _, listener = fed
    cup, match = playing(desk)
    desk.make.offer(desk.org, cup, match)
    with unit_of_work() as session:
        initiate(session, desk.org.id, SYSTEM, "cs2", round((time.time() - 60) * 1000), "req-1")
    with desk.working():
        until(lambda: any(each.key.startswith("-.snapshot_complete") for each in listener.drain()))
    again = [each for each in listener.got if each.headers.get("recovery") == "1"]
    assert [each.key for each in again] == [f"lo.odds_change.cs2.{match}", "-.snapshot_complete.cs2.-"]
    assert ElementTree.fromstring(again[-1].body).get("request_id") == "req-1"
    assert len({each.id for each in again}) == 2


def test_nothing_is_taken_away_that_somebody_else_made(desk, broker):
    """A virtual host of the same name that is not ours stays as it is, and the page says why."""
    from portal.transports.settings import broker_of

    broker_of(desk.settings)._ask("PUT", f"/vhosts/{desk.org.slug}", {"description": "another program's"})
    made = desk.amqp()
    with desk.working():
        until(lambda: desk.get(made.transport.uid).last_error)
    assert "did not make" in desk.get(made.transport.uid).last_error
    desk.do(service.remove, made.transport.uid, SYSTEM)
    with desk.working():
        until(lambda: desk.get(made.transport.uid).failures)
    assert broker_of(desk.settings)._ask("GET", f"/vhosts/{desk.org.slug}") is not None


def test_a_user_that_is_left_over_does_not_outlive_its_virtual_host(desk, fed, monkeypatch):
    """Killed in the midst of a removal, the next try takes away what is left."""
    from portal.transports.settings import broker_of

    real, asked = Broker._ask, []

    def dying(self, method, path, body=None):
        if method == "DELETE":
            asked.append(path)
        if len(asked) == 2:
            raise TroubleError("gone")
        return real(self, method, path, body)

    broker = broker_of(desk.settings)
    owner = f"Tiltyard {fed[0]}"
    monkeypatch.setattr(Broker, "_ask", dying)
    with pytest.raises(TroubleError):
        broker.remove(desk.org.slug, owner)
    monkeypatch.undo()
    broker.remove(desk.org.slug, owner)
    assert broker._ask("GET", f"/users/op-{desk.org.slug}") is None and broker._ask("GET", f"/vhosts/{desk.org.slug}") is None


@pytest.mark.parametrize("status", ["301 Moved Permanently", "404 Not Found", "401 Unauthorized"])
def test_a_management_api_that_does_nothing_is_not_taken_for_done(status):
    with answering(status) as address, pytest.raises(TroubleError, match=status[:3]):
        Broker(address, "tiltyard")._ask("PUT", "/vhosts/acme", {"description": "ours"})


def test_removing_takes_the_virtual_host_and_the_user_away(desk, fed, broker):
    from portal.transports.settings import broker_of

    uid, listener = fed
    desk.do(service.remove, uid, SYSTEM)
    with desk.working():
        until(lambda: desk.get(uid).setup == "gone")
    assert broker_of(desk.settings)._ask("GET", f"/vhosts/{desk.org.slug}") is None
    with pytest.raises(AMQPException):
        listener.drain()


def test_what_nobody_is_bound_to_is_confirmed_and_the_log_says_so(desk):
    made = desk.amqp()
    desk.do(service.send_test, made.transport.uid, SYSTEM)
    with desk.working():
        until(lambda: desk.states(made.transport.uid) == ["sent"])
    assert "no queue was bound" in desk.messages(made.transport.uid)[0].note


def _market(cup: str, match: str) -> dict:
    outcomes = [{"key": key, "label": key.upper(), "price": "1.85", "result": None} for key in "ab"]
    market = {"id": "m", "match_id": match, "type": "match_winner", "label": "Winner", "status": "open", "outcomes": outcomes}
    return {"competition_id": cup, "match_id": match, "market": market}


@contextlib.contextmanager
def answering(status: str):
    """The address of a server that answers everything with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(int(status[:3]))
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://guest:guest@127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
