"""One organization's event feeds as the tests see them: by hand step by step, or with a worker's threads running."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from flask import Flask
from sqlalchemy import select

from portal import worker
from portal.audit.service import SYSTEM
from portal.competitions.model import Match, competition_by_uid, matches_of
from portal.competitions.results import Report, record_result
from portal.kernel.db import db, unit_of_work
from portal.orgs.model import Organization
from portal.outbox.model import Event
from portal.outbox.relay import relay
from portal.transports import service
from portal.transports.amqp import QuietConnection
from portal.transports.claiming import Turn, claim
from portal.transports.fan_out import hand_over
from portal.transports.model import Transport, TransportMessage
from portal.transports.service import Created
from portal.transports.settings import address_of
from tests.make import Make, Org
from tests.transports.sqs_server import KEY_ID, SECRET


def until(ready: Callable[[], object], seconds: float = 20) -> None:
    """Wait for it; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


class Desk:
    """`org` and its transports by uid. Each step is a unit of work of its own."""

    def __init__(self, app: Flask, make: Make, org: Org) -> None:
        self.app, self.make, self.org = app, make, org
        self.settings = app.config["SETTINGS"]

    def amqp(self, types: tuple[str, ...] = ("*",)) -> Created:
        """A new AMQP feed; nobody has set it up at the broker yet."""
        return self.do(service.switch_on, SYSTEM, self.settings, "amqp", {"name": "Trading desk", "types": list(types)})

    def sqs(self, queue_url: str, types: tuple[str, ...] = ("*",), **terms: Any) -> str:
        """The uid of a new SQS feed."""
        keys = {"access_key_id": KEY_ID, "secret_access_key": SECRET} if "role_arn" not in terms else {}
        terms = {"name": "Back office queue", "types": list(types), "queue_url": queue_url} | keys | terms
        return self.do(service.switch_on, SYSTEM, self.settings, "sqs", terms).transport.uid

    def tell(self, count: int = 1, name: str = "match.completed", **data: Any) -> list[str]:
        """So many events, not handed on yet; their uids."""
        return [self.make.event(self.org, name, {"n": number} | data) for number in range(count)]

    def hand_on(self) -> None:
        """Everything that waits, of everybody."""
        while True:
            with unit_of_work() as session:
                if not relay(session, [hand_over]):
                    return

    def claim(self, most: int = 1000) -> list[Turn]:
        """This organization's turns."""
        with unit_of_work() as session:
            turns = claim(session, most, self.settings.master, self.settings.base_url)
        return [turn for turn in turns if turn.transport.org_id == self.org.id]

    def do(self, verb: Any, *arguments: Any) -> Any:
        """A verb of the room: `do(service.pause, uid, SYSTEM)`."""
        with unit_of_work() as session:
            done = verb(session, session.get_one(Organization, self.org.id), *arguments)
            session.flush()
            row = getattr(done, "transport", done)
            if isinstance(row, Transport | TransportMessage):
                session.refresh(row)
            session.expunge_all()
        return done

    def get(self, uid: str) -> Transport:
        """As it is now, removed or not."""
        return self._all(select(Transport).where(Transport.uid == uid))[0]

    def messages(self, uid: str) -> list[TransportMessage]:
        """In their order, without what tells of the feed itself."""
        query = select(TransportMessage).join(Transport).where(Transport.uid == uid).order_by(TransportMessage.sequence)
        return [row for row in self._all(query) if not row.type.startswith("transport.") or row.event_id is None]

    def event_uids(self, ids: Iterable[int | None]) -> list[str]:
        """In the order of the ids given."""
        wanted = list(ids)
        with unit_of_work() as session:
            found = dict(session.execute(select(Event.id, Event.uid).where(Event.id.in_(wanted))).all())
        return [found[number] for number in wanted if number]

    def first_match(self, cup: str) -> str:
        """The uid of a match that can be played."""
        with unit_of_work() as session:
            found = competition_by_uid(session, self.org.id, cup)
            ready = Match.a_id.is_not(None), Match.b_id.is_not(None), Match.status == "pending"
            return session.scalars(matches_of(found).where(*ready).limit(1)).one().uid

    def report(self, cup: str, match: str) -> None:
        """The first side wins."""
        with unit_of_work() as session:
            record_result(session, competition_by_uid(session, self.org.id, cup), SYSTEM, match, Report("a", 2, 0))

    def states(self, uid: str) -> list[str]:
        return [row.state for row in self.messages(uid)]

    def listener(self, password: str) -> "Listener":
        """The tenant's own program at the broker."""
        return Listener(address_of(self.settings, self.org.slug, password), self.org.slug)

    def _all(self, query: Any) -> list[Any]:
        with unit_of_work() as session:
            found = list(session.scalars(query))
            session.expunge_all()
        return found

    @contextmanager
    def working(self) -> Iterator[None]:
        """A worker's threads, for as long as the block lasts."""
        db.session.remove()
        with worker.deliveries(self.app):
            yield


@dataclass(frozen=True)
class Got:
    """One message as it came."""

    key: str
    body: bytes
    id: str
    headers: dict[str, Any]


@dataclass
class Listener:
    """A tenant's consumer: its own durable queue, bound to `binding`. `drain` fetches what is there."""

    url: str
    slug: str
    got: list[Got] = field(default_factory=list)

    def bind(self, binding: str = "#", name: str = "main") -> "Listener":
        """Declare a queue of one's own and bind it."""
        self._with(self._bind, binding, name)
        return self

    def drain(self, name: str = "main") -> list[Got]:
        """Everything in the queue now, added to `got`; heartbeats are left out."""
        self._with(self._fetch, name)
        return self.got

    def wait(self, count: int, seconds: float = 30) -> list[Got]:
        """What came, once there are `count`."""
        deadline = time.monotonic() + seconds
        while len(self.got) < count:
            assert time.monotonic() < deadline, f"{len(self.got)} of {count} came"
            try:
                self.drain()
            except Exception:  # the broker is away for a while
                time.sleep(0.2)
            time.sleep(0.05)
        return self.got

    async def _bind(self, channel: Any, binding: str, name: str) -> None:
        queue = await channel.declare_queue(f"op-{self.slug}.{name}", durable=True)
        await queue.bind("ttfeed", binding)

    async def _fetch(self, channel: Any, name: str) -> None:
        queue = await channel.get_queue(f"op-{self.slug}.{name}")
        while (message := await queue.get(fail=False, timeout=10)) is not None:
            await message.ack()
            if not message.routing_key.startswith("-.alive"):
                self.got.append(Got(message.routing_key, message.body, message.message_id, dict(message.headers)))

    def _with(self, act: Any, *arguments: Any) -> None:
        """In a thread of its own: the test may be inside another loop, and warnings of this one are not the test's."""
        failed: list[BaseException] = []

        async def run() -> None:
            connection = await aio_pika.connect(self.url, timeout=10, connection_class=QuietConnection)
            async with connection:
                await act(await connection.channel(), *arguments)

        def target() -> None:
            try:
                asyncio.run(run())
            except BaseException as error:  # handed to the test
                failed.append(error)

        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
