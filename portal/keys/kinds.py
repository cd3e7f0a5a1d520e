"""The kinds of key: how each is printed, and the limits it starts with (RULINGS 1 and 5).

The last characters of the random part are the CRC-32 of everything before them, prefix included, so a mistyped key is
refused without a look-up, and anybody can tell one of ours in a leak. All slips of one character change the CRC.
"""

import re
import secrets
import string
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

HEX = "0123456789abcdef"
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
PREFIX_SHOWN, LAST_SHOWN = 8, 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls allowed per window; None means that there is no such window. `writes_per_minute` stands in for
    `per_minute` on unsafe methods."""

    per_minute: int = 600
    writes_per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    burst_10s: int | None = None

    def least(self, other: "Limits") -> "Limits":
        """The tighter of the two, window by window."""
        both: dict[str, Any] = {name: _least(getattr(self, name), getattr(other, name)) for name in LIMIT_NAMES}
        return replace(self, **both)

    def exceeds(self, other: "Limits") -> list[str]:
        """Names of the windows in which this allows more than `other`."""
        return [name for name in LIMIT_NAMES if getattr(self.least(other), name) != getattr(self, name)]


LIMIT_NAMES = ("per_minute", "writes_per_minute", "per_hour", "per_day", "burst_10s")


@dataclass(frozen=True, slots=True)
class Kind:
    """`length` counts the characters after the prefix, `checksum` those at their end that are the CRC-32."""

    name: str
    label: str
    sentence: str
    prefix: str
    length: int
    limits: Limits
    sandbox_prefix: str = ""
    alphabet: str = HEX
    checksum: int = 8
    pattern: re.Pattern[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        letters = "0-9a-f" if self.alphabet == HEX else "0-9A-Za-z"
        object.__setattr__(self, "pattern", re.compile(f"[{letters}]{{{self.length}}}", re.ASCII))

    def new_secret(self, *, sandbox: bool = False) -> str:
        """A fresh key in its printed form. `sandbox` chooses the other prefix where the kind has one."""
        head = (self.sandbox_prefix if sandbox and self.sandbox_prefix else self.prefix) + "".join(
            secrets.choice(self.alphabet) for _ in range(self.length - self.checksum)
        )
        return head + checksum(head, self.alphabet, self.checksum)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "competition",
            "Competition",
            "Organizations, teams, competitions, matches, seasons, webhooks and branding under /api/v1.",
            "lc_",
            64,
            Limits(per_minute=600, writes_per_minute=60, per_hour=1000),
        ),
        Kind(
            "casino",
            "Casino",
            "Tournaments, players and results for a casino, under /api/tournaments.",
            "sk_live_",
            40,
            Limits(per_minute=1000, burst_10s=100),
            sandbox_prefix="sk_test_",
        ),
        Kind(
            "game_platform",
            "Game platform",
            "Checks player tokens and reads tournament settings under /api/internal.",
            "internal_",
            40,
            Limits(per_minute=5000, burst_10s=500),
        ),
        Kind(
            "feed",
            "Feed",
            "Matches, markets and live streams of chosen sports, as JSON or XML.",
            "vbk_",
            24,
            Limits(per_minute=600),
            alphabet=BASE62,
            checksum=6,
        ),
        Kind(
            "agent",
            "Agent",
            "Game providers, launches, operators and balances under /v1.",
            "",
            32,
            Limits(per_minute=1000),
        ),
        Kind(
            "session",
            "Session",
            "Creates and revokes one-time session links for players.",
            "dpk_",
            40,
            Limits(per_minute=60, per_day=10_000),
        ),
    )
}
_BY_PREFIX = {prefix: kind for kind in KINDS.values() for prefix in (kind.prefix, kind.sandbox_prefix or kind.prefix)}


def well_formed(text: str) -> bool:
    """Prefix, length, alphabet and checksum fit those of a kind. No look-up, no error for any text."""
    mark = text.rfind("_") + 1
    kind = _BY_PREFIX.get(text[:mark])
    if kind is None or not kind.pattern.fullmatch(text, mark):
        return False
    head = text[: -kind.checksum]
    return text[-kind.checksum :] == checksum(head, kind.alphabet, kind.checksum)


def checksum(head: str, alphabet: str, length: int) -> str:
    """CRC-32 of `head` in the digits of `alphabet`, padded to `length`."""
    number = zlib.crc32(head.encode("ascii"))
    if alphabet == HEX:
        return f"{number:0{length}x}"
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        digits = alphabet[digit] + digits
    return digits


def _least(one: int | None, other: int | None) -> int | None:
    """None allows most."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
