"""Which competitions and which time the figures of the back office are about: the state is the URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import Session

from portal.analytics.period import USUAL, Period, read_period
from portal.competitions.model import Competition
from portal.competitions.words import FORMAT_WORDS
from portal.web.tables import CONTROLS

LONGEST = 200
# The parameters of the URL, so that links to another tab carry them along. (`format=csv` is what lists download with.)
NAMES = ("period", "from", "to", "category", "played_as", "competition")


@dataclass(frozen=True)
class Scope:
    """An organization's competitions of a category, of a format, with `title` in their title or as their id."""

    org_id: int
    period: Period
    category: str = ""
    format: str = ""
    title: str = ""

    @property
    def competitions(self) -> ColumnElement[bool]:
        """What picks them in a statement that has `Competition` in it."""
        wanted: list[Any] = [Competition.org_id == self.org_id]
        if self.category:
            wanted.append(Competition.category == self.category)
        if self.format:
            wanted.append(Competition.format == self.format)
        if self.title:
            named = Competition.title.icontains(self.title, autoescape=True)
            wanted.append(or_(named, Competition.uid == self.title.lower()))
        return and_(*wanted)

    @property
    def narrowed(self) -> bool:
        """Is anything chosen besides the period?"""
        return bool(self.category or self.format or self.title)

    def within(self, column: Any) -> ColumnElement[bool]:
        """The column lies in the period."""
        start = self.period.start
        return and_(column < self.period.end, true() if start is None else column >= start)

    def within_both(self, column: Any) -> ColumnElement[bool]:
        """The column lies in the period or in the one before it."""
        before = self.period.before
        return (replace(self, period=Period("days", before.first, self.period.last)) if before else self).within(column)


@dataclass(frozen=True)
class Asked:
    """What the URL asks for: the scope, what the form shows, and a sentence for whatever was left out."""

    scope: Scope
    categories: Sequence[str]
    values: dict[str, Any]
    notes: Sequence[str]


def read_scope(session: Session, org_id: int, args: Mapping[str, str], now: datetime) -> Asked:
    """Never fails: what there is not is left out and said. One statement."""
    given = {name: CONTROLS.sub("", args.get(name, "")).strip()[:LONGEST] for name in NAMES}
    period, notes = read_period(given, now)
    known = categories_of(session, org_id)
    for name, label, choices in (("category", "category", known), ("played_as", "format", FORMAT_WORDS)):
        if given[name] and given[name] not in choices:
            notes.append(f"There is no {label} “{given[name]}”, so it was left out.")
            given[name] = ""
    if period.key != "days":
        given["from"] = given["to"] = ""
    given["period"] = "" if period.key in ("days", USUAL) else period.key
    scope = Scope(org_id, period, given["category"], given["played_as"], given["competition"])
    return Asked(scope, known, {name: text for name, text in given.items() if text}, notes)


def categories_of(session: Session, org_id: int) -> list[str]:
    """Those that the organization's competitions have, by name."""
    query = select(Competition.category).distinct().where(Competition.org_id == org_id, Competition.category.is_not(None))
    return sorted(filter(None, session.scalars(query)), key=str.lower)
