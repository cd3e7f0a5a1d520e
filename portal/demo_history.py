"""A past for the demo tenant: colleagues, keys that were used for weeks, and links at every stage of their life."""

import math
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.catalog.model import Game, Stream
from portal.kernel.clock import Clock, utc_now
from portal.keys import service as keys
from portal.keys import tally_store
from portal.keys.model import ApiKey
from portal.keys.tally_store import Refused, Tallied
from portal.orgs import service as orgs
from portal.orgs.model import Organization
from portal.session_tokens import opening
from portal.session_tokens import service as sessions
from portal.session_tokens.model import SessionToken

DAYS = 30
COLLEAGUES = (("mira@acme.example", "Mira Lund", "admin"), ("tomas@acme.example", "Tomás Vidal", "member"))
# name, kind, scopes, address of the program, calls at the busiest hour, what some of its calls are refused for
USED = (
    ("Results importer", "competition", ("matches:read", "matches:write", "competitions:read"), "203.0.113.24", 420, "scope"),
    ("Website links", "session", ("sessions:create",), "198.51.100.17", 90, "rate"),
    ("Odds feed reader", "feed", ("cs2:matches:list", "cs2:matches:read"), "203.0.113.80", 260, ""),
)
# How far a link got, and how many of each: the funnel of the session links page.
STAGES = (("created", 6), ("previewed", 5), ("opened", 7), ("consumed", 19), ("revoked", 2), ("expired", 4))


def people(session: Session, org: Organization, actor: Actor) -> None:
    """Colleagues whom nobody can sign in as: their passwords are random and kept nowhere."""
    for email, name, role in COLLEAGUES:
        user = orgs.create_user(session, email, name, secrets.token_urlsafe(24))
        orgs.add_member(session, org, user, role, actor, granting="owner")


def keys_of_a_while(session: Session, org: Organization, actor: Actor) -> None:
    """Keys with a month of calls. The first expires soon, so that the overview has something to say."""
    now = utc_now()
    begun = now - timedelta(days=DAYS)
    for number, (name, kind, scopes, address, busiest, refused_for) in enumerate(USED):
        key = keys.issue_key(
            session, org, actor, kind=kind, grantable=None, name=name, scopes=scopes, clock=lambda: begun,
            sports=("cs2",) if kind == "feed" else None, expires_at=now + timedelta(days=12) if number == 0 else None,
        ).key  # fmt: skip
        session.flush()
        tallies = list(_month(key, address, busiest, refused_for, now))
        tally_store.write(session, tallies, list(_refusals(key, address, refused_for, now)))


def links(session: Session, org: Organization, actor: Actor, game: Game, stream: Stream) -> None:
    """Links of the last days at every stage."""
    now = utc_now()
    stages = [stage for stage, count in STAGES for _ in range(count)]
    for number in range(1, len(stages) + 1):
        stage = stages[number * 7 % len(stages)]  # mixed, yet the same each time
        begun = now - timedelta(hours=3 * number, minutes=7 * number % 60)
        to_stream = number % 5 == 0
        made = sessions.create_session(
            session, org.id, actor, external_ref=f"player-{1040 + number * 7}",
            minutes=60 if stage == "expired" else 60 * 24 * 14, clock=_at(begun),
            game_id=None if to_stream else game.id, stream_id=stream.id if to_stream else None,
        )  # fmt: skip
        _advance(session, org, actor, made, stage, begun)


def _advance(session: Session, org: Organization, actor: Actor, made: sessions.Created, stage: str, begun: datetime) -> None:
    later = [begun + timedelta(minutes=minutes) for minutes in (1, 9, 10, 30)]
    if stage in ("previewed", "opened", "consumed"):
        opening.note_preview(session, made.id, _at(later[0]))
    if stage in ("opened", "consumed"):
        opening.note_open(session, made.id, _at(later[1]))
    if stage == "consumed":
        opening.consume(session, made.token, clock=_at(later[2]))
    if stage == "revoked":
        sessions.revoke(session, org, actor, session.get_one(SessionToken, made.id), _at(later[3]))


def _month(key: ApiKey, address: str, busiest: int, refused_for: str, now: datetime) -> Iterator[Tallied]:
    """Calls of every hour: quiet at night, busy in the evening, a little more each week; a few of them refused."""
    this_hour = int(now.timestamp()) // 3600
    for hour in range(this_hour - 24 * DAYS, this_hour):
        wave = 0.5 + 0.5 * math.sin((hour % 24 - 13) / 24 * 2 * math.pi)
        growth = 0.7 + 0.3 * (hour - this_hour + 24 * DAYS) / (24 * DAYS)
        calls = int(busiest * growth * (0.06 + 0.94 * wave**2) * (0.85 + 0.3 * (hour * 7919 % 101) / 100))
        yield _tally(key, address, "ok", hour, max(1, calls))
        if refused_for and hour % 5 == 0:
            yield _tally(key, address, refused_for, hour, 1 + calls // 60)


def _tally(key: ApiKey, address: str, outcome: str, hour: int, calls: int) -> Tallied:
    route = {"competition": "/api/v1/competitions/<id>/matches", "session": "/api/org-api-keys"}.get(key.kind, "/v1/whoami")
    return Tallied(
        key_id=key.id, secret_id=key.secrets[0].id, address=address, agent="python-requests", outcome=outcome, hour=hour,
        calls=calls, first_at=hour * 3600 + 30, last_at=hour * 3600 + 3300, route=route,
    )  # fmt: skip


def _refusals(key: ApiKey, address: str, reason: str, now: datetime) -> Iterator[Refused]:
    details = {"scope": "competitions:write", "rate": "60 calls a minute"}
    for number in range(8 if reason else 0):
        at = (now - timedelta(minutes=47 * number + 90)).timestamp()
        yield Refused(key.id, at, address, "/api/v1/competitions", reason, details[reason])


def _at(moment: datetime) -> Clock:
    return lambda: moment
