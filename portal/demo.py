"""The demo tenant: what a fresh installation shows, so that every page has something on it and every API a key.

An operator with an agent below it and a sandbox beside it. Made once; a second start finds it and keeps its secrets,
which are in `demo.json` beside the data. Where that file is gone, the demo's own password and keys get new secrets.
Never made in production.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import demo_competitions, demo_history
from portal.audit.service import SYSTEM, Actor
from portal.catalog import service as catalog
from portal.catalog.model import MAINTENANCE, NORMAL, Game, Stream
from portal.config import Settings
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Fault
from portal.keys import service as keys
from portal.keys.kinds import KINDS, Limits
from portal.keys.model import ApiKey, KeySecret
from portal.orgs import service as orgs
from portal.orgs.model import Membership, Organization, User
from portal.orgs.sign_in import hash_password, password_fits
from portal.web.client_ip import parse_address

EMAIL = "demo@acme.example"
NAME, AGENT, SANDBOX = "Acme Sportsbook", "Acme North", "Acme Sandbox"
SPORTS = ("cs2", "dota2", "football")
FAST = Limits(per_minute=100_000, writes_per_minute=100_000)
DEMO_GAME = "penalty-kings"
PROVIDERS = (("Tilt Studios", "tilt-studios", NORMAL), ("Northwind Games", "northwind", MAINTENANCE))
# name, slug, sport, launch address, provider
GAMES = (
    ("Penalty Kings", DEMO_GAME, "football", "", 0),
    ("Neon Circuit", "neon-circuit", "racing", "https://games.example.com/neon-circuit", 0),
    ("Arena Five", "arena-five", "cs2", "https://games.example.com/arena-five", 1),
    ("Card Clash", "card-clash", "cards", "https://games.example.com/card-clash", None),
)
STREAMS = (
    ("Friday Night Finals", "friday-night-finals", "https://live.example.com/finals"),
    ("Studio One", "studio-one", "https://live.example.com/studio-one"),
)


@dataclass(frozen=True)
class Tenant:
    """The rows of the demo that a start needs again."""

    user: User
    operator: Organization
    agent: Organization
    sandbox: Organization
    game: Game
    stream: Stream

    @property
    def actor(self) -> Actor:
        return Actor("user", self.user.uid, self.user.email)


def seed(app: Flask) -> dict[str, Any]:
    """The facts of the demo tenant, made where it is not there yet. Raises Fault in production."""
    settings: Settings = app.config["SETTINGS"]
    if settings.production:
        raise Fault("the demo tenant is never made in production")
    kept = _kept(settings)
    with app.app_context(), unit_of_work() as session:
        tenant = _find(session) or _make(session, settings)
        launch_url = _launch_url(settings)
        if tenant.game.launch_url != launch_url:  # the port is another one than last time
            catalog.change(session, tenant.operator, SYSTEM, tenant.game, {"launch_url": launch_url})
        return _facts(session, settings, tenant, kept)


def _facts(session: Session, settings: Settings, tenant: Tenant, kept: Mapping[str, Any]) -> dict[str, Any]:
    known, below = kept.get("keys", {}), kept.get("agent", {}).get("key", "")
    issued = {kind: _secret(session, tenant, tenant.operator, kind, known.get(kind, "")) for kind in KINDS}
    return {
        "base_url": settings.base_url,
        "operator": {"email": EMAIL, "password": _password(tenant.user, kept.get("operator", {}).get("password", ""))},
        "org_id": tenant.operator.uid,
        "org_number": tenant.operator.id,
        "org_slug": tenant.operator.slug,
        "keys": issued,
        "game_id": tenant.game.id,
        "stream_id": tenant.stream.id,
        "agent": {
            "org_id": tenant.agent.uid,
            "org_slug": tenant.agent.slug,
            "key": _secret(session, tenant, tenant.agent, "agent", below),
        },
        "sandbox": {"org_id": tenant.sandbox.uid, "org_slug": tenant.sandbox.slug},
    }


def _kept(settings: Settings) -> Mapping[str, Any]:
    """What the last start wrote; nothing where the file is gone or no longer JSON."""
    try:
        facts = json.loads((settings.data_dir / "demo.json").read_text())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _find(session: Session) -> Tenant | None:
    """The demo by what cannot be renamed: its user, and the numbers in which its rows were made."""
    user = session.scalar(select(User).where(User.email == EMAIL))
    if user is None:
        return None
    own = select(Organization).join(Membership, Membership.org_id == Organization.id).where(Membership.user_id == user.id)
    operator, sandbox = _first(session, own, is_sandbox=False), _first(session, own, is_sandbox=True)
    agent = _first(session, select(Organization), parent_id=operator.id)
    game = _first(session, select(Game), org_id=operator.id)
    return Tenant(user, operator, agent, sandbox, game, _first(session, select(Stream), org_id=operator.id))


def _first(session: Session, query: Select[Any], **facts: Any) -> Any:
    kind = query.column_descriptions[0]["entity"]
    found = session.scalar(query.filter_by(**facts).order_by(kind.id).limit(1))
    if found is None:
        raise Fault(f"the demo tenant has lost its {kind.__name__.lower()}: start on an empty data directory")
    return found


def _make(session: Session, settings: Settings) -> Tenant:
    user = orgs.create_user(session, EMAIL, "Dana Demo", secrets.token_urlsafe(24))
    actor = Actor("user", user.uid, user.email)
    operator = orgs.create_organization(session, NAME, actor)
    agent = orgs.create_organization(session, AGENT, actor, currency="SEK", parent=operator, level="agent")
    sandbox = orgs.create_organization(session, SANDBOX, actor, sandbox=True)
    for org in (operator, sandbox):
        orgs.add_member(session, org, user, "owner", actor, granting="owner")
    game, stream = _catalogue(session, operator, actor, _launch_url(settings))
    _catalogue(session, agent, actor, _launch_url(settings))
    tenant = Tenant(user, operator, agent, sandbox, game, stream)
    demo_history.people(session, operator, actor)
    demo_history.keys_of_a_while(session, operator, actor)
    demo_history.links(session, operator, actor, game, stream)
    demo_competitions.competitions(session, operator, actor)
    _issue(session, sandbox, actor, "casino")
    return tenant


def _catalogue(session: Session, org: Organization, actor: Actor, launch_url: str) -> tuple[Game, Stream]:
    """The demo game and the first stream are made first."""
    makers = [
        catalog.create_provider(session, org, actor, name=name, slug=slug, status=status) for name, slug, status in PROVIDERS
    ]
    games = [
        catalog.create_game(
            session, org, actor, name=name, slug=slug, category=sport, launch_url=address or launch_url,
            provider_id=None if provider is None else makers[provider].id,
        )
        for name, slug, sport, address, provider in GAMES
    ]  # fmt: skip
    starts = utc_now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    streams = [
        catalog.create_stream(session, org, actor, name=name, slug=slug, launch_url=address, starts_at=starts)
        for name, slug, address in STREAMS
    ]
    return games[0], streams[0]


def _secret(session: Session, tenant: Tenant, org: Organization, kind: str, kept: str) -> str:
    """The kept secret while a call with it would be let in, else a new one for the demo's key of this kind."""
    name = _name_of(kind)
    query = select(ApiKey).where(ApiKey.org_id == org.id, ApiKey.kind == kind, ApiKey.name == name)
    key = session.scalar(query.where(ApiKey.revoked_at.is_(None), ApiKey.is_active.is_(True)).order_by(ApiKey.id).limit(1))
    if key is None:
        return _issue(session, org, tenant.actor, kind)
    alive = select(KeySecret.id).where(KeySecret.key_id == key.id, KeySecret.ended_at.is_(None))
    if kept and session.scalar(alive.where(KeySecret.digest == digest(kept))):
        return kept
    return keys.rotate_key(session, org, key, tenant.actor, grantable=None).secret


def _issue(session: Session, org: Organization, actor: Actor, kind: str) -> str:
    """A key with every scope of its kind, and fast enough to replay samples at speed."""
    sports = SPORTS if kind == "feed" else None
    issued = keys.issue_key(
        session, org, actor, kind=kind, grantable=None, name=_name_of(kind), limits=FAST, sports=sports,
        description="Made for the demo: every scope of its kind.", scopes=keys.all_scopes(kind, SPORTS),
    )  # fmt: skip
    return issued.secret


def _name_of(kind: str) -> str:
    return f"Demo {KINDS[kind].label.lower()} key"


def _password(user: User, kept: str) -> str:
    if kept and password_fits(user, kept):
        return kept
    password = secrets.token_urlsafe(12)
    user.password_hash = hash_password(password)
    return password


def _launch_url(settings: Settings) -> str:
    """The demo game of this installation. A game on plain http has to be on this machine (catalog.service)."""
    parts = urlsplit(settings.base_url)
    address = parse_address(parts.hostname or "")
    here = parts.hostname == "localhost" or (address is not None and address.is_loopback)
    base = settings.base_url if settings.https or here else f"http://localhost:{settings.port}"
    return f"{base}/play/demo-game"
