"""What a delivery says and what came back, in a form that people can read, copy and try again."""

import json
import shlex

from sqlalchemy.orm import Session

from portal.kernel.json_text import loads
from portal.orgs.model import Organization
from portal.outbox.model import Event
from portal.webhooks.model import Attempt, Delivery
from portal.webhooks.outgoing import Sources, body_for


def body_as_sent(session: Session, delivery: Delivery, org: Organization, base_url: str) -> bytes:
    """The delivery's body, byte for byte."""
    event = session.get(Event, delivery.event_id) if delivery.event_id is not None else None
    return body_for(delivery, Sources({event.id: event} if event else {}, {org.id: org.uid}), base_url)


def curl_of(attempt: Attempt, body: bytes) -> str:
    """The try as a line for a shell: the signatures of that moment are in it, the secret is not."""
    parts = [f"curl -g -X POST {shlex.quote(attempt.url)}"]  # -g: brackets in an address are no list of addresses
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in attempt.request_headers.items()]
    return " \\\n  ".join([*parts, f"--data-binary {shlex.quote(body.decode('utf-8', 'replace'))}"])


def readable(body: bytes) -> str:
    """JSON with indents; anything else as the text that it is."""
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
