"""Is the process there, and can it work?"""

from flask import Blueprint, Response, current_app, jsonify
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.kernel.db import db
from portal.kernel.queue import connect

pages = Blueprint("health", __name__)


@pages.get("/healthz")
def healthz() -> Response:
    """200 while the process answers at all."""
    return jsonify(status="ok")


@pages.get("/readyz")
def readyz() -> tuple[Response, int]:
    """200 when database, Redis and migrations are as they should be, else 503 naming what is not."""
    checks = {"database": _database(), "redis": _redis(), "migrations": _migrations()}
    good = all(state == "ok" for state in checks.values())
    return jsonify(status="ready" if good else "not ready", checks=checks), 200 if good else 503


def _database() -> str:
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "does not answer"
    return "ok"


def _redis() -> str:
    settings = current_app.config["SETTINGS"]
    if settings.limits_in_memory:
        return "ok"
    try:
        connect(settings.redis_url).ping()
    except (RedisError, OSError):
        return "does not answer"
    return "ok"


def _migrations() -> str:
    unmigrated = current_app.extensions["unmigrated"]
    try:
        return "behind: run `flask --app app db upgrade`" if unmigrated() else "ok"
    except SQLAlchemyError:
        return "unknown"
