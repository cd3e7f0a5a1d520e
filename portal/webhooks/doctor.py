"""Why does a signature not fit? A received request, the secrets that may have signed it, and what we sent: pure.

Each check is a row of CHECKS, asked in its order; the first that finds something says it. So the rarest guess comes last.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.kernel.json_text import loads
from portal.outbox.bodies import json_bytes
from portal.webhooks.received import Received
from portal.webhooks.signing import legacy_signature, standard_signature

TOLERANCE_SECONDS = 300  # what the libraries of Standard Webhooks allow
TRIO = ("webhook-id", "webhook-timestamp", "webhook-signature")
_LEGACY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Signer:
    """A secret that may have signed: of which webhook, whether the present one (`until` None) or one that ends."""

    webhook: str
    secret: str
    mine: bool = True
    old: bool = False
    until: datetime | None = None


@dataclass(frozen=True)
class Case:
    """All that is known. `prefix` is that of our own headers, `sent` the body that we sent with this id, `at` when the
    receiver's clock says that it came, `now` by our clock."""

    received: Received
    signers: Sequence[Signer]
    prefix: str
    now: datetime
    sent: bytes | None = None
    at: datetime | None = None

    @property
    def legacy(self) -> str:
        return self.received.header(f"{self.prefix}-Signature")

    @property
    def id(self) -> str:
        return self.received.header("webhook-id")

    @property
    def timestamp(self) -> int | None:
        text = self.received.header("webhook-timestamp")
        return int(text) if re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) else None

    def fits(self, signer: Signer, body: bytes) -> bool:
        """Did this secret sign this body? By the Standard Webhooks header where there is one, or else by the page's."""
        given = self.received.header("webhook-signature").split()
        if given and self.timestamp is not None:
            wanted = standard_signature(signer.secret, self.id, self.timestamp, body)
            return any(_same(wanted, one) for one in given)
        return self.fits_legacy(signer, body)

    def fits_legacy(self, signer: Signer, body: bytes) -> bool:
        """By the page's header alone, over the body alone."""
        return _same(legacy_signature(signer.secret, body), self.legacy)


@dataclass(frozen=True)
class Finding:
    """`verdict` is good, warning or bad; `code` names it; then what is the matter, and what to do."""

    verdict: str
    code: str
    title: str
    advice: str


def diagnose(case: Case) -> Finding:
    """What is the matter."""
    found = (check(case) for check in CHECKS)
    return next(finding for finding in found if finding is not None)


def _nothing(case: Case) -> Finding | None:
    if case.received.headers or case.received.body:
        return None
    return Finding("bad", "empty", "There is nothing to look at", "Paste the headers, an empty line and the body.")


def _no_headers(case: Case) -> Finding | None:
    missing = [name for name in TRIO if not case.received.header(name)]
    if not missing or case.legacy:
        return None
    said = "The signature's headers are missing" if len(missing) == len(TRIO) else f"{', '.join(missing)} missing"
    advice = f"Paste {', '.join(TRIO)} too, or {case.prefix}-Signature. If your server never saw them, a proxy takes them away."
    return Finding("bad", "headers", said, advice)


def _no_body(case: Case) -> Finding | None:
    if case.received.body:
        return None
    advice = (
        "Paste the body below the headers, after an empty line. If your program sees none, something has read it "
        "before: verify before the body is parsed."
    )
    return Finding("bad", "body", "The body is empty", advice)


def _bad_timestamp(case: Case) -> Finding | None:
    if not case.received.header("webhook-timestamp") or case.timestamp is not None:
        return None
    advice = "It is the number of seconds since 1970, as the header has it. Use it as text, without turning it into a date."
    return Finding("bad", "timestamp", "webhook-timestamp is not a whole number", advice)


def _wrong_prefix(case: Case) -> Finding | None:
    given = case.received.header("webhook-signature").split()
    if given and not any(one.startswith("v1,") and _is_base64(one[3:]) for one in given):
        form = "v1, and base64 of 32 bytes, several of them parted by spaces"
        return Finding(
            "bad", "prefix", "webhook-signature does not look like one of ours", f"It must be {form}. Keep the v1, part."
        )
    if not given and not _LEGACY.fullmatch(case.legacy.removeprefix("sha256=")):
        form = "sha256= and 64 hexadecimal digits in small letters"
        return Finding("bad", "prefix", f"{case.prefix}-Signature does not look like one of ours", f"It must be {form}.")
    if not given and not case.legacy.startswith("sha256="):
        advice = "The header's value begins with sha256=. Compare it whole, or take that part away before you compare."
        return Finding("bad", "prefix", "sha256= is missing", advice)
    return None


def _right(case: Case) -> Finding | None:
    if not any(case.fits(signer, case.received.body) for signer in case.signers if signer.mine and not signer.old):
        return None
    if clock := _clock(case):
        return clock
    advice = "Your program should accept it. If it does not, it uses another secret: rotate it here and store the new one."
    if not case.received.header("webhook-signature"):
        advice += " Only the older header was pasted; it does not cover the time."
    return Finding("good", "right", "The signature is right", advice)


def _clock(case: Case) -> Finding | None:
    if case.timestamp is None:
        return None
    apart = (case.at or case.now).timestamp() - case.timestamp
    if abs(apart) <= TOLERANCE_SECONDS:
        return None
    side = "after" if apart > 0 else "before"
    title = f"The signature is right, but the time is {_span(abs(apart))} {side} it was signed"
    if case.at is not None or apart < 0:
        advice = "Libraries refuse more than five minutes. Your server's clock is off: set it by NTP."
    else:
        advice = (
            "Libraries refuse more than five minutes. That is plain for an old request that you look at now; if it was "
            "refused when it came, write what your server's clock said, or verify before the request waits in a queue."
        )
    return Finding("warning", "clock", title, advice)


def _old_secret(case: Case) -> Finding | None:
    for signer in case.signers:
        if signer.mine and signer.old and case.fits(signer, case.received.body):
            when = f"{signer.until:%d %b %Y, %H:%M} UTC" if signer.until else "the rotation"
            over = signer.until is None or signer.until <= case.now
            title = f"It was signed with the old secret, which {'signed' if over else 'signs'} until {when}"
            advice = "Store the new secret in your program. What is tried again is signed anew, with the secret of that moment."
            return Finding("warning", "old-secret", title, advice)
    return None


def _other_webhook(case: Case) -> Finding | None:
    for signer in case.signers:
        if not signer.mine and case.fits(signer, case.received.body):
            advice = "Each webhook has a secret of its own. Verify this request with that one's, or correct one of the addresses."
            return Finding("bad", "other-webhook", f"It belongs to another webhook: {signer.webhook}", advice)
    return None


def _other_bytes(case: Case) -> Finding | None:
    """The body was changed on its way into the program; which change, a table says."""
    for code, title, advice, bodies in CHANGES:
        for body in bodies(case):
            if body != case.received.body and any(case.fits(signer, body) for signer in case.signers):
                return Finding("bad", code, title, advice)
    return None


def _other_parts(case: Case) -> Finding | None:
    """The older header fits, which covers the body alone: then the id or the time is another one."""
    if case.legacy and any(case.fits_legacy(signer, case.received.body) for signer in case.signers):
        advice = "The body is as we sent it. webhook-id, webhook-timestamp and webhook-signature must come from the same request."
        return Finding("bad", "parts", "The id or the time is not the one that was signed", advice)
    return None


def _unknown(case: Case) -> Finding | None:
    if case.sent is not None and case.sent != case.received.body:
        where = next((at for at, pair in enumerate(zip(case.sent, case.received.body, strict=False)) if pair[0] != pair[1]), None)
        place = min(len(case.sent), len(case.received.body)) if where is None else where
        advice = f"It differs from the body of delivery {case.id} from byte {place + 1:,} on. Sign the bytes as they came."
        return Finding("bad", "changed", "This is not the body that we sent", advice)
    known = "the body is the one that we sent, so" if case.sent is not None else "either the body was changed, or"
    advice = (
        f"None of this organization's secrets gives this signature: {known} it was signed with a secret that is gone, or "
        "the header was changed. Send a test event and compare with it."
    )
    return Finding("bad", "unknown", "No secret of yours gives this signature", advice)


CHECKS: tuple[Callable[[Case], Finding | None], ...] = (
    _nothing,
    _no_headers,
    _no_body,
    _bad_timestamp,
    _wrong_prefix,
    _right,
    _old_secret,
    _other_webhook,
    _other_bytes,
    _other_parts,
    _unknown,
)


def _trimmed(case: Case) -> Iterator[bytes]:
    yield case.received.body.rstrip(b"\r\n")


def _padded(case: Case) -> Iterator[bytes]:
    yield from (case.received.body.strip(), case.received.body.removeprefix(b"\xef\xbb\xbf"))


def _line_ends(case: Case) -> Iterator[bytes]:
    yield case.received.body.replace(b"\n", b"\r\n")
    yield case.received.body.replace(b"\r\n", b"\n")


def _truncated(case: Case) -> Iterator[bytes]:
    if case.sent is not None and len(case.sent) > len(case.received.body) and case.sent.startswith(case.received.body):
        yield case.sent


def _reserialised(case: Case) -> Iterator[bytes]:
    """The same JSON in our own spelling; in our own order too where we know what was sent."""
    try:
        value = loads(case.received.body.decode())
    except ValueError:
        return
    yield json_bytes(value)
    yield json.dumps(value, separators=(",", ":")).encode()
    if case.sent is not None and json.loads(case.sent) == value:
        yield case.sent


CHANGES: tuple[tuple[str, str, str, Callable[[Case], Iterator[bytes]]], ...] = (
    (
        "newline",
        "A line end was added to the body",
        "The body has none at its end. Read it as bytes, not by lines, and do not add one when you store or forward it.",
        _trimmed,
    ),
    (
        "padded",
        "White space or a byte-order mark stands around the body",
        "Use the bytes as they came, without reading them as text first.",
        _padded,
    ),
    (
        "line-ends",
        "The line ends of the body were changed",
        "Something between us turned LF into CR LF or back. Verify the bytes as they came, before they pass through text.",
        _line_ends,
    ),
    (
        "truncated",
        "The body is cut off",
        "Its beginning is what we sent. Raise the limit of your server or framework for request bodies (we send up to 20 kB).",
        _truncated,
    ),
    (
        "reserialised",
        "It is the same JSON in other bytes",
        "Your program parsed the body and wrote it again before it verified. Verify the raw bytes: express.raw(), "
        "request.get_data(), php://input, io.ReadAll, request.body.read.",
        _reserialised,
    ),
)  # fmt: skip


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _is_base64(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _span(seconds: float) -> str:
    """In the largest unit that fits."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:.0f} seconds"
