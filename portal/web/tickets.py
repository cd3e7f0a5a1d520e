"""Tickets with which a page of the back office follows something at the live stream, which knows no cookies."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass

from portal.kernel.crypto import base64url, derive, same

SECONDS = 60  # to connect; what is followed is told as "there is news", never as what
PURPOSE = "live ticket"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Which channel of which organization."""

    org_id: int
    channel: str


def write_ticket(master: str, ticket: Ticket, user: str) -> str:
    """Signed text for an address; `user` makes it traceable."""
    body = json.dumps([ticket.org_id, ticket.channel, user, int(time.time()) + SECONDS]).encode()
    return f"{base64url(body)}.{base64url(_mark(master, body))}"


def read_ticket(master: str, text: str) -> Ticket | None:
    """The ticket, None where it is forged, spoilt or late."""
    body, _, mark = text.partition(".")
    try:
        plain = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (ValueError, binascii.Error):
        return None
    if not same(mark, base64url(_mark(master, plain))):
        return None
    org_id, channel, _user, until = json.loads(plain)
    return Ticket(org_id, channel) if until > time.time() else None


def _mark(master: str, body: bytes) -> bytes:
    return hmac.digest(derive(master, PURPOSE), body, hashlib.sha256)
