"""Keys as this process remembers them, for less than a second, and the brake on guessing.

A revocation must hold everywhere within a second whatever Redis does, so no other cache of keys exists.
"""

import ipaddress
import threading
import time

from portal.admission.caller import KeyBook, KeyRecord
from portal.web.client_ip import Address

REMEMBER_SECONDS = 0.9  # counted from before the look-up, so that look-up and memory together stay below a second
MOST_KEYS = 5_000
GUESSES = 20  # well-formed but unknown keys from one address before the brake holds
GUESS_EVERY = 2.0  # seconds until one more is allowed
FAMILIAR_SECONDS = 600.0


class Keyring:
    def __init__(self, book: KeyBook) -> None:
        self.book = book
        self._lock = threading.Lock()
        self._asking = [threading.Lock() for _ in range(64)]
        self._known: dict[bytes, tuple[float, KeyRecord]] = {}
        self._familiar: dict[bytes, float] = {}
        self._guesses: dict[str, tuple[float, float]] = {}  # address -> (guesses left, at)

    def remembered(self, key_digest: bytes) -> KeyRecord | None:
        """The record if it was looked up less than a second ago."""
        held = self._known.get(key_digest)
        return held[1] if held is not None and time.monotonic() < held[0] else None

    def look_up(self, key_digest: bytes) -> KeyRecord | None:
        """The record from the database, remembered from now on; None for an unknown key."""
        # One look-up at a time for one key: fifty first calls at once must not ask for fifty connections.
        with self._asking[key_digest[0] % len(self._asking)]:
            return self.remembered(key_digest) or self._ask(key_digest)

    def _ask(self, key_digest: bytes) -> KeyRecord | None:
        until = time.monotonic() + REMEMBER_SECONDS
        record = self.book.find(key_digest)
        with self._lock:
            if record is None:
                self._known.pop(key_digest, None)
                self._familiar.pop(key_digest, None)
            else:
                if len(self._known) >= MOST_KEYS:
                    self._known.clear()
                    self._familiar.clear()
                self._known[key_digest] = (until, record)
                self._familiar[key_digest] = until + FAMILIAR_SECONDS
        return record

    def may_guess(self, address: Address | None, key_digest: bytes) -> int:
        """0 when a look-up is allowed, else the seconds to wait. Keys seen good lately are not guesses."""
        if time.monotonic() < self._familiar.get(key_digest, 0):
            return 0
        left = self._guesses_left(neighbourhood(address))
        return 0 if left >= 1 else max(1, int(-(-(1 - left) * GUESS_EVERY // 1)))

    def guessed(self, address: Address | None) -> None:
        """An unknown key came from `address`."""
        where = neighbourhood(address)
        with self._lock:
            if len(self._guesses) >= MOST_KEYS:
                self._guesses.clear()
            self._guesses[where] = (self._guesses_left(where) - 1, time.monotonic())

    def _guesses_left(self, where: str) -> float:
        left, at = self._guesses.get(where, (float(GUESSES), 0.0))
        return min(float(GUESSES), left + (time.monotonic() - at) / GUESS_EVERY)


def neighbourhood(address: Address | None) -> str:
    """One IPv4 address, or the /64 that an IPv6 host may roam in."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
