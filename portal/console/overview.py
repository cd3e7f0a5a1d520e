"""What the overview of an organization says: what needs attention, how much was called and linked, and the first steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from portal.analytics.board import registrations
from portal.analytics.period import Period
from portal.analytics.scope import Scope
from portal.analytics.shown import Chart, registrations_chart
from portal.audit.model import AuditRow
from portal.audit.service import rows_of
from portal.branding.model import ThemeVersion
from portal.catalog.model import Game, Stream
from portal.competitions.model import Competition
from portal.console.attention import Notice, competitions_in_need
from portal.keys import attention, usage
from portal.keys.model import ApiKey, UsageHour
from portal.orgs.model import Organization
from portal.session_tokens.model import SessionToken
from portal.transports.lists import feeds_in_need
from portal.webhooks.lists import endpoints_in_need
from portal.webhooks.shown import name_of

HOURS = 24
DAYS = 14
MANY_REFUSED = 10  # calls of a key in a day; a handful is somebody trying things out
LATEST = 8
STEPS = (
    ("Issue a key", "A program calls Tiltyard with a key. You see it once, so have a place ready for it.", "keys/new"),
    ("Make the first call", "The key's page has a curl line to copy. The call shows up here within seconds.", "keys"),
    ("List the addresses of your servers", "Until then a key works from anywhere.", "settings#allowlist"),
    ("Add a game or stream", "Where a session link takes the player.", "games/new"),
    ("Create a session link", "It opens a game for one player, once.", "sessions/new"),
    ("Create a competition", "A cup, a league or a ladder. It stays a draft until you open it.", "competitions/new"),
    ("Publish your theme", "Your colours and your logo on every page that players see.", "branding"),
)


@dataclass(frozen=True)
class Figures:
    """Plain counts. `links` and `used` are of the last 24 hours."""

    keys: int
    has_called: bool
    has_target: bool
    has_link: bool
    has_competition: bool
    has_theme: bool
    links: int
    used: int


@dataclass(frozen=True)
class Step:
    """One of the first steps."""

    label: str
    sentence: str
    page: str
    done: bool


@dataclass(frozen=True)
class Calls:
    """Calls of all keys hour by hour; `starts` are the hours' beginnings (UTC)."""

    starts: tuple[datetime, ...]
    ok: tuple[int, ...]
    refused: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.ok) + sum(self.refused)

    @property
    def finding(self) -> str:
        """The chart's title: what one should see in it."""
        if not self.total:
            return "No calls in the last 24 hours"
        share = sum(self.refused) / self.total
        said = "none refused" if not share else f"{share:.1%} refused" if share >= 0.001 else "less than 0.1% refused"
        return f"{self.total:,} {'call' if self.total == 1 else 'calls'} in the last 24 hours, {said}"


def figures_of(session: Session, org: Organization, now: datetime) -> Figures:
    """One statement."""
    day = now - timedelta(hours=HOURS)
    links = select(func.count()).select_from(SessionToken).where(SessionToken.org_id == org.id)
    keys = select(func.count()).select_from(ApiKey).where(ApiKey.org_id == org.id, ApiKey.revoked_at.is_(None))
    called = exists().where(UsageHour.key_id == ApiKey.id, ApiKey.org_id == org.id, UsageHour.outcome == "ok")
    row = session.execute(
        select(
            keys.scalar_subquery(),
            called,
            exists().where(Game.org_id == org.id) | exists().where(Stream.org_id == org.id),
            exists().where(SessionToken.org_id == org.id),
            exists().where(Competition.org_id == org.id),
            exists().where(ThemeVersion.org_id == org.id),
            links.where(SessionToken.created_at >= day).scalar_subquery(),
            links.where(SessionToken.consumed_at >= day).scalar_subquery(),
        )
    ).one()
    has_called, target, link, competition, theme = map(bool, row[1:6])
    return Figures(row[0], has_called, target, link, competition, theme, row[6], row[7])


def calls_of(session: Session, org: Organization, now: datetime) -> Calls:
    """The last 24 hours, the present one included. One statement."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    query = select(UsageHour.hour, UsageHour.outcome, func.sum(UsageHour.calls)).join(ApiKey)
    query = query.where(ApiKey.org_id == org.id, UsageHour.hour >= first)
    ok, refused = [0] * HOURS, [0] * HOURS
    for hour, outcome, calls in session.execute(query.group_by(UsageHour.hour, UsageHour.outcome)):
        at = min(int((hour - first) / timedelta(hours=1)), HOURS - 1)
        (ok if outcome == "ok" else refused)[at] += int(calls)
    return Calls(tuple(first + timedelta(hours=n) for n in range(HOURS)), tuple(ok), tuple(refused))


def registrations_of(session: Session, org: Organization, now: datetime) -> Chart:
    """The last 14 days in days of UTC, next to the 14 before. One statement."""
    days = _days(now)
    scope = Scope(org.id, days)
    return registrations_chart(registrations(session, scope), scope)


def registration_days(now: datetime) -> dict[str, Any]:
    """The same days as analytics asks for them."""
    days = _days(now)
    return {"from": str(days.first), "to": str(days.last)}


def _days(now: datetime) -> Period:
    today = now.astimezone(UTC).date()
    return Period(str(DAYS), today - timedelta(days=DAYS - 1), today)


def notices_of(session: Session, org: Organization, figures: Figures, now: datetime) -> list[Notice]:
    """The most pressing first: what fails, then what warns, competitions before keys. Eight statements."""
    told = [*_webhooks(session, org), *_feeds(session, org)]
    keys = [*_refused(session, org, now), *_expiring(session, org, now), *_open_to_all(org, figures), *_unused(session, org, now)]
    return sorted([*competitions_in_need(session, org, now), *told, *keys], key=lambda notice: notice.tone != "failing")


def latest_changes(session: Session, org: Organization) -> Sequence[AuditRow]:
    """The newest audit rows. One statement."""
    return session.scalars(rows_of(org.id).order_by(AuditRow.id.desc()).limit(LATEST)).all()


def steps_of(org: Organization, figures: Figures) -> list[Step]:
    """In the order in which they make sense."""
    opened = (figures.has_target, figures.has_link, figures.has_competition, figures.has_theme)
    done = (figures.keys > 0, figures.has_called, bool(org.allowed_addresses), *opened)
    return [Step(*words, done=is_done) for words, is_done in zip(STEPS, done, strict=True)]


def _webhooks(session: Session, org: Organization) -> Iterator[Notice]:
    for endpoint in endpoints_in_need(session, org.id):
        name, page = name_of(endpoint), f"webhooks/{endpoint.uid}"
        if endpoint.status == "auto_off":
            yield Notice("failing", f"The webhook {name} was switched off. {endpoint.status_reason}", page, "See why")
        else:
            text = f"The webhook {name} is failing: {endpoint.failures:,} tries in a row. {endpoint.last_error}"
            yield Notice("failing" if endpoint.warned_at else "warning", text, page, "See why")


def _feeds(session: Session, org: Organization) -> Iterator[Notice]:
    for feed in feeds_in_need(session, org.id):
        page = f"feeds/{feed.uid}"
        if feed.status == "disabled":
            text = f"The event feed {feed.name} is switched off: nothing is kept for it. Resume it, or remove it."
            yield Notice("warning", text, page, "Open feed")
        else:
            yield Notice("failing", f"The event feed {feed.name} is failing. {feed.last_error}", page, "See why")


def _refused(session: Session, org: Organization, now: datetime) -> Iterator[Notice]:
    for row in usage.refused_by_key(session, org, now - timedelta(hours=HOURS)):
        if row.calls >= MANY_REFUSED:
            text = f"{row.name}: {row.calls:,} calls refused in the last 24 hours."
            yield Notice("failing", text, f"keys/{row.uid}", "See why")


def _expiring(session: Session, org: Organization, now: datetime) -> Iterator[Notice]:
    for key in attention.keys_expiring(session, org, now):
        days = (key.expires_at - now).days if key.expires_at else 0
        when = "within a day" if days < 1 else "tomorrow" if days == 1 else f"in {days} days"
        yield Notice("warning", f"{key.name} expires {when}. Calls with it fail from then on.", f"keys/{key.uid}", "Open key")


def _unused(session: Session, org: Organization, now: datetime) -> Iterator[Notice]:
    keys = attention.keys_unused(session, org, now)
    if len(keys) == 1:
        text = f"{keys[0].name} has not been used for {attention.UNUSED.days} days. Revoke it if nobody needs it."
        yield Notice("warning", text, f"keys/{keys[0].uid}", "Open key")
    elif keys:
        text = f"{len(keys):,} keys have not been used for {attention.UNUSED.days} days. Revoke those that nobody needs."
        yield Notice("warning", text, "keys?attention=unused", "See keys")


def _open_to_all(org: Organization, figures: Figures) -> Iterator[Notice]:
    if figures.keys and not org.allowed_addresses:
        yield Notice("warning", "The IP allowlist is empty: keys work from any address.", "settings#allowlist", "Set allowlist")
