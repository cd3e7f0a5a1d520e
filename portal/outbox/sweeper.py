"""What a thread of the worker does that serves rows: look at the tables once a second, and at once when it is woken."""

import asyncio

from flask import Flask

from portal.config import Settings

SWEEP_SECONDS = 1.0


class Sweeper:
    """One for a worker process. `run` in a thread; `wake` and `stop` from any other. A kind of it says in `_serve_all` what
    it does until `_stopping`, with `_wait` between two looks; `_tell` is `wake` from within."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._settings: Settings = app.config["SETTINGS"]
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news: asyncio.Event | None = None

    def run(self) -> None:
        """Until `stop`."""
        with self._app.app_context():
            asyncio.run(self._run())

    def wake(self) -> None:
        """Something may be due."""
        if self._loop is not None and self._news is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    def stop(self) -> None:
        """End `run` soon: nothing new is begun, what ended is written down."""
        self._stopping = True
        self.wake()

    async def _run(self) -> None:
        self._loop, self._news = asyncio.get_running_loop(), asyncio.Event()
        await self._serve_all()

    async def _serve_all(self) -> None:
        raise NotImplementedError

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set()

    async def _wait(self) -> None:
        """For news, or until the next sweep. News that came while rows were served ends it at once."""
        assert self._news is not None
        try:
            async with asyncio.timeout(SWEEP_SECONDS):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()
