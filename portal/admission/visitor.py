"""May this call enter without a key? By a wallet's signature, or as anybody where a route is public.

The same order as for keys: shape first, then time, then the brake, then arithmetic, then limits in one Redis round trip.
Who a wallet is in an organization is asked later, by the route that knows which organization is meant.
"""

from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import Headers

from portal.admission import wallet
from portal.admission.caller import Full, Pass, Refusal, Window
from portal.admission.order import TWO_CREDENTIALS, refused_by_limits
from portal.admission.wallet import Signed
from portal.kernel.crypto import digest
from portal.kernel.errors import Unauthenticated
from portal.web.client_ip import Address

# competition-api.txt, "Rate Limits": per API key or wallet address; anonymous reads count by network address.
READS = (Window("minute", 600, 60),)
WRITES = (Window("writes", 60, 60),)
IN_FLIGHT = 50


@dataclass(slots=True)
class Visit:
    """A call without a key on its way in."""

    headers: Headers
    address: Address | None
    carries_key: bool
    signed: bool
    writes: bool
    gate: Any
    bucket: str = ""


def decide_visit(visit: Visit) -> Refusal | tuple[Pass, Signed | None]:
    """The slot and the checked signature (None for nobody), or why not."""
    if not wallet.signed_in_headers(visit.headers):
        return _within_limits(visit, f"address:{visit.address}", None)
    if visit.carries_key:
        return TWO_CREDENTIALS
    if not visit.signed:
        return Refusal("missing_credential", "This call takes an API key, not a wallet's signature.")
    try:
        proof = wallet.read_signed(visit.headers)
    except Unauthenticated as error:
        return Refusal("bad_credential", error.message)
    keyring = visit.gate.keyring
    wait = keyring.may_guess(visit.address, digest(proof.signature))
    if wait:
        return Refusal("brake", f"Too many signatures that are not true from this address. Wait {wait} seconds.", wait)
    if not wallet.is_true(proof):
        keyring.guessed(visit.address)
        return Refusal("bad_credential", "The signature is not of this wallet over `lightchallenge:` and the timestamp.")
    return _within_limits(visit, f"wallet:{proof.wallet.lower()}", proof)


def _within_limits(visit: Visit, bucket: str, proof: Signed | None) -> Refusal | tuple[Pass, Signed | None]:
    visit.bucket = bucket
    answer = visit.gate.limits.enter(bucket, bucket, WRITES if visit.writes else READS, IN_FLIGHT)
    if isinstance(answer, Full):
        return refused_by_limits(answer)
    return answer, proof
