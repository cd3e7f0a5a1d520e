"""The body of a delivery: the same bytes at every try, since they depend on the event and the delivery alone."""

from datetime import datetime
from typing import Any

from portal.kernel.clock import iso
from portal.outbox.bodies import json_bytes, trimmed

MOST_BYTES = 20_000  # Standard Webhooks: payloads stay below 20 kB


def body_of(
    *,
    event_uid: str,
    type_name: str,
    created_at: datetime,
    sequence: int,
    org_uid: str,
    data: dict[str, Any],
    base_url: str,
    test: bool = False,
) -> bytes:
    """`{"id", "type", "timestamp", "sequence", "org_id", "data"}`, UTF-8, without spaces.

    `sequence` is the delivery's number at its endpoint: a receiver that misses one asks for it. A test says `"test": true`.
    Over 20,000 bytes `data` is trimmed to what names things (`trimmed`), never refused.
    """
    whole = {"id": event_uid, "type": type_name, "timestamp": iso(created_at), "sequence": sequence, "org_id": org_uid}
    if test:
        whole["test"] = True
    body = json_bytes(whole | {"data": data})
    if len(body) <= MOST_BYTES:
        return body
    return json_bytes(whole | {"data": trimmed(data, f"{base_url}/api/v1/events/{event_uid}", MOST_BYTES)})
