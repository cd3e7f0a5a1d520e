"""Digests, sealing and signing keys. Nothing here knows what it protects."""

import base64
import hashlib
import hmac
import os
from contextlib import suppress
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.kernel.errors import Fault


def digest(text: str) -> bytes:
    """SHA-256 of a secret with at least 96 random bits; such a secret needs no slow hash."""
    return hashlib.sha256(text.encode()).digest()


def same(one: str | bytes, other: str | bytes) -> bool:
    """Equality that takes the same time wherever the two differ."""
    left = one.encode() if isinstance(one, str) else one
    right = other.encode() if isinstance(other, str) else other
    return hmac.compare_digest(left, right)


def derive(master: str, purpose: str) -> bytes:
    """A 32-byte key for one purpose, so that no two uses share a key."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(master.encode())


@dataclass(frozen=True, slots=True)
class Master:
    """The installation's secret key and, until what it sealed is sealed anew, the one before. Only the first one seals."""

    key: str = field(repr=False)
    before: str = field(default="", repr=False)


def seal(master: Master, plain: bytes, bound_to: str) -> bytes:
    """AES-256-GCM, bound to its row: the bytes of one row do not open in another (RELIABILITY M42)."""
    nonce = os.urandom(12)
    return nonce + AESGCM(derive(master.key, "seal")).encrypt(nonce, plain, bound_to.encode())


def unseal(master: Master, sealed: bytes, bound_to: str) -> bytes:
    """Open what `seal` closed; raises Fault when the key or the row is another, or nothing is there."""
    for key in filter(None, (master.key, master.before)):
        with suppress(InvalidTag, ValueError):  # which of them a few bytes raise is the library's affair
            return AESGCM(derive(key, "seal")).decrypt(sealed[:12], sealed[12:], bound_to.encode())
    raise Fault("sealed bytes do not open: wrong secret key, or moved from another row")


def seal_anew(master: Master, sealed: bytes, bound_to: str) -> bytes | None:
    """The same under the present key; None where that one sealed it. Raises Fault as `unseal` does."""
    with suppress(Fault):
        unseal(Master(master.key), sealed, bound_to)
        return None
    return seal(master, unseal(master, sealed, bound_to), bound_to)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
