"""A WebSocket of the feed from its handshake to its end."""

import re
import time
from typing import Any

from portal.admission.caller import Refusal
from portal.kernel.errors import Busy
from portal.streaming.entry import AT_THE_DOOR, Scope, enter, scopes_of, word
from portal.streaming.hub import Hub
from portal.streaming.listener import CHATTY, Listener, Send
from portal.streaming.protocol import ABORT
from portal.streaming.tenants import Wanted
from portal.web.problems import Problem, problem_of

PATH = re.compile(
    r"/([a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?)/v1/stream(?:/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))?", re.ASCII
)
MOST_MESSAGES, PER_SECONDS = 30, 10.0  # of the other side, which has nothing to say


async def serve(hub: Hub, scope: Scope, receive: Any, send: Send) -> None:
    """One connection. A refusal is an HTTP answer to the handshake."""
    await receive()
    found = PATH.fullmatch(scope["path"])
    if found is None:
        return await _refuse(hub, scope, send, Problem("not_found", "There is nothing at this address."))
    sport, match = found[1], found[2] or ""
    try:
        attempt = await hub.read(enter, hub.app, scope, sport)
        if isinstance(attempt, Refusal):
            return await _refuse(hub, scope, send, Problem(attempt.reason, attempt.message, retry_after=attempt.retry_after))
        with hub.place(attempt.record.org_id, "socket", hub.settings.stream_per_org) as tenant:
            async with hub.joined(tenant, Wanted(sport, match, scopes_of(attempt))) as audience:
                await send({"type": "websocket.accept"})
                listener = Listener(send, scope["state"][ABORT], attempt)
                with hub.listening(audience, listener):
                    await _ignore(receive, listener)
    except AT_THE_DOOR as error:
        reason = Problem("concurrency", error.message, retry_after=30) if isinstance(error, Busy) else problem_of(error)
        await _refuse(hub, scope, send, reason)


async def _ignore(receive: Any, listener: Listener) -> None:
    """Until the connection ends. Whoever goes on talking is shown out."""
    since, count = time.monotonic(), 0
    while (await receive())["type"] != "websocket.disconnect":
        if time.monotonic() - since > PER_SECONDS:
            since, count = time.monotonic(), 0
        count += 1
        if count > MOST_MESSAGES:
            listener.close(*CHATTY)


async def _refuse(hub: Hub, scope: Scope, send: Send, problem: Problem) -> None:
    response = await hub.read(word, hub.app, scope, problem)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers]
    await send({"type": "websocket.http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": response.get_data()})
