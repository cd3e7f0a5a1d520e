"""Counting calls without making them wait: an in-process tally that one thread writes to the database every two seconds.

A call costs a dictionary update. What could not be written stays in the tally for the next time; beyond MOST_TALLIES
the caller's address is given up, never the count.
"""

import atexit
import os
import re
import threading
import time
import weakref
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from multiprocessing import util as multiprocessing_util

from flask import Flask

from portal.admission.caller import KeyRecord
from portal.kernel.db import unit_of_work
from portal.kernel.log import log
from portal.keys.tally_store import Refused, Tallied, write

FLUSH_SECONDS = 2.0
MOST_TALLIES = 20_000
REFUSALS_KEPT = 20

# (key, secret, address, class of program, outcome, hours since 1970)
Slot = tuple[int, int, str, str, str, int]


@dataclass(slots=True)
class Tally:
    """Calls that are alike. Moments are unix seconds."""

    calls: int
    first_at: float
    last_at: float
    route: str


class Meter:
    """The tally of one process. Safe for any number of threads, and empty again in a forked child."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._begin()
        itself = weakref.ref(self)

        def in_child() -> None:
            meter = itself()
            if meter is not None:
                meter._begin()

        os.register_at_fork(after_in_child=in_child)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._tallies: dict[Slot, Tally] = {}
        self._refusals: dict[int, list[Refused]] = {}
        self._thread: threading.Thread | None = None

    def note(self, key: KeyRecord, address: str, route: str, outcome: str, detail: str, user_agent: str) -> None:
        """Count one call. Never waits for the database, never fails."""
        now, route = time.time(), storable(route)
        slot = (key.key_id, key.secret_id, address, program(user_agent), outcome, int(now // 3600))
        with self._lock:
            self._count(slot, now, route)
            if outcome != "ok":
                kept = self._refusals.setdefault(key.key_id, [])
                if len(kept) < REFUSALS_KEPT:
                    kept.append(Refused(key.key_id, now, address, route, outcome, storable(detail)))
            started = self._thread is not None
        if not started:
            self._start()

    def flush(self) -> bool:
        """Write what was counted; False when that failed and the counts were kept. One writer at a time."""
        with self._writing:
            with self._lock:
                tallies, self._tallies = self._tallies, {}
                refusals, self._refusals = self._refusals, {}
            if not tallies:
                return True
            try:
                with self._app.app_context(), unit_of_work() as session:
                    refused = list(chain.from_iterable(refusals.values()))
                    write(session, [_tallied(slot, tally) for slot, tally in tallies.items()], refused)
                return True
            except Exception as error:  # whatever is wrong with the database, the counts are tried again
                log.warning("counts of calls were not written; they are kept", slots=len(tallies), error=type(error).__name__)
                self._keep(tallies, refusals)
                return False

    def _count(self, slot: Slot, now: float, route: str) -> None:
        tally = self._tallies.get(slot)
        if tally is None and len(self._tallies) >= MOST_TALLIES:
            slot = (slot[0], slot[1], "", "", slot[4], slot[5])
            tally = self._tallies.get(slot)
        if tally is None:
            self._tallies[slot] = Tally(1, now, now, route)
            return
        tally.calls += 1
        tally.last_at, tally.route = now, route

    def _keep(self, tallies: dict[Slot, Tally], refusals: dict[int, list[Refused]]) -> None:
        """Put back what was not written, older than anything counted since."""
        with self._lock:
            newer, self._tallies = self._tallies, tallies
            for slot, tally in newer.items():
                old = tallies.get(slot)
                if old is None:
                    tallies[slot] = tally
                else:
                    old.calls += tally.calls
                    old.last_at, old.route = tally.last_at, tally.route
            for key_id, rows in refusals.items():
                self._refusals[key_id] = [*rows, *self._refusals.get(key_id, [])][-REFUSALS_KEPT:]

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="key-meter", daemon=True)
        # A worker process of multiprocessing leaves without atexit, an ordinary one without the finalizers.
        atexit.register(self.flush)
        multiprocessing_util.Finalize(None, self.flush, exitpriority=10)
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is on its way out; the exit handlers write
            pass

    def _run(self) -> None:
        while True:
            time.sleep(FLUSH_SECONDS)
            self.flush()


def storable(text: str) -> str:
    """`text` without what PostgreSQL refuses to keep: one `%00` in an address would hold up every count after it."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


@lru_cache(maxsize=4096)
def program(user_agent: str) -> str:
    """The class of program behind a User-Agent: `curl`, `python-requests`, `Browser`, or `Unknown`."""
    if user_agent.startswith("Mozilla/"):
        return "Browser"
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,31}", user_agent)
    return found[0].rstrip() if found else "Unknown"


def _tallied(slot: Slot, tally: Tally) -> Tallied:
    key_id, secret_id, address, agent, outcome, hour = slot
    seen = tally.calls, tally.first_at, tally.last_at, tally.route
    return Tallied(key_id, secret_id, address, agent, outcome, hour, *seen)
