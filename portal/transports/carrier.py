"""The thread that serves transports: claims in a short transaction, sends without one, writes down in a short one.

Transports do not wait for each other: each is served by a task of its own. The tables are the truth; this thread may die at
any moment, and another worker goes on when the lease ends.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from portal.kernel.db import unit_of_work
from portal.kernel.failpoints import reach
from portal.kernel.log import log
from portal.outbox.sweeper import Sweeper
from portal.transports import amqp, sqs
from portal.transports.broker import Broker
from portal.transports.claiming import Outcome, Turn, claim, write_down
from portal.transports.settings import broker_of
from portal.transports.trouble import TroubleError

AT_ONCE = 32  # transports of one process
TURN_SECONDS = 20.0  # below the lease
DRAIN_SECONDS = 5.0


class Carrier(Sweeper):
    """Serves the transports of a worker process."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self._broker: Broker | None = broker_of(self._settings)
        self._publisher = amqp.Publisher(self._settings.rabbitmq_url)
        self._sender = sqs.Sender()
        self._blocking = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="transport")
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def _serve_all(self) -> None:
        while not self._stopping:
            try:
                await self._begin_turns()
                await self._publisher.close_idle()
            except Exception as error:  # the database may be away for a while
                log.error("transports could not be claimed", exc_info=error)
            await self._wait()
        await self._drain()

    async def _begin_turns(self) -> None:
        room = AT_ONCE - len(self._tasks)
        for turn in await asyncio.to_thread(self._claim, room) if room else ():
            task = asyncio.create_task(self._serve(turn))
            self._tasks[turn.transport.id] = task
            task.add_done_callback(lambda _, number=turn.transport.id: self._tasks.pop(number, None))  # type: ignore[misc]

    def _claim(self, room: int) -> list[Turn]:
        with unit_of_work() as session:
            return claim(session, room, self._settings.master, self._settings.base_url, list(self._tasks))

    async def _serve(self, turn: Turn) -> None:
        outcome = Outcome(trouble=turn.broken)
        try:
            if not turn.broken:
                async with asyncio.timeout(TURN_SECONDS):
                    reach("before_carry")
                    await self._send(turn, outcome)
                    reach("after_carry")
        except TroubleError as trouble:
            outcome.trouble = str(trouble)
        except TimeoutError:
            outcome.trouble = "It took too long."
        except Exception as error:  # a transport must not take the others along
            log.error("a transport failed", transport=turn.transport.uid, exc_info=error)
            outcome.trouble = f"It failed ({type(error).__name__})."
        try:
            await asyncio.to_thread(self._write_down, turn, outcome)
        except Exception as error:  # the lease ends, and it is sent again with the same ids
            log.error("a turn of a transport could not be written down", transport=turn.transport.uid, exc_info=error)
            return
        if turn.letters and not outcome.trouble:
            self._tell()

    def _write_down(self, turn: Turn, outcome: Outcome) -> None:
        with unit_of_work() as session:
            write_down(session, turn, outcome)

    async def _send(self, turn: Turn, outcome: Outcome) -> None:
        """Raises TroubleError."""
        loop = asyncio.get_running_loop()
        if turn.transport.kind == "sqs":
            if not sqs.installed():
                raise TroubleError("This installation cannot send to SQS: its extra `sqs` is not installed.")
            await loop.run_in_executor(self._blocking, self._sender.send, turn, outcome)
            return
        if self._broker is None or not amqp.installed():
            raise TroubleError("This installation has no broker, or its extra `amqp` is not installed.")
        if turn.transport.setup != "ready":
            await loop.run_in_executor(self._blocking, self._set_up, self._broker, turn)
        if turn.transport.setup != "removal" and turn.transport.status == "enabled":
            await self._publisher.send(turn, outcome)

    def _set_up(self, broker: Broker, turn: Turn) -> None:
        vhost, owner = turn.transport.target, f"Tiltyard {turn.transport.uid}"
        if turn.transport.setup == "removal":
            broker.remove(vhost, owner)
        else:
            broker.provision(vhost, owner, turn.secret["password"])

    async def _drain(self) -> None:
        until = time.monotonic() + DRAIN_SECONDS
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=until - time.monotonic())
        for task in list(self._tasks.values()):
            task.cancel()
        await self._publisher.close_idle(everything=True)
        self._blocking.shutdown(wait=False, cancel_futures=True)
