"""Server-sent events: `/live/c/<uid>` for everybody, `/live/o` for whoever holds a ticket of the back office."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from portal.admission.keyring import neighbourhood
from portal.streaming.channels import PUBLIC, known, owner_of
from portal.streaming.entry import AT_THE_DOOR, Scope, address_of, asked_for
from portal.streaming.figures import exposed
from portal.streaming.follower import RETRY_MS, Follower
from portal.streaming.hub import Hub
from portal.streaming.listener import Send
from portal.streaming.marks import begin_marks
from portal.web.problems import problem_of
from portal.web.tickets import Ticket, read_ticket

COMPETITION = re.compile(r"/live/c/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII)
MOST_FOLLOWERS = 5_000  # of one organization in one process; the others ask again and again, as without a stream
MOST_OF_ADDRESS = 1_000  # a hall full of people behind one address, and not all that an organization has
LONGEST_SECONDS = 600.0  # then the page connects anew, with a new ticket where it needs one


async def serve(hub: Hub, scope: Scope, receive: Any, send: Send) -> None:
    """One request."""
    if scope["path"] == "/healthz":
        return await _answer(send, 200, {"status": "ok"})
    if scope["path"] == "/metrics" and (text := exposed(hub, scope)) is not None:
        return await _give(send, 200, CONTENT_TYPE_LATEST, text)
    if scope["method"] != "GET":
        return await _answer(send, 405, {"detail": "Only GET is answered here."})
    try:
        followed = await _followed(hub, scope)
        if followed is None:
            return await _answer(send, 404, {"detail": "There is nothing to follow at this address."})
        where = neighbourhood(address_of(hub.settings, scope))
        with hub.place_of(where, MOST_OF_ADDRESS), hub.place(followed.org_id, "page", MOST_FOLLOWERS) as tenant:
            follower = Follower()
            with hub.following(tenant, followed.channel, follower):
                await hub.begin(tenant)
                await begin_marks(hub, tenant, followed.channel)
                await _follow(follower, _origin(hub, followed), receive, send)
    except AT_THE_DOOR as error:
        problem = problem_of(error)
        await _answer(send, problem.status, {"detail": problem.message})


async def _followed(hub: Hub, scope: Scope) -> Ticket | None:
    if found := COMPETITION.fullmatch(scope["path"]):
        org_id = await hub.read(owner_of, found[1])
        return Ticket(org_id, PUBLIC + found[1]) if org_id is not None else None
    if scope["path"] != "/live/o":
        return None
    ticket = read_ticket(hub.settings.secret_key, next(iter(asked_for(scope, "ticket")), ""))
    return ticket if ticket is not None and known(ticket.channel) else None


def _origin(hub: Hub, followed: Ticket) -> str:
    """Pages of any site may follow what everybody may see; tickets are for our own."""
    return "*" if followed.channel.startswith(PUBLIC) else hub.settings.base_url


async def _follow(follower: Follower, origin: str, receive: Any, send: Send) -> None:
    headers = {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
        "access-control-allow-origin": origin,
        "vary": "Origin",
        "cross-origin-resource-policy": "cross-origin",
    }
    await send({"type": "http.response.start", "status": 200, "headers": _encoded(headers)})
    await send({"type": "http.response.body", "body": b"retry: %d\n\n" % RETRY_MS, "more_body": True})
    leaving = asyncio.create_task(_gone(receive))
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            async for piece in _until(leaving, follower):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    except TimeoutError:
        pass
    finally:
        leaving.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _until(leaving: asyncio.Task[None], follower: Follower) -> AsyncIterator[bytes]:
    while True:
        coming = asyncio.ensure_future(follower.next())
        try:
            await asyncio.wait({leaving, coming}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done() or not (piece := coming.result()):
                return
            yield piece
        finally:
            coming.cancel()


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Send, status: int, body: dict[str, str]) -> None:
    await _give(send, status, "application/json", json.dumps(body).encode(), {"access-control-allow-origin": "*"})


async def _give(send: Send, status: int, kind: str, body: bytes, more: Mapping[str, str] = MappingProxyType({})) -> None:
    headers = {"content-type": kind, "cache-control": "no-store"} | dict(more)
    await send({"type": "http.response.start", "status": status, "headers": _encoded(headers)})
    await send({"type": "http.response.body", "body": body})


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
