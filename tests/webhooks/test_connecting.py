"""Receivers and name servers that want more than their share of a worker: others are served meanwhile."""

import asyncio
import contextlib
import gc
import os
import resource
import socket
import threading
import time

import pytest

from portal.kernel.clock import utc_now
from portal.webhooks import addresses, sending
from portal.webhooks.addresses import LOOK_UPS, Rules
from portal.webhooks.claiming import ORG_CAP
from portal.webhooks.connecting import READ_BYTES
from portal.webhooks.outgoing import Outgoing
from portal.webhooks.sending import ALL_SECONDS, KEPT_BYTES, Client
from tests.webhooks.receiver import receiving, slow, status

LOCAL = Rules(frozenset({443}), local=True)
HOSTILE = 10


def out(url):
    return Outgoing(1, 1, 1, "lease", url, b"{}", {"Content-Type": "application/json"}, {}, utc_now())


def one(outgoing, rules=LOCAL):
    """How one try goes."""

    async def send():
        async with Client(rules) as client:
            return await client.send(outgoing)

    return asyncio.run(send())


def flood(beginning: bytes, again: bytes):
    """Answer with this, and then with that as fast as it is taken, without end; `flood.sent` bytes so far."""

    async def answer(writer):
        writer.write(beginning)
        while True:
            writer.write(again * (65_536 // len(again)))
            await writer.drain()
            sent[0] += 65_536

    sent = [0]
    answer.sent = sent
    return answer


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FLOODS = {
    "interim answers": flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "hints": flood(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "chunk extensions": flood(CHUNKED, b"1;" + b"a" * 8000 + b"\r\na\r\n"),
    "another protocol": flood(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", b"x"),
}


async def beside(evil: list[Outgoing], good: Outgoing, seconds: float = 1) -> list[tuple[float, float]]:
    """How long each good try takes, one after the other for so long, while the evil ones are under way, and how long our
    thread worked meanwhile: a machine that is busy with something else makes a try longer, not the work."""
    async with Client(LOCAL) as client:
        assert (await client.send(good)).delivered
        under_way = [asyncio.create_task(client.send(one)) for one in evil]
        took, until = [], time.monotonic() + seconds
        while (begun := time.monotonic()) < until:
            worked = time.thread_time()
            await client.send(good)
            took.append((time.monotonic() - begun, time.thread_time() - worked))
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
    return took


def held(took: list[tuple[float, float]]) -> float:
    """Seconds of work in tries that did not go through at once."""
    return sum(worked for seconds, worked in took if seconds > 0.1)


@pytest.fixture
def small_heap():
    """As in a worker: the garbage collector does not go through what a thousand tests have left, a second at a time."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_before_or_around_the_body_holds_nobody_else_up(kind):
    with receiving() as hostile, receiving() as receiver:
        hostile.answers["/"] = FLOODS[kind]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        took = asyncio.run(beside([out(hostile.url())] * HOSTILE, out(receiver.url())))
        assert held(took) < 1, took
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KB, the senders in this process included


def test_the_harness_sees_a_flood_that_is_not_bounded(monkeypatch):
    """The wrong twin: a connection that reads all that comes."""
    monkeypatch.setattr("portal.webhooks.connecting.Bounded.set_response_params", aiohttp_s_own)
    monkeypatch.setattr("portal.webhooks.connecting.Bounded._left", 2**62)
    monkeypatch.setattr(sending, "ALL_SECONDS", 2)
    with receiving() as hostile, receiving() as receiver:
        hostile.answers["/"] = FLOODS["interim answers"]
        took = asyncio.run(beside([out(hostile.url())] * HOSTILE, out(receiver.url()), 4))
    assert held(took) > 1, took


def aiohttp_s_own(self, **params):
    from aiohttp.client_proto import ResponseHandler

    ResponseHandler.set_response_params(self, **params)


def test_no_more_of_a_flood_is_read_than_its_bound(monkeypatch):
    monkeypatch.setattr(sending, "ALL_SECONDS", 0.5)
    endless = flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
    with receiving() as hostile:
        hostile.answers["/"] = endless

        answer = one(out(hostile.url()))
    assert answer.status is None and "No answer within" in answer.error and not answer.delivered
    assert endless.sent[0] < 10_000_000, "the buffers of the system, and no more"


@pytest.mark.parametrize("length", [KEPT_BYTES, READ_BYTES - 100, READ_BYTES, READ_BYTES + 1, 300_000])
def test_a_long_answer_is_delivered_with_its_beginning_and_the_next_try_too(length):
    with receiving() as receiver:
        receiver.answers["/"] = status(200, body=b"x" * length)

        async def twice():
            async with Client(LOCAL) as client:
                return [await client.send(out(receiver.url())) for _ in range(2)]

        begun = time.monotonic()
        answers = asyncio.run(twice())
    assert [(answer.delivered, len(answer.body)) for answer in answers] == [(True, KEPT_BYTES)] * 2
    assert time.monotonic() - begun < ALL_SECONDS / 2


def test_names_whose_servers_are_silent_hold_up_no_others_and_may_be_our_own_network_s_fault(monkeypatch):
    """A tenant has so many in flight; the system asks on for longer than we wait, which is when threads are short."""
    monkeypatch.setattr(addresses, "RESOLVING_SECONDS", 0.5)
    over, ask = threading.Event(), addresses._look_up

    def look_up(host, port, family):
        if host.startswith("silent"):
            over.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return ask(host, port, family)

    monkeypatch.setattr(addresses, "_look_up", look_up)

    async def send(url):
        async with Client(LOCAL) as client:
            silent = [
                asyncio.gather(*(client.send(out(f"http://silent-{n}-{m}.example.com/")) for m in range(ORG_CAP)))
                for n in range(6)
            ]
            await asyncio.sleep(0.2)
            begun = time.monotonic()
            good = await client.send(out(url))
            took = time.monotonic() - begun
            answers = [answer for some in silent for answer in await some]
            over.set()
            return good, took, answers

    with receiving() as receiver:
        good, took, answers = asyncio.run(send(f"http://localhost:{receiver.port}/"))
    assert good.delivered and took < 10, (good, took)
    assert len(answers) == 300 < LOOK_UPS
    assert all(answer.unreachable and "could not be resolved" in answer.error for answer in answers)


def test_a_name_whose_every_address_is_silent_may_be_our_own_network_s_fault(monkeypatch):
    """Each address is waited for in turn, until the whole try is over: that is no answer that was late."""
    monkeypatch.setattr(sending, "CONNECT_SECONDS", 0.4)
    monkeypatch.setattr(sending, "ALL_SECONDS", 1)
    hosts = [f"127.0.0.{number}" for number in range(2, 17)]
    with contextlib.ExitStack() as open_:
        deaf = [open_.enter_context(socket.socket()) for _ in hosts]
        deaf[0].bind((hosts[0], 0))
        port = deaf[0].getsockname()[1]
        for each, host in zip(deaf[1:], hosts[1:], strict=True):
            each.bind((host, port))
        for each in deaf:
            each.listen(0)
            for _ in range(4):  # a full backlog answers no SYN
                filler = open_.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(each.getsockname())
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]
        monkeypatch.setattr(addresses, "_look_up", lambda *_: found)
        answer = one(out(f"http://silent.example.com:{port}/"))
    assert answer.error == "No connection within 1 seconds." and answer.unreachable and answer.took_ms < 4000


def test_a_receiver_that_was_reached_and_is_late_is_to_blame_itself_on_a_standing_connection_too(monkeypatch):
    monkeypatch.setattr(sending, "ALL_SECONDS", 0.5)
    with receiving() as receiver:
        receiver.answers["/late"] = slow(5)

        async def send():
            async with Client(LOCAL) as client:
                return [await client.send(out(receiver.url(path))) for path in ("/", "/late", "/late")]

        answers = asyncio.run(send())
    assert answers[0].delivered
    assert [(each.error, each.unreachable) for each in answers[1:]] == [("No answer within 0.5 seconds.", False)] * 2


def test_a_process_that_has_run_out_of_files_does_not_blame_the_receiver():
    async def send(url):
        async with Client(LOCAL) as client:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            lowest = os.dup(0)
            os.close(lowest)
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
            try:
                return await client.send(out(url))
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with receiving() as receiver:
        answer = asyncio.run(send(receiver.url()))
        assert not receiver.arrivals
    assert answer.error == "The connection was not possible." and answer.unreachable


def test_a_name_that_leads_elsewhere_by_now_is_not_called(monkeypatch):
    """Rebinding: it passed when the endpoint was made."""

    def found(host, port, family):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(addresses, "_look_up", found)
    with receiving() as receiver:
        url = out(f"https://hooks.example.com:{receiver.port}/")

        strict = one(url, Rules(frozenset({receiver.port})))
        assert "not in the public internet" in strict.error and not strict.unreachable
        monkeypatch.setattr(sending, "CONNECT_SECONDS", 0.3)
        lax = one(url, Rules(frozenset({receiver.port}), local=True))
        assert "No connection within" in lax.error, "this one was dialled, and found no TLS"


@pytest.mark.parametrize("url", ["http://hooks.example.com/", "https://hooks.example.com:8443/", "https://localhost/"])
def test_what_may_no_longer_be_called_since_the_settings_changed_is_not(url, monkeypatch):
    """Made while TILTYARD_WEBHOOK_ALLOW_LOCAL was on, or with more ports."""
    monkeypatch.setattr(addresses, "_look_up", lambda *_: pytest.fail("it was looked up"))
    answer = one(out(url), Rules(frozenset({443})))
    assert answer.error.startswith("The address may not be called: url must") and not answer.unreachable


def raw(code: int, *headers: bytes, body: bytes = b""):
    """An answer whose headers are bytes as they stand."""

    async def answer(writer):
        lines = [b"HTTP/1.1 %d \xff\xe9" % code, b"Content-Length: %d" % len(body), *headers]
        writer.write(b"\r\n".join([*lines, b"", b""]) + body)
        await writer.drain()
        return True

    return answer


ODD = bytes(code for code in range(1, 256) if code not in (10, 13))
ANSWERS = {
    "/bytes": raw(500, b"X-Odd: " + ODD[31:], body=bytes(range(256)) * 4),
    "/control": raw(500, b"X-Odd: " + ODD, b"X-Nul: a\x00b", body=b"\x00" * 100),
    "/names": raw(500, *(b"%cX%c: 1" % (sign, sign) for sign in b"!#$%&'*+.^_`|~"), *[b"X-Twice: a", b"x-twice: b"] * 40),
    "/later": raw(503, b"Retry-After: 99999999999999999999"),
    "/date": raw(429, b"Retry-After: Fri, 31 Dec 9999 23:59:59 -2359"),
    "/dawn": raw(429, b"Retry-After: Mon, 01 Jan 0001 00:00:00 +2359"),
    "/999": raw(999, b"Retry-After: \xb2"),
    "/surrogates": raw(404, b"X-Odd: \xed\xa0\x80", body=b"\xed\xa0\x80"),
}


def test_whatever_a_receiver_answers_is_written_down_and_keeps_nobody_else_s_from_it(office, receiver):
    """One row that the database refused would be tried again for ever, together with everybody's."""
    receiver.answers |= ANSWERS
    hooks = {path: office.make.webhook(office.org, receiver.url(path), ["match.*"]) for path in [*ANSWERS, "/good"]}
    office.tell()
    with office.working():
        deadline = time.monotonic() + 20
        while not all(office.new(uid)[0].attempts for uid in hooks.values()):
            assert time.monotonic() < deadline, {path: office.new(uid)[0].state for path, uid in hooks.items()}
            time.sleep(0.05)
    states = {path: office.states(uid) for path, uid in hooks.items()}
    assert states == {path: ["delivered" if path == "/good" else "pending"] for path in hooks}
