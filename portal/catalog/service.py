"""Verbs on providers, games and streams. Each one checks its values, writes the audit row and raises `Invalid`."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.catalog.model import MAINTENANCE, NORMAL, Game, Provider, Stream
from portal.kernel.clock import Clock, iso, utc_now
from portal.kernel.errors import Invalid
from portal.orgs.model import Organization
from portal.web.client_ip import parse_address

Thing = Provider | Game | Stream

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
CATEGORY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", re.ASCII)
LONGEST_URL = 2000
NOUNS: Mapping[type[Any], str] = {Provider: "provider", Game: "game", Stream: "stream"}
COMPARED: Mapping[type[Any], tuple[str, ...]] = {
    Provider: ("name", "slug", "status"),
    Game: ("name", "slug", "category", "launch_url", "image_url", "provider_id"),
    Stream: ("name", "slug", "launch_url", "starts_at", "ends_at"),
}


def create_provider(
    session: Session, org: Organization, actor: Actor, *, name: str, slug: str = "", status: int = NORMAL
) -> Provider:
    """Raises Invalid naming the field."""
    return _create(session, org, actor, Provider(org_id=org.id), {"name": name, "slug": slug, "status": status})


def create_game(
    session: Session,
    org: Organization,
    actor: Actor,
    *,
    name: str,
    launch_url: str,
    slug: str = "",
    category: str = "",
    image_url: str | None = None,
    provider_id: int | None = None,
) -> Game:
    """Raises Invalid naming the field. `launch_url` is https, or http on the loopback."""
    values = {"name": name, "slug": slug, "launch_url": launch_url, "category": category}
    return _create(
        session, org, actor, Game(org_id=org.id), values | {"image_url": image_url or None, "provider_id": provider_id}
    )


def create_stream(
    session: Session,
    org: Organization,
    actor: Actor,
    *,
    name: str,
    launch_url: str,
    slug: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Stream:
    """Raises Invalid naming the field."""
    values = {"name": name, "slug": slug, "launch_url": launch_url, "starts_at": starts_at, "ends_at": ends_at}
    return _create(session, org, actor, Stream(org_id=org.id), values)


def change(session: Session, org: Organization, actor: Actor, thing: Thing, values: Mapping[str, Any]) -> None:
    """Give `thing` new values, those of COMPARED. Raises Invalid naming the field."""
    before = snapshot(thing)
    _apply(session, org, thing, values)
    session.flush()
    if snapshot(thing) != before:
        _record(session, org, actor, thing, "changed", before, snapshot(thing))


def archive(session: Session, org: Organization, actor: Actor, thing: Thing, clock: Clock = utc_now) -> None:
    """No new session links lead there; those that were issued go on working."""
    if thing.archived_at is None:
        thing.archived_at = clock()
        _record(session, org, actor, thing, "archived")


def restore(session: Session, org: Organization, actor: Actor, thing: Thing) -> None:
    """Undo `archive`."""
    if thing.archived_at is not None:
        thing.archived_at = None
        _record(session, org, actor, thing, "restored")


def snapshot(thing: Thing) -> dict[str, Any]:
    """What an audit row compares."""
    values = {name: getattr(thing, name) for name in COMPARED[type(thing)]}
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in values.items()}


def noun_of(thing: Thing) -> str:
    """provider, game or stream."""
    return NOUNS[type(thing)]


def slug_of(name: str) -> str:
    """The short name that a name suggests; "" when it holds no letter or digit that addresses have."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def _create(session: Session, org: Organization, actor: Actor, thing: Any, values: Mapping[str, Any]) -> Any:
    """Without a slug the name suggests one."""
    _apply(session, org, thing, {**values, "slug": values["slug"] or slug_of(values["name"])})
    session.add(thing)
    session.flush()
    _record(session, org, actor, thing, "created", after=snapshot(thing))
    return thing


def _apply(session: Session, org: Organization, thing: Any, values: Mapping[str, Any]) -> None:
    checked = {name: CHECKS[name](name, values[name]) for name in COMPARED[type(thing)] if name in values}
    _check_slug_is_free(session, org, thing, checked.get("slug", thing.slug))
    _check_provider(session, org, thing, checked.get("provider_id"))
    starts, ends = checked.get("starts_at"), checked.get("ends_at")
    if starts and ends and ends <= starts:
        raise Invalid("ends_at", "The stream ends before it starts. Choose an end after its start.")
    for name, value in checked.items():
        setattr(thing, name, value)


def _check_slug_is_free(session: Session, org: Organization, thing: Any, slug: str) -> None:
    """Said beside the field; two who ask at once meet the constraint, which says the same."""
    kind = type(thing)
    taken = session.scalar(select(kind.id).where(kind.org_id == org.id, kind.slug == slug))
    if taken is not None and taken != thing.id:
        raise Invalid("slug", f"A {NOUNS[kind]} has the short name {slug} already. Choose another.")


def _check_provider(session: Session, org: Organization, thing: Any, provider_id: int | None) -> None:
    if provider_id is None:
        return
    if not session.scalar(select(Provider.id).where(Provider.org_id == org.id, Provider.id == provider_id)):
        raise Invalid("provider_id", "There is no such provider. Choose one from the list.")


def _record(session: Session, org: Organization, actor: Actor, thing: Any, verb: str, *sides: Any, **named: Any) -> None:
    noun = NOUNS[type(thing)]
    record(session, org.id, actor, f"{noun}.{verb}", (noun, thing.id, thing.name), *sides, **named)


def _name(field: str, value: str) -> str:
    if not 1 <= len(value.strip()) <= 100:
        raise Invalid(field, f"The name has {len(value.strip())} characters. Use 1 to 100.")
    return value.strip()


def _slug(field: str, value: str) -> str:
    if not SLUG.fullmatch(value) or len(value) > 60:
        raise Invalid(field, "A short name has 1 to 60 small letters, digits and single hyphens, such as penalty-kings.")
    return value


def _category(field: str, value: str) -> str:
    if value and (not CATEGORY.fullmatch(value) or len(value) > 40):
        raise Invalid(field, "A sport has at most 40 small letters, digits, - and _, such as football or cs2.")
    return value


def _url(field: str, value: str) -> str:
    problem = _trouble_with(value)
    if problem:
        raise Invalid(field, f"{problem} Write an address such as https://games.example.com/start.")
    return value


def _optional_url(field: str, value: str | None) -> str | None:
    return _url(field, value) if value else None


def _trouble_with(url: str) -> str:
    """What keeps players from being sent to `url`, or "". Plain http is for a game on this very machine."""
    if len(url) > LONGEST_URL:
        return f"The address has {len(url):,} characters, at most {LONGEST_URL:,} are allowed."
    if not url.isascii() or any(letter <= " " or letter in "\"'<>\\^`{|}" or letter == "\x7f" for letter in url):
        return "The address holds a space or a character that addresses do not have."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "This is not an address."
    if parts.username is not None or parts.password is not None:
        return "The address holds a user name or password."
    if not re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]+", host) or (parts.scheme != "https" and not _is_loopback(parts.scheme, host)):
        return "The address must begin with https:// and name a host."
    return "The address has a part after #, which would hide the player's token." if parts.fragment else ""


def _is_loopback(scheme: str, host: str) -> bool:
    address = parse_address(host)
    return scheme == "http" and (host == "localhost" or (address is not None and address.is_loopback))


def _status(field: str, value: int) -> int:
    if value not in (NORMAL, MAINTENANCE):
        raise Invalid(field, "A provider is normal (1) or in maintenance (2).")
    return value


def _as_is(field: str, value: Any) -> Any:
    return value


CHECKS: dict[str, Callable[..., Any]] = {
    "name": _name,
    "slug": _slug,
    "status": _status,
    "category": _category,
    "launch_url": _url,
    "image_url": _optional_url,
    "provider_id": _as_is,
    "starts_at": _as_is,
    "ends_at": _as_is,
}
