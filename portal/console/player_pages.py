"""Players in the back office: everybody who took part as a wallet, stands on a roster, or plays under a name."""

import re
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from sqlalchemy import String, column, select
from sqlalchemy.orm import Session

from portal.competitions import history, people
from portal.console import people_tables
from portal.kernel.db import db
from portal.kernel.errors import NotFound
from portal.orgs.access import Place, inside
from portal.players.model import RosterEntry, Team, teams_of
from portal.players.names import shortened
from portal.web.render import redirect_to, render
from portal.web.tables import Choice, Column, Search, Table

pages = Blueprint("players", __name__, url_prefix="/o/<org_slug>/players")

TABS = (("show", "Overview"), ("competitions", "Competitions"), ("matches", "Matches"), ("opponents", "Opponents"))
KEY = re.compile(r"0x[0-9a-fA-F]{40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def url_of(view: str, key: str, **more: Any) -> str:
    return url_for(f"players.{view}", org_slug=g.place.organization.slug, key=key, **more)


def name_of(row: Any) -> str:
    """The name of somebody who has one, else the wallet, shortened."""
    return row.name or shortened(row.key)


def team_names(row: Any) -> list[str]:
    return sorted(row.teams.split(people.SEPARATOR)) if row.teams else []


def rate_words(row: Any) -> str:
    return "" if row.rate is None else f"{row.rate:.0%}"


PLAYERS = Table(
    "players",
    [
        Column("name", "Player", value=name_of, sort=column("name"), pinned=True, link=lambda row: url_of("show", row.key),
               csv=lambda row: row.name),
        Column("wallet", "Wallet", sort=column("key"), kind="id", csv=lambda row: row.wallet),
        Column("teams", "Teams", value=team_names, sort=column("team_count"), kind="tags"),
        Column("competitions", "Competitions", sort=column("competitions"), kind="number"),
        Column("record", "Won–drawn–lost", value=people_tables.record_words, sort=column("wins")),
        Column("rate", "Win rate", value=rate_words, sort=column("rate"), csv=lambda row: row.rate),
        Column("last_seen", "Last seen", sort=column("last_seen"), kind="time"),
        Column("last_played", "Last played", sort=column("last_played"), kind="time", shown=False),
    ],
    filters=[
        Search([column("key", String), column("name", String), column("teams", String)], label="Wallet, name or team"),
        Choice(
            "kind", "Known by", [("wallet", "Wallet"), ("name", "Name only")],
            criteria_of={"wallet": column("wallet").is_not(None), "name": column("wallet").is_(None)},
        ),
        Choice(
            "played", "Matches", [("some", "Has played"), ("none", "Not yet")],
            criteria_of={"some": column("last_played").is_not(None), "none": column("last_played").is_(None)},
        ),
    ],
    order="-last_seen",
    noun=("player", "players"),
    unique=column("key"),
)  # fmt: skip


@pages.context_processor
def _words() -> dict[str, Any]:
    return people_tables.words() | {"player_url": url_of, "team_names": team_names}


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    players = PLAYERS.page(db.session(), people.players(place.organization.id), request.args)
    return players.csv() if players.wants_csv else render("players/list.html", "players/_list.html", players=players)


@pages.get("/<key>")
@inside("member")
def show(place: Place, key: str) -> Response:
    """How somebody did, and for whom it plays."""
    session, key = db.session(), _checked(key)
    if wallet := _wallet_of(session, place, key):
        return redirect_to(url_of("show", wallet))
    context = _frame(session, place, key)
    places = history.places(session, people.entries_of_player(place.organization.id, key))
    teams = people.teams_of_player(session, place.organization.id, key)
    return render("players/show.html", places=places, teams=teams, **context)


@pages.get("/<key>/competitions", defaults={"tab": "competitions"}, endpoint="competitions")
@pages.get("/<key>/matches", defaults={"tab": "matches"}, endpoint="matches")
@pages.get("/<key>/opponents", defaults={"tab": "opponents"}, endpoint="opponents")
@inside("member")
def played(place: Place, key: str, tab: str) -> Response:
    session, key = db.session(), _checked(key)
    context = _frame(session, place, key)
    return people_tables.answer(
        session, tab, people.entries_of_player(place.organization.id, key), "players/played.html", **context
    )


def _checked(key: str) -> str:
    """A wallet in lower case or a uid. Raises NotFound."""
    if not KEY.fullmatch(key):
        raise NotFound("Player not found.")
    return key.lower()


def _wallet_of(session: Session, place: Place, key: str) -> str | None:
    """The wallet under which somebody is listed whose solo team was asked for."""
    if key.startswith(people_tables.WALLET):
        return None
    mine = teams_of(place.organization.id).with_only_columns(Team.id).where(Team.uid == key, Team.solo)
    query = select(RosterEntry.wallet_key).where(RosterEntry.team_id.in_(mine)).order_by(RosterEntry.id)
    return session.scalar(query.limit(1))


def _frame(session: Session, place: Place, key: str) -> dict[str, Any]:
    """What every page of one player has around it. Two statements."""
    player = people.player_by_key(session, place.organization.id, key)
    here = (request.endpoint or "").partition(".")[2]
    tabs = [{"label": label, "url": url_of(view, key), "current": view == here} for view, label in TABS]
    record = history.record_of(session, people.entries_of_player(place.organization.id, key))
    return {"player": player, "name": name_of(player), "tabs": tabs, "record": record}
