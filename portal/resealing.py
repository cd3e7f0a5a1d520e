"""A new TILTYARD_SECRET_KEY: what the one before sealed is sealed anew, while everything runs.

Every process has both keys meanwhile (TILTYARD_SECRET_KEY_BEFORE) and opens what either sealed. A row that somebody writes in
the same moment keeps what they wrote: it is under the new key already, or found when this is run again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select, update

from portal.admission import idempotency
from portal.kernel.crypto import Master, seal_anew
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Fault
from portal.mail import service as mail
from portal.mail.model import Mail
from portal.session_tokens import batches, player_jwt
from portal.session_tokens.model import SessionBatch, SigningKey
from portal.transports import secrets
from portal.transports.model import Transport
from portal.webhooks import signing
from portal.webhooks.model import Endpoint

AT_ONCE = 200  # rows in a transaction


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column with sealed bytes, and which row they open in."""

    model: Any
    column: str
    bound_to: Callable[[Any], str]


def _of_endpoint(purpose: str) -> Sealed:
    return Sealed(Endpoint, purpose, lambda row: signing.bound_to(row.org_id, row.uid, purpose))


EVERYTHING = (
    _of_endpoint("secret"),
    _of_endpoint("previous_secret"),
    _of_endpoint("headers"),
    Sealed(Transport, "secret", secrets.bound_to),
    Sealed(SigningKey, "private", lambda row: player_jwt.bound_to(row.kid)),
    Sealed(SessionBatch, "seed", lambda row: batches.bound_to(row.uid)),
    Sealed(Mail, "sealed", lambda row: mail.bound_to(row.uid)),
    Sealed(idempotency.KeptAnswer, "sealed_body", lambda row: idempotency.bound_to(row.owner, row.key_digest)),
)


@dataclass
class Count:
    """Of one column: rows under the present key all along, sealed anew, and under neither key."""

    present: int = 0
    anew: int = 0
    lost: int = 0


def seal_everything_anew(master: Master) -> Iterator[tuple[str, Count]]:
    """Column by column: its name and how many rows there were of each kind."""
    for each in EVERYTHING:
        count, last = Count(), None
        while (last := _some(master, each, last, count)) is not None:
            pass
        yield f"{each.model.__tablename__}.{each.column}", count


def _some(master: Master, sealed: Sealed, after: Any, count: Count) -> Any:
    """The next rows after that key, in one transaction; the last one's key, None when there are no more."""
    table: Table = sealed.model.__table__
    (key,), column = table.primary_key, table.c[sealed.column]
    query = select(table).where(column.is_not(None)).order_by(key).limit(AT_ONCE)
    with unit_of_work() as session:
        rows = session.execute(query if after is None else query.where(key > after)).all()
        for row in rows:
            old = getattr(row, sealed.column)
            try:
                new = seal_anew(master, old, sealed.bound_to(row))
            except Fault:
                count.lost += 1
                continue
            if new is None:
                count.present += 1
                continue
            # Only what was read: somebody may have written another one since.
            session.execute(update(table).where(key == getattr(row, key.name), column == old).values({sealed.column: new}))
            count.anew += 1
    return getattr(rows[-1], key.name) if rows else None
