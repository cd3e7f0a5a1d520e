"""The middle of a stream process, without its edges: what must go on whatever else happens."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from flask import Flask

from portal import create_app
from portal.keys.kinds import KINDS
from portal.streaming import pages_followed, sockets
from portal.streaming.hub import READERS, Hub
from portal.streaming.server import go_on
from tests.conftest import settings_for
from tests.servers import free_port


@pytest.fixture
def within(app) -> Callable[[Callable[[Hub], Awaitable[None]]], None]:
    """Run something with a hub of its own."""

    def run(what: Callable[[Hub], Awaitable[None]]) -> None:
        async def inside() -> None:
            hub = Hub(app)
            try:
                await what(hub)
            finally:
                hub.close()

        asyncio.run(inside())

    return run


def test_those_at_the_door_do_not_keep_revoked_keys_connected(within):
    """As many handshakes as there are threads wait for the database; the look at the keys passes them."""
    opened = threading.Event()

    async def crowded(hub: Hub) -> None:
        waiting = [asyncio.ensure_future(hub.read(opened.wait, 10)) for _ in range(READERS * 3)]
        try:
            async with asyncio.timeout(2):
                assert await hub.read_first(lambda: "looked") == "looked"
            assert not any(each.done() for each in waiting)
        finally:
            opened.set()
            await asyncio.gather(*waiting)

    within(crowded)


def test_a_loop_that_fails_begins_anew(within):
    begun: list[int] = []

    async def loop(_hub: Hub) -> None:
        begun.append(len(begun))
        if len(begun) < 3:
            raise LookupError("nobody foresaw this")
        await asyncio.Event().wait()

    async def watched(hub: Hub) -> None:
        going = asyncio.create_task(go_on(loop, hub))
        async with asyncio.timeout(5):
            while len(begun) < 3:
                await asyncio.sleep(0.05)
        assert not going.done()
        going.cancel()

    within(watched)


@pytest.fixture
def without_database(own_redis_url, tmp_path) -> Flask:
    """The application while nobody listens where its database was."""
    return create_app(settings_for(f"postgresql://postgres@127.0.0.1:{free_port()}/gone", own_redis_url, tmp_path))


@pytest.mark.parametrize(
    "serve, kind, path, query, begin",
    [
        (sockets.serve, "websocket", "/cs2/v1/stream", "api_key=", "websocket.http.response.start"),
        (pages_followed.serve, "http", "/live/c/00000000-0000-4000-8000-000000000000", "", "http.response.start"),
    ],
    ids=["socket", "page"],
)
def test_whoever_comes_while_the_database_is_away_is_told_to_come_again(without_database, serve, kind, path, query, begin):
    key = KINDS["feed"].new_secret(sandbox=False) if query else ""
    answered: list[dict[str, Any]] = []
    scope = {"type": kind, "path": path, "method": "GET", "query_string": f"{query}{key}".encode(), "headers": [], "state": {}}

    async def come() -> None:
        hub = Hub(without_database)

        async def receive() -> dict[str, str]:
            return {"type": f"{kind}.connect"}

        async def send(message: dict[str, Any]) -> None:
            answered.append(message)

        try:
            await serve(hub, scope | {"client": ("127.0.0.1", 1)}, receive, send)
        finally:
            hub.close()

    asyncio.run(come())
    assert (answered[0]["type"], answered[0]["status"]) == (begin, 503)
    assert json.loads(answered[1]["body"])["detail"] == "The database is busy or away. Try again shortly."


def page_from(address: str, competition: str) -> dict[str, Any]:
    return {
        "type": "http",
        "path": f"/live/c/{competition}",
        "method": "GET",
        "query_string": b"",
        "headers": [],
        "client": (address, 1),
    }


@pytest.mark.parametrize(
    "limit, others",
    [("MOST_OF_ADDRESS", ["2001:db8::1:1", "2001:db8::1:2"]), ("MOST_FOLLOWERS", ["192.0.2.1", "192.0.2.2"])],
    ids=["address", "organization"],
)
def test_so_many_pages_are_followed_and_a_place_is_free_again(within, monkeypatch, make, limit, others):
    """The two others stand in one network of IPv6, or at any two addresses."""
    monkeypatch.setattr(pages_followed, limit, 2)
    cup = make.competition(make.org())

    async def followed(hub: Hub) -> None:
        def follow(address: str) -> tuple[asyncio.Task[None], asyncio.Future[int]]:
            status = asyncio.get_running_loop().create_future()

            async def send(message: dict[str, Any]) -> None:
                if not status.done():
                    status.set_result(message["status"])

            scope = page_from(address, cup)
            return asyncio.create_task(pages_followed.serve(hub, scope, asyncio.Event().wait, send)), status

        async def answer(address: str) -> int:
            _, status = follow(address)
            return await asyncio.wait_for(status, 10)

        first, status = follow(others[0])
        assert await asyncio.wait_for(status, 10) == 200
        assert await answer(others[1]) == 200
        assert await answer(others[0]) == 429
        assert await answer("198.51.100.7") == (200 if limit == "MOST_OF_ADDRESS" else 429)
        first.cancel()
        await asyncio.wait({first})
        assert await answer(others[0]) == 200
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            await asyncio.wait({task})
        assert not hub.addresses and not hub.tenants

    within(followed)
