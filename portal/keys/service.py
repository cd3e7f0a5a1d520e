"""Verbs on keys. Every one locks the key's row, writes its audit row and tells its event.

`grantable` is what the actor may hand on (`scopes.grantable_by_role`, `scopes.grantable_by_key`); None, for Tiltyard
itself, means everything. It is asked wherever the actor gets to see a secret, so also when an existing key is rotated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Unpack

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.catalog.model import LARGEST, games_of, streams_of
from portal.kernel.clock import Clock, utc_now
from portal.kernel.crypto import digest
from portal.kernel.errors import Conflict, Forbidden, Invalid
from portal.kernel.ids import new_uid
from portal.keys.kinds import KINDS, LAST_SHOWN, PREFIX_SHOWN, Limits
from portal.keys.model import SENT_TWICE, ApiKey, KeySecret, event_data, key_by_number, key_by_uid, keys_of, snapshot
from portal.keys.scopes import all_scopes, grantable_by_key, grantable_by_role, lacking
from portal.keys.terms import Terms, Wish, apply, asked, checked, first_terms, terms_of, within
from portal.orgs.model import Organization
from portal.outbox.emit import emit

__all__ = [
    "OVERLAPS",
    "Issued",
    "Limits",
    "all_scopes",
    "cancel_roll",
    "change_key",
    "delete_key",
    "end_overlap",
    "grantable_by_key",
    "grantable_by_role",
    "issue_key",
    "key_by_number",
    "key_by_uid",
    "keys_of",
    "revoke_key",
    "roll_key",
    "rolling",
    "rotate_key",
    "set_active",
]

OVERLAPS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
OnRevoked = Callable[[Session, Organization, ApiKey, Actor], object]


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A key and the secret that is shown this once; nothing else ever holds it."""

    key: ApiKey
    secret: str


def issue_key(
    session: Session,
    org: Organization,
    actor: Actor,
    *,
    kind: str,
    grantable: frozenset[str] | None,
    maker: ApiKey | None = None,
    uid: str = "",
    clock: Clock = utc_now,
    **wish: Unpack[Wish],
) -> Issued:
    """A new key with `name`, `scopes` and other terms as `wish` says; without `limits` those of its kind hold.

    With `maker`, the key that asks, the new one stays within its terms. Raises Invalid naming the field, Forbidden for
    scopes or terms beyond the actor's own, Conflict for a `uid` that was used: the same form sent twice.
    """
    if uid and session.scalar(select(ApiKey.id).where(ApiKey.uid == uid)) is not None:
        raise Conflict(SENT_TWICE)
    if kind not in KINDS:
        raise Invalid("kind", f"“{kind[:40]}” is not a kind of key. Choose one of {', '.join(KINDS)}.")
    terms = checked(asked(first_terms(kind), wish))
    if maker is not None:
        terms = within(terms, terms_of(maker), limits_given=wish.get("limits") is not None)
    _refuse_scopes(terms.scopes, grantable)
    _refuse_strangers(session, org, terms)
    now = clock()
    _refuse_past(terms.expires_at, now)
    key = ApiKey(
        uid=uid or new_uid(), org_id=org.id, kind=kind, created_by=actor.label[:200], created_by_id=actor.id, is_active=True
    )
    key.created_at = key.updated_at = now
    apply(terms, key)
    secret = _new_secret(org, key, now)
    session.add(key)
    session.flush()
    _tell(session, key, actor, "key.issued", after={"kind": kind, **snapshot(key)})
    return Issued(key, secret)


def change_key(
    session: Session,
    org: Organization,
    key: ApiKey,
    actor: Actor,
    *,
    grantable: frozenset[str] | None,
    maker: ApiKey | None = None,
    clock: Clock = utc_now,
    **wish: Unpack[Wish],
) -> ApiKey:
    """Change some of the key's terms. Scopes that it has may stay although the actor lacks them.

    Raises Invalid naming the field, Forbidden, Conflict for a revoked key.
    """
    _not_itself(key, actor)
    _lock(session, key)
    _not_revoked(key, "changed")
    old, before = terms_of(key), snapshot(key)
    terms = checked(asked(old, wish))
    if maker is not None:
        terms = within(terms, terms_of(maker), limits_given=wish.get("limits") is not None)
    _refuse_scopes(terms.scopes - old.scopes, grantable)
    if (terms.games, terms.streams) != (old.games, old.streams):
        _refuse_strangers(session, org, terms)
    if terms.expires_at != old.expires_at:
        _refuse_past(terms.expires_at, clock())
    if terms != old:
        apply(terms, key)
        key.updated_at = clock()
        session.flush()
        _tell(session, key, actor, "key.changed", before, snapshot(key))
    return key


def set_active(session: Session, org: Organization, key: ApiKey, active: bool, actor: Actor, clock: Clock = utc_now) -> ApiKey:
    """Switch the key off or on again. Nothing happens where it already is so. Raises Conflict for a revoked key."""
    _not_itself(key, actor)
    _lock(session, key)
    _not_revoked(key, "switched on or off")
    if key.is_active != active:
        before = snapshot(key)
        key.is_active, key.updated_at = active, clock()
        session.flush()
        _tell(session, key, actor, "key.enabled" if active else "key.disabled", before, snapshot(key))
    return key


def revoke_key(
    session: Session,
    org: Organization,
    key: ApiKey,
    actor: Actor,
    *,
    also: Sequence[OnRevoked] = (),
    clock: Clock = utc_now,
) -> ApiKey:
    """End the key for good, and call each of `also`. A key may do this to itself. A second time changes nothing."""
    _lock(session, key)
    if key.revoked_at is None:
        key.revoked_at = key.updated_at = clock()
        session.flush()
        _tell(session, key, actor, "key.revoked", {"status": "live"}, {"status": "revoked"})
    for call in also:
        call(session, org, key, actor)
    return key


def delete_key(session: Session, org: Organization, key: ApiKey, actor: Actor) -> None:
    """Remove the record with its secrets and counts; calls with it fail as with a key that never was. The audit log stays."""
    _not_itself(key, actor)
    _lock(session, key)
    _tell(session, key, actor, "key.deleted", before={"kind": key.kind, **snapshot(key)})
    session.execute(delete(ApiKey).where(ApiKey.id == key.id))
    session.expunge(key)


def rotate_key(
    session: Session,
    org: Organization,
    key: ApiKey,
    actor: Actor,
    *,
    grantable: frozenset[str] | None,
    clock: Clock = utc_now,
) -> Issued:
    """A new secret with the same terms; every other secret is dead at once. A key may do this to itself.

    Raises Conflict for a revoked or expired key, Forbidden where the key holds scopes that the actor may not grant.
    """
    now = clock()
    _lock(session, key)
    _fit_for_secret(key, now, grantable if actor.id != key.uid else None)
    for secret in key.secrets:
        _end(secret, now)
    return _renew(session, org, key, actor, "key.rotated", now)


def roll_key(
    session: Session,
    org: Organization,
    key: ApiKey,
    actor: Actor,
    *,
    overlap: timedelta,
    grantable: frozenset[str] | None,
    clock: Clock = utc_now,
) -> Issued:
    """A new secret; the old one lives on until `overlap` (one of OVERLAPS) after the new one's first use.

    Raises Invalid for another overlap, Conflict for a dead or disabled key and while another roll runs, Forbidden as
    `rotate_key` does.
    """
    if overlap not in OVERLAPS.values():
        raise Invalid("overlap", f"Choose an overlap of {', '.join(OVERLAPS)}.")
    _not_itself(key, actor)
    now = clock()
    _lock(session, key)
    _fit_for_secret(key, now, grantable)
    if not key.is_active:
        raise Conflict("This key is disabled. Enable it before you roll it, or rotate it.")
    if rolling(key, now):
        raise Conflict("This key is rolling already. End or cancel that roll first.")
    old = next(secret for secret in key.secrets if secret.lives(now))
    issued = _renew(session, org, key, actor, "key.rolled", now, overlap_seconds=int(overlap.total_seconds()))
    old.overlap_seconds, old.successor_id = int(overlap.total_seconds()), key.secrets[0].id
    session.flush()
    return issued


def cancel_roll(session: Session, org: Organization, key: ApiKey, actor: Actor, clock: Clock = utc_now) -> ApiKey:
    """The new secret dies at once and the old one is the key's only one again. Raises Conflict where no roll runs."""
    old, new = _rolling_pair(session, key, actor, clock())
    _end(new, clock())
    old.overlap_seconds = old.successor_id = old.dies_at = None
    key.prefix, key.last4, key.updated_at = old.prefix, old.last4, clock()
    session.flush()
    _tell(session, key, actor, "key.changed", {"roll": "running"}, {"roll": "canceled"})
    return key


def end_overlap(session: Session, org: Organization, key: ApiKey, actor: Actor, clock: Clock = utc_now) -> ApiKey:
    """The old secret dies at once. Raises Conflict where no roll runs."""
    old, _ = _rolling_pair(session, key, actor, clock())
    _end(old, clock())
    key.updated_at = clock()
    session.flush()
    _tell(session, key, actor, "key.changed", {"roll": "running"}, {"roll": "ended"})
    return key


def rolling(key: ApiKey, now: datetime) -> tuple[KeySecret, KeySecret] | None:
    """The old and the new secret while both live; None otherwise."""
    by_id = {secret.id: secret for secret in key.secrets if secret.lives(now)}
    for old in by_id.values():
        if old.successor_id in by_id:
            return old, by_id[old.successor_id]
    return None


def _rolling_pair(session: Session, key: ApiKey, actor: Actor, now: datetime) -> tuple[KeySecret, KeySecret]:
    _not_itself(key, actor)
    _lock(session, key)
    _not_revoked(key, "changed")
    pair = rolling(key, now)
    if pair is None:
        raise Conflict("No roll is running for this key: it has one secret.")
    return pair


def _renew(session: Session, org: Organization, key: ApiKey, actor: Actor, event: str, now: datetime, **more: object) -> Issued:
    before = {"secret": key.hint}
    secret = _new_secret(org, key, now)
    key.updated_at = now
    session.flush()
    _tell(session, key, actor, event, before, {"secret": key.hint, **more})
    return Issued(key, secret)


def _new_secret(org: Organization, key: ApiKey, now: datetime) -> str:
    """Put a fresh secret first among the key's; only its digest and its ends are kept."""
    secret = KINDS[key.kind].new_secret(sandbox=org.is_sandbox)
    key.prefix, key.last4 = secret[:PREFIX_SHOWN], secret[-LAST_SHOWN:]
    key.secrets.insert(0, KeySecret(digest=digest(secret), prefix=key.prefix, last4=key.last4, created_at=now))
    return secret


def _end(secret: KeySecret, now: datetime) -> None:
    """Death is written down, not only planned: no machine's slow clock keeps the secret alive."""
    secret.ended_at = secret.ended_at or now


def _lock(session: Session, key: ApiKey) -> None:
    """Hold the key's row to the end of the unit of work and read it and its secrets afresh: two changes at once take turns."""
    session.refresh(key, with_for_update=True)


def _fit_for_secret(key: ApiKey, now: datetime, grantable: frozenset[str] | None) -> None:
    _not_revoked(key, "given a new secret")
    if key.status(now) == "expired":
        raise Conflict("This key has expired. Move its expiry before you give it a new secret.")
    _refuse_scopes(frozenset(key.scopes), grantable)


def _not_revoked(key: ApiKey, verb: str) -> None:
    if key.revoked_at is not None:
        raise Conflict(f"This key is revoked for good, so it cannot be {verb}. Issue a new one.")


def _not_itself(key: ApiKey, actor: Actor) -> None:
    if actor.kind == "key" and actor.id == key.uid:
        raise Forbidden("A key cannot change itself; it may only rotate or revoke itself.")


def _refuse_scopes(scopes: frozenset[str], grantable: frozenset[str] | None) -> None:
    missing = lacking(scopes, grantable)
    if missing:
        raise Forbidden(f"You may not grant {', '.join(missing[:5])}. Leave it out, or ask an owner.")


def _refuse_strangers(session: Session, org: Organization, terms: Terms) -> None:
    """Games and streams are the organization's own; one of another is not told from one that is not there."""
    for field, numbers, query in (("games", terms.games, games_of(org)), ("streams", terms.streams, streams_of(org))):
        wanted = [number for number in numbers or () if 0 < number <= LARGEST]
        kind: Any = query.column_descriptions[0]["entity"]
        there = set(session.scalars(query.where(kind.id.in_(wanted)).with_only_columns(kind.id))) if wanted else set()
        missing = [number for number in numbers or () if number not in there]
        if missing:
            raise Invalid(field, f"There is no {field[:-1]} {missing[0]} in this organization. Name its own {field}, by number.")


def _refuse_past(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise Invalid("expires_at", f"The expiry {expires_at:%Y-%m-%d %H:%M} UTC has passed. Choose a later moment.")


def _tell(
    session: Session,
    key: ApiKey,
    actor: Actor,
    name: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record(session, key.org_id, actor, name, ("key", key.uid, key.name), before, after)
    emit(session, key.org_id, name, key.uid, event_data(key))
