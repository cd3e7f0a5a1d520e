"""What an integrator may hang on a link: a JSON object, small and shallow enough to be carried everywhere."""

import json
from typing import Any

from portal.kernel.errors import Invalid

MOST_BYTES = 8 * 1024
DEEPEST = 8


def checked_metadata(value: dict[str, Any] | None, field: str = "metadata") -> dict[str, Any] | None:
    """`value` itself. Raises Invalid beyond 8 KB printed as JSON (UTF-8), 8 levels, or with text no database keeps."""
    if not value:
        return value
    if _depth(value) > DEEPEST:
        raise Invalid(field, f"{field} is nested more than {DEEPEST} levels deep. Make it flatter.")
    try:
        printed = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise Invalid(field, f"{field} holds text that is not valid Unicode. Send it as UTF-8.") from None
    except ValueError:
        raise Invalid(field, f"{field} holds a number that JSON does not have. Use ordinary numbers.") from None
    if b"\\u0000" in printed:
        raise Invalid(field, f"{field} holds a NUL character. Remove it.")
    if len(printed) > MOST_BYTES:
        raise Invalid(field, f"{field} has {len(printed):,} bytes. Use at most {MOST_BYTES:,}.")
    return value


def _depth(value: Any) -> int:
    """Levels of nesting, counted no further than one beyond what is allowed."""
    levels, layer = 0, [value]
    while layer and levels <= DEEPEST:
        inner = [list(item.values()) if isinstance(item, dict) else item for item in layer if isinstance(item, dict | list)]
        layer = [child for children in inner for child in children]
        levels += bool(inner)
    return levels
