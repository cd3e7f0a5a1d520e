"""One connection: its frames numbered without a gap, its queue bounded, its end told with a code."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from portal.admission.order import Attempt

Send = Callable[[dict[str, Any]], Awaitable[None]]
# What may wait for one reader. Frames are shared by all who get them, so this bounds time more than memory.
MOST_FRAMES = 4_096
MOST_CHARACTERS = 4_000_000
LAST_WORD_SECONDS = 0.25  # for a close frame; who does not take it in that time is cut off

# Close codes and reasons (RFC 6455: 4000 to 4999 are for applications).
CHATTY = (1008, "Nothing is read from you here. Send nothing.")
SLOW = (4008, "You read too slowly. Connect again for a new snapshot.")
REFUSED = 4003  # with the words of the refusal


class Listener:
    """`push` never waits. A task exists only while something is to be sent, so an idle connection costs little."""

    __slots__ = ("_abort", "_characters", "_moved", "_queue", "_send", "_seq", "_task", "attempt", "ended")

    def __init__(self, send: Send, abort: Callable[[], None], attempt: Attempt) -> None:
        self.attempt, self.ended = attempt, False
        self._send, self._abort = send, abort
        self._queue: deque[tuple[str, int]] = deque()
        self._moved = True
        self._characters = self._seq = 0
        self._task: asyncio.Task[None] | None = None

    def push(self, head: str) -> None:
        """Send a frame: `head` is all of it up to the number, and shared by all who get it."""
        if self.ended:
            return
        self._seq += 1
        self._queue.append((head, self._seq))
        self._characters += len(head)
        if len(self._queue) > MOST_FRAMES or self._characters > MOST_CHARACTERS:
            self.close(*SLOW)
        elif self._task is None:
            self._task = asyncio.create_task(self._drain())

    def check_progress(self) -> None:
        """Asked every ten seconds: whoever took nothing of what waits since the last time is dropped."""
        if self._task is not None and not self._moved:
            self.close(*SLOW)
        self._moved = self._task is None

    def close(self, code: int, reason: str) -> None:
        """End it: what waits is thrown away."""
        if self.ended:
            return
        self.ended = True
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._say_goodbye(code, reason))

    def gone(self) -> None:
        """The other side left."""
        self.ended = True
        self._queue.clear()

    async def _drain(self) -> None:
        with suppress(OSError, RuntimeError):  # uvicorn's ClientDisconnected is one: the receiving side learns of it too
            while self._queue:
                head, number = self._queue.popleft()
                self._characters -= len(head)
                await self._send({"type": "websocket.send", "text": f"{head}{number}}}}}"})
                self._moved = True
        self._task = None

    async def _say_goodbye(self, code: int, reason: str) -> None:
        with suppress(OSError, TimeoutError, RuntimeError):
            async with asyncio.timeout(LAST_WORD_SECONDS):
                await self._send({"type": "websocket.close", "code": code, "reason": reason[:120]})
                return
        self._abort()
