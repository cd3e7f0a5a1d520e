"""What a message says, in a form that people can read: each thing that goes out for it, with its envelope."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from sqlalchemy.orm import Session

from portal.kernel.errors import Fault, PortalError
from portal.transports.composing import letters_of
from portal.transports.envelope import Entry
from portal.transports.model import Transport, TransportMessage
from portal.transports.xml_messages import Publish

SHOWN = 20  # of a recovery, which may bring thousands


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that goes out: (name, value) of its envelope, its body with indents, and the bytes of the body as sent."""

    facts: Sequence[tuple[str, str]]
    body: str
    size: int


def parts_of(
    session: Session, transport: Transport, message: TransportMessage, now: datetime, base_url: str
) -> tuple[list[Part], int]:
    """The first SHOWN of what goes out for a message, and how many there are. Nothing where it can no longer be made."""
    try:
        (letter,) = letters_of(session, transport, [message], now, base_url)
    except (PortalError, Fault):
        return [], 0
    if letter.entry:
        return [_of_queue(letter.entry)], 1
    return [_of_broker(each) for each in letter.publishes[:SHOWN]], len(letter.publishes)


def _of_queue(entry: Entry) -> Part:
    body = json.dumps(json.loads(entry.body), indent=2, ensure_ascii=False)
    return Part((("Deduplication id", entry.id), ("Message group", entry.group)), body, len(entry.body.encode()))


def _of_broker(publish: Publish) -> Part:
    root = ElementTree.fromstring(publish.body)  # noqa: S314 - what we have just written
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    facts = [("Routing key", publish.routing_key), ("Message id", publish.message_id)]
    return Part([*facts, *publish.headers.items()], body, len(publish.body))
