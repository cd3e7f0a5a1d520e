"""A line between two processes that can be cut, or go silent: TCP through a thread."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Line:
    """`port` leads to the port it was made for, until `cut`; `silence` lets everything wait, as lost packets do."""

    def __init__(self, target: int) -> None:
        self.port, self._target = 0, target
        self._open, self._flows = True, threading.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()

    def cut(self) -> None:
        """Every connection ends, and none is made."""
        self._open = False
        self._loop.call_soon_threadsafe(self._end_all)

    def silence(self) -> None:
        """Nothing comes through, and nobody is told."""
        self._flows.clear()

    def mend(self) -> None:
        self._open = True
        self._flows.set()

    def run(self, ready: threading.Event, over: asyncio.Event) -> None:
        """In a thread, until `over`."""

        async def serve() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await over.wait()
            self._end_all()
            server.close()

        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(serve())
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    def stop(self, over: asyncio.Event) -> None:
        self._flows.set()
        self._loop.call_soon_threadsafe(over.set)

    def _end_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        there_reader, there = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, there}
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._carry(reader, there), self._carry(there_reader, writer))
        self._writers -= {writer, there}
        for each in (writer, there):
            each.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            while not self._flows.is_set():
                await asyncio.sleep(0.02)
            target.write(data)
            await target.drain()
        raise ConnectionResetError


@contextmanager
def line(target: int) -> Iterator[Line]:
    """Such a line to a port of this machine."""
    made, ready, over = Line(target), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=made.run, args=(ready, over), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield made
    finally:
        made.stop(over)
        thread.join(5)
