"""Analytics in the back office: competitions, who is best, calls and links, each over a period that the URL names."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from sqlalchemy import column

from portal.analytics import board, shown
from portal.analytics.period import CHOICES
from portal.analytics.scope import NAMES, Asked, read_scope
from portal.analytics.words import lasting
from portal.competitions.frame import STATES
from portal.competitions.words import FORMAT_WORDS
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import NotFound
from portal.orgs.access import Place, inside
from portal.web.render import as_csv, render
from portal.web.tables import Choice, Column, Search, Table

pages = Blueprint("analytics", __name__, url_prefix="/o/<org_slug>/analytics")

TABS = (
    ("Competitions", "analytics.index"),
    ("Teams and players", "analytics.ranking"),
    ("Calls and links", "analytics.traffic"),
)
KIND_WORDS = {"team": "Team", "player": "Player", "wallet": "Wallet"}


def link_of(row: Any) -> str:
    """The page of the team or player."""
    slug = g.place.organization.slug
    if row.kind == "team":
        return url_for("teams.show", org_slug=slug, uid=row.team_uid)
    return url_for("players.show", org_slug=slug, key=row.team_uid or row.wallet.lower())


RANKING = Table(
    "ranking",
    [
        Column("name", "Name", sort=column("name"), pinned=True, link=link_of),
        Column("kind", "Kind", value=lambda row: KIND_WORDS[row.kind], sort=column("kind")),
        Column("competitions", "Competitions", sort=column("competitions"), kind="number"),
        Column("played", "Matches", sort=column("played"), kind="number"),
        Column("wins", "Won", sort=column("wins"), kind="number"),
        Column("draws", "Drawn", sort=column("draws"), kind="number"),
        Column("losses", "Lost", sort=column("losses"), kind="number"),
        Column("rate", "Won of those decided, %", value=lambda row: _rounded(row.rate), sort=column("rate"), kind="number"),
    ],
    filters=[
        Search([column("name")], label="Name or wallet", key="name"),
        Choice("kind", "Kind", board.KINDS, column=column("kind")),
    ],
    order="-wins",
    noun=("team or player", "teams and players"),
    keep=NAMES,
    unique=column("id"),
)


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    asked = _asked(place)
    return _show("competitions", asked, states=STATES, lasting=lasting, **shown.competitions_tab(db.session(), asked.scope))


@pages.get("/ranking")
@inside("member")
def ranking(place: Place) -> Response:
    asked = _asked(place)
    rows = RANKING.page(db.session(), board.ranked(asked.scope), request.args)
    if rows.wants_csv:
        return rows.csv()
    carried = _carried("name", "kind", "sort", "size", "columns")
    return _show("ranking", asked, "analytics/_ranking_list.html", rows=rows, carried=carried)


@pages.get("/traffic")
@inside("member")
def traffic(place: Place) -> Response:
    asked = _asked(place)
    return _show("traffic", asked, **shown.traffic_tab(db.session(), asked.scope, utc_now()))


@pages.get("/<figure>.csv")
@inside("member")
def download(place: Place, figure: str) -> Response:
    """The numbers behind one chart or table."""
    if figure not in shown.SHEETS:
        raise NotFound("There is no such figure.")
    columns, rows = shown.SHEETS[figure](db.session(), _asked(place).scope)
    return as_csv(f"{figure}.csv", columns, rows)


def _asked(place: Place) -> Asked:
    return read_scope(db.session(), place.organization.id, request.args, utc_now())


def _carried(*names: str) -> dict[str, str]:
    """Parameters of the list that the form of the period carries along."""
    return {name: request.args[name][:200] for name in names if request.args.get(name)}


def _show(tab: str, asked: Asked, fragment: str | None = None, **context: Any) -> Response:
    slug, here, values = g.place.organization.slug, str(request.endpoint), asked.values
    kept = context.get("carried", {})
    context |= {
        "tab": tab,
        "tabs": [{"label": label, "url": url_for(to, org_slug=slug, **values), "current": to == here} for label, to in TABS],
        "periods": [(label, _with_period(here, asked, key, kept), asked.scope.period.key == key) for key, label in CHOICES],
        "asked": asked,
        "scope": asked.scope,
        "days": shown.period_in_words(asked.scope.period),
        "formats": FORMAT_WORDS,
        "csv": {name: url_for("analytics.download", org_slug=slug, figure=name, **values) for name in shown.SHEETS},
        "link_of": link_of,
    }
    return render(f"analytics/{tab}.html", fragment, **context)


def _with_period(endpoint: str, asked: Asked, key: str, kept: dict[str, str]) -> str:
    """The same page about another period, its list as it was chosen; days of one's choice give way."""
    values = {name: text for name, text in asked.values.items() if name not in ("from", "to")} | {"period": key}
    return url_for(endpoint, org_slug=g.place.organization.slug, **values | kept)


def _rounded(rate: Any) -> Any:
    return None if rate is None else round(float(rate))
