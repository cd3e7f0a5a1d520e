"""Secrets and signatures: the page's `sha256=` header and the Standard Webhooks trio, over the same bytes."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from portal.kernel.crypto import Master, seal, unseal

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """`whsec_` and the base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sealed(master: Master, org_id: int, uid: str, purpose: str, plain: str) -> bytes:
    """`plain` sealed for one column of one endpoint's row; in any other it does not open."""
    return seal(master, plain.encode(), bound_to(org_id, uid, purpose))


def opened(master: Master, org_id: int, uid: str, purpose: str, closed: bytes) -> str:
    """Raises Fault when the master key is another one or the bytes come from another row."""
    return unseal(master, closed, bound_to(org_id, uid, purpose)).decode()


def legacy_signature(secret: str, body: bytes) -> str:
    """`sha256=` and the hex HMAC-SHA256 of the body, keyed with the secret's text as it was shown (competition-api.txt)."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard_signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`, keyed with the bytes that the secret stands for."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


def signature_headers(
    prefix: str, live: Sequence[str], message_id: str, name: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Every header of ours on a delivery. `live` are the secrets that sign, the newest first.

    The page's header holds one signature. While a secret is rotated it is the oldest living one's, so that a receiver goes
    on working until the overlap is ended; the newest one's stands beside it. The Standard Webhooks header holds all.
    """
    headers = {
        f"{prefix}-Signature": legacy_signature(live[-1], body),
        f"{prefix}-Event": name,
        f"{prefix}-Delivery": message_id,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(standard_signature(secret, message_id, timestamp, body) for secret in live),
    }
    if len(live) > 1:
        headers[f"{prefix}-Signature-Next"] = legacy_signature(live[0], body)
    return headers


def bound_to(org_id: int, uid: str, purpose: str) -> str:
    return f"webhook_endpoints:{org_id}:{uid}:{purpose}"
