"""Publishing to RabbitMQ: one connection for each tenant's virtual host, every message confirmed by the broker."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

try:
    import aio_pika
    from aio_pika import DeliveryMode, ExchangeType, Message
    from aio_pika.exceptions import (
        AMQPError,
        AuthenticationError,
        DeliveryError,
        ProbableAuthenticationError,
        PublishError,
    )

    class QuietConnection(aio_pika.Connection):
        """One that never came about is collected at any time, in any thread; the library would make a coroutine for its end
        there, which nobody awaits. Those that came about are closed by whoever made them."""

        def __del__(self) -> None:
            pass

except ImportError:  # the extra `amqp` is not installed
    aio_pika = None  # type: ignore[assignment]

from portal.transports.claiming import Outcome, Turn
from portal.transports.trouble import TroubleError
from portal.transports.xml_messages import EXCHANGE, Publish, alive

CONNECT_SECONDS = 5.0
CONFIRM_SECONDS = 10.0
IDLE_SECONDS = 60.0
CONFIRMED = "Confirmed by the broker."
NOBODY = "Confirmed by the broker, but no queue was bound to take it."


def installed() -> bool:
    """Is the extra there?"""
    return aio_pika is not None


@dataclass
class _Line:
    """An open connection, and when it was used last."""

    connection: Any
    exchange: Any = None
    used: float = field(default_factory=time.monotonic)


class Publisher:
    """Of one worker process and one event loop. `url` is the broker's address with the user that publishes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lines: dict[int, _Line] = {}

    async def send(self, turn: Turn, outcome: Outcome) -> None:
        """What the turn holds, in its order; `outcome` says what was confirmed, also when TroubleError is raised."""
        try:
            line = await self._line(turn)
            if turn.alive:
                async with asyncio.timeout(CONFIRM_SECONDS):
                    await self._publish(line, [alive(turn.at, turn.gap)])
                outcome.alive = True
            await self._send_letters(turn, outcome, line)
            line.used = time.monotonic()
        except BaseException as error:
            await self._drop(turn.transport.id)
            if isinstance(error, TroubleError | asyncio.CancelledError) or not isinstance(error, Exception):
                raise
            raise TroubleError(_words(error)) from None

    async def close_idle(self, everything: bool = False) -> None:
        """Connections that another worker uses now, or nobody."""
        now = time.monotonic()
        for number in [key for key, line in self._lines.items() if everything or now - line.used > IDLE_SECONDS]:
            await self._drop(number)

    async def _send_letters(self, turn: Turn, outcome: Outcome, line: _Line) -> None:
        """All at once, since a channel keeps their order; the confirmations are awaited together. What was confirmed counts,
        also where the rest was not in time."""
        waiting = {asyncio.ensure_future(self._publish(line, letter.publishes)): letter for letter in turn.letters}
        if not waiting:
            return
        try:
            _, late = await asyncio.wait(waiting, timeout=CONFIRM_SECONDS)
        finally:
            for future in waiting:
                future.cancel()
        trouble: BaseException | None = TimeoutError() if late else None
        for future, letter in waiting.items():
            if future in late:
                continue
            error = future.exception()
            if isinstance(error, PublishError | DeliveryError):
                outcome.refused[letter.id] = "The broker refused the message."
            elif error is not None:
                trouble = trouble or error
            else:
                outcome.sent[letter.id] = _remark(letter.publishes, future.result())
        if trouble is not None:
            raise trouble

    async def _publish(self, line: _Line, publishes: Sequence[Publish]) -> int:
        """How many of them no queue took."""
        answers = await asyncio.gather(*(self._one(line, each) for each in publishes))
        return sum(answers)

    async def _one(self, line: _Line, each: Publish) -> bool:
        message = Message(
            each.body,
            headers=dict(each.headers),
            content_type="application/xml",
            content_encoding="utf-8",
            message_id=each.message_id,
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        answer = await line.exchange.publish(message, each.routing_key, mandatory=True)
        return getattr(answer, "name", "") == "Basic.Return" or hasattr(answer, "delivery")

    async def _line(self, turn: Turn) -> _Line:
        line = self._lines.get(turn.transport.id)
        if line is not None and not line.connection.is_closed and not line.exchange.channel.is_closed:
            return line
        await self._drop(turn.transport.id)
        parts = urlsplit(self._url)
        url = urlunsplit((parts.scheme, parts.netloc, "/" + quote(turn.transport.target, safe=""), parts.query, ""))
        connection = await aio_pika.connect(
            url,
            timeout=CONNECT_SECONDS,
            client_properties={"connection_name": "tiltyard"},
            connection_class=QuietConnection,
        )
        line = self._lines[turn.transport.id] = _Line(connection)  # from here on it is closed when anything goes wrong
        async with asyncio.timeout(CONNECT_SECONDS):
            channel = await connection.channel(publisher_confirms=True)
            line.exchange = await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)
        return line

    async def _drop(self, number: int) -> None:
        line = self._lines.pop(number, None)
        if line is not None:
            try:
                async with asyncio.timeout(1):
                    await line.connection.close()
            except Exception:  # noqa: S110 - it is gone either way
                pass


def _remark(publishes: Sequence[Publish], untaken: int) -> str:
    if not publishes:
        return "Nothing is told of it: the match is not in the feed."
    return NOBODY if untaken == len(publishes) else CONFIRMED


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "The broker did not confirm in time. It does so too when it is short of memory or disk."
    if isinstance(error, AuthenticationError | ProbableAuthenticationError):
        return "The broker refused our user. Whoever runs this installation mends its address."
    if isinstance(error, OSError):
        return "The broker could not be reached."
    if isinstance(error, AMQPError):
        return f"The broker closed the connection ({type(error).__name__})."
    return f"The broker could not be used ({type(error).__name__})."
