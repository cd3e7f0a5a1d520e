"""Making and revoking session links. Creation is on the fast path of the Session API: three statements, no objects."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Insert, Select, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.catalog.model import LARGEST, Game, Stream
from portal.kernel.clock import Clock, iso, utc_now
from portal.kernel.crypto import digest
from portal.kernel.errors import Conflict, Forbidden, Invalid
from portal.orgs.model import Organization
from portal.outbox.emit import emit
from portal.session_tokens.metadata import checked_metadata
from portal.session_tokens.model import LEADS_SOMEWHERE, SessionToken, unused

DEFAULT_MINUTES = 1440
MINUTES = (1, 525_600)
LONGEST_REFERENCE = 255

links = cast(Table, SessionToken.__table__)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a key may send players: None means anywhere in its organization."""

    key_id: int | None = None
    games: frozenset[int] | None = None
    streams: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A new link. `token` is shown now and never again."""

    id: int
    token: str
    game_id: int | None
    stream_id: int | None
    external_ref: str | None
    expires_at: datetime


def create_session(
    session: Session,
    org_id: int,
    actor: Actor,
    *,
    game_id: int | None = None,
    stream_id: int | None = None,
    external_ref: str | None = None,
    metadata: dict[str, Any] | None = None,
    minutes: int = DEFAULT_MINUTES,
    not_before: datetime | None = None,
    reach: Reach = Reach(),
    clock: Clock = utc_now,
) -> Created:
    """One link that opens the game or stream once within `minutes`, counted from `not_before` where that is given.

    Raises Invalid naming the field (an unknown and a foreign number alike), Forbidden outside `reach`.
    """
    check_reach(reach, game_id, stream_id)
    check_reference("external_ref", external_ref)
    now = clock()
    expires_at = expiry(minutes, not_before, now)
    values = {
        "org_id": org_id,
        "key_id": reach.key_id,
        "game_id": game_id,
        "stream_id": stream_id,
        "external_ref": external_ref,
        "metadata": checked_metadata(metadata),
        "created_by": actor.label[:200],
        "created_at": now,
        "not_before": not_before,
        "expires_at": expires_at,
    }
    token = str(uuid.uuid4())
    number = _inserted(session, values | fingerprint(token))
    _tell(session, org_id, actor, "created", number, values)
    return Created(number, token, game_id, stream_id, external_ref, expires_at)


def _inserted(session: Session, row: dict[str, Any]) -> int:
    """The new link's number. Raises Invalid where its target is not an active one of the organization."""
    game_id, stream_id = row["game_id"], row["stream_id"]
    number = session.connection().execute(_CREATE[game_id is not None, stream_id is not None], row).scalar()
    if number is None:
        check_target(session, row["org_id"], game_id, stream_id)
        raise Conflict("The game or stream was archived at this very moment. Choose another.")
    return int(number)


def fingerprint(token: str) -> dict[str, Any]:
    """The columns that stand for a token: its digest, and its last four characters for people."""
    return {"digest": digest(token), "hint": token[-4:]}


def expiry(minutes: int, not_before: datetime | None, now: datetime) -> datetime:
    """When a link ends that opens at `not_before` or at once. Raises Invalid outside 1 minute to a year, for either."""
    low, high = MINUTES
    if not low <= minutes <= high:
        raise Invalid("expires_in_minutes", f"expires_in_minutes is {minutes}. Use a whole number from {low} to {high:,}.")
    opens = max(not_before or now, now)
    if opens > now + timedelta(minutes=high):
        raise Invalid("not_before", "The link would open in more than a year. Choose an earlier moment.")
    return opens + timedelta(minutes=minutes)


def check_reach(reach: Reach, game_id: int | None, stream_id: int | None) -> None:
    """Raises Invalid where neither is given or a number is out of range, Forbidden where the key may not go."""
    if game_id is None and stream_id is None:
        raise Invalid("game_id", LEADS_SOMEWHERE)
    for noun, number, allowed in (("game", game_id, reach.games), ("stream", stream_id, reach.streams)):
        if number is None:
            continue
        if not 0 < number <= LARGEST:
            raise Invalid(f"{noun}_id", _unknown(noun, number))
        if allowed is not None and number not in allowed:
            raise Forbidden(f"This key may not make links to {noun} {number}. Use one of the {noun}s allowed to the key.")


def revoke(session: Session, org: Organization, actor: Actor, link: SessionToken, clock: Clock = utc_now) -> None:
    """The link opens nothing from now on. Raises Conflict when it was used first; a second revocation changes nothing."""
    if not revoke_many(session, org, actor, [link.id], clock) and link.consumed_at is not None:
        raise Conflict("The player has used this link already, so there is nothing left to revoke.")


def revoke_many(session: Session, org: Organization, actor: Actor, numbers: Sequence[int], clock: Clock = utc_now) -> int:
    """Revoke those of `numbers` that are the organization's and unused; how many there were."""
    wanted = [number for number in numbers if 0 < number <= LARGEST]
    return _revoke(session, org.id, actor, SessionToken.id.in_(wanted), clock)


def revoke_by_key(session: Session, org: Organization, key: Any, actor: Actor, clock: Clock = utc_now) -> int:
    """Revoke every unused link that `key` made, the choice offered when a key is revoked; how many there were."""
    return _revoke(session, org.id, actor, SessionToken.key_id == key.id, clock)


def _revoke(session: Session, org_id: int, actor: Actor, which: Any, clock: Clock) -> int:
    columns = (links.c.id, links.c.game_id, links.c.stream_id, links.c.external_ref)
    change = update(links).where(links.c.org_id == org_id, which, unused()).values(revoked_at=clock()).returning(*columns)
    revoked = session.execute(change).mappings().all()
    for row in revoked:
        _tell(session, org_id, actor, "revoked", row["id"], row)
    session.expire_all()
    return len(revoked)


def _tell(session: Session, org_id: int, actor: Actor, verb: str, number: int, row: Any) -> None:
    facts = described(number, row)
    record(session, org_id, actor, f"session.{verb}", ("session", number, row["external_ref"] or f"#{number}"), after=facts)
    emit(session, org_id, f"session.{verb}", number, facts)


def described(number: int, row: Any) -> dict[str, Any]:
    """What events and audit rows say of a link."""
    facts = {"session_id": number, **{name: row[name] for name in ("game_id", "stream_id", "external_ref")}}
    return facts | {"expires_at": iso(row["expires_at"])} if "expires_at" in row else facts


def check_reference(field: str, text: str | None) -> None:
    """Raises Invalid beyond 255 characters or with anything that cannot be printed on one line."""
    if text is None:
        return
    if len(text) > LONGEST_REFERENCE:
        raise Invalid(field, f"{field} has {len(text):,} characters. Use at most {LONGEST_REFERENCE}.")
    if not text.isprintable():
        raise Invalid(field, f"{field} holds a control character or a line break. Use printable text.")


def _unknown(noun: str, number: int) -> str:
    return f"There is no active {noun} {number} in this organization. Use the number shown under Games and streams."


def check_target(session: Session, org_id: int, game_id: int | None, stream_id: int | None) -> None:
    """Raises Invalid where neither is given, or one is not an active game or stream of the organization."""
    check_reach(Reach(), game_id, stream_id)
    for noun, kind, number in (("game", Game, game_id), ("stream", Stream, stream_id)):
        if number is not None and not session.scalar(_target(kind, org_id).where(kind.id == number)):
            raise Invalid(f"{noun}_id", _unknown(noun, number))


def _target(kind: Any, org_id: Any) -> Select[int]:
    return select(kind.id).where(kind.org_id == org_id, kind.archived_at.is_(None))


def _creating(targets: Iterable[Any]) -> Insert:
    """INSERT … SELECT from the targets' own rows: whether they are there, active and ours is part of the insert."""
    chosen: list[Any] = [bindparam(name, type_=links.c[name].type).label(name) for name in _GIVEN]
    query = select(*chosen)
    for kind in targets:
        number = bindparam(f"{kind.__name__.lower()}_id", type_=links.c.game_id.type)
        query = query.where(_target(kind, bindparam("org_id", type_=links.c.org_id.type)).where(kind.id == number).exists())
    return insert(links).from_select(_GIVEN, query, include_defaults=False).returning(links.c.id)


# fmt: off
_GIVEN = (
    "org_id", "key_id", "digest", "hint", "game_id", "stream_id", "external_ref", "metadata",
    "created_by", "created_at", "not_before", "expires_at",
)
# fmt: on
_CREATE = {
    (True, False): _creating([Game]),
    (False, True): _creating([Stream]),
    (True, True): _creating([Game, Stream]),
}
