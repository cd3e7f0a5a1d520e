"""Telling the workers that there is something to hand on, once it is committed. A bell that is not heard costs a second.

A process rings at most once in `QUIET` seconds. Whoever hears it looks again for twice as long, so that a commit whose own
ring was left out is found by the one before: see `AGAIN`. Where Redis does not answer, nobody waits for it again for a second.
"""

import threading
import time

from flask import current_app, has_app_context
from sqlalchemy.orm import Session

from portal.kernel.db import after_commit
from portal.kernel.queue import ring

QUIET = 0.05
AGAIN = 2 * QUIET
DEAF_SECONDS = 1.0
HEARD = "portal.outbox.doorbell.heard"

_lock = threading.Lock()
_rung = 0.0
# Set in the process whose RQ worker took the job; the thread that hands on waits for it.
bell = threading.Event()


def ring_after(session: Session) -> None:
    """Ring when the unit of work of `session` has committed, however many events it leaves."""
    if _ring not in session.info.get("after_commit", ()):
        after_commit(session, _ring)


def heard() -> None:
    """The job itself: it only wakes the thread."""
    bell.set()


def _ring() -> None:
    global _rung
    if has_app_context() and _may_ring() and not ring(current_app.config["SETTINGS"].queue_url, HEARD):
        _rung = time.monotonic() + DEAF_SECONDS - QUIET


def _may_ring() -> bool:
    global _rung
    with _lock:
        now = time.monotonic()
        if now - _rung < QUIET:
            return False
        _rung = now
        return True
