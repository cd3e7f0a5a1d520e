"""The database: one declarative base, one session per request, one place that commits.

Writing units of work on SQLite begin with BEGIN IMMEDIATE. A deferred transaction that reads first and writes later
fails with "database is locked" however long the busy timeout is, because its snapshot is stale by then.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData, TypeDecorator, event, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.functions import FunctionElement

_writing: ContextVar[bool] = ContextVar("tiltyard_writing", default=False)

# The database is away, or too busy: nothing is wrong with what was asked, and it may be asked again.
AWAY = (OperationalError, InterfaceError, InternalError, NoConnectionError)
BigKey = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB(), "postgresql")


class Model(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Model, disable_autonaming=True)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC. SQLite drops offsets in silence, so naive values are refused at the door."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was given to the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class database_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function that it is
    """The database's own clock, comparable with a UTCDateTime column: every machine agrees on it."""

    name = "database_now"
    inherit_cache = True
    type = UTCDateTime()


@compiles(database_now, "postgresql")
def _postgresql_now(_element: Any, _compiler: Any, **_options: Any) -> str:
    return "clock_timestamp()"  # now() would be the start of the transaction


@compiles(database_now, "sqlite")
def _sqlite_now(_element: Any, _compiler: Any, **_options: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"  # six digits, as they are stored: moments are compared as text


def clock_of(session: Session) -> datetime:
    """The moment by the database's clock, on which every machine agrees."""
    return session.execute(select(database_now())).scalar_one()


@contextmanager
def unit_of_work(session: Session | None = None) -> Iterator[Session]:
    """One transaction: leaving commits, raising rolls back, and calls left by `after_commit` run once it holds.

    Without `session` it opens a session of its own, independent of the request's.
    """
    own = session is None
    work: Session = db.session.session_factory() if session is None else session
    token = _writing.set(True)
    try:
        yield work
        work.commit()
    except BaseException:
        work.rollback()
        work.info.pop("after_commit", None)
        raise
    finally:
        _writing.reset(token)
        if own:
            work.close()
    for call in work.info.pop("after_commit", ()):
        call()


def after_commit(session: Session, call: Callable[[], object]) -> None:
    """Run `call` when the surrounding unit of work has committed; never when it rolls back."""
    session.info.setdefault("after_commit", []).append(call)


@contextmanager
def reading() -> Iterator[Connection]:
    """A short read on a connection of its own, outside the request's transaction."""
    token = _writing.set(False)
    try:
        with db.engine.connect() as connection:
            yield connection
    finally:
        _writing.reset(token)


def straight(text: str, values: Any) -> tuple[Any, ...] | None:
    """The first row of a SELECT in the driver's own words and values, outside of any transaction; None for none.

    For what is asked hundreds of times a second: session, BEGIN, result and rollback cost ten times the statement.
    """
    engine, failure = db.engine, db.engine.dialect.loaded_dbapi.Error
    try:
        held = engine.raw_connection()
        try:
            return _alone(held, text, values)
        except BaseException as error:
            held.invalidate(error)  # it may be left in autocommit, which nobody else expects
            raise
        finally:
            held.close()
    except failure as error:
        raise DBAPIError.instance(text, None, error, failure, True) from error


def _alone(held: Any, text: str, values: Any) -> tuple[Any, ...] | None:
    """Without BEGIN and rollback; SQLite's connections are so from the start."""
    if db.engine.dialect.name == "sqlite":
        return _first(held.cursor(), text, values)
    held.driver_connection.autocommit = True
    row = _first(held.cursor(), text, values)
    held.driver_connection.autocommit = False
    return row


def _first(cursor: Any, text: str, values: Any) -> tuple[Any, ...] | None:
    """The tests count here what never comes by the engine."""
    cursor.execute(text, values)
    row: tuple[Any, ...] | None = cursor.fetchone()
    cursor.close()
    return row


# A line on which every packet is lost is given up after ten seconds (libpq); the system itself would wait a quarter of an hour.
LOST_LINE = {"tcp_user_timeout": 10_000, "keepalives_idle": 4, "keepalives_interval": 2, "keepalives_count": 3}


def engine_options(database_url: str) -> dict[str, Any]:
    """Pool and connection limits: nothing waits longer than a request may last."""
    common: dict[str, Any] = {"hide_parameters": True, "pool_timeout": 2}
    if database_url.startswith("sqlite"):
        return common | {"connect_args": {"timeout": 5, "check_same_thread": False}}
    settings = "-c lock_timeout=2000 -c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000"
    return common | {
        "pool_pre_ping": True,
        "pool_size": 10,
        "max_overflow": 10,
        "connect_args": {"connect_timeout": 2, "options": settings} | LOST_LINE,
    }


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we say BEGIN ourselves, below
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")
