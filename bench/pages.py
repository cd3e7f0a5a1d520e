"""What does a page of a competition cost? The public page and the embed with 16 and with 1,024 entrants, from one server
process, against a static file of the same bytes from that process; and a 304 against /healthz. Goal: 304 at 0.5 or more.

`made` is the time of one page that is not kept yet: queries, drawing and compressing, without the network.
"""

import os
import re
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask, send_from_directory

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.load import best_of, measure  # noqa: E402
from portal import create_app  # noqa: E402
from portal.config import Settings  # noqa: E402
from portal.migrating import upgrade  # noqa: E402
from portal.public import live  # noqa: E402
from tests.make import Make  # noqa: E402
from tests.servers import RedisServer, WebServer  # noqa: E402

SIZES, ROUNDS, SECONDS, GOAL = (16, 1024), 4, 1.0, 0.5
FILES = "BENCH_FILES"
PLAIN = {"Accept-Encoding": "identity"}


def main() -> int:
    """1 when a 304 costs more than it may."""
    with tempfile.TemporaryDirectory() as scratch, RedisServer(Path(scratch)) as redis:
        environ = {
            "TILTYARD_ENV": "test",
            "TILTYARD_DATA": scratch,
            "TILTYARD_DATABASE_URL": f"sqlite:///{scratch}/bench.sqlite",
            "TILTYARD_REDIS_URL": redis.url,
            "TILTYARD_SECRET_KEY": "a-key-for-the-bench-only-0123456789abcdef",
            "TILTYARD_LOG_LEVEL": "error",
        }
        addresses = filled(environ)
        made(environ, addresses)
        files = Path(scratch) / "files"
        files.mkdir()
        with WebServer(Path(scratch), environ | {FILES: str(files)}, target="bench.pages:served") as web:
            missed = [compare(web.port, files, name, address) for name, address in addresses.items()]
    return 1 if any(missed) else 0


def filled(environ: dict[str, str]) -> dict[str, str]:
    """Name -> address of each page, in a database with a competition of each size."""
    app = create_app(replace(Settings.from_env(environ), redis_url="memory://"))
    upgrade(app)
    found = {}
    with app.app_context():
        make = Make(app)
        org = make.org("Bench")
        for size in SIZES:
            uid = make.competition(org, status="active", entrants=size, rules={"format": "double_elimination"})
            found |= {f"page of {size:,}": f"/c/{org.slug}/{uid}", f"embed of {size:,}": f"/embed/{uid}?theme=light"}
    return found


def made(environ: dict[str, str], addresses: dict[str, str]) -> None:
    """Print how long each takes where nothing is kept."""
    client = create_app(replace(Settings.from_env(environ), redis_url="memory://")).test_client()
    live._kept = live.Kept(0)
    for name, address in addresses.items():
        times = []
        for _ in range(30):
            start = time.perf_counter()
            client.get(address, headers=PLAIN)
            times.append(time.perf_counter() - start)
        print(f"  {name:<16}made in {min(times) * 1000:5.1f} ms")


def compare(port: int, files: Path, name: str, address: str) -> bool:
    """Print one page against its bytes and its 304 against /healthz; whether the goal was missed."""
    answer = fetched(port, address)
    (files / "page.html").write_bytes(answer["body"])
    known = {"If-None-Match": answer["tag"]}
    runs = (("/bench/page.html", PLAIN), (address, PLAIN), ("/healthz", {}), (address, known))
    rates = best_of(
        ROUNDS, *[lambda path=path, headers=headers: measure(port, path, headers, seconds=SECONDS) for path, headers in runs]
    )
    for rate, status in zip(rates, (200, 200, 200, 304), strict=True):
        if set(rate.statuses) != {status}:
            raise RuntimeError(f"{name}: {rate.statuses} where {status} was to come")
    file, page, health, unchanged = (rate.per_second for rate in rates)
    ratio = unchanged / health
    size = f"{len(answer['body']):>7,} bytes"
    print(f"  {name:<16}{size}: {page:6,.0f}/s, {page / file:4.2f} of the file ({file:,.0f}/s)", end="; ")
    print(
        f"304: {unchanged:6,.0f}/s, {ratio:4.2f} of /healthz ({health:,.0f}/s; goal {GOAL}){'' if ratio >= GOAL else '  MISSED'}"
    )
    return ratio < GOAL


def fetched(port: int, address: str) -> dict[str, Any]:
    """Body and tag of one page."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", address, headers=PLAIN)
    answer = connection.getresponse()
    found = {"body": answer.read(), "tag": answer.headers["ETag"]}
    connection.close()
    if answer.status != 200 or not re.fullmatch(r'W/"[0-9a-f]+"', found["tag"]):
        raise RuntimeError(f"{address} answered {answer.status}")
    return found


def __getattr__(name: str) -> Flask:
    """`bench.pages:served`, which the server asks for: the application, and files beside it as Flask serves its own."""
    if name != "served":
        raise AttributeError(name)
    app = create_app()
    app.add_url_rule("/bench/<path:name>", "bench", lambda name: send_from_directory(os.environ[FILES], name))
    return app


if __name__ == "__main__":
    sys.exit(main())
