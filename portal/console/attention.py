"""What needs attention in competitions now, the most pressing first. Three statements, however many there are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Case, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from portal.competitions.model import Competition, Entry, Match
from portal.orgs.model import Organization
from portal.registration.model import Application

SOON = timedelta(days=1)
FEW = 0.5  # of those who hold a place
EACH = 3  # of a sort that are told one by one; of more, their number


@dataclass(frozen=True)
class Notice:
    """One thing that needs attention: `page` is the path below the organization where it is mended."""

    tone: str
    text: str
    page: str
    act: str


@dataclass(frozen=True)
class _Sort:
    """Competitions that need the same: which ones, what is said of one, and of many together."""

    name: str
    tone: str
    one: Callable[[Any, datetime], str]
    many: str
    page: str
    act: str
    status: str


def _in(at: datetime, now: datetime) -> str:
    """“in 3 hours”, “in 20 minutes”, “now”."""
    minutes = int((at - now) / timedelta(minutes=1))
    if minutes < 1:
        return "now"
    many, unit = (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")
    return f"in {many} {unit}{'' if many == 1 else 's'}"


def _few_there(row: Any, now: datetime) -> str:
    when = f"it starts {_in(row.starts_at, now)}" if row.starts_at > now else "its hour has come"
    return f"{row.title}: {row.there:,} of {row.places:,} checked in, and {when}."


def _window(row: Any, _now: datetime) -> str:
    return f"{row.title} is still a draft, though its {'start' if row.closes_at is None else 'registration'} has passed."


SORTS = (
    _Sort(
        "failed", "failing", lambda row, now: f"{row.title} could not start at its hour. See what is missing, then start it.",
        "{} competitions could not start at their hour.", "", "Open", "registration",
    ),
    _Sort(
        "few", "warning", _few_there,
        "{} competitions start soon with few checked in.", "/check-in", "Check in", "registration",
    ),
    _Sort(
        "closing", "warning", lambda row, now: f"Registration of {row.title} closes {_in(row.closes_at, now)}, {_filled(row)}.",
        "Registration of {} competitions closes within a day.", "", "Open", "registration",
    ),
    _Sort("passed", "warning", _window, "{} drafts whose time has passed.", "", "Open", "draft"),
)  # fmt: skip


def competitions_in_need(session: Session, org: Organization, now: datetime) -> list[Notice]:
    """Failed starts, overdue matches, check-in with few there, requests, registration that closes, drafts out of time."""
    rows = session.execute(_in_need(org, now)).all()
    found = {sort.name: list(_told(sort, [row for row in rows if row.need == sort.name], now)) for sort in SORTS}
    overdue, requests = list(_overdue(session, org, now)), list(_requests(session, org))
    return [*found["failed"], *overdue, *found["few"], *requests, *found["closing"], *found["passed"]]


def need(now: datetime) -> Case[Any]:
    """Which of SORTS a competition is: the first that holds; None where it needs nobody."""
    status, starts, closes = Competition.status, Competition.starts_at, Competition.registration_closes
    few = and_(starts <= now + SOON, Competition.format != "leaderboard", _places() > 0, _there() < FEW * _places())
    passed = or_(closes <= now, and_(closes.is_(None), starts <= now))
    return case(
        (and_(status == "draft", passed), "passed"),
        (status == "draft", None),
        (Competition.start_failed_at.is_not(None), "failed"),
        (few, "few"),
        (and_(closes > now, closes <= now + SOON), "closing"),
    )


def _in_need(org: Organization, now: datetime) -> Select[Any]:
    """One more of each sort than is told one by one, the soonest first, with the number of all of that sort."""
    sort = need(now)
    soonest = func.coalesce(Competition.starts_at, Competition.registration_closes)
    before = (Competition.org_id == org.id, Competition.status.in_(("draft", "registration")))
    place = func.row_number().over(partition_by=sort, order_by=(soonest, Competition.id)).label("place")
    columns = (
        Competition.uid, Competition.title, Competition.starts_at, Competition.registration_closes.label("closes_at"),
        Competition.max_participants, _places().label("places"), _there().label("there"), sort.label("need"),
        place, func.count().over(partition_by=sort).label("all"),
    )  # fmt: skip
    rows = select(*columns).where(*before, sort.is_not(None)).subquery("in_need")
    return select(rows).where(rows.c.place <= EACH + 1).order_by(rows.c.place)


def _told(sort: _Sort, rows: Sequence[Any], now: datetime) -> Iterator[Notice]:
    if len(rows) <= EACH:
        for row in rows:
            yield Notice(sort.tone, sort.one(row, now), f"competitions/{row.uid}{sort.page}", sort.act)
    else:
        yield Notice(sort.tone, sort.many.format(f"{rows[0].all:,}"), f"competitions?status={sort.status}", "See all")


def _overdue(session: Session, org: Organization, now: datetime) -> Iterator[Notice]:
    """Matches whose hour has passed and that nobody has reported, by competition."""
    query = _counted(org, func.min(Match.scheduled_at)).join(Match, Match.competition_id == Competition.id)
    query = query.where(Competition.status == "active", Match.status == "pending", Match.scheduled_at < now)
    rows = session.execute(query).all()
    for row in rows[:EACH]:
        said = "1 match is" if row.count == 1 else f"{row.count:,} matches are"
        yield Notice("warning", f"{row.title}: {said} overdue and not reported.", f"competitions/{row.uid}/matches", "Report")
    if len(rows) > EACH:
        yield Notice("warning", f"{rows[0].all - EACH:,} more with overdue matches.", "competitions?status=active", "See all")


def _requests(session: Session, org: Organization) -> Iterator[Notice]:
    """Requests to take part that nobody has answered, by competition."""
    query = _counted(org, func.min(Application.created_at)).join(Application, Application.competition_id == Competition.id)
    query = query.where(Application.status == "pending", Competition.status.in_(("draft", "registration")))
    rows = session.execute(query).all()
    for row in rows[:EACH]:
        said = "1 request to take part waits" if row.count == 1 else f"{row.count:,} requests to take part wait"
        yield Notice("warning", f"{row.title}: {said} for an answer.", f"competitions/{row.uid}/registration/requests", "Answer")
    if len(rows) > EACH:
        text = f"{rows[0].all - EACH:,} more with requests to take part."
        yield Notice("warning", text, "competitions?status=registration", "See all")


def _counted(org: Organization, first: Any) -> Select[Any]:
    """(uid, title, count, all): one more competition than is told one by one, by what has waited longest."""
    counts: tuple[Any, ...] = (func.count().label("count"), func.count().over().label("all"))
    query: Select[Any] = select(Competition.uid, Competition.title, *counts).where(Competition.org_id == org.id)
    return query.group_by(Competition.id, Competition.uid, Competition.title).order_by(first).limit(EACH + 1)


def _filled(row: Any) -> str:
    """How many places are taken."""
    return f"{row.places:,} of {row.max_participants:,} places taken" if row.max_participants else f"{row.places:,} registered"


def _places() -> Any:
    """Those who hold a place."""
    mine = (Entry.competition_id == Competition.id, Entry.status == "registered")
    return select(func.count()).select_from(Entry).where(*mine).correlate(Competition).scalar_subquery()


def _there() -> Any:
    mine = (Entry.competition_id == Competition.id, Entry.status == "registered")
    count = select(func.count(case((Entry.checked_in_at.is_not(None), 1)))).select_from(Entry)
    return count.where(*mine).correlate(Competition).scalar_subquery()
