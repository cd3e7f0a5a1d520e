"""The thread that sends what is due: claims in a short transaction, sends many at once, records in a short transaction.

Tries do not wait for each other: what ends is recorded together with the next claim, so that one hanging receiver holds up
one slot for fifteen seconds and nothing else. The tables are the truth; this thread may die at any moment.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from flask import Flask
from sqlalchemy.orm import Session

from portal.kernel.db import AWAY, unit_of_work
from portal.kernel.errors import Fault
from portal.kernel.failpoints import reach
from portal.kernel.log import log
from portal.outbox.sweeper import SWEEP_SECONDS, Sweeper
from portal.webhooks.claiming import Claimed, claim
from portal.webhooks.model import Endpoint
from portal.webhooks.outgoing import Outgoing, Signer, Sources, compose, signer_of, sources_of
from portal.webhooks.recording import Tried, record_tries
from portal.webhooks.sending import Client
from portal.webhooks.service import rules_of
from portal.webhooks.way_out import PROBES, WayOut

GATHER_SECONDS = 0.01  # tries that end within this time are recorded in one transaction
CLOSED_SECONDS = 30.0
DRAIN_SECONDS = 5.0  # for what is in flight at the end; the rest is found by its lease


class Deliverer(Sweeper):
    """Sends the deliveries of a worker process, at most TILTYARD_WEBHOOK_IN_FLIGHT at once."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self._most = self._settings.webhook_in_flight
        self._way_out = WayOut()
        self._signers: dict[int, Signer] = {}
        self._closed: dict[int, float] = {}  # endpoints whose secrets do not open here, and until when they are left alone
        self._ended: list[Tried] = []
        self._tasks: dict[asyncio.Task[None], int] = {}  # and whose each is

    async def _serve_all(self) -> None:
        async with Client(rules_of(self._settings)) as client:
            while not self._stopping:
                more = await self._turn(client)
                if not more:
                    await self._wait()
                    await asyncio.sleep(GATHER_SECONDS)
            await self._drain()

    async def _turn(self, client: Client) -> bool:
        """Record what ended, send what is due; True when there may be more to send at once."""
        down = self._way_out.judge()
        room = max(0, (PROBES if down else self._most) - len(self._tasks))
        ended, self._ended = self._ended, []
        try:
            outgoing, full = await asyncio.to_thread(self._exchange, ended, room, Counter(self._tasks.values()))
        except Exception as error:  # the database may be away for a while
            self._ended = ended + self._ended
            log.error("deliveries could not be recorded or claimed", exc_info=error)
            await asyncio.sleep(SWEEP_SECONDS)
            return False
        for out in outgoing:
            task = asyncio.create_task(self._send(client, out))
            self._tasks[task] = out.org_id
            task.add_done_callback(self._tasks.pop)
        return full and len(self._tasks) < self._most and not down

    def _exchange(self, ended: Sequence[Tried], room: int, here: Counter[int]) -> tuple[list[Outgoing], bool]:
        """In a thread of its own: the transactions, and the requests of what was claimed."""
        if ended:
            reach("before_record")
            self._record(ended)
        if room == 0 or self._stopping:
            return [], False
        with unit_of_work() as session:
            claimed, sources = self._claim(session, room, here)
        return self._composed(claimed, sources), len(claimed) > 0

    def _record(self, ended: Sequence[Tried]) -> None:
        """All of them in one transaction. One that cannot be written must not keep the others: its lease ends."""
        try:
            with unit_of_work() as session:
                record_tries(session, ended)
        except AWAY:
            raise
        except Exception as error:
            if len(ended) == 1:
                log.error("a try could not be written down", delivery=ended[0].out.delivery_id, exc_info=error)
                return
            for each in ended:
                self._record([each])

    def _claim(self, session: Session, room: int, here: Counter[int]) -> tuple[list[Claimed], Sources]:
        self._signers = {}
        self._closed = {number: until for number, until in self._closed.items() if until > time.monotonic()}
        claimed = claim(session, room, self._settings.webhook_hourly, here, self._able, self._closed)
        return claimed, sources_of(session, claimed) if claimed else Sources({}, {})

    def _able(self, endpoint: Endpoint, now: datetime) -> bool:
        """Can its deliveries be signed? While the master key is rotated another worker may be able to, so it gets them."""
        try:
            self._signers[endpoint.id] = signer_of(endpoint, self._settings.master, now)
        except Fault as fault:
            log.error("deliveries could not be signed", webhook=endpoint.uid, error=str(fault))
            self._closed[endpoint.id] = time.monotonic() + CLOSED_SECONDS
        return endpoint.id in self._signers

    def _composed(self, claimed: Sequence[Claimed], sources: Sources) -> list[Outgoing]:
        """What cannot be made is left: its lease ends, and it is tried again until it can."""
        made = (self._request(each, sources, self._signers[each.endpoint.id]) for each in claimed)
        return [out for out in made if out is not None]

    def _request(self, each: Claimed, sources: Sources, signer: Signer) -> Outgoing | None:
        try:
            return compose(each, sources, signer, self._settings)
        except Exception as error:  # one that cannot be made must not keep the others of its batch
            log.error("a delivery could not be made", delivery=each.delivery.uid, exc_info=error)
            return None

    async def _send(self, client: Client, out: Outgoing) -> None:
        reach("before_send")
        answer = await client.send(out)
        reach("after_send")
        self._way_out.note(out.org_id, out.url, answer.unreachable)
        counted = answer.delivered or not answer.unreachable or not self._way_out.down
        self._ended.append(Tried(out, answer, counted))
        self._tell()

    async def _drain(self) -> None:
        """Give what is in flight a few seconds, then record what ended."""
        until = time.monotonic() + DRAIN_SECONDS
        while self._tasks and time.monotonic() < until:
            await asyncio.wait(self._tasks, timeout=until - time.monotonic())
        for task in self._tasks:
            task.cancel()
        if self._ended:
            try:
                await asyncio.to_thread(self._exchange, self._ended, 0, Counter())
            except AWAY as error:
                log.error("the last tries could not be written down; their leases end", exc_info=error)
