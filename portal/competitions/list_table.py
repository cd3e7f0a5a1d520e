"""The list of an organization's competitions, with the counts of each: still one statement for the rows."""

from typing import Any

from flask import g
from sqlalchemy import Select, case, func, select

from portal.competitions.credits import real
from portal.competitions.frame import STATES, url_of
from portal.competitions.model import Competition, Entry, Match
from portal.competitions.participants import TAKING_PART
from portal.competitions.words import FORMAT_WORDS, VISIBILITY_WORDS
from portal.kernel.db import db
from portal.web.tables import Choice, Column, Dates, Search, Table


def _count(of: Any, *which: Any) -> Any:
    """How many rows of a competition there are: a subquery."""
    return (
        select(func.count())
        .select_from(of)
        .where(of.competition_id == Competition.id, *which)
        .correlate(Competition)
        .scalar_subquery()
    )


_HERE = Entry.status.in_(TAKING_PART)
_ENTRANTS = _count(Entry, _HERE)
_CHECKED_IN = _count(Entry, _HERE, Entry.checked_in_at.is_not(None))
_MATCHES = _count(Match, real())
_PLAYED = _count(Match, real(), Match.status == "completed")
# What happens now stands before what comes, and that before what is over.
_BY_STATE = case(
    {name: place for place, name in enumerate(("active", "registration", "draft", "completed", "canceled"))},
    value=Competition.status,
)


def listed(org_id: int) -> Select[Any]:
    """(Competition, uid, title, entrants, checked_in, matches, played)."""
    return select(
        Competition,
        Competition.uid.label("uid"),
        Competition.title.label("title"),
        _ENTRANTS.label("entrants"),
        _CHECKED_IN.label("checked_in"),
        _MATCHES.label("matches"),
        _PLAYED.label("played"),
    ).where(Competition.org_id == org_id)


def _entrants(row: Any) -> str:
    most = row.Competition.max_participants
    return f"{row.entrants:,}{f' / {most:,}' if most else ''}"


def _categories() -> list[tuple[str, str]]:
    """Those that the organization uses; asked once for a page."""
    if "competition_categories" not in g:
        query = select(Competition.category).where(
            Competition.org_id == g.place.organization.id, Competition.category.is_not(None)
        )
        g.competition_categories = [
            (name, name) for name in db.session().scalars(query.distinct().order_by(Competition.category)) if name
        ]
    return list(g.competition_categories)


COMPETITIONS = Table(
    "competitions",
    [
        Column(
            "title",
            "Title",
            sort=func.lower(Competition.title),
            pinned=True,
            link=lambda row: url_of(g.place, row.Competition, "competitions.show"),
        ),
        Column("status", "Status", value=lambda row: STATES[row.Competition.status], sort=_BY_STATE, kind="badge"),
        Column("format", "Format", value=lambda row: FORMAT_WORDS[row.Competition.format], sort=Competition.format),
        Column("category", "Category", value=lambda row: row.Competition.category, sort=Competition.category),
        Column("entrants", "Entrants", value=_entrants, sort=_ENTRANTS, csv=lambda row: row.entrants),
        Column("matches", "Played", value=lambda row: row.played, sort=_PLAYED),
        Column("starts_at", "Starts", value=lambda row: row.Competition.starts_at, sort=Competition.starts_at, kind="time"),
        Column("created_at", "Created", value=lambda row: row.Competition.created_at, sort=Competition.created_at, kind="time"),
        Column(
            "places",
            "Places",
            value=lambda row: row.Competition.max_participants,
            sort=Competition.max_participants,
            kind="number",
            shown=False,
        ),
        Column("checked_in", "Checked in", sort=_CHECKED_IN, kind="number", shown=False),
        Column("all_matches", "Matches", value="matches", sort=_MATCHES, kind="number", shown=False),
        Column(
            "visibility",
            "Who sees it",
            value=lambda row: VISIBILITY_WORDS[row.Competition.visibility],
            sort=Competition.visibility,
            shown=False,
        ),
        Column(
            "created_by", "Created by", value=lambda row: row.Competition.created_by, sort=Competition.created_by, shown=False
        ),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([Competition.title, Competition.uid, Competition.category], label="Title, category or id"),
        Choice("status", "Status", [(name, badge.word) for name, badge in STATES.items()], column=Competition.status),
        Choice("played", "Format", list(FORMAT_WORDS.items()), column=Competition.format),
        Choice("category", "Category", _categories, column=Competition.category),
        Choice("visibility", "Who sees it", list(VISIBILITY_WORDS.items()), column=Competition.visibility),
        Dates("starts", "Starts", Competition.starts_at),
    ],
    order="-created_at",
    noun=("competition", "competitions"),
)
