"""Verbs of transports. Each holds the transport's row, is audited, and tells what happened."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.config import Settings
from portal.kernel.db import clock_of
from portal.kernel.errors import Conflict, Invalid
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization
from portal.outbox.choosing import checked_types
from portal.outbox.doorbell import ring_after
from portal.outbox.emit import emit
from portal.transports.model import Transport, TransportMessage, message_by_uid, messages_of, transport_by_uid, transports_of
from portal.transports.secrets import close
from portal.transports.settings import offered
from portal.transports.terms import checked_credentials, checked_name, region_of

MOST_TRANSPORTS = 10
MOST_SELECTED = 500
KIND_WORDS = {"amqp": "AMQP", "sqs": "Amazon SQS"}
_VHOST = re.compile(r"[a-z0-9][a-z0-9-]{0,59}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Created:
    """A transport; of an AMQP feed also its password in plain text, this once."""

    transport: Transport
    password: str = ""


def switch_on(
    session: Session, org: Organization, actor: Actor, settings: Settings, kind: str, terms: Mapping[str, Any], uid: str = ""
) -> Created:
    """A new transport. `terms`: `name` and `types`; for SQS `queue_url` and either `access_key_id` with `secret_access_key` or
    `role_arn`. `uid` may be chosen by the form, so that sending it twice makes one. Raises Invalid, Conflict."""
    if kind not in offered(settings):
        raise Conflict(f"This installation offers no {KIND_WORDS.get(kind, kind)}. Ask whoever runs it.")
    if (session.scalar(select(func.count()).select_from(transports_of(org.id).subquery())) or 0) >= MOST_TRANSPORTS:
        raise Conflict(f"An organization may have {MOST_TRANSPORTS} event feeds. Remove one that is no longer used.")
    if uid and session.scalar(select(Transport.id).where(Transport.uid == uid)) is not None:
        raise Conflict("This event feed was switched on already. Its page shows what became of it.")
    now = clock_of(session)
    transport = Transport(uid=uid or new_uid(), org_id=org.id, kind=kind, created_at=now, updated_at=now)
    transport.name, transport.created_by = checked_name(terms["name"]), actor.label[:200]
    transport.types = checked_types(terms["types"], "types")
    password = _set_broker(session, org, transport, settings) if kind == "amqp" else ""
    if kind == "sqs":
        _set_queue(transport, settings, terms)
    transport.due_at = now
    session.add(transport)
    session.flush()
    record(session, org.id, actor, "transport.created", subject_of(transport), None, snapshot(transport))
    tell(session, transport, "transport.created")
    return Created(transport, password)


def change(
    session: Session, org: Organization, uid: str, actor: Actor, settings: Settings, terms: Mapping[str, Any]
) -> Transport:
    """Change `name`, `types`; of a queue also its address and, where they are given, its credentials. Raises Invalid."""
    transport = hold(session, org.id, uid)
    before = snapshot(transport)
    transport.name, transport.types = checked_name(terms["name"]), checked_types(terms["types"], "types")
    if transport.kind == "sqs" and _moves(transport, terms):
        _set_queue(transport, settings, terms)
    return _changed(session, transport, actor, before)


def rotate(session: Session, org: Organization, uid: str, actor: Actor, settings: Settings) -> Created:
    """A new password for an AMQP feed; the old one ends as soon as the broker has it. Raises Conflict for other kinds."""
    transport = hold(session, org.id, uid)
    if transport.kind != "amqp":
        raise Conflict("Only AMQP feeds have a password of ours. Change the queue's credentials instead.")
    password = _new_password(transport, settings)
    _soon(session, transport)
    record(session, org.id, actor, "transport.password_rotated", subject_of(transport))
    tell(session, transport, "transport.password_rotated")
    return Created(transport, password)


def pause(session: Session, org: Organization, uid: str, actor: Actor) -> Transport:
    """Keep what happens until it is resumed. Raises Conflict where it is not enabled."""
    return _switch(session, org, uid, actor, ("enabled",), "paused")


def resume(session: Session, org: Organization, uid: str, actor: Actor) -> Transport:
    """Send the backlog and go on. Raises Conflict where it is enabled."""
    return _switch(session, org, uid, actor, ("paused", "disabled"), "enabled")


def disable(session: Session, org: Organization, uid: str, actor: Actor) -> Transport:
    """Keep nothing from now on; what was waiting is canceled. Raises Conflict where it is off."""
    transport = _switch(session, org, uid, actor, ("enabled", "paused"), "disabled")
    _cancel_open(session, transport)
    return transport


def remove(session: Session, org: Organization, uid: str, actor: Actor) -> Transport:
    """For good: at the broker everything of it is taken away, here its credentials are erased and its log stays."""
    transport = hold(session, org.id, uid)
    before = snapshot(transport) | {"canceled": _cancel_open(session, transport)}
    tell(session, transport, "transport.removed")
    transport.deleted_at, transport.secret, transport.status = clock_of(session), None, "disabled"
    transport.setup = "removal" if transport.kind == "amqp" else "gone"
    _soon(session, transport)
    record(session, org.id, actor, "transport.removed", subject_of(transport), before, None)
    return transport


def send_test(session: Session, org: Organization, uid: str, actor: Actor) -> TransportMessage:
    """A message that is about nothing, over this transport alone. Raises Conflict where it is not enabled."""
    transport = hold(session, org.id, uid)
    if transport.status != "enabled":
        raise Conflict("This event feed is not enabled. Resume it first.")
    transport.sequence += 1
    message = TransportMessage(uid=new_uid(), org_id=org.id, transport_id=transport.id, type="transport.test", subject=new_uid())
    message.sequence, message.created_at = transport.sequence, clock_of(session)
    message.payload = {"note": "Sent by the test button. It is about nothing."}
    session.add(message)
    _soon(session, transport)
    record(session, org.id, actor, "transport.tested", subject_of(transport))
    return message


def resend(session: Session, org: Organization, uid: str, actor: Actor, message_uid: str) -> TransportMessage:
    """One message once more, with the same id. Raises NotFound, and Conflict where it is on its way or the feed is off."""
    transport = _listening(session, org, uid)
    message = message_by_uid(session, transport, message_uid)
    if not _again(session, transport, TransportMessage.id == message.id):
        raise Conflict("This message is on its way already.")
    record(session, org.id, actor, "transport.resent", subject_of(transport), None, {"message": message_uid})
    session.refresh(message)
    return message


def resend_failed(session: Session, org: Organization, uid: str, actor: Actor) -> int:
    """Everything that failed or was canceled, once more; how many. Raises Conflict where the feed is off."""
    transport = _listening(session, org, uid)
    count = _again(session, transport, TransportMessage.state.in_(("failed", "canceled")), TransportMessage.event_id.is_not(None))
    record(session, org.id, actor, "transport.resent", subject_of(transport), None, {"messages": count})
    return count


def resend_selected(session: Session, org: Organization, uid: str, actor: Actor, uids: Sequence[str]) -> int:
    """Those of these that are over, once more; how many. At most 500 (Invalid). Raises Conflict where the feed is off."""
    transport = _listening(session, org, uid)
    count = _again(session, transport, TransportMessage.uid.in_(_few(uids)))
    record(session, org.id, actor, "transport.resent", subject_of(transport), None, {"messages": count})
    return count


def cancel_selected(session: Session, org: Organization, uid: str, actor: Actor, uids: Sequence[str]) -> int:
    """Those of these that wait are not sent; how many. At most 500 (Invalid)."""
    transport = hold(session, org.id, uid)
    count = _cancel_open(session, transport, TransportMessage.uid.in_(_few(uids)))
    record(session, org.id, actor, "transport.canceled", subject_of(transport), None, {"messages": count})
    return count


def hold(session: Session, org_id: int, uid: str) -> Transport:
    """The transport, its row held until the unit of work ends. Raises NotFound."""
    transport = transport_by_uid(session, org_id, uid)
    session.refresh(transport, with_for_update={"key_share": True})
    return transport


def subject_of(transport: Transport) -> tuple[str, object, str]:
    """The transport as the audit log names it."""
    return "transport", transport.uid, transport.name


def snapshot(transport: Transport) -> dict[str, Any]:
    """What an audit row compares: no secret."""
    names = ("kind", "name", "types", "target", "role_arn", "status")
    return {name: getattr(transport, name) for name in names}


def tell(session: Session, transport: Transport, name: str) -> None:
    """Emit an event about the transport; where it leads stays out of it."""
    data = {"transport_id": transport.uid, "kind": transport.kind, "name": transport.name, "status": transport.status}
    emit(session, transport.org_id, name, transport.uid, data)


def _set_broker(session: Session, org: Organization, transport: Transport, settings: Settings) -> str:
    if not _VHOST.fullmatch(org.slug):
        raise Conflict("The organization's short name cannot name a feed. Use small letters, digits and hyphens.")
    taken = select(Transport.id).where(Transport.kind == "amqp", Transport.target == org.slug, Transport.setup != "gone")
    if session.scalar(taken) is not None:
        raise Conflict("There is an AMQP feed of this name, or one that is still being removed. Try again in a minute.")
    transport.target = org.slug
    return _new_password(transport, settings)


def _new_password(transport: Transport, settings: Settings) -> str:
    """Sealed until a worker has handed it to the broker."""
    password = secrets.token_urlsafe(24)
    close(settings.master, transport, {"password": password})
    transport.setup = "wanted"
    return password


def _set_queue(transport: Transport, settings: Settings, terms: Mapping[str, Any]) -> None:
    transport.region = region_of(terms["queue_url"], settings.webhook_local)
    transport.target, transport.role_arn = terms["queue_url"], terms.get("role_arn") or ""
    keys = terms.get("access_key_id") or "", terms.get("secret_access_key") or ""
    values = checked_credentials(*keys, transport.role_arn)
    transport.secret = None
    if values:
        close(settings.master, transport, values)


def _moves(transport: Transport, terms: Mapping[str, Any]) -> bool:
    """Is anything but name and types given? Another queue needs its credentials again: ours might be meant for one only."""
    if terms.get("access_key_id") or terms.get("secret_access_key"):
        return True
    if (terms["queue_url"], terms.get("role_arn") or "") == (transport.target, transport.role_arn):
        return False
    if not terms.get("role_arn"):
        raise Invalid("access_key_id", "Give the access key again: it is kept for the queue that it was given for.")
    return True


def _changed(session: Session, transport: Transport, actor: Actor, before: dict[str, Any]) -> Transport:
    _soon(session, transport)
    record(session, transport.org_id, actor, "transport.updated", subject_of(transport), before, snapshot(transport))
    tell(session, transport, "transport.updated")
    return transport


def _switch(session: Session, org: Organization, uid: str, actor: Actor, before: Sequence[str], after: str) -> Transport:
    transport = hold(session, org.id, uid)
    if transport.status not in before:
        raise Conflict(f"This event feed is {transport.status}.")
    was = snapshot(transport)
    transport.status = after
    return _changed(session, transport, actor, was)


def _listening(session: Session, org: Organization, uid: str) -> Transport:
    transport = hold(session, org.id, uid)
    if transport.status == "disabled":
        raise Conflict("This event feed is switched off. Resume it first.")
    return transport


def _soon(session: Session, transport: Transport) -> None:
    """Due at once, whatever it rested for: somebody has just mended or asked something."""
    transport.updated_at = transport.due_at = clock_of(session)
    transport.failures = 0
    session.flush()
    ring_after(session)


def _again(session: Session, transport: Transport, *which: Any) -> int:
    mine = TransportMessage.transport_id == transport.id, TransportMessage.state != "pending", *which
    values = {"state": "pending", "tries": 0, "note": "", "done_at": None}
    changed = session.execute(update(TransportMessage).where(*mine).values(values).execution_options(synchronize_session=False))
    _soon(session, transport)
    count: int = changed.rowcount  # type: ignore[attr-defined]
    return count


def _few(uids: Sequence[str]) -> Sequence[str]:
    if len(uids) > MOST_SELECTED:
        raise Invalid("id", f"{MOST_SELECTED} messages may be selected at most.")
    return uids


def _cancel_open(session: Session, transport: Transport, *which: Any) -> int:
    mine = TransportMessage.transport_id == transport.id, TransportMessage.state == "pending", *which
    values = {"state": "canceled", "done_at": clock_of(session)}
    change = update(TransportMessage).where(*mine).values(values).execution_options(synchronize_session=False)
    count: int = session.execute(change).rowcount  # type: ignore[attr-defined]
    return count


def backlog_of(session: Session, transport: Transport) -> int:
    """How many messages wait."""
    waiting = messages_of(transport).where(TransportMessage.state == "pending")
    return session.scalar(select(func.count()).select_from(waiting.subquery())) or 0
