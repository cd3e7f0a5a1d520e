"""Faults with real worker processes, at a size for every day: nothing is lost, and what comes twice has the same id.

`python -m tests.faults.soak` is the long version.
"""

import tempfile
import time
from pathlib import Path

import pytest
import redis

from tests.conftest import migrate
from tests.faults.scene import staged
from tests.servers import PostgresServer, create_database

pytestmark = pytest.mark.processes


def test_a_worker_killed_at_every_step_loses_nothing(scene):
    """F04: before it sends, after it sent, before it records. With one in flight there are no more doubles than kills."""
    org = scene.tenant(cap=1)
    scene.tell(org, 12)
    for failpoint in ("before_send:2", "after_send:2", "before_record:2"):
        scene.died(scene.start(failpoint))
        scene.end_leases()
    scene.start()
    scene.wait(12)
    arrivals = scene.arrivals()
    assert len(arrivals) == 12
    assert sum(arrivals.values()) - 12 <= scene.kills == 3
    assert sum(arrivals.values()) > 12, "killed after it sent, the same delivery has to come again"


def test_workers_that_were_off_find_everything_and_two_share_it(scene):
    """F06 and F23."""
    org = scene.tenant(endpoints=3)
    scene.tell(org, 40)
    for _ in range(2):
        scene.start()
    scene.wait(120)
    assert set(scene.arrivals().values()) == {1} and len(scene.arrivals()) == 120


def test_redis_emptied_again_and_again_frozen_and_killed_loses_nothing(scene):
    """F08 and F09: the doorbell is all that Redis carries."""
    org = scene.tenant()
    scene.start()
    with redis.Redis.from_url(scene.redis.url) as client:
        for _ in range(10):
            scene.tell(org, 3)
            client.flushall()
    scene.redis.freeze()
    scene.tell(org, 5)
    scene.wait(35)
    scene.redis.thaw()
    scene.redis.kill()
    scene.tell(org, 5)
    scene.wait(40)
    assert set(scene.arrivals().values()) == {1}


def test_a_postgresql_that_dies_under_the_worker_loses_nothing(tmp_path):
    """F12: every process of it is killed while deliveries are under way."""
    with tempfile.TemporaryDirectory(prefix="tiltyard-pg-", dir="/tmp") as home:
        Path(home).chmod(0o755)
        _killed_under_the_worker(Path(home), tmp_path)


def _killed_under_the_worker(home: Path, tmp_path: Path) -> None:
    with PostgresServer(home) as server:
        url = create_database(server.url, "faults")
        migrate(url, tmp_path)
        with staged(url, "memory://", tmp_path) as scene:
            org = scene.tenant()
            scene.tell(org, 60)
            scene.start()
            scene.receiver.wait(10, seconds=60)
            server.kill()
            time.sleep(1)
            server.start()
            scene.end_leases()
            scene.wait(60)
            arrivals = scene.arrivals()
    assert len(arrivals) == 60
    assert sum(arrivals.values()) - 60 <= 10, "at most what was in flight comes twice"
