"""Rates and concurrency: every window and a slot in flight, taken together in one Redis round trip or not at all.

Rates are counted in windows that open with their first call. Concurrency is a sorted set of leases, never a counter: a
process that is killed gives its slots back when its leases run out (RELIABILITY M33). A refused call spends nothing.
A slot is given back by a command whose reply nobody waits for; it is read before the next reply on that connection.
"""

import itertools
import os
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import redis
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from portal.admission.caller import Full, Pass, Quota, Window
from portal.admission.local_limits import LocalLimits
from portal.admission.script import ENTER, ENTER_SHA
from portal.kernel.queue import REPLY_SECONDS
from portal.web.metrics import limiter_fallbacks

MISSES_TO_OPEN = 3
PROBE_SECONDS = (1.0, 5.0)


class Limits(Protocol):
    """The whole interface: a later version may lease budget to each process behind it."""

    def enter(self, org: str, key: str, windows: Sequence[Window], concurrency: int) -> Pass | Full:
        """Take one call from every window and one slot, or nothing."""

    def leave(self, org: str, held: Pass) -> None:
        """Give the slot back, without waiting."""


class RedisLimits:
    """The shared limits. With Redis away or frozen: a share of each limit in this process, and a metric says so."""

    def __init__(self, url: str, lease_seconds: float, processes: int) -> None:
        self._lease_ms = b"%d" % int(lease_seconds * 1000)
        self._local = LocalLimits(processes)
        self._breaker = Breaker()
        self._pool = redis.ConnectionPool.from_url(
            url, socket_timeout=REPLY_SECONDS, socket_connect_timeout=REPLY_SECONDS, protocol=2, retry=None
        )
        self._mine = threading.local()
        self._lease_ids = itertools.count()
        self._lease_prefix = os.urandom(9).hex().encode()

    def enter(self, org: str, key: str, windows: Sequence[Window], concurrency: int) -> Pass | Full:
        if self._breaker.closed():
            try:
                answer = self._ask(org, key, windows, concurrency)
                self._breaker.fine()
                return answer
            except (RedisError, OSError) as error:
                self._drop()
                self._breaker.missed(frozen=isinstance(error, RedisTimeout))
        limiter_fallbacks.inc()
        return self._local.enter(org, key, windows, concurrency)

    def leave(self, org: str, held: Pass) -> None:
        if held.local:
            self._local.leave(org, held)
            return
        line: Line | None = getattr(self._mine, "line", None)
        if line is None:
            return
        try:
            line.send_unread(_pack(b"ZREM", b"tiltyard:flight:" + org.encode(), held.lease))
        except (RedisError, OSError):
            self._drop()  # the lease runs out by itself

    def _ask(self, org: str, key: str, windows: Sequence[Window], concurrency: int) -> Pass | Full:
        lease = b"%s-%d" % (self._lease_prefix, next(self._lease_ids))
        before, after, count = _question(org, key, tuple(windows), concurrency, self._lease_ms)
        asked = b"%s$%d\r\n%s\r\n%s" % (before, len(lease), lease, after)
        code, limit, remaining, reset_ms, wait_ms = self._line().ask(asked, count)
        quota = Quota(limit, remaining, -(-reset_ms // 1000)) if windows else None
        if code == 0:
            return Pass(quota, lease)
        return Full("rate" if code == 1 else "concurrency", max(1, -(-wait_ms // 1000)), quota)

    def _line(self) -> "Line":
        """This thread's own connection."""
        line: Line | None = getattr(self._mine, "line", None)
        if line is None:
            line = self._mine.line = Line(self._pool)
        return line

    def _drop(self) -> None:
        line: Line | None = getattr(self._mine, "line", None)
        if line is not None:
            line.close()
            del self._mine.line


class Line:
    """One connection of one thread, on which replies may be left unread until the next question."""

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._connection: Any = pool.make_connection()
        self._unread = 0
        self._used = False

    def ask(self, tail: bytes, count: int) -> list[int]:
        """The script's answer to `count` packed arguments; the script itself is sent once after Redis forgot it."""
        try:
            return self._exchange(b"*%d\r\n%s%s" % (count + 2, _BY_SHA, tail))
        except NoScriptError:
            return self._exchange(b"*%d\r\n%s%s" % (count + 2, _BY_TEXT, tail))
        except redis.exceptions.ConnectionError as error:
            # An idle connection that Redis closed (a restart) answers with end-of-file at once: one fresh try costs
            # nothing. A timeout is not tried again: the quarter second is spent.
            if not self._used or isinstance(error, RedisTimeout):
                raise
            self.close()
            return self.ask(tail, count)

    def send_unread(self, command: bytes) -> None:
        self._connection.send_packed_command([command], check_health=False)
        self._unread += 1

    def close(self) -> None:
        self._connection.disconnect()
        self._unread, self._used = 0, False

    def _exchange(self, command: bytes) -> list[int]:
        self._connection.send_packed_command([command], check_health=False)
        while self._unread:
            self._unread -= 1
            try:
                self._connection.read_response(disable_decoding=True)
            except ResponseError:
                pass  # the answer to a slot given back; the lease runs out by itself
        answer: list[int] = self._connection.read_response(disable_decoding=True)
        self._used = True
        return answer


class Breaker:
    """Opens after three misses in a row; then one call in a while tries again, the others do not wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._misses = 0
        self._wait = PROBE_SECONDS[0]
        self._try_at = 0.0

    def closed(self) -> bool:
        """True when this call may ask Redis. While open, only the first caller after the wait may."""
        if self._misses < MISSES_TO_OPEN:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._try_at:
                return False
            self._wait = min(self._wait * 2, PROBE_SECONDS[1])
            self._try_at = now + self._wait
            return True

    def fine(self) -> None:
        if self._misses:
            self._misses, self._wait = 0, PROBE_SECONDS[0]

    def missed(self, *, frozen: bool) -> None:
        """A frozen Redis costs a quarter second a try, so it counts for all three."""
        with self._lock:
            self._misses = MISSES_TO_OPEN if frozen else self._misses + 1
            self._try_at = max(self._try_at, time.monotonic() + self._wait)


def _pack(*parts: bytes) -> bytes:
    """A RESP2 command."""
    return b"*%d\r\n%s" % (len(parts), _strings(*parts))


def _strings(*parts: bytes) -> bytes:
    return b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


_BY_SHA, _BY_TEXT = _strings(b"EVALSHA", ENTER_SHA), _strings(b"EVAL", ENTER)


@lru_cache(maxsize=4096)
def _question(org: str, key: str, windows: tuple[Window, ...], concurrency: int, lease_ms: bytes) -> tuple[bytes, bytes, int]:
    """The script's arguments before and after the lease, packed, and how many there are with it: the same for every call
    of a key."""
    before = (b"2", b"tiltyard:rate:" + key.encode(), b"tiltyard:flight:" + org.encode())
    after = [b"%d" % concurrency, lease_ms]
    for window in windows:
        after += (window.name.encode(), b"%d" % window.limit, b"%d" % (window.seconds * 1000))
    return _strings(*before), _strings(*after), len(before) + 1 + len(after)
