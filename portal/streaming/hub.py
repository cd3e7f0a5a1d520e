"""The middle of a stream process: who is connected, and how one comes and goes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from functools import partial
from typing import ParamSpec, TypeVar

from flask import Flask

from portal.config import Settings
from portal.kernel.errors import Busy, NotFound
from portal.markets.fields import Fixture
from portal.streaming import matches
from portal.streaming.follower import Follower
from portal.streaming.listener import Listener
from portal.streaming.tenants import Audience, Tenant, Wanted

LOOK_SECONDS = 0.7  # between two looks without a bell: with the relay's second, or a page's own request, below two seconds
READERS = 4  # threads that ask the database for those who come
FIRST_READERS = 2  # and for those who are here
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Hub:
    """All of it belongs to one event loop; only `read` leaves it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.settings: Settings = app.config["SETTINGS"]
        self.tenants: dict[int, Tenant] = {}
        self.addresses: Counter[str] = Counter()  # pages followed from each
        self.bell = asyncio.Event()  # something was handed on
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._first = ThreadPoolExecutor(FIRST_READERS, "first-reader")

    async def read(self, ask: Callable[Given, Answer], *values: Given.args, **named: Given.kwargs) -> Answer:
        """`ask` in a thread, with the application at hand."""
        return await self._in(self._readers, partial(ask, *values, **named))

    async def read_first(self, ask: Callable[Given, Answer], *values: Given.args, **named: Given.kwargs) -> Answer:
        """The same past those who stand at the door: a revoked key is not to wait for a thousand handshakes."""
        return await self._in(self._first, partial(ask, *values, **named))

    async def _in(self, threads: ThreadPoolExecutor, ask: Callable[[], Answer]) -> Answer:
        def inside() -> Answer:
            with self.app.app_context():
                return ask()

        return await asyncio.get_running_loop().run_in_executor(threads, inside)

    @contextmanager
    def place(self, org_id: int, kind: str, most: int) -> Iterator[Tenant]:
        """One of the `most` connections of a kind that an organization may have. Raises Busy when all are taken."""
        tenant = self.tenants.setdefault(org_id, Tenant(org_id))
        try:
            with _counted(tenant.taken, kind, most, f"This organization has {most} connections already. Close one, or wait."):
                yield tenant
        finally:
            if not tenant.taken.total():
                self.tenants.pop(org_id, None)

    def place_of(self, address: str, most: int) -> AbstractContextManager[None]:
        """One of the `most` pages that may be followed from an address. Raises Busy when all are."""
        words = f"{most} pages are followed from your address already. Close one, or ask again and again."
        return _counted(self.addresses, address, most, words)

    @asynccontextmanager
    async def joined(self, tenant: Tenant, wanted: Wanted) -> AsyncIterator[Audience]:
        """The audience, kept up to date for as long as the block lasts. Raises NotFound for no such match."""
        audience = await self._fill(tenant, wanted)
        audience.holders += 1
        try:
            yield audience
        finally:
            audience.holders -= 1
            if not audience.holders:
                tenant.audiences.pop(wanted, None)

    async def _fill(self, tenant: Tenant, wanted: Wanted) -> Audience:
        """The first of an audience reads for it."""
        await self.begin(tenant)
        async with tenant.lock:
            if wanted in tenant.audiences:
                return tenant.audiences[wanted]
            found = await self._wanted(tenant, wanted)
            if wanted.match and not found:
                raise NotFound("Match not found.")
            audience = tenant.audiences[wanted] = Audience.that(wanted)
            audience.fill(found)
            tenant.due = sooner(tenant.due, matches.next_hour(found))
            return audience

    async def _wanted(self, tenant: Tenant, wanted: Wanted) -> list[Fixture]:
        if wanted.match:
            return await self.read(matches.matches_named, tenant.org_id, wanted.sport, [wanted.match])
        return await self.read(matches.first_matches, tenant.org_id, wanted.sport)

    async def begin(self, tenant: Tenant) -> None:
        """From here on events are told. Asked before anything is read, so that nothing falls between."""
        if tenant.seen is None:
            found = await self.read(matches.places, [tenant.org_id])
            if tenant.seen is None:
                tenant.seen = found.get(tenant.org_id, 0)

    @contextmanager
    def listening(self, audience: Audience, listener: Listener) -> Iterator[None]:
        """Told with the audience for as long as the block lasts, the snapshot first."""
        audience.listeners.add(listener)
        listener.push(audience.picture.snapshot())
        try:
            yield
        finally:
            listener.gone()
            audience.listeners.discard(listener)

    @contextmanager
    def following(self, tenant: Tenant, channel: str, follower: Follower) -> Iterator[None]:
        """Told of what happens on the channel for as long as the block lasts."""
        followers = tenant.channels.setdefault(channel, set())
        followers.add(follower)
        try:
            yield
        finally:
            followers.discard(follower)
            if not followers:
                tenant.channels.pop(channel, None)

    def listeners(self) -> Iterator[Listener]:
        for tenant in self.tenants.values():
            yield from tenant.everybody()

    def close(self) -> None:
        for threads in (self._readers, self._first):
            threads.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _counted(taken: Counter[str], name: str, most: int, words: str) -> Iterator[None]:
    """One more of `name` for as long as the block lasts. Raises Busy with `words` when there are `most` already."""
    if taken[name] >= most:
        raise Busy(words, 30)
    taken[name] += 1
    try:
        yield
    finally:
        taken[name] -= 1
        if not taken[name]:
            del taken[name]


def sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)
