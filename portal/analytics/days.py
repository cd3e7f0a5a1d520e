"""Days, hours and lengths of time, in UTC, as the database says them; what the session's time zone is makes no difference."""

from typing import Any

from sqlalchemy import Float, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class utc_day(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """`2026-03-01` of a UTCDateTime column."""

    name = "utc_day"
    inherit_cache = True
    type = String()


class utc_hour_of_week(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """`1 00` (Monday, midnight) to `7 23` of a UTCDateTime column."""

    name = "utc_hour_of_week"
    inherit_cache = True
    type = String()


class seconds_between(FunctionElement[float]):  # noqa: N801 - reads as the SQL function that it is
    """Seconds from the first UTCDateTime column to the second."""

    name = "seconds_between"
    inherit_cache = True
    type = Float()


@compiles(utc_day, "postgresql")
def _postgresql_day(element: Any, compiler: Any, **options: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **options)} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


@compiles(utc_day, "sqlite")
def _sqlite_day(element: Any, compiler: Any, **options: Any) -> str:
    return f"date({compiler.process(element.clauses, **options)})"


@compiles(utc_hour_of_week, "postgresql")
def _postgresql_hour(element: Any, compiler: Any, **options: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **options)} AT TIME ZONE 'UTC', 'ID HH24')"


@compiles(utc_hour_of_week, "sqlite")
def _sqlite_hour(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"((strftime('%w', {moment}) + 6) % 7 + 1) || strftime(' %H', {moment})"


@compiles(seconds_between, "postgresql")
def _postgresql_seconds(element: Any, compiler: Any, **options: Any) -> str:
    first, last = (compiler.process(clause, **options) for clause in element.clauses)
    return f"EXTRACT(EPOCH FROM ({last} - {first}))"


@compiles(seconds_between, "sqlite")
def _sqlite_seconds(element: Any, compiler: Any, **options: Any) -> str:
    first, last = (compiler.process(clause, **options) for clause in element.clauses)
    return f"((julianday({last}) - julianday({first})) * 86400.0)"
