"""What admission knows of a key, and of a call that it let in. Plain frozen values, no database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from portal.admission.networks import Network


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` calls in `seconds`. `name` tells windows of one key apart."""

    name: str
    limit: int
    seconds: int


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as admission needs it, held for at most a second. None in `sports`, `games`, `streams` means all."""

    key_id: int
    secret_id: int
    key_uid: str
    label: str
    kind: str
    state: str  # live, disabled, revoked or retired (its secret was rotated away)
    expires_at: datetime | None
    scopes: frozenset[str]
    sports: tuple[str, ...] | None
    games: frozenset[int] | None
    streams: frozenset[int] | None
    reads: tuple[Window, ...]
    writes: tuple[Window, ...]
    rate_per_minute: int
    networks: tuple[Network, ...]
    org_id: int
    org_uid: str
    org_name: str
    org_slug: str
    org_live: bool
    org_networks: tuple[Network, ...]
    concurrency: int


@dataclass(frozen=True, slots=True)
class Quota:
    """The tightest window after this call: `reset` in unix seconds."""

    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True, slots=True)
class Caller:
    """A call that was let in."""

    key: KeyRecord
    address: str

    @property
    def org_id(self) -> int:
        return self.key.org_id

    def has(self, scope: str) -> bool:
        return scope in self.key.scopes


@dataclass(frozen=True, slots=True)
class Guest:
    """A call without a key that was let in: signed by `wallet` (as the caller spells it), or by nobody ("")."""

    wallet: str
    address: str


@dataclass(frozen=True, slots=True)
class Pass:
    """Let in: give `lease` back when the call is over."""

    quota: Quota | None
    lease: bytes = b""
    local: bool = False


@dataclass(frozen=True, slots=True)
class Full:
    """Not let in: `reason` is rate or concurrency, `retry_after` whole seconds."""

    reason: str
    retry_after: int
    quota: Quota | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that was not: `reason` is one of web.problems.STATUS, `retry_after` in seconds."""

    reason: str
    message: str
    retry_after: int = 0
    quota: Quota | None = field(default=None)


class KeyBook(Protocol):
    """What the keys room gives admission when the application is put together."""

    def well_formed(self, text: str) -> bool:
        """Prefix, length, alphabet and checksum fit: no look-up."""

    def find(self, digest: bytes) -> KeyRecord | None:
        """The record behind the SHA-256 of a key: one indexed statement."""

    def find_all(self, digests: Sequence[bytes]) -> dict[bytes, KeyRecord]:
        """The records of many keys, for connections that last; unknown ones are left out."""

    def note(self, key: KeyRecord, address: str, route: str, outcome: str, detail: str, user_agent: str) -> None:
        """Count a call. `outcome` is `ok` or the reason of a refusal. Never waits, never fails."""
