"""What the players' pages of a competition read: everything as plain columns, a few statements whatever the size."""

import json
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from flask import url_for
from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session, aliased

from portal.branding.brand import PLAIN, Brand, brand_with
from portal.branding.look import Look
from portal.branding.model import ThemeVersion, own_theme
from portal.competitions.brackets import MATCHES
from portal.competitions.drawing import Window
from portal.competitions.model import Competition, Entry
from portal.competitions.shown import MATCH_ROWS, Shown, shown
from portal.kernel.db import db, straight
from portal.kernel.errors import NotFound
from portal.orgs.model import Organization
from portal.players.model import Team
from portal.registration.model import RegistrationPage

PAGE = 60  # matches on one page of a list
NOT_STARTED = ("draft", "registration")


@dataclass(frozen=True, slots=True)
class Owner:
    """Of an organization what the addresses of its pictures need."""

    slug: str


class Head:
    """A competition with its organization: one row of one statement, which also tells whether anything changed.

    It has the columns of `Competition` that pages and standings need, and those of the organization as `org_…`, each as
    the driver gave it until somebody looks at it.
    """

    def __init__(self, row: Any) -> None:
        self.row = row

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.row, name)
        if isinstance(value, str) and name in _AS_TEXT:
            return _AS_TEXT[name](value)
        return value

    @property
    def started(self) -> bool:
        return self.row.started_at is not None and self.row.status not in NOT_STARTED

    @property
    def winner(self) -> str:
        """Who won, "" while nobody has; groups have a first each, so together they have none."""
        return "" if (self.rules or {}).get("groups", 1) > 1 else self.row.first or ""

    @property
    def as_competition(self) -> Competition:
        """For finders of the competitions room, which read its columns."""
        return cast(Competition, self)

    @property
    def state(self) -> tuple[Any, ...]:
        """Changes whenever something does that a page shows."""
        row = self.row
        entries = (row.registered, row.present, row.seeds, row.latest)
        return (row.uid, row.turn, row.updated_at, row.org_updated_at, row.theme_id, row.access, *entries)

    @property
    def brand(self) -> Brand:
        """What the organization's players see; plain where nothing was published."""
        if self.row.theme is None:
            return PLAIN
        css_url = url_for("theme.css", org_slug=self.row.org_slug, digest=self.row.theme)
        return brand_with(cast(Organization, Owner(self.row.org_slug)), Look.of(self.look), css_url)


def _before_start(value: ColumnElement[Any], *more: ColumnElement[bool]) -> ColumnElement[Any]:
    """A figure of the entries while they can still change; afterwards the row itself tells of every change."""
    found = select(value).where(Entry.competition_id == Competition.id, Entry.status == "registered", *more)
    waiting = or_(*(Competition.status == status for status in NOT_STARTED))
    return case((waiting, found.correlate(Competition).scalar_subquery()))


_SHOWN = [
    getattr(Competition, name)
    for name in (
        *("id", "uid", "org_id", "title", "description", "type", "format", "status", "category", "visibility", "rules"),
        *("max_participants", "registration_opens", "registration_closes", "starts_at", "ends_at", "draw_seed", "turn"),
        *("prize_pool_wei", "updated_at", "started_at", "completed_at", "canceled_at"),
    )
]
_OWNER = [
    getattr(Organization, name).label(f"org_{name}")
    for name in ("uid", "slug", "name", "is_sandbox", "embed_sites", "updated_at")
]
_FIRST = (
    select(func.coalesce(Team.name, Entry.wallet))
    .select_from(Entry)
    .outerjoin(Team, Team.id == Entry.team_id)
    .where(Entry.competition_id == Competition.id, Entry.place == 1)
    .order_by(Entry.id)
    .limit(1)
    .correlate(Competition)
    .scalar_subquery()
)
_PARENT, _ABOVE = aliased(Organization), aliased(Organization)


def _published(org_id: Any) -> Any:
    """The number of the theme that an organization published last."""
    return own_theme(org_id).correlate(Organization, _PARENT, _ABOVE).scalar_subquery()


_HEAD: Select[Any] = (
    select(
        *_SHOWN,
        *_OWNER,
        ThemeVersion.id.label("theme_id"),
        ThemeVersion.digest.label("theme"),
        ThemeVersion.look,
        RegistrationPage.access,
        case((Competition.status == "completed", _FIRST)).label("first"),
        _before_start(func.count()).label("registered"),
        _before_start(func.count(Entry.checked_in_at)).label("present"),
        _before_start(func.sum(Entry.id * func.coalesce(Entry.seed, 0))).label("seeds"),
        _before_start(func.max(Entry.id)).label("latest"),
    )
    .select_from(Competition)
    .join(Organization, Organization.id == Competition.org_id)
    .outerjoin(RegistrationPage, RegistrationPage.competition_id == Competition.id)
    .outerjoin(_PARENT, _PARENT.id == Organization.parent_id)
    .outerjoin(_ABOVE, _ABOVE.id == _PARENT.parent_id)
    .outerjoin(
        ThemeVersion,
        ThemeVersion.id == func.coalesce(_published(Organization.id), _published(_PARENT.id), _published(_ABOVE.id)),
    )
    .where(Competition.uid == bindparam("uid"), Competition.visibility != "private", Organization.disabled_at.is_(None))
)


def head_of(uid: str, org_slug: str | None = None) -> Head:
    """A competition that is not private, of that organization when given. One statement; raises NotFound.

    Whoever follows a page asks this every two seconds. The statement is therefore put into words once and goes straight to
    the driver: session, cache key and the values that nobody looks at took ten times as long as the database.
    """
    text, order, values, shape = _worded(db.engine.dialect)
    given = values | {"uid": uid}
    found = straight(text, tuple(given[name] for name in order) if order else given)
    row = None if found is None else shape(*found)
    if row is None or (org_slug is not None and row.org_slug != org_slug):
        raise NotFound("Competition not found.")
    return Head(row)


@lru_cache(maxsize=4)
def _worded(dialect: Dialect) -> tuple[str, tuple[str, ...], dict[str, Any], Callable[..., Any]]:
    """The text of the statement, the order of its values where the driver counts them, the values, and what a row becomes."""
    compiled = _HEAD.compile(dialect=dialect)
    order = tuple(getattr(compiled, "positiontup", None) or ())
    return str(compiled), order, dict(compiled.params), namedtuple("HeadRow", _HEAD.selected_columns.keys())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# SQLite gives these as text.
_AS_TEXT: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("registration_opens", "registration_closes", "starts_at", "ends_at"), _moment),
    **dict.fromkeys(("updated_at", "started_at", "completed_at", "canceled_at", "org_updated_at"), _moment),
    **dict.fromkeys(("rules", "look"), json.loads),
}


_PLAYED = or_(MATCHES.c.outcome.is_(None), MATCHES.c.outcome != "bye")


def rounds_of(session: Session, head: Head) -> dict[str, int]:
    """How many rounds each stage has. One statement."""
    query = select(MATCHES.c.stage, func.max(MATCHES.c.round)).where(MATCHES.c.competition_id == head.id)
    return {row.stage: row[1] for row in session.execute(query.group_by(MATCHES.c.stage))}


def matches_in(session: Session, head: Head, windows: Sequence[Window]) -> list[Shown]:
    """The matches of those rounds and positions. One statement."""
    columns = MATCHES.c
    places = [
        and_(columns.stage == one.stage, columns.round == one.round, columns.position.between(one.first, one.last))
        for one in windows
    ]
    return _shown(session, head, or_(*places)) if places else []


def matches_to_come(session: Session, head: Head, page: int) -> tuple[list[Shown], bool]:
    """One page of what is still to be played, those with a time first; and whether there is more. One statement."""
    order = (MATCHES.c.scheduled_at.is_(None), MATCHES.c.scheduled_at, MATCHES.c.number)
    return _paged(session, head, page, MATCHES.c.status == "pending", order)


def matches_over(session: Session, head: Head, page: int) -> tuple[list[Shown], bool]:
    """One page of what was decided, the latest first; and whether there is more. Byes are no matches. One statement."""
    order = (MATCHES.c.completed_at.desc(), MATCHES.c.number.desc())
    return _paged(session, head, page, and_(MATCHES.c.status == "completed", _PLAYED), order)


def match_shown(session: Session, head: Head, uid: str) -> Shown:
    """One match. One statement; raises NotFound."""
    for found in _shown(session, head, MATCHES.c.uid == uid):
        return found
    raise NotFound("Match not found.")


def matches_with(session: Session, head: Head, entry_id: int) -> list[Shown]:
    """Every match of one entrant in order of play. One statement."""
    mine = or_(MATCHES.c.a_id == entry_id, MATCHES.c.b_id == entry_id)
    return _shown(session, head, and_(mine, _PLAYED))


def _paged(
    session: Session, head: Head, page: int, wanted: ColumnElement[bool], order: tuple[Any, ...]
) -> tuple[list[Shown], bool]:
    query = MATCH_ROWS.where(MATCHES.c.competition_id == head.id, wanted).order_by(*order)
    rows = session.execute(query.offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    return [shown(row) for row in rows[:PAGE]], len(rows) > PAGE


def _shown(session: Session, head: Head, wanted: ColumnElement[bool]) -> list[Shown]:
    query = MATCH_ROWS.where(MATCHES.c.competition_id == head.id, wanted).order_by(MATCHES.c.number)
    return [shown(row) for row in session.execute(query)]
