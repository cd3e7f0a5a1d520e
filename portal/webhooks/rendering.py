"""The body of a delivery: the same bytes at every try, since they depend on the event and the delivery alone."""

import json
from datetime import datetime
from typing import Any

from portal.kernel.clock import iso

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
    return json_bytes(whole | {"data": trimmed(data, f"{base_url}/api/v1/events/{event_uid}")})


def trimmed(data: dict[str, Any], address: str) -> dict[str, Any]:
    """What is left of data that is too long: numbers, ids and other short texts of the top level, in their order and as far
    as they fit, then `truncated` and `full_url`, where a key with `webhooks:read` gets all of it."""
    kept: dict[str, Any] = {}
    room = MOST_BYTES // 2
    for name, value in data.items():
        if value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 200):
            room -= len(json_bytes({name: value}))
            if room >= 0:
                kept[name] = value
    return kept | {"truncated": True, "full_url": address}


def json_bytes(value: Any) -> bytes:
    # A lone half of a surrogate pair, which JSON texts can hold, is written as the escape that it came as.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
