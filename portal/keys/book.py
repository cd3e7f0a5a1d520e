"""The KeyBook that admission is given: is a text a key, whose is it, and who used it how."""

from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import ColumnElement, Row, bindparam, func, select

from portal.admission.caller import KeyRecord, Window
from portal.admission.networks import networks_of
from portal.kernel.clock import utc_now
from portal.kernel.db import reading
from portal.keys import kinds
from portal.keys.meter import Meter
from portal.keys.model import ApiKey, KeySecret
from portal.orgs.model import Organization

AT_ONCE = 500  # keys in one statement


class Book:
    """Implements `admission.caller.KeyBook` for one application."""

    def __init__(self, app: Flask) -> None:
        self.meter = Meter(app)

    def well_formed(self, text: str) -> bool:
        """Prefix, length, alphabet and checksum fit: no look-up."""
        return kinds.well_formed(text)

    def find(self, digest: bytes) -> KeyRecord | None:
        """The record behind the SHA-256 of a key, whatever its state; None for an unknown one. One statement."""
        with reading() as connection:
            row = connection.execute(_FIND, {"digest": digest}).first()
        return _record(row) if row is not None else None

    def find_all(self, digests: Sequence[bytes]) -> dict[bytes, KeyRecord]:
        """The records of many keys by their digests, for connections that last; unknown ones are left out."""
        found: dict[bytes, KeyRecord] = {}
        with reading() as connection:
            for first in range(0, len(digests), AT_ONCE):
                rows = connection.execute(_FIND_ALL, {"digests": digests[first : first + AT_ONCE]})
                found.update((row.digest, _record(row)) for row in rows)
        return found

    def note(self, key: KeyRecord, address: str, route: str, outcome: str, detail: str, user_agent: str) -> None:
        """Count a call. `outcome` is `ok` or the reason of a refusal. Never waits, never fails."""
        self.meter.note(key, address, route, outcome, detail, user_agent)


_COLUMNS = (
    *(ApiKey.id, ApiKey.uid, ApiKey.name, ApiKey.kind, ApiKey.scopes, ApiKey.sports, ApiKey.games, ApiKey.streams),
    *(ApiKey.per_minute, ApiKey.writes_per_minute, ApiKey.per_hour, ApiKey.per_day, ApiKey.burst_10s),
    *(ApiKey.allowed_addresses, ApiKey.expires_at, ApiKey.is_active, ApiKey.revoked_at, ApiKey.org_id),
    *(KeySecret.id.label("secret_id"), KeySecret.ended_at, KeySecret.dies_at, KeySecret.digest),
    *(Organization.uid.label("org_uid"), Organization.name.label("org_name"), Organization.slug.label("org_slug")),
    *(Organization.allowed_addresses.label("org_addresses"), Organization.concurrency),
)


def _statement(which: ColumnElement[bool]) -> Any:
    """Key, secret and organization in one select; `switched_off` counts the disabled organizations from it to the top."""
    start = select(Organization.id.label("start"), Organization.id, Organization.parent_id, Organization.disabled_at)
    start = start.join(ApiKey, ApiKey.org_id == Organization.id).join(KeySecret, KeySecret.key_id == ApiKey.id)
    tree = start.where(which).cte("above", recursive=True)
    parents = select(tree.c.start, Organization.id, Organization.parent_id, Organization.disabled_at)
    # UNION, not UNION ALL: many keys of one organization climb its tree once.
    tree = tree.union(parents.join(tree, Organization.id == tree.c.parent_id))
    switched_off = select(func.count(tree.c.disabled_at)).where(tree.c.start == ApiKey.org_id).scalar_subquery()
    found = select(*_COLUMNS, switched_off.label("switched_off")).join_from(KeySecret, ApiKey, ApiKey.id == KeySecret.key_id)
    return found.join(Organization, Organization.id == ApiKey.org_id).where(which)


_FIND = _statement(KeySecret.digest == bindparam("digest"))
_FIND_ALL = _statement(KeySecret.digest.in_(bindparam("digests", expanding=True)))


def _record(row: Row[Any]) -> KeyRecord:
    reads, writes = windows(row)
    return KeyRecord(
        key_id=row.id,
        secret_id=row.secret_id,
        key_uid=row.uid,
        label=row.name,
        kind=row.kind,
        state=_state(row),
        expires_at=row.expires_at,
        scopes=frozenset(row.scopes),
        sports=None if row.sports is None else tuple(row.sports),
        games=None if row.games is None else frozenset(row.games),
        streams=None if row.streams is None else frozenset(row.streams),
        reads=reads,
        writes=writes,
        rate_per_minute=row.per_minute,
        networks=networks_of(row.allowed_addresses),
        org_id=row.org_id,
        org_uid=row.org_uid,
        org_name=row.org_name,
        org_slug=row.org_slug,
        org_live=row.switched_off == 0,
        org_networks=networks_of(row.org_addresses),
        concurrency=row.concurrency,
    )


def _state(row: Row[Any]) -> str:
    """What is final comes first. The end of an overlap is a planned moment, so here the clock is asked."""
    if row.revoked_at is not None:
        return "revoked"
    if row.ended_at is not None or (row.dies_at is not None and row.dies_at <= utc_now()):
        return "retired"
    return "live" if row.is_active else "disabled"


def windows(limits: Any) -> tuple[tuple[Window, ...], tuple[Window, ...]]:
    """(windows of safe methods, windows of the others) for anything with the attributes of `kinds.Limits`."""
    shared = (("burst", limits.burst_10s, 10), ("hour", limits.per_hour, 3600), ("day", limits.per_day, 86_400))
    rest = tuple(Window(name, limit, seconds) for name, limit, seconds in shared if limit is not None)
    reads = (Window("minute", limits.per_minute, 60), *rest)
    if limits.writes_per_minute is None:
        return reads, reads
    return reads, (Window("writes", limits.writes_per_minute, 60), *rest)
