"""What every test may ask for. Nothing is ever cleaned: a test makes its own organization and looks only at that one."""

import contextlib
import contextvars
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal import create_app
from portal.config import Settings
from portal.kernel import db as kernel_db
from portal.kernel.db import db, unit_of_work
from portal.orgs import sign_in
from tests import answers, servers
from tests.make import Make

# Argon2 is slow by design; the tests sign in hundreds of times and hash with the least that it allows.
sign_in._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SECRET = "a-key-for-the-tests-only-0123456789abcdef"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a third of the time tests wait for processes that start."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The one real Redis of the test run."""
    return servers.shared("redis")


@pytest.fixture(scope="session")
def own_redis_url(redis_url: str, database_url: str, worker_id: str) -> str:
    """A part of it for each worker and database: rows of two databases have the same numbers."""
    worker = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    return f"{redis_url}?db={1 + (2 * worker + database_url.startswith('postgres')) % 15}"  # a path would name another socket


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """A migrated database of this worker: a real SQLite file, and a real PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("sqlite") / "tiltyard.sqlite"
        migrate(f"sqlite:///{path}", path.parent)
        return f"sqlite:///{path}"
    directory = tmp_path_factory.mktemp("postgresql")
    return servers.database_from_template(f"tests_{worker_id}", lambda url: migrate(url, directory))


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """xdist's name of this process, `master` without xdist."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")


def settings_for(database_url: str, redis_url: str, data_dir: Path, **changes: object) -> Settings:
    """Settings as a test server has them."""
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(data_dir),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
        "TILTYARD_BASE_URL": "http://localhost",
        "TILTYARD_LOG_LEVEL": "error",
        # As for the processes that tests start: TILTYARD_DOORBELL=0 make test.
        "TILTYARD_DOORBELL": os.environ.get("TILTYARD_DOORBELL", "1"),
    }
    return replace(Settings.from_env(environ), **changes)


def migrate(url: str, data_dir: Path) -> None:
    """Bring an empty database to the newest revision, as an installation does."""
    from portal.migrating import upgrade

    upgrade(create_app(settings_for(url, "memory://", data_dir)))


class Browser(FlaskClient):
    """Every request in a context of its own, as on a server.

    Flask would reuse the application context that a test holds, and with it `g` and the session of the request before.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("buffered", True)  # read to the end in there too
        answer = contextvars.Context().run(super().open, *args, **kwargs)
        answers.hold(self.application, answer)
        return answer


@pytest.fixture(scope="session")
def app(database_url: str, own_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on one of the two databases; tests run once on each."""
    yield from application(database_url, own_redis_url, tmp_path_factory.mktemp("data"))


def application(database_url: str, redis_url: str, data_dir: Path, **changes: object) -> Iterator[Flask]:
    """The application for as long as a fixture lives."""
    app = create_app(settings_for(database_url, redis_url, data_dir, **changes))
    app.testing = False  # errors must become answers, as they do for users
    app.test_client_class = Browser
    yield app
    leave(app)


def leave(app: Flask) -> None:
    """Close the application's connections to the database for good."""
    app.extensions["gate"].keyring.book.meter.flush()  # or its thread would connect once more
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session inside a unit of work that commits when the test is over."""
    with app.app_context(), unit_of_work() as session:
        yield session


@pytest.fixture
def make(app: Flask) -> Iterator[Make]:
    """Builders. Each call commits, so that requests and other processes see what it made."""
    with app.app_context():
        yield Make(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Nobody signed in, no credential."""
    return app.test_client()


class Statements(list[str]):
    """The SQL that a block sent, without the words that begin and end a transaction."""


@pytest.fixture
def count_sql(app: Flask, monkeypatch: pytest.MonkeyPatch):
    """`with count_sql() as statements: …; assert len(statements) == 2`. Counts this thread's statements only. A key that
    was used before in the test stays known, however slow the machine is."""
    import threading

    monkeypatch.setattr("portal.admission.keyring.REMEMBER_SECONDS", 60)

    @contextlib.contextmanager
    def counting() -> Iterator[Statements]:
        statements, thread = Statements(), threading.get_ident()

        def note(_connection, _cursor, statement, *_rest):
            if threading.get_ident() == thread and not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
                statements.append(statement)

        def asked(cursor, text, values):
            note(None, cursor, text)
            return first(cursor, text, values)

        with app.app_context():
            engine, first = db.engine, kernel_db._first
        event.listen(engine, "before_cursor_execute", note)
        kernel_db._first = asked
        try:
            yield statements
        finally:
            kernel_db._first = first
            event.remove(engine, "before_cursor_execute", note)

    return counting
