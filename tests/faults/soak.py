"""The long version: 10,000 deliveries while workers are killed, Redis is emptied, frozen and killed, and PostgreSQL dies.

With `--hanging 500` instead: how long a healthy tenant's deliveries take beside 500 endpoints of another that never answer.

`python -m tests.faults.soak` runs on both databases and says what was lost (nothing) and what came twice (no more than was in
flight when something died, each time with the same id). Exit code 1 otherwise. Not part of the test suite: it takes minutes.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

import redis

from tests.conftest import migrate
from tests.faults.fairness import crowd, healthy_tenant, measure, wait_until_full
from tests.faults.scene import Scene, staged
from tests.make import Org
from tests.servers import PostgresServer, RedisServer, create_database
from tests.webhooks.receiver import slow

TENANTS, CAP, WORKERS = 20, 10, 2
FLUSH_SECONDS, KILL_SECONDS = 5.0, 4.0
SAMPLES, GAP = 80, 0.3  # of how long deliveries take, and seconds between two


def main() -> int:
    """Both databases; 1 when anything was lost or came too often."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--deliveries", type=int, default=10_000)
    asked.add_argument("--kills", type=int, default=50)
    asked.add_argument("--frozen", type=float, default=60.0, help="seconds for which Redis is frozen")
    asked.add_argument("--off", type=float, default=60.0, help="seconds for which every worker is off (the issue says 600)")
    asked.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    asked.add_argument(
        "--in-flight", type=int, default=256, help="of one worker; with 1 nothing comes twice more than once a kill"
    )
    asked.add_argument("--hanging", type=int, default=0, help="endpoints that hang, beside a healthy tenant (the issue says 500)")
    options = asked.parse_args()
    return max([run(each, options) for each in options.database or ["sqlite", "postgresql"]])


def run(database: str, options: argparse.Namespace) -> int:
    """One database."""
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch, tempfile.TemporaryDirectory(prefix="soak-pg-") as home:
        directory = Path(scratch)
        Path(home).chmod(0o755)
        with RedisServer(directory) as server:
            if database == "sqlite":
                url = f"sqlite:///{directory / 'tiltyard.sqlite'}"
                migrate(url, directory)
                return (compare if options.hanging else judge)(database, url, server, directory, options, None)
            with PostgresServer(Path(home)) as postgres:
                url = create_database(postgres.url, "soak")
                migrate(url, directory)
                return (compare if options.hanging else judge)(database, url, server, directory, options, postgres)


def judge(
    database: str, url: str, server: RedisServer, directory: Path, options: argparse.Namespace, postgres: PostgresServer | None
) -> int:
    """Let everything go wrong at once, then wait for the end and count."""
    with staged(url, server.url, directory, TILTYARD_WEBHOOK_IN_FLIGHT=str(options.in_flight)) as scene:
        begun = time.monotonic()
        each = options.deliveries // TENANTS
        orgs = [scene.tenant(cap=CAP) for _ in range(TENANTS)]
        # Slow enough that there is always something in flight to be killed.
        scene.receiver.answers["/"] = slow(0.2 if options.in_flight > 1 else 0.01)
        telling = threading.Thread(target=tell_all_the_while, args=(scene, orgs, each, options.kills * KILL_SECONDS))
        telling.start()
        torment(scene, server, options)
        telling.join()
        for worker in list(scene.workers):
            scene.kill(worker)
        time.sleep(options.off)
        for _ in range(WORKERS):
            scene.start()
        restarts = bounce(scene, postgres) if postgres else 0
        scene.wait(each * TENANTS, seconds=600)
        arrivals = scene.arrivals()
        took = time.monotonic() - begun
    lost = each * TENANTS - len(arrivals)
    twice, caught = sum(arrivals.values()) - len(arrivals), scene.caught.total()
    print(
        f"{database}: {each * TENANTS:,} deliveries, {scene.kills} kills of workers, {restarts} of PostgreSQL, {took:.0f} s: "
        f"{lost} lost, {twice} came again, each with its own id ({caught:,} had arrived, not written down, when something died)",
        flush=True,
    )
    if options.in_flight == 1:
        caught = min(caught, scene.kills + restarts * WORKERS)
    return int(lost != 0 or twice > caught)


def compare(
    database: str, url: str, server: RedisServer, directory: Path, options: argparse.Namespace, _postgres: PostgresServer | None
) -> int:
    """A healthy tenant alone, then beside the other, long enough for its tries to time out and begin anew; then without caps."""
    with staged(url, server.url, directory) as scene:
        org = healthy_tenant(scene)
        scene.start()
        measure(scene, org, 5, 0)
        alone = measure(scene, org, SAMPLES, GAP)
        with crowd(scene, options.hanging) as hanging:
            wait_until_full(scene, hanging)
            beside = measure(scene, org, SAMPLES, GAP)
            scene.kill(scene.workers[0])
            scene.end_leases()
            scene.start(module="tests.faults.uncapped_worker")
            wait_until_full(scene, hanging, scene.app.config["SETTINGS"].webhook_in_flight)
            naive = measure(scene, org, 3, 0)
    them = f"{options.hanging} endpoints that hang"
    print(f"{database}: alone {alone}; beside {them} {beside}; beside them without caps {naive}", flush=True)
    return int(beside.median > 2 * alone.median or beside.p95 > 2 * alone.p95 or naive.median < 2 * alone.median)


def tell_all_the_while(scene: Scene, orgs: list[Org], each: int, seconds: float) -> None:
    """`each` events of every organization, spread over about so many seconds."""
    rounds = max(1, min(each, round(seconds)))
    for number in range(rounds):
        for org in orgs:
            scene.tell(org, each * (number + 1) // rounds - each * number // rounds)
        time.sleep(seconds / rounds / 2)


def torment(scene: Scene, server: RedisServer, options: argparse.Namespace) -> None:
    """Kill workers while they send, empty Redis every five seconds, freeze it once."""
    chance, flushed, frozen_at = random.Random(7), time.monotonic(), 0.0
    for _ in range(WORKERS):
        scene.start()
    while scene.kills < options.kills:
        wait_for_traffic(scene)
        time.sleep(chance.uniform(0, 0.5))
        scene.kill(scene.workers[0])  # the oldest: the other one may be starting still
        scene.start()
        if not frozen_at and options.frozen and scene.kills >= options.kills // 2:
            server.freeze()
            frozen_at = time.monotonic()
        if frozen_at and time.monotonic() - frozen_at > options.frozen:
            server.thaw()
        elif not frozen_at and time.monotonic() - flushed > FLUSH_SECONDS:
            flushed = time.monotonic()
            with redis.Redis.from_url(server.url) as client:
                client.flushall()
    server.thaw()
    server.kill()
    server.start()


def wait_for_traffic(scene: Scene) -> None:
    """Until something arrives, or for a few seconds where nothing is left to send."""
    seen, until = len(scene.receiver.arrivals), time.monotonic() + 3 * KILL_SECONDS
    while len(scene.receiver.arrivals) == seen and time.monotonic() < until:
        time.sleep(0.01)


def bounce(scene: Scene, postgres: PostgresServer) -> int:
    """Kill every process of PostgreSQL and start it again, while deliveries are under way; how often."""
    wait_for_traffic(scene)
    scene.catch()
    postgres.kill()
    time.sleep(2)
    postgres.start()
    return 1


if __name__ == "__main__":
    sys.exit(main())
