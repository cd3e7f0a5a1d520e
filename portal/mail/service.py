"""Sending messages: one row in the transaction of what it tells, taken by a worker, tried again, given up at last."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.config import Settings
from portal.kernel.clock import Clock, iso, utc_now
from portal.kernel.crypto import Master, seal, unseal
from portal.kernel.db import after_commit
from portal.kernel.errors import Conflict, Fault, Invalid, NotFound
from portal.kernel.ids import new_uid
from portal.kernel.queue import ring
from portal.mail.letters import letter
from portal.mail.model import Mail, due, lately_sent, mails_of
from portal.orgs.model import Organization

SEND_DUE = "portal.mail.jobs.send_due"
LONGEST_ADDRESS = 254
# Plain addresses only: what else RFC 5322 allows (quotes, comments, several in one line) nobody means here.
LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])"
ADDRESS = re.compile(f"(?=.{{1,64}}@){LOCAL}@{HOST}")
AGAIN_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 2 * 60, 12 * 60))  # six tries in all
LEASE = timedelta(minutes=4)
HOUR, HOURLY = timedelta(hours=1), 2_000  # messages of one organization in an hour; more wait
LATER = timedelta(minutes=5)
LONGEST_ERROR = 500
OTHER_KEY = "It was sealed with another TILTYARD_SECRET_KEY."


@dataclass(frozen=True)
class Claimed:
    """A message in the hands of one worker. `attempt` fences it: whoever comes later with an older one changes nothing."""

    id: int
    uid: str
    org_id: int
    attempt: int
    kind: str
    recipient: str
    context: dict[str, Any]


def can_send() -> bool:
    """Is there a server for outgoing mail? Without one nothing is queued, and pages hand links over instead."""
    return bool(current_app.config["SETTINGS"].smtp_url)


def send(
    session: Session, org: Organization, kind: str, recipient: str, context: Mapping[str, Any], clock: Clock = utc_now
) -> Mail | None:
    """Queue one message in this transaction; it leaves after the commit. None where there is no server for it.

    `context` is plain JSON; for its names see `letters.KINDS`. Raises Invalid for what is not one plain address.
    """
    words, address = letter(kind, context), plain_address(recipient)
    if not can_send():
        return None
    uid, now = new_uid(), clock()
    sealed = seal(_master(), json.dumps(dict(context)).encode(), bound_to(uid))
    mail = Mail(uid=uid, org_id=org.id, kind=kind, recipient=address, subject=words.subject)
    mail.sealed, mail.created_at, mail.due_at = sealed, now, now
    session.add(mail)
    session.flush()
    if _ring not in session.info.get("after_commit", ()):
        after_commit(session, _ring)
    return mail


def sent_too(session: Session, org: Organization, kind: str, recipient: str, context: Mapping[str, Any]) -> bool:
    """For what is also handed over: whether a message was queued. An address that no server would take is no reason to fail."""
    try:
        return send(session, org, kind, recipient, context) is not None
    except Invalid:
        return False


def plain_address(text: str, field: str = "recipient") -> str:
    """The one address in `text`, its host in ASCII. Raises Invalid."""
    local, _, host = text.strip().rpartition("@")
    try:
        address = f"{local}@{host if host.isascii() else host.encode('idna').decode()}"
    except UnicodeError:
        address = ""
    if (
        len(address) > LONGEST_ADDRESS
        or not ADDRESS.fullmatch(address)
        or ".." in address
        or local[:1] == "."
        or local[-1:] == "."
    ):
        raise Invalid(field, "This is not an e-mail address. Write one such as alice@example.com.")
    return address


def claim(session: Session, limit: int, clock: Clock = utc_now) -> list[Claimed]:
    """Take up to `limit` due messages for LEASE. Those of an organization that has sent enough for now are put off."""
    found = list(session.scalars(due(limit).with_for_update(skip_locked=True)))
    sent, now, taken = lately_sent(session, [mail.org_id for mail in found], HOUR) if found else {}, clock(), []
    for mail in found:
        sent[mail.org_id] = sent.get(mail.org_id, 0) + 1
        if sent[mail.org_id] > HOURLY:
            mail.due_at = now + LATER
            continue
        mail.lease_until, mail.attempts = now + LEASE, mail.attempts + 1
        mine = Claimed(mail.id, mail.uid, mail.org_id, mail.attempts, mail.kind, mail.recipient, {})
        try:
            mine.context.update(json.loads(unseal(_master(), mail.sealed or b"", bound_to(mail.uid))))
        except Fault:  # while the key is rotated another worker may be able to
            note_failed(session, mine, OTHER_KEY, clock=clock)
            continue
        taken.append(mine)
    session.flush()
    return taken


def note_sent(session: Session, mail: Claimed, clock: Clock = utc_now) -> bool:
    """It has gone; its private links are erased. False when another worker had taken it over."""
    return _settle(session, mail, {"sent_at": clock(), "due_at": None, "sealed": None, "error": None})


def note_failed(session: Session, mail: Claimed, why: str, *, for_good: bool = False, clock: Clock = utc_now) -> bool:
    """It could not be sent: again later, unless it was refused for good or this was the last try."""
    now, error = clock(), why[:LONGEST_ERROR]
    if for_good or mail.attempt > len(AGAIN_AFTER):
        return _settle(session, mail, {"failed_at": now, "due_at": None, "error": error})
    return _settle(session, mail, {"due_at": now + AGAIN_AFTER[mail.attempt - 1], "error": error})


def send_again(session: Session, org: Organization, actor: Actor, uid: str, clock: Clock = utc_now) -> Mail:
    """Try one that was given up once more; the count of its tries goes on, so that it is given up again if that fails.

    Raises NotFound, and Conflict where it was not given up or its content is not kept.
    """
    mail = session.scalar(mails_of(org.id).where(Mail.uid == uid).with_for_update())
    if mail is None:
        raise NotFound("Message not found.")
    if mail.failed_at is None:
        raise Conflict("This message was not given up: it is on its way, or has gone.")
    if mail.sealed is None or not can_send():
        raise Conflict("This message cannot be sent again: its content is not kept, or there is no server for mail.")
    before, mail.failed_at, mail.due_at, mail.lease_until = mail.failed_at, None, clock(), None
    session.flush()
    told = {"recipient": mail.recipient, "kind": mail.kind}
    record(session, org.id, actor, "mail.sent_again", ("mail", mail.uid, mail.subject), {"failed_at": iso(before)}, told)
    if _ring not in session.info.get("after_commit", ()):
        after_commit(session, _ring)
    return mail


def _settle(session: Session, mail: Claimed, values: dict[str, datetime | str | None]) -> bool:
    mine = Mail.id == mail.id, Mail.attempts == mail.attempt, Mail.due_at.is_not(None)
    return bool(session.execute(update(Mail).where(*mine).values(lease_until=None, **values)).rowcount)  # type: ignore[attr-defined]


def _ring() -> None:
    ring(current_app.config["SETTINGS"].queue_url, SEND_DUE)


def _master() -> Master:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.master


def bound_to(uid: str) -> str:
    return f"mails:{uid}"
