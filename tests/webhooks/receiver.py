"""Real HTTP receivers on the loopback: good ones, and all the bad ones. What came in is kept, as it came."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Arrival:
    """One request: `at` in seconds of the steady clock."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """`answers` maps a path to what is done there; any other path answers 204. `port` is where it listens."""

    port: int = 0
    scheme: str = "http"
    arrivals: list[Arrival] = field(default_factory=list)
    answers: dict[str, "Answering"] = field(default_factory=dict)
    open_now: int = 0
    most_open: int = 0

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Arrival]:
        """What came to a path, the first one first."""
        return [arrival for arrival in self.arrivals if arrival.path == path]

    def wait(self, count: int, path: str = "/", seconds: float = 20) -> list[Arrival]:
        """The arrivals at a path, once there are `count`. Raises AssertionError after `seconds`."""
        deadline = time.monotonic() + seconds
        while len(found := self.at(path)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} arrived at {path} within {seconds} s"
            time.sleep(0.01)
        return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = head[0].split(" ")[1]
        self.arrivals.append(Arrival(path, headers, body, time.monotonic()))
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            answer = self.answers.get(path)
            if answer is None:
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
                return True
            return bool(await answer(writer))
        finally:
            self.open_now -= 1


Answering = Callable[[asyncio.StreamWriter], Awaitable[bool | None]]


def status(code: int, *headers: str, body: bytes = b"") -> Answering:
    """Answer with this status; the connection stays open."""

    async def answer(writer: asyncio.StreamWriter) -> bool:
        lines = [f"HTTP/1.1 {code} Whatever", f"Content-Length: {len(body)}", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        return True

    return answer


def slow(seconds: float, code: int = 200) -> Answering:
    """Answer only after this long."""

    async def answer(writer: asyncio.StreamWriter) -> bool | None:
        await asyncio.sleep(seconds)
        return await status(code)(writer)

    return answer


async def drip(writer: asyncio.StreamWriter) -> None:
    """200 at once, then one byte of the body every fifth of a second, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.2)


async def drip_head(writer: asyncio.StreamWriter) -> None:
    """A header every fifth of a second, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    number = 0
    while True:
        number += 1
        writer.write(f"X-{number}: {number}\r\n".encode())
        await writer.drain()
        await asyncio.sleep(0.2)


async def huge(writer: asyncio.StreamWriter) -> None:
    """200 and ten gigabytes, as fast as they are taken."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def bomb(writer: asyncio.StreamWriter) -> None:
    """A gzip bomb, which is to be kept as it is."""
    import gzip

    packed = gzip.compress(b"\0" * 50_000_000)
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed)
    await writer.drain()


async def nonsense(writer: asyncio.StreamWriter) -> None:
    """No HTTP at all."""
    writer.write(b"\x00\xff SSH-2.0-whatever\r\n\r\n")
    await writer.drain()


async def hang_up(_writer: asyncio.StreamWriter) -> None:
    """Close without a word."""


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver in a thread of its own."""
    receiver, ready, over = Receiver(scheme="https" if tls else "http"), threading.Event(), threading.Event()

    async def run() -> None:
        server = await asyncio.start_server(receiver._serve, "127.0.0.1", 0, ssl=tls, limit=200_000, backlog=1000)
        receiver.port = server.sockets[0].getsockname()[1]
        ready.set()
        while not over.is_set():
            await asyncio.sleep(0.02)
        server.close()  # and what is open is cancelled as the loop ends

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield receiver
    finally:
        over.set()
        thread.join(5)
