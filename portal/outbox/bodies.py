"""Event data as JSON bytes, and what is left of it where a transport's messages have to be short."""

import json
from typing import Any


def json_bytes(value: Any) -> bytes:
    """UTF-8 without spaces. A lone half of a surrogate pair, which JSON can hold, is written as the escape that it came as."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def trimmed(data: dict[str, Any], address: str, most: int) -> dict[str, Any]:
    """What is left of data that is too long for a message of `most` bytes: numbers, ids and other short texts of the top level,
    in their order and as far as half of it goes, then `truncated` and `full_url`, where a key with `webhooks:read` gets all."""
    kept: dict[str, Any] = {}
    room = most // 2
    for name, value in data.items():
        if value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 200):
            room -= len(json_bytes({name: value}))
            if room >= 0:
                kept[name] = value
    return kept | {"truncated": True, "full_url": address}
