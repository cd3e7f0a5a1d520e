"""How much does admission cost? `GET /v1/whoami` with a key (allowlist, scope, three windows, concurrency) on one granian
worker, against (a) the unguarded JSON view of the same application, (b) the same view under Flask-Limiter with the same
three windows on the same Redis, (c) Django REST framework with its API-key package and its throttle on the same Redis.

Prints ratios; absolute rates are there to judge the noise only. Goals: 0.33 of (a), 2.5 x (b), 4 x (c).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.load import best_of, measure  # noqa: E402
from tests.servers import RedisServer, WebServer  # noqa: E402

GOALS = {"unguarded view of the same application": 0.33, "Flask-Limiter, same windows": 2.5, "Django REST framework": 4.0}
WINDOWS = ("1000000 per minute", "1000000 per 10 seconds", "100000000 per day")


def bench_app() -> Flask:
    """Tiltyard with the view of /v1/whoami twice more: open, and under Flask-Limiter (`bench.admission:app`)."""
    from portal import create_app
    from portal.admission.caller import Caller
    from portal.kernel.crypto import digest
    from portal.web.throttle import limiter

    app = create_app()
    with app.app_context():
        key = app.extensions["gate"].keyring.book.find(digest(os.environ["BENCH_KEY"]))
    view = app.view_functions["feed_api.whoami"].__wrapped__  # the very same view, without its guard

    def opened():
        return view(Caller(key, "127.0.0.1"))

    def limited():
        return view(Caller(key, "127.0.0.1"))

    app.add_url_rule("/bench/open", "bench_open", opened)
    app.add_url_rule("/bench/limited", "bench_limited", limiter.limit("; ".join(WINDOWS), key_func=lambda: "one key")(limited))
    return app


def main() -> int:
    """Run all four and print the table; 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as scratch, RedisServer(Path(scratch)) as redis:
        environ = {
            "TILTYARD_DATA": scratch,
            "TILTYARD_REDIS_URL": redis.url,
            "TILTYARD_LOG_LEVEL": "error",
            "TILTYARD_WEB_THREADS": "2",
        }
        key = seeded_key(environ)
        django = {"BENCH_DJANGO_REDIS": redis.url, "BENCH_DJANGO_DIR": scratch}
        with (
            WebServer(Path(scratch), environ | {"BENCH_KEY": key}, target="bench.admission:app") as ours,
            WebServer(Path(scratch), environ | django, target="bench.peer_django:app", health="/open") as theirs,
        ):
            return report(ours.port, theirs.port, key, subprocess_key(django))


def seeded_key(environ: dict[str, str]) -> str:
    """Migrate, make an organization with an allowlist and a feed key with three wide windows; the key."""
    code = (
        "from portal import create_app; from portal.migrating import upgrade\n"
        "from bench.seed import feed_key\n"
        "app = create_app()\n"
        "upgrade(app)\n"
        "with app.app_context():\n"
        "    print('KEY', feed_key())\n"
    )
    return _said(code, environ)


def subprocess_key(environ: dict[str, str]) -> str:
    """The key that the Django peer made for itself."""
    return _said("from bench.peer_django import make_key; print('KEY', make_key())", environ)


def _said(code: str, environ: dict[str, str]) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise SystemExit(answer.stderr)
    return next(line.split()[1] for line in answer.stdout.splitlines() if line.startswith("KEY"))


def report(ours: int, theirs: int, key: str, django_key: str) -> int:
    guarded, opened, limited, django = best_of(
        3,
        lambda: measure(ours, "/v1/whoami", {"X-API-Key": key}),
        lambda: measure(ours, "/bench/open"),
        lambda: measure(ours, "/bench/limited"),
        lambda: measure(theirs, "/guarded", {"Authorization": f"Api-Key {django_key}"}),
    )
    for name, rate in (("guarded", guarded), ("open", opened), ("Flask-Limiter", limited), ("Django", django)):
        assert set(rate.statuses) == {200}, (name, rate.statuses)
        print(f"  {name:<14}{rate.per_second:>8.0f} requests/s")
    missed = 0
    for (name, goal), peer in zip(GOALS.items(), (opened, limited, django), strict=True):
        ratio = guarded.per_second / peer.per_second
        missed += ratio < goal
        print(f"  {ratio:5.2f} x {name} (goal {goal}){'' if ratio >= goal else '  MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
elif "BENCH_KEY" in os.environ and "BENCH_DJANGO_DIR" not in os.environ:
    app = bench_app()
