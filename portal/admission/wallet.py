"""A wallet's signature as a credential: EIP-191 `personal_sign` of `lightchallenge:{timestamp}` (RULINGS 16).

Cheap checks come first; recovering the signer costs milliseconds, so it stands behind the window and a brake. Only the
canonical form is accepted (65 bytes, low s, v of 27 or 28): every other spelling of a signature could be sent twice.

eth-account is imported by the first call that needs it: half a second and 11 MB that most processes never spend.
"""

import re
import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, String, UniqueConstraint, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column
from werkzeug.datastructures import Headers

from portal.kernel.clock import utc_now
from portal.kernel.db import BigKey, Model, UTCDateTime
from portal.kernel.errors import Unauthenticated

NAMES = ("x-lc-address", "x-lc-signature", "x-lc-timestamp")
OLDEST_SECONDS, NEWEST_SECONDS = 300, 30
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}", re.ASCII)
_TIMESTAMP = re.compile(r"[1-9][0-9]{11,13}", re.ASCII)
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
USED = "This signature was used before. Sign the present time for each change."


class SpentSignature(Model):
    """One address and one timestamp authorize one change."""

    __tablename__ = "spent_signatures"
    __table_args__ = (UniqueConstraint("wallet", "timestamp", info={"says": USED}),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    wallet: Mapped[str] = mapped_column(String(42))
    timestamp: Mapped[int] = mapped_column(BigInteger)
    spent_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, index=True)


@dataclass(frozen=True, slots=True)
class Signed:
    """The three headers, well-formed and timely; not yet known to be true."""

    wallet: str
    signature: str
    timestamp: int


def signed_in_headers(headers: Headers) -> bool:
    """Does this request carry any part of a wallet's signature?"""
    return any(name in headers for name in NAMES)


def is_address(text: str) -> bool:
    """40 hex digits after 0x; where upper and lower case are mixed, the checksum of EIP-55 must be right."""
    if not ADDRESS.fullmatch(text):
        return False
    digits = text[2:]
    if digits in (digits.lower(), digits.upper()):
        return True
    from eth_utils import to_checksum_address

    return str(to_checksum_address(text.lower())) == text


def read_signed(headers: Headers, now: float | None = None) -> Signed:
    """The signature that the request carries. Raises Unauthenticated where a part is missing, misshapen or out of time."""
    wallet, signature, timestamp = (headers.get(name, "").strip() for name in NAMES)
    if not (wallet and signature and timestamp):
        raise Unauthenticated(f"A wallet's call carries {', '.join(NAMES)}. Send all three.")
    if not is_address(wallet):
        raise Unauthenticated("x-lc-address must be 0x and 40 hex digits, in lower case or with its checksum.")
    if not _SIGNATURE.fullmatch(signature) or not _canonical(bytes.fromhex(signature[2:])):
        raise Unauthenticated("x-lc-signature must be 0x and 130 hex digits: a canonical signature of 65 bytes.")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise Unauthenticated("x-lc-timestamp must be milliseconds since 1970.")
    age = (time.time() if now is None else now) - int(timestamp) / 1000
    if not -NEWEST_SECONDS <= age <= OLDEST_SECONDS:
        raise Unauthenticated("The signature is older than 5 minutes or lies ahead of our clock. Sign the present time.")
    return Signed(wallet, signature, int(timestamp))


def is_true(signed: Signed) -> bool:
    """Was it this wallet that signed? Some milliseconds of arithmetic."""
    from portal.admission.ethereum import Account, encode_defunct

    message = encode_defunct(text=f"lightchallenge:{signed.timestamp}")
    try:
        signer: str = Account.recover_message(message, signature=signed.signature)
    except Exception:  # what the curve refuses comes in many types; all mean the same
        return False
    return signer.lower() == signed.wallet.lower()


def spend(session: Session, signed: Signed) -> None:
    """Use the signature up, in the transaction of the change that it authorizes. Raises Unauthenticated the second time."""
    try:
        with session.begin_nested():
            session.add(SpentSignature(wallet=signed.wallet.lower(), timestamp=signed.timestamp))
    except IntegrityError:
        raise Unauthenticated(USED) from None


def prune(session: Session, before: datetime) -> None:
    """Forget those spent before `before`, which must be longer ago than a signature is good."""
    session.execute(delete(SpentSignature).where(SpentSignature.spent_at < before))


def _canonical(raw: bytes) -> bool:
    r, s, v = int.from_bytes(raw[:32]), int.from_bytes(raw[32:64]), raw[64]
    return r > 0 and 0 < s <= _HALF_ORDER and v in (27, 28)
