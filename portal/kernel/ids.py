"""Identifiers. Rows are joined by small integers; the world sees a random UUID, or a number where a contract prints one."""

import uuid

from portal.kernel.errors import Invalid


def new_uid() -> str:
    """A random UUID (version 4) in its printed form. It names a thing and is never a secret."""
    return str(uuid.uuid4())


def parse_uid(field: str, text: str) -> str:
    """The canonical form of a UUID that somebody sent; raises Invalid naming `field`."""
    try:
        canonical = str(uuid.UUID(text))
    except (ValueError, AttributeError, TypeError):
        canonical = ""
    if not canonical or canonical != str(text).lower():
        raise Invalid(field, f"{field} must be a UUID such as f47ac10b-58cc-4372-a567-0e02b2c3d479.")
    return canonical
