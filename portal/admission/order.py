"""May this call enter? One ordered list, cheap and harmless checks first; each step passes (None) or returns a Refusal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import Headers

from portal.admission.caller import Full, KeyRecord, Pass, Refusal
from portal.admission.keyring import Keyring
from portal.admission.limits import Limits
from portal.admission.networks import admits
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.web.client_ip import Address

TWO_CREDENTIALS = Refusal("two_credentials", "This request carries two different credentials. Send one.")


@dataclass(slots=True)
class Attempt:
    """A call on its way in. `scope` may hold `{sport}`, filled from the route; None asks for any valid key."""

    credentials: tuple[str, ...]
    address: Address | None
    scope: str | None
    writes: bool
    sport: str | None
    keyring: Keyring
    limits: Limits
    key_digest: bytes = b""
    key: KeyRecord | None = None
    held: Pass | None = field(default=None)

    @property
    def record(self) -> KeyRecord:
        assert self.key is not None
        return self.key


def credential_present(attempt: Attempt) -> Refusal | None:
    if not attempt.credentials:
        return Refusal("missing_credential", "Send an API key as `Authorization: Bearer …` or `X-API-Key`.")
    if len(set(attempt.credentials)) > 1:
        return TWO_CREDENTIALS
    return None


def credential_well_formed(attempt: Attempt) -> Refusal | None:
    attempt.key_digest = digest(attempt.credentials[0])
    attempt.key = attempt.keyring.remembered(attempt.key_digest)
    if attempt.key is not None or attempt.keyring.book.well_formed(attempt.credentials[0]):
        return None
    return Refusal("bad_credential", "This is not a key: its form or its checksum is wrong. Check that it was copied whole.")


def key_known(attempt: Attempt) -> Refusal | None:
    """From memory within the second, else one look-up, which an address that guesses has to wait for."""
    if attempt.key is not None:
        return None
    keyring = attempt.keyring
    wait = keyring.may_guess(attempt.address, attempt.key_digest)
    if wait:
        return Refusal("brake", f"Too many unknown keys from this address. Wait {wait} seconds.", wait)
    attempt.key = keyring.look_up(attempt.key_digest)
    if attempt.key is not None:
        return None
    keyring.guessed(attempt.address)
    return Refusal("bad_credential", "This key is not known here.")


_DEAD = {
    "disabled": ("key_disabled", "This key is switched off. Whoever issued it can switch it on again."),
    "revoked": ("key_revoked", "This key was revoked. Issue a new one."),
    "retired": ("key_revoked", "This secret was rotated away. Use the key's new secret."),
}


def key_live(attempt: Attempt) -> Refusal | None:
    key = attempt.record
    if key.state in _DEAD:
        return Refusal(*_DEAD[key.state])
    if key.expires_at is not None and key.expires_at <= utc_now():
        return Refusal("key_expired", "This key has expired. Extend it or issue a new one.")
    return None


def organization_live(attempt: Attempt) -> Refusal | None:
    if attempt.record.org_live:
        return None
    return Refusal("organization_disabled", "This organization is switched off.")


def on_allowlist(attempt: Attempt) -> Refusal | None:
    key = attempt.record
    if admits(key.org_networks, attempt.address) and admits(key.networks, attempt.address):
        return None
    where = str(attempt.address) if attempt.address else "of this call, which cannot be read,"
    return Refusal("address", f"The address {where} is not on the allowlist. Add it in the organization's settings.")


def granted(attempt: Attempt) -> Refusal | None:
    key, scope = attempt.record, attempt.scope
    if scope is not None and scope not in key.scopes:
        return Refusal("scope", scope)
    if attempt.sport is not None and key.sports is not None and attempt.sport not in key.sports:
        return Refusal("resource", f"Sport '{attempt.sport}' is not in this key's sport_allowlist.")
    return None


def within_limits(attempt: Attempt) -> Refusal | None:
    """Rate, burst, day and concurrency in one round trip. The last step: a call refused before spends nothing."""
    key = attempt.record
    windows = key.writes if attempt.writes else key.reads
    answer = attempt.limits.enter(key.org_uid, key.key_uid, windows, key.concurrency)
    if isinstance(answer, Full):
        return refused_by_limits(answer)
    attempt.held = answer
    return None


def refused_by_limits(full: Full) -> Refusal:
    """In words."""
    words = "Rate limit exceeded." if full.reason == "rate" else "Too many calls in flight."
    return Refusal(full.reason, words, full.retry_after, full.quota)


Step = Callable[[Attempt], Refusal | None]
ORDER: tuple[Step, ...] = (
    credential_present,
    credential_well_formed,
    key_known,
    key_live,
    organization_live,
    on_allowlist,
    granted,
    within_limits,
)
# What is asked of a connection that lasts: at its start, and of its key again and again while it stands.
AT_THE_START = ORDER[:-1]
WHILE_IT_STANDS = (key_live, organization_live, on_allowlist, granted)


def decide(attempt: Attempt, order: Sequence[Step] = ORDER) -> Refusal | None:
    """None when the call is let in (with ORDER it then holds `attempt.held`), else the first refusal."""
    for step in order:
        refusal = step(attempt)
        if refusal is not None:
            return refusal
    return None


def credentials_in(headers: Headers, names: tuple[str, ...]) -> tuple[str, ...]:
    """Every credential in the request: the Bearer token and the headers of `names`."""
    found = []
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        found.append(token.strip())
    for name in names:
        value = headers.get(name)
        if value and value.strip():
            found.append(value.strip())
    return tuple(found)
