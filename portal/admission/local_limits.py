"""Limits within one process: all there is in development without Redis, and the fallback when Redis does not answer."""

import threading
import time
from collections import Counter
from collections.abc import Sequence

from portal.admission.caller import Full, Pass, Quota, Window

MOST_WINDOWS = 20_000


class LocalLimits:
    """Each process of `processes` grants its share of every limit, at least 1, so that together they stay near it."""

    def __init__(self, processes: int = 1) -> None:
        self._processes = processes
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}  # (start, count)
        self._flight: Counter[str] = Counter()

    def enter(self, org: str, key: str, windows: Sequence[Window], concurrency: int) -> Pass | Full:
        now = time.time()
        with self._lock:
            quota, wait = self._look(key, windows, now)
            if wait:
                return Full("rate", max(1, int(-(-wait // 1))), quota)
            if self._flight[org] >= self._share(concurrency):
                return Full("concurrency", 1, quota)
            self._flight[org] += 1
            for window in windows:
                start, count = self._open(key, window, now)
                self._windows[key, window.name] = (start, count + 1)
        return Pass(quota, local=True)

    def leave(self, org: str, held: Pass) -> None:
        with self._lock:
            self._flight[org] -= 1
            if not self._flight[org]:
                del self._flight[org]

    def _look(self, key: str, windows: Sequence[Window], now: float) -> tuple[Quota | None, float]:
        """The tightest window if this call were let in, and how long the fullest one stays shut (0: open)."""
        if len(self._windows) > MOST_WINDOWS:
            self._windows.clear()
        tightest: Quota | None = None
        wait = 0.0
        for window in windows:
            start, count = self._open(key, window, now)
            limit, ends = self._share(window.limit), start + window.seconds
            quota = Quota(limit, max(0, limit - count - 1), int(-(-ends // 1)))
            if count >= limit and ends - now > wait:
                tightest, wait = quota, ends - now
            if not wait and (tightest is None or quota.remaining < tightest.remaining):
                tightest = quota
        return tightest, wait

    def _open(self, key: str, window: Window, now: float) -> tuple[float, int]:
        start, count = self._windows.get((key, window.name), (now, 0))
        return (start, count) if start <= now < start + window.seconds else (now, 0)

    def _share(self, limit: int) -> int:
        return max(1, limit // self._processes)
