"""Secrets that a form makes: the same form gives the same ones again, so a double click or a reload repeats the answer.

A form carries a random attempt, which its sender alone knows. Only digests of what is derived from it are kept.
"""

import hashlib
import hmac
import re
import secrets
import uuid

from portal.kernel.crypto import base64url, derive
from portal.kernel.errors import Invalid

_ATTEMPT = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
STALE = "This page was open for too long. What you wrote is kept: send it again."


def new_attempt() -> str:
    """192 random bits for a form's hidden field."""
    return secrets.token_urlsafe(24)


def checked_attempt(text: str | None) -> str:
    """Raises Invalid for what no form of ours carries."""
    if text is None or not _ATTEMPT.fullmatch(text):
        raise Invalid("attempt", STALE)
    return text


def token_of(master: str, purpose: str, attempt: str) -> str:
    """256 bits as 43 letters, which nobody works out without the attempt and the installation's key."""
    return base64url(_bytes(master, f"token:{purpose}", attempt))


def uid_of(master: str, purpose: str, attempt: str) -> str:
    """A public id that goes with it, and does not tell it."""
    return str(uuid.UUID(bytes=_bytes(master, f"uid:{purpose}", attempt)[:16], version=4))


def _bytes(master: str, purpose: str, attempt: str) -> bytes:
    return hmac.new(derive(master, "registration"), f"{purpose}:{attempt}".encode(), hashlib.sha256).digest()
