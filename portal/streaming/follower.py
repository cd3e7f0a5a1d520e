"""A page that follows something by server-sent events: it is told that there is news, never what, and fetches it itself."""

import asyncio

BEAT_SECONDS = 15.0  # a comment, so that proxies keep the connection
RETRY_MS = 3_000


class Follower:
    """Holds the last message only: who reads slowly misses steps, which the fetch makes up for."""

    __slots__ = ("_bell", "_last", "_over")

    def __init__(self) -> None:
        self._bell = asyncio.Event()
        self._last = ""
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
        self._bell.clear()
        return b"" if self._over else f"event: change\ndata: {self._last}\n\n".encode()
