"""The middle of a stream process, without its edges: what must go on whatever else happens."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from portal.streaming.hub import READERS, Hub
from portal.streaming.server import go_on


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
