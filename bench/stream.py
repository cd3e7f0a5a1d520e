"""2,000 idle WebSockets on one stream process: memory of each, and how long one event takes to reach all of them.

Goals: at most 40 KB for a connection, at most 1 s from the commit to the last of them.
"""

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.memory import resident_mb  # noqa: E402
from portal import children, create_app  # noqa: E402
from portal.config import Settings  # noqa: E402
from portal.kernel.db import unit_of_work  # noqa: E402
from portal.migrating import upgrade  # noqa: E402
from portal.outbox.emit import emit  # noqa: E402
from tests.make import Make  # noqa: E402
from tests.servers import RedisServer, plain_environment  # noqa: E402
from tests.streaming.stage import StreamServer  # noqa: E402

CONNECTIONS, AT_ONCE, ROUNDS = 2_000, 100, 5
GOAL_KB, GOAL_SECONDS = 40, 1.0
SHAKE = (
    "GET /cs2/v1/stream?api_key={key} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def connected(port: int, key: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that has its snapshot."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2_048)
    writer.write(SHAKE.format(key=quote(key)).encode())
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n"), "the handshake was refused"
    await until(reader, b'"snapshot"')
    return reader, writer


async def until(reader: asyncio.StreamReader, words: bytes) -> None:
    """Read on until these come: frames are not taken apart, so that the client costs little."""
    held = b""
    while words not in held:
        held = held[-200:] + await reader.read(1_024)


async def measure(app, org, cup: str, key: str, server: StreamServer) -> tuple[float, list[float]]:
    """Kilobytes for a connection, and the seconds of each round."""
    async with asyncio.timeout(300):
        held = [await connected(server.port, key)]
        before = resident_mb(server.process.pid)
        while len(held) <= CONNECTIONS:
            held += await asyncio.gather(*(connected(server.port, key) for _ in range(AT_ONCE)))
        await asyncio.sleep(2)
        size = (resident_mb(server.process.pid) - before) * 1024 / (len(held) - 1)
        taken = []
        for number in range(ROUNDS):
            mark = f'"round":{number}'.encode()
            waiting = asyncio.gather(*(until(reader, mark) for reader, _ in held))
            begun = await asyncio.to_thread(tell, app, org, cup, number)
            await waiting
            taken.append(time.perf_counter() - begun)
        return size, taken


def tell(app, org, cup: str, number: int) -> float:
    """One event; the moment just before its commit."""
    with app.app_context():
        begun = time.perf_counter()
        with unit_of_work() as session:
            emit(session, org.id, "market.updated", "x", {"competition_id": cup, "round": number})
        return begun


def main() -> int:
    """Print both figures against their goals; 1 when one is missed."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as scratch, RedisServer(Path(scratch)) as redis:
        own = {"TILTYARD_DATA": scratch, "TILTYARD_REDIS_URL": redis.url, "TILTYARD_LOG_LEVEL": "error"}
        own |= {"TILTYARD_STREAM_PER_ORG": str(CONNECTIONS * 2), "MALLOC_ARENA_MAX": "2"}
        app = create_app(Settings.from_env(own))
        upgrade(app)
        with app.app_context():
            make = Make(app)
            org = make.org()
            cup, key = make.competition(org, category="CS2", status="active", entrants=8), make.key(org, "feed")
        worker = children.start([sys.executable, "-m", "portal.worker"], env=plain_environment() | own, cwd=ROOT)
        try:
            with StreamServer(Path(scratch), own) as server:
                size, taken = asyncio.run(measure(app, org, cup, key, server))
        finally:
            children.stop([worker], patience=8)
    return verdict(size, taken)


def verdict(size: float, taken: list[float]) -> int:
    slow = sorted(taken)[len(taken) // 2]
    missed = size > GOAL_KB or slow > GOAL_SECONDS
    print(f"  {CONNECTIONS:,} idle WebSockets: {size:.1f} KB each (goal {GOAL_KB}, {size / GOAL_KB:.2f} of it)")
    rounds = ", ".join(f"{each:.2f}" for each in taken)
    print(
        f"  one event to all of them: {slow:.2f} s median of {rounds} (goal {GOAL_SECONDS:g} s, {slow / GOAL_SECONDS:.2f} of it)"
    )
    print("  MISSED" if missed else "  reached")
    return missed


if __name__ == "__main__":
    sys.exit(main())
