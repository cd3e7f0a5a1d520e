"""A page that follows something by server-sent events: it is told that there is news, never what, and fetches it itself."""

import asyncio
import time

BEAT_SECONDS = 15.0  # a comment, so that proxies keep the connection
# Between two messages, however much happens: nobody fetches more often, and what is said to one who does not read stays far
# below what buffers hold until the connection is renewed.
GAP_SECONDS = 0.5
RETRY_MS = 3_000


class Follower:
    """Holds the last message only: who reads slowly misses steps, which the fetch makes up for."""

    __slots__ = ("_bell", "_last", "_not_before", "_over")

    def __init__(self) -> None:
        self._bell = asyncio.Event()
        self._last = ""
        self._not_before = 0.0
        self._over = False

    def tell(self, data: str) -> None:
        """`data` is JSON on one line."""
        self._last = data
        self._bell.set()

    def end(self) -> None:
        """There is nothing to follow any more."""
        self._over = True
        self._bell.set()

    async def next(self) -> bytes:
        """The next piece of the answer; empty at the end."""
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                await self._bell.wait()
        except TimeoutError:
            return b":\n\n"
        await asyncio.sleep(self._not_before - time.monotonic())
        self._bell.clear()
        self._not_before = time.monotonic() + GAP_SECONDS
        return b"" if self._over else f"event: change\ndata: {self._last}\n\n".encode()
