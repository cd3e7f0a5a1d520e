"""How fast are deliveries? One worker process against (a) one plain RQ job per delivery with the same signing, and (b) the
raw HTTP client in a loop, one request after the other, all to one receiver on this machine. Goals: 15 x (a), 0.3 of (b).
How fast the raw client is with 64 requests at once is shown too.

And how long from the commit to the arrival? Median below 100 ms with the doorbell, below 1.5 s without.
"""

import asyncio
import contextlib
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import aiohttp
from rq import Queue

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.plain_job import BODY, NAME, headers_of  # noqa: E402
from portal import children, create_app  # noqa: E402
from portal.config import Settings  # noqa: E402
from portal.kernel.db import db, unit_of_work  # noqa: E402
from portal.kernel.queue import connect, queue_of  # noqa: E402
from portal.migrating import upgrade  # noqa: E402
from portal.outbox.emit import emit_all  # noqa: E402
from tests.make import Make, Org  # noqa: E402
from tests.servers import PostgresServer, RedisServer, create_database, plain_environment  # noqa: E402

TENANTS, DELIVERIES, PLAIN_JOBS, SINGLE = 20, 4000, 100, 15
RAW_AT_ONCE = 64
GOALS = {"jobs": 15.0, "raw": 0.3, "rung": 0.1, "silent": 1.5}


def main() -> int:
    """Both databases; 1 when a goal is missed."""
    missed = 0
    with receiving() as (port, count, last):
        raw, most = (max(asyncio.run(loop_of_raw_requests(port, at_once)) for _ in range(3)) for at_once in (1, RAW_AT_ONCE))
        print(f"  raw client in a loop       {raw:8,.0f} deliveries/s")
        print(f"  raw client, {RAW_AT_ONCE} at once    {most:8,.0f} deliveries/s")
        for name in ("SQLite", "PostgreSQL"):
            with machine(name) as (environ, redis_url):
                missed += compare(name, environ, redis_url, port, raw, count, last)
    return 1 if missed else 0


def compare(name: str, environ: dict[str, str], redis_url: str, port: int, raw: float, count: Any, last: Any) -> int:
    """Print what one database gives; how many goals it missed."""
    print(f"  {name}")
    app = create_app(Settings.from_env(environ))
    upgrade(app)
    with app.app_context():
        make = Make(app)
        orgs = [make.org("Bench") for _ in range(TENANTS)]
        for org in orgs:
            make.webhook(org, f"http://127.0.0.1:{port}/", [NAME], in_flight_cap=50)
        jobs = plain_jobs(redis_url, port, count)
        ours = through_a_worker(environ, orgs, count)
        rung = latency(environ, orgs[0], last)
        silent = latency(environ | {"TILTYARD_DOORBELL": "0"}, orgs[0], last)
        db.engine.dispose()
    print(f"    one RQ job per delivery  {jobs:8,.0f} deliveries/s")
    missed = [
        told(f"one worker               {ours:8,.0f} deliveries/s, {ours / jobs:5.1f} x the jobs", GOALS["jobs"], ours / jobs),
        told(f"                                  {ours / raw:5.2f} of the raw client", GOALS["raw"], ours / raw),
        told(f"commit to arrival        {rung * 1000:8,.0f} ms with the doorbell", -GOALS["rung"], -rung),
        told(f"                         {silent * 1000:8,.0f} ms without it", -GOALS["silent"], -silent),
    ]
    return sum(missed)


def told(text: str, goal: float, reached: float) -> bool:
    """Print a line; True where the goal was missed. Goals below zero are upper bounds."""
    missed = reached < goal
    print(f"    {text} (goal {abs(goal):g}){'  MISSED' if missed else ''}")
    return missed


def through_a_worker(environ: dict[str, str], orgs: list[Org], count: Any) -> float:
    """Deliveries a second of one worker process, which finds all of them waiting."""
    before = count.value
    for org in orgs:
        with unit_of_work() as session:
            emit_all(session, org.id, [(NAME, "x", {"n": n, "score_a": 2, "score_b": 0}) for n in range(DELIVERIES // TENANTS)])
    with worker(environ):
        wait_for(lambda: count.value > before)
        begun, at = time.perf_counter(), count.value
        wait_for(lambda: count.value >= before + DELIVERIES)
        return (before + DELIVERIES - at) / (time.perf_counter() - begun)


def latency(environ: dict[str, str], org: Org, last: Any) -> float:
    """Seconds from a commit to the arrival, the median of several, one at a time."""
    took = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(worker(environ))
        app = create_app(Settings.from_env(environ))
        stack.enter_context(app.app_context())
        for number in range(SINGLE + 1):
            time.sleep(0.3)
            with unit_of_work() as session:
                emit_all(session, org.id, [(NAME, "x", {"n": number})])
            begun = time.time()
            wait_for(lambda begun=begun: last.value >= begun)
            took.append(last.value - begun)
        db.engine.dispose()
    return statistics.median(took[1:])  # the first one waits for the worker to start


def plain_jobs(redis_url: str, port: int, count: Any) -> float:
    """Deliveries a second of one RQ worker as its manual has it: a job each, the same signing, no bookkeeping."""
    queue: Queue = queue_of(connect(redis_url))
    before = count.value
    for number in range(PLAIN_JOBS):
        queue.enqueue("bench.plain_job.deliver", port, number)
    process = children.start([sys.executable, "-m", "bench.plain_job", redis_url], env=plain_environment(), cwd=ROOT)
    try:
        wait_for(lambda: count.value > before)
        begun, at = time.perf_counter(), count.value
        wait_for(lambda: count.value >= before + PLAIN_JOBS)
        return (before + PLAIN_JOBS - at) / (time.perf_counter() - begun)
    finally:
        children.stop([process], patience=5)


async def loop_of_raw_requests(port: int, at_once: int) -> float:
    """Deliveries a second of aiohttp with the same headers."""
    left = iter(range(DELIVERIES))

    async def one(http: aiohttp.ClientSession) -> None:
        for number in left:
            async with http.post(f"http://127.0.0.1:{port}/", data=BODY, headers=headers_of(number)) as answer:
                await answer.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        begun = time.perf_counter()
        await asyncio.gather(*(one(http) for _ in range(at_once)))
        return DELIVERIES / (time.perf_counter() - begun)


@contextlib.contextmanager
def worker(environ: dict[str, str]) -> Iterator[None]:
    """One worker process."""
    process = children.start([sys.executable, "-m", "portal.worker"], env=plain_environment() | environ, cwd=ROOT)
    try:
        yield
    finally:
        children.stop([process], patience=8)


@contextlib.contextmanager
def machine(name: str) -> Iterator[tuple[dict[str, str], str]]:
    """A fresh database and Redis: the settings, and Redis' address."""
    with contextlib.ExitStack() as stack:
        scratch, home = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        home.chmod(0o755)
        redis_url = stack.enter_context(RedisServer(scratch)).url
        url = f"sqlite:///{scratch}/bench.sqlite"
        if name == "PostgreSQL":
            url = create_database(stack.enter_context(PostgresServer(home)).url, "bench")
        yield (
            {
                "TILTYARD_ENV": "test",
                "TILTYARD_DATA": str(scratch),
                "TILTYARD_DATABASE_URL": url,
                "TILTYARD_REDIS_URL": redis_url,
                "TILTYARD_LOG_LEVEL": "error",
                "TILTYARD_WEBHOOK_ALLOW_LOCAL": "1",
                "TILTYARD_WEBHOOK_HOURLY": "1000000",
            },
            redis_url,
        )


@contextlib.contextmanager
def receiving() -> Iterator[tuple[int, Any, Any]]:
    """A receiver in a process of its own: its port, how many came, and when the last one did (seconds since 1970)."""
    context = multiprocessing.get_context("spawn")
    port, count, last, ready = context.Value("i", 0), context.Value("i", 0), context.Value("d", 0.0), context.Event()
    process = context.Process(target=_receive, args=(port, count, last, ready), daemon=True)
    process.start()
    ready.wait(30)
    try:
        yield port.value, count, last
    finally:
        process.kill()


def _receive(port: Any, count: Any, last: Any, ready: Event) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0] or 0)
                await reader.readexactly(length)
                last.value = time.time()
                count.value += 1
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
        port.value = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    asyncio.run(run())


def wait_for(ready: Callable[[], bool], seconds: float = 120) -> None:
    """Ask every millisecond. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError("the deliveries did not arrive")
        time.sleep(0.001)


if __name__ == "__main__":
    sys.exit(main())
