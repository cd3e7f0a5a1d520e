"""A real stream process, and clients of it."""

import http.client
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from portal.outbox.announce import announcer
from portal.outbox.courier import Courier
from tests.servers import ROOT, Server, free_port, plain_environment


class StreamServer(Server):
    """`python -m portal.stream` on a free port of the loopback; `log` is all that it wrote."""

    def __init__(self, directory: Path, environ: dict[str, str]) -> None:
        super().__init__(directory)
        self.port = free_port()
        self.log = directory / f"stream-{self.port}.log"
        self.environ = plain_environment() | environ | {"TILTYARD_STREAM_PORT": str(self.port)}

    def start(self) -> "StreamServer":
        return self._launch([sys.executable, "-m", "portal.stream"], self._ready, env=self.environ, cwd=ROOT)

    def _ready(self) -> bool:
        return self.get("/healthz")[0] == 200

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON of a plain request."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def connect(self, key: str = "", path: str = "/cs2/v1/stream", **options: Any) -> ClientConnection:
        """A WebSocket with the key in the query."""
        query = f"?api_key={key}" if key else ""
        return connect(f"ws://127.0.0.1:{self.port}{path}{query}", compression=None, proxy=None, **options)

    def refusal(self, key: str = "", path: str = "/cs2/v1/stream", **options: Any) -> tuple[int, str]:
        """Status and words with which a handshake fails."""
        try:
            self.connect(key, path, **options).close()
        except InvalidStatus as refused:
            return refused.response.status_code, json.loads(refused.response.body)["detail"]
        raise AssertionError("the handshake was accepted")


def frame(socket: ClientConnection, seconds: float = 5) -> dict[str, Any]:
    """The next frame that is no sign of life."""
    deadline = time.monotonic() + seconds
    while True:
        found = json.loads(socket.recv(max(0, deadline - time.monotonic())))
        if found["type"] != "alive":
            return found


def frames(socket: ClientConnection, seconds: float) -> list[dict[str, Any]]:
    """Everything but signs of life that comes in so long."""
    found, deadline = [], time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        try:
            found.append(frame(socket, left))
        except TimeoutError:
            break
    return found


def closed(socket: ClientConnection, seconds: float = 5) -> tuple[int, str, float]:
    """Code and reason of the end, and after how many seconds it came."""
    begun = time.monotonic()
    while True:
        try:
            socket.recv(max(0, begun + seconds - time.monotonic()))
        except ConnectionClosed as end:
            assert end.rcvd is not None, "cut off without a word"
            return end.rcvd.code, end.rcvd.reason, time.monotonic() - begun


@contextmanager
def relaying(app: Flask, redis_url: str) -> Iterator[None]:
    """Events are handed on, as a worker does it; announced at `redis_url`."""
    courier = Courier(app, [announcer(redis_url)], lambda: None)
    thread = Thread(target=courier.run)
    thread.start()
    try:
        yield
    finally:
        courier.stop()
        thread.join()
