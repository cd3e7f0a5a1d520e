"""The search behind Ctrl-K: pages, things to do, competitions, teams, seasons, keys, games, streams, links, webhooks, event
feeds and organizations by name, players by their wallet, and anything by its pasted id."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import Session

from portal.catalog.model import LARGEST, Game, Stream, games_of, streams_of
from portal.competitions.frame import STATES
from portal.competitions.model import Competition, Entry, competitions_of
from portal.console.navigation import actions_of, pages_of, url_of
from portal.console.pasted import PAGES, found_by_uid, uids_in
from portal.keys.kinds import well_formed
from portal.keys.model import ApiKey, keys_of
from portal.orgs.access import Place
from portal.orgs.model import Organization, reachable
from portal.players.model import RosterEntry, Team, teams_of
from portal.seasons.model import Season
from portal.session_tokens.model import SessionToken, links_of
from portal.transports.model import Transport, transports_of
from portal.web.tables import CONTROLS
from portal.webhooks.model import Endpoint, endpoints_of
from portal.webhooks.shown import name_of

LONGEST = 200
EACH = 5
WALLET = re.compile(r"0[xX][0-9a-fA-F]{4,40}", re.ASCII)


@dataclass(frozen=True)
class Hit:
    """One line of the palette: what it is called, what it is, where it is."""

    text: str
    note: str
    url: str


def find(session: Session, place: Place, text: str) -> list[Hit]:
    """At most EACH of a sort, pages first. A whole key that was pasted is found by its ends and goes no further, and neither
    does an id or an address that holds one."""
    text = CONTROLS.sub("", text).strip()[:LONGEST]
    if not text:
        return []
    if well_formed(text):
        return list(_pasted_key(session, place, text))
    if uids := uids_in(text):
        return [*_pasted(session, place, uids), *_organizations(session, place, uids[0])]
    return [
        *_pages(place, text.lower()),
        *_actions(place, text.lower()),
        *_competitions(session, place, text),
        *_teams(session, place, text),
        *_players(session, place, text),
        *_seasons(session, place, text),
        *_keys(session, place, text),
        *_targets(session, place, text),
        *_links(session, place, text),
        *_webhooks(session, place, text),
        *_feeds(session, place, text),
        *_organizations(session, place, text),
    ]


def _pages(place: Place, text: str) -> Iterator[Hit]:
    words = text.split()
    for group, page in pages_of(place):
        if all(word in f"{page.label} {group} {page.words}".lower() for word in words):
            yield Hit(page.label, group or "Page", url_of(place, page))


def _actions(place: Place, text: str) -> Iterator[Hit]:
    words = text.split()
    for action, url in actions_of(place):
        if all(word in f"{action.label} {action.group} {action.words}".lower() for word in words):
            yield Hit(action.label, "Action", url)


def _pasted(session: Session, place: Place, uids: list[str]) -> Iterator[Hit]:
    for kind, name, uid, above in list(found_by_uid(session, place.organization, uids))[:EACH]:
        noun, path = PAGES[kind]
        yield Hit(name or noun, noun, _below(place, path(uid, above)))


def _competitions(session: Session, place: Place, text: str) -> Iterator[Hit]:
    query = competitions_of(place.organization.id).where(_named(Competition.title, text))
    for found in _few(session, query, Competition.created_at.desc(), Competition.id.desc()):
        yield Hit(found.title, f"Competition, {STATES[found.status].word.lower()}", _below(place, f"competitions/{found.uid}"))


def _teams(session: Session, place: Place, text: str) -> Iterator[Hit]:
    query = teams_of(place.organization.id).where(_named(Team.name, text) | (func.lower(Team.tag) == text.lower()))
    for found in _few(session, query, func.lower(Team.name), Team.id):
        noun, path = PAGES["player" if found.solo else "team"]
        yield Hit(found.name, noun, _below(place, path(found.uid, "")))


def _players(session: Session, place: Place, text: str) -> Iterator[Hit]:
    """By the beginning of a wallet, typed or pasted; whoever was entered or stands on a roster."""
    if not WALLET.fullmatch(text):
        return
    org, start = place.organization.id, text.lower()
    entered = select(func.lower(Entry.wallet).label("wallet")).where(Entry.org_id == org, _starts(Entry.wallet, start))
    listed = select(RosterEntry.wallet_key).join(Team, Team.id == RosterEntry.team_id)
    listed = listed.where(Team.org_id == org, Team.deleted_at.is_(None), _starts(RosterEntry.wallet_key, start))
    both = union(entered, listed).subquery("wallets")
    for wallet in session.scalars(select(both.c.wallet).order_by(both.c.wallet).limit(EACH)):
        yield Hit(wallet, "Player", _below(place, f"players/{wallet}"))


def _seasons(session: Session, place: Place, text: str) -> Iterator[Hit]:
    query = select(Season).where(Season.org_id == place.organization.id, _named(Season.name, text))
    for found in _few(session, query, Season.created_at.desc(), Season.id.desc()):
        yield Hit(found.name, "Season", _below(place, f"seasons/{found.uid}"))


def _keys(session: Session, place: Place, text: str) -> Iterator[Hit]:
    matching = _named(ApiKey.name, text) | ApiKey.last4.in_([text])
    for key in _few(session, keys_of(place.organization).where(matching | _starts(ApiKey.prefix, text)), ApiKey.name):
        yield _key_hit(place, key)


def _pasted_key(session: Session, place: Place, text: str) -> Iterator[Hit]:
    ends = (ApiKey.prefix == text[:8], ApiKey.last4 == text[-4:])
    for key in _few(session, keys_of(place.organization).where(*ends), ApiKey.name):
        yield _key_hit(place, key)


def _key_hit(place: Place, key: ApiKey) -> Hit:
    return Hit(key.name, f"Key {key.hint}", _below(place, f"keys/{key.uid}"))


def _targets(session: Session, place: Place, text: str) -> Iterator[Hit]:
    for kind, query, page in ((Game, games_of, "games"), (Stream, streams_of, "streams")):
        wanted = _named(kind.name, text) | _named(kind.slug, text) | (kind.id == _number(text))
        for row in _few(session, query(place.organization).where(wanted), kind.name):
            yield Hit(row.name, f"{kind.__name__} {row.id}", _below(place, f"{page}/{row.id}"))


def _links(session: Session, place: Place, text: str) -> Iterator[Hit]:
    wanted = _starts(SessionToken.external_ref, text) | (SessionToken.id == _number(text))
    for link in _few(session, links_of(place.organization).where(wanted), SessionToken.id.desc()):
        yield Hit(link.external_ref or f"Link {link.id}", f"Session link {link.id}", _below(place, f"sessions/{link.id}"))


def _webhooks(session: Session, place: Place, text: str) -> Iterator[Hit]:
    query = endpoints_of(place.organization.id).where(_named(Endpoint.description, text) | _named(Endpoint.url, text))
    for found in _few(session, query, Endpoint.created_at.desc(), Endpoint.id.desc()):
        yield Hit(name_of(found), "Webhook", _below(place, f"webhooks/{found.uid}"))


def _feeds(session: Session, place: Place, text: str) -> Iterator[Hit]:
    query = transports_of(place.organization.id).where(_named(Transport.name, text) | _named(Transport.target, text))
    for found in _few(session, query, Transport.created_at.desc(), Transport.id.desc()):
        yield Hit(found.name, "Event feed", _below(place, f"feeds/{found.uid}"))


def _organizations(session: Session, place: Place, text: str) -> Iterator[Hit]:
    wanted = _named(Organization.name, text) | (Organization.uid == text.lower())
    for org in _few(session, reachable(place.user.id).where(wanted), Organization.name):
        yield Hit(org.name, "Sandbox organization" if org.is_sandbox else "Organization", _home(org.slug))


def _few(session: Session, query: Select[Any], *order: Any) -> list[Any]:
    return list(session.scalars(query.order_by(*order).limit(EACH)).unique())


def _named(column: Any, text: str) -> Any:
    return column.icontains(text, autoescape=True)


def _starts(column: Any, text: str) -> Any:
    return column.istartswith(text, autoescape=True)


def _number(text: str) -> int:
    """The number that was typed; 0, which nothing has, for anything else."""
    digits = text.removeprefix("#")
    return int(digits) if re.fullmatch(r"[0-9]{1,10}", digits) and int(digits) <= LARGEST else 0


def _below(place: Place, page: str) -> str:
    return f"{_home(place.organization.slug)}{page}"


def _home(slug: str) -> str:
    return url_for("console.overview", org_slug=slug)
