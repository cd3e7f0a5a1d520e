"""What production refuses to start on, each with one sentence that says what to set."""

import os
import re
from collections.abc import Callable
from functools import cache

from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from portal.config import SettingError, Settings
from portal.kernel.db import db
from portal.kernel.queue import connect
from portal.paths import MIGRATIONS

SHORTEST_SECRET = 32
WEAK = ("secret", "changeme", "change-me", "default", "development", "password", "tiltyard")


def check(app: Flask) -> None:
    """Raises SettingError with the first sentence that applies. Outside production everything passes."""
    settings: Settings = app.config["SETTINGS"]
    if not settings.production:
        return
    for step in STEPS:
        sentence = step(app, settings)
        if sentence:
            raise SettingError(sentence)


def _secret(app: Flask, settings: Settings) -> str | None:
    weak = len(settings.secret_key) < SHORTEST_SECRET or any(word in settings.secret_key.lower() for word in WEAK)
    if settings.secret_is_generated or weak or len(set(settings.secret_key)) < 10:
        return "TILTYARD_SECRET_KEY is missing or a default: set it to at least 32 random characters of your own."
    return None


def _debug(app: Flask, settings: Settings) -> str | None:
    return "The debug flag is on: unset TILTYARD_DEBUG and FLASK_DEBUG." if settings.debug or app.debug else None


def _limiter(app: Flask, settings: Settings) -> str | None:
    if settings.limits_in_memory:
        return "Limits would be counted in memory, per process: set TILTYARD_REDIS_URL to a Redis or Valkey server."
    return None


def _eviction(app: Flask, settings: Settings) -> str | None:
    try:
        policy = str(connect(settings.redis_url).config_get("maxmemory-policy").get("maxmemory-policy", ""))
    except (RedisError, OSError):
        return "Redis does not answer: set TILTYARD_REDIS_URL to one that does."
    if policy.startswith("allkeys-"):
        return f"Redis may evict jobs and leases (maxmemory-policy {policy}): set maxmemory-policy to noeviction."
    return None


def _local_webhooks(app: Flask, settings: Settings) -> str | None:
    if settings.webhook_local:
        return "Webhooks may reach this machine itself: unset TILTYARD_WEBHOOK_ALLOW_LOCAL, which is for trying things out."
    return None


def _migrations(app: Flask, settings: Settings) -> str | None:
    if "FLASK_RUN_FROM_CLI" in os.environ:  # a `flask` command; `flask db upgrade` has to get in
        return None
    try:
        with app.app_context():
            behind = unmigrated()
    except OperationalError:
        return "The database does not answer: set TILTYARD_DATABASE_URL to one that does."
    return "The database is not migrated: run `flask --app app db upgrade` before starting." if behind else None


STEPS: tuple[Callable[[Flask, Settings], str | None], ...] = (
    _secret,
    _debug,
    _local_webhooks,
    _limiter,
    _eviction,
    _migrations,
)


def unmigrated() -> bool:
    """True when the database's revision is not the newest one of migrations/."""
    # Not through Alembic's MigrationContext: it writes two lines to the log each time, and /readyz asks often.
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return True
        return connection.scalar(text("SELECT version_num FROM alembic_version")) != _newest()


@cache
def _newest() -> str | None:
    """The newest revision that the code of this process knows."""
    # Read from the files, because loading Alembic would cost every web process ten megabytes.
    texts = [path.read_text() for path in (MIGRATIONS / "versions").glob("*.py")]
    revisions = {found[1] for text in texts if (found := re.search(r'^revision = "(\w+)"', text, re.M))}
    replaced = {found[1] for text in texts if (found := re.search(r'^down_revision = "(\w+)"', text, re.M))}
    return next(iter(revisions - replaced), None)
