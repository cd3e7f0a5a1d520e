"""The ASGI application of a stream process: WebSockets of the feed, followers of pages, and a sign of life."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from flask import Flask

from portal.streaming import pages_followed, sockets
from portal.streaming.entry import Scope
from portal.streaming.hub import Hub
from portal.streaming.listener import Send
from portal.streaming.telling import listen_for_bells, tell
from portal.streaming.watch import keep_alive, watch_keys

LOOPS: tuple[Callable[[Hub], Coroutine[Any, Any, None]], ...] = (tell, listen_for_bells, watch_keys, keep_alive)


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
        loops = [asyncio.create_task(loop(hub)) for loop in LOOPS]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        hub.close()
        await send({"type": "lifespan.shutdown.complete"})
