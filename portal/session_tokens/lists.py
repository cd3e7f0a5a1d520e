"""The list of links, the funnel over it, and the words for a link's state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import g, url_for
from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from portal.catalog.model import Game, Stream, games_of, streams_of
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.orgs.model import Organization
from portal.session_tokens.model import SessionToken, in_state
from portal.web.tables import Badge, Choice, Column, Criteria, Dates, Search, Table

STATES = {
    "active": Badge("Active", "live"),
    "waiting": Badge("Not open yet", "open"),
    "consumed": Badge("Consumed", "done"),
    "expired": Badge("Expired", "draft"),
    "revoked": Badge("Revoked", "failing"),
}
FUNNEL_DAYS = 30


@dataclass(frozen=True)
class Target:
    """Filter by game or stream: the value is `game-12` or `stream-3`, one of the organization's own."""

    key: str = "target"
    label: str = "Leads to"
    kind: str = "choice"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.key,)

    @property
    def options(self) -> Sequence[tuple[str, str]]:
        return targets(db.session(), g.place.organization)

    def criteria(self, values: Mapping[str, str]) -> Criteria:
        value = values[self.key]
        if value not in dict(self.options):
            return Criteria(refused={self.key: f"{self.label} has no choice “{value}”, so it was left out."})
        kind, number = value.split("-")
        column = SessionToken.game_id if kind == "game" else SessionToken.stream_id
        return Criteria((column == int(number),))


def targets(session: Session, org: Organization, *, only_active: bool = False) -> list[tuple[str, str]]:
    """(value, label) of every game and stream, games first. Read once a request."""
    if "targets" not in g:
        g.targets = [
            (f"{noun}-{thing.id}", f"{thing.name} ({noun} {thing.id})", thing.archived_at is None)
            for noun, query in (("game", games_of(org)), ("stream", streams_of(org)))
            for thing in sorted(session.scalars(query), key=lambda thing: (thing.name.lower(), thing.id))
        ]
    return [(value, label) for value, label, active in g.targets if active or not only_active]


def reference_of(link: SessionToken) -> str:
    """What people call a link: the integrator's reference, else its number."""
    return link.external_ref or f"Link {link.id}"


def leads_to(link: SessionToken) -> list[str]:
    """The names of its game and stream."""
    return [thing.name for thing in (link.game, link.stream) if thing is not None]


def state_badge(link: SessionToken) -> Badge:
    return STATES[link.state(utc_now())]


def _page_of(link: SessionToken) -> str:
    return url_for("session_tokens.show", org_slug=g.place.organization.slug, number=link.id)


# The state as a number and the first name of where a link leads, so that the list can be sorted by them.
_IN_ORDER = [(in_state(state, func.now()), number) for number, state in enumerate(STATES)]
_TARGET = func.coalesce(
    select(Game.name).where(Game.id == SessionToken.game_id).correlate(SessionToken).scalar_subquery(),
    select(Stream.name).where(Stream.id == SessionToken.stream_id).correlate(SessionToken).scalar_subquery(),
)
LINKS = Table(
    "links",
    [
        Column("reference", "Reference", value=reference_of, sort=SessionToken.external_ref, pinned=True, link=_page_of),
        Column("state", "Status", value=state_badge, sort=case(*_IN_ORDER), kind="badge"),
        Column("target", "Leads to", value=leads_to, sort=_TARGET, kind="tags"),
        Column("hint", "Token", value=lambda link: f"…{link.hint}", shown=False),
        Column("created_at", "Created", sort=SessionToken.id, kind="time"),
        Column("opened_at", "Opened", sort=SessionToken.opened_at, kind="time"),
        Column("consumed_at", "Consumed", sort=SessionToken.consumed_at, kind="time"),
        Column("expires_at", "Expires", sort=SessionToken.expires_at, kind="time"),
        Column("created_by", "Created by", sort=SessionToken.created_by, shown=False),
        Column("previewed_at", "Previewed", sort=SessionToken.previewed_at, kind="time", shown=False),
        Column("revoked_at", "Revoked", sort=SessionToken.revoked_at, kind="time", shown=False),
        Column("not_before", "Opens", sort=SessionToken.not_before, kind="time", shown=False),
        Column("player_uuid", "Player", kind="id", shown=False),
        Column("id", "Session id", sort=SessionToken.id, kind="number", shown=False),
    ],
    filters=[
        Search([SessionToken.external_ref, SessionToken.hint, SessionToken.player_uuid], label="Reference, player or last 4"),
        Choice(
            "state",
            "Status",
            [(name, badge.word) for name, badge in STATES.items()],
            criteria_of={name: in_state(name, func.now()) for name in STATES},
        ),
        Target(),
        Dates("created", "Created", SessionToken.created_at),
    ],
    order="-created_at",
    noun=("link", "links"),
    keep=("batch",),
)


@dataclass(frozen=True)
class Funnel:
    """How far the links of the last FUNNEL_DAYS got; each step counts those that got further, too."""

    created: int
    previewed: int
    opened: int
    consumed: int

    @property
    def steps(self) -> list[tuple[str, int]]:
        return [
            ("Created", self.created),
            ("Previewed", self.previewed),
            ("Opened", self.opened),
            ("Consumed", self.consumed),
        ]

    @property
    def finding(self) -> str:
        if not self.created:
            return f"No links in the last {FUNNEL_DAYS} days"
        share = round(100 * self.consumed / self.created)
        return f"{share}% of the links of the last {FUNNEL_DAYS} days were used"


def funnel_of(session: Session, org: Organization, now: datetime) -> Funnel:
    """One statement. A link that was opened counts as previewed: somebody or something had seen it."""
    opened = or_(SessionToken.opened_at.is_not(None), SessionToken.consumed_at.is_not(None))
    previewed = or_(SessionToken.previewed_at.is_not(None), opened)
    consumed = SessionToken.consumed_at.is_not(None)
    counts: list[Any] = [func.count().filter(step) for step in (previewed, opened, consumed)]
    recent = and_(SessionToken.org_id == org.id, SessionToken.created_at >= now - timedelta(days=FUNNEL_DAYS))
    return Funnel(*session.execute(select(func.count(), *counts).where(recent)).one())


@dataclass(frozen=True)
class Step:
    """One line of a link's receipts."""

    label: str
    at: datetime | None
    note: str


def receipts(link: SessionToken) -> list[Step]:
    """created, previewed, opened, and how it ended, in that order; a step that has not come has no moment."""
    steps = [
        Step("Created", link.created_at, f"by {link.created_by}"),
        Step("Previewed", link.previewed_at, "a mail scanner, a chat preview or another program looked at it"),
        Step("Opened", link.opened_at, "a browser showed the page"),
        Step("Consumed", link.consumed_at, f"by player {link.player_uuid}" if link.player_uuid else "the player went on"),
    ]
    if link.revoked_at:
        steps[-1] = Step("Revoked", link.revoked_at, "it opens nothing any more")
    elif not link.consumed_at and link.expires_at <= utc_now():
        steps[-1] = Step("Expired", link.expires_at, "it was not used in time")
    return steps
