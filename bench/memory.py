"""Resident memory of one web process after 10,000 requests to guarded and open routes. Goal: at most 120 MB."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.admission import seeded_key  # noqa: E402
from bench.load import measure  # noqa: E402
from tests.servers import RedisServer, WebServer  # noqa: E402

REQUESTS = 10_000
GOAL_MB = 120


def main() -> int:
    """Print the memory before and after; 1 when the goal is missed."""
    with tempfile.TemporaryDirectory() as scratch, RedisServer(Path(scratch)) as redis:
        environ = {"TILTYARD_DATA": scratch, "TILTYARD_REDIS_URL": redis.url, "TILTYARD_LOG_LEVEL": "error"}
        key = seeded_key(environ)
        with WebServer(Path(scratch), environ) as server:
            before, done = resident_mb(server.pid), 0
            while done < REQUESTS:
                for path, headers in (("/v1/whoami", {"X-API-Key": key}), ("/sign-in", {}), ("/v1/whoami", {})):
                    done += sum(measure(server.port, path, headers, seconds=2).statuses.values())
            after = resident_mb(server.pid)
    verdict = "  MISSED" if after > GOAL_MB else ""
    print(f"  {before:.0f} MB at start, {after:.0f} MB after {done:,} requests (goal {GOAL_MB}){verdict}")
    return after > GOAL_MB


def resident_mb(pid: int) -> float:
    """VmRSS of a process in megabytes (Linux)."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
