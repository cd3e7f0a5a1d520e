"""Both databases, empty and migrated, for benchmarks that compare with bare statements through the same engine."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flask import Flask

from portal import create_app
from portal.config import Settings
from portal.migrating import upgrade
from tests.servers import PostgresServer, create_database


def on_both(measure: Callable[[str, Flask], int]) -> int:
    """Run `measure(name, app)` on SQLite and on PostgreSQL; 1 when any goal was missed, else 0."""
    with tempfile.TemporaryDirectory() as scratch:
        missed = measure("SQLite", _application(f"sqlite:///{scratch}/bench.sqlite", scratch))
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)
        with PostgresServer(Path(scratch)) as server:
            missed += measure("PostgreSQL", _application(create_database(server.url, "bench"), scratch))
    return 1 if missed else 0


def _application(url: str, scratch: str) -> Flask:
    environ = {"TILTYARD_ENV": "test", "TILTYARD_DATA": scratch, "TILTYARD_DATABASE_URL": url, "TILTYARD_LOG_LEVEL": "error"}
    app = create_app(replace(Settings.from_env(environ), redis_url="memory://"))
    upgrade(app)
    return app
