"""The ASGI application of a stream process: WebSockets of the feed, followers of pages, and a sign of life."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from flask import Flask

from portal.kernel.log import log
from portal.streaming import pages_followed, sockets
from portal.streaming.entry import Scope
from portal.streaming.hub import Hub
from portal.streaming.listener import Send
from portal.streaming.marks import tell_marks
from portal.streaming.telling import listen_for_bells, tell
from portal.streaming.watch import keep_alive, watch_keys

Loop = Callable[[Hub], Coroutine[Any, Any, None]]

LOOPS: tuple[Loop, ...] = (tell, tell_marks, listen_for_bells, watch_keys, keep_alive)
AGAIN_SECONDS = 0.3


class Stream:
    """`Stream(app)` is what an ASGI server serves. Everything starts and ends with the server's lifespan."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._hub: Hub | None = None

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        assert self._hub is not None
        serve = sockets.serve if scope["type"] == "websocket" else pages_followed.serve
        return await serve(self._hub, scope, receive, send)

    async def _live(self, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        await receive()
        hub = self._hub = Hub(self._app)
        loops = [asyncio.create_task(go_on(loop, hub)) for loop in LOOPS]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        hub.close()
        await send({"type": "lifespan.shutdown.complete"})


async def go_on(loop: Loop, hub: Hub) -> None:
    """For ever: a loop that fails, without the database say, begins anew. One that ended would leave revoked keys connected."""
    while True:
        try:
            await loop(hub)
        except Exception as error:
            log.error("a part of the stream failed and begins anew", part=loop.__name__, exc_info=error)
            await asyncio.sleep(AGAIN_SECONDS)
