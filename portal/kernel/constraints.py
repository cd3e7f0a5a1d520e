"""A broken database constraint becomes the sentence that its own declaration carries in `info={"says": …, "field": …}`."""

import re
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from portal.kernel.db import Model


def declared() -> list[Any]:
    """Every unique constraint, unique index and check of every table: what a write can break."""
    found: list[Any] = []
    for table in Model.metadata.tables.values():
        found += [c for c in table.constraints if isinstance(c, UniqueConstraint | CheckConstraint)]
        found += [index for index in table.indexes if isinstance(index, Index) and index.unique]
    return found


def sentence_for(error: IntegrityError) -> tuple[str, str]:
    """(field, sentence) for the constraint that broke; ("", "") where none is declared."""
    for constraint in declared():
        if constraint.info.get("says") and _is(constraint, error):
            return constraint.info.get("field", ""), constraint.info["says"]
    return "", ""


def _is(constraint: Any, error: IntegrityError) -> bool:
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return bool(diagnosis.constraint_name == constraint.name)
    text = str(error.orig)  # SQLite names the columns of a unique constraint, but a check by its name
    if isinstance(constraint, CheckConstraint):
        return text.endswith(f"CHECK constraint failed: {constraint.name}")
    columns = [f"{constraint.table.name}.{column.name}" for column in constraint.columns]
    broken = re.sub(r"^UNIQUE constraint failed: ", "", text).split(", ")
    return sorted(columns) == sorted(broken)
