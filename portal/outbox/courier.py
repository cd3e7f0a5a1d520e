"""The thread that hands on what was committed: at the doorbell, and once a second without it."""

import threading
import time
from collections.abc import Callable, Sequence

from flask import Flask
from sqlalchemy import select

from portal.kernel.db import AWAY, reading, unit_of_work
from portal.kernel.log import log
from portal.outbox.doorbell import AGAIN, bell
from portal.outbox.model import Event
from portal.outbox.relay import Sink, relay, waiting_organizations
from portal.outbox.skew import ClockWatch

SWEEP_SECONDS = 1.0
LOOK_SECONDS = 0.02  # between two looks while the bell may have been rung for others too


class Courier:
    """`sinks` get the events (see `outbox.relay`); `then` is called whenever some were handed on."""

    def __init__(self, app: Flask, sinks: Sequence[Sink], then: Callable[[], object]) -> None:
        self._app, self._sinks, self._then = app, sinks, then
        self._stop = threading.Event()
        self._clock = ClockWatch()

    def run(self) -> None:
        """Until `stop`; what goes wrong is logged and tried again."""
        with self._app.app_context():
            while not self._stop.is_set():
                rung = bell.wait(SWEEP_SECONDS)
                bell.clear()
                until = time.monotonic() + (AGAIN if rung else 0)
                self._carry_all()
                while time.monotonic() < until and not self._stop.wait(LOOK_SECONDS):
                    self._carry_all()

    def stop(self) -> None:
        """End `run` soon."""
        self._stop.set()
        bell.set()

    def _carry_all(self) -> None:
        try:
            self._clock.look()
            while not self._stop.is_set() and _something_waits():
                if not self._carry():  # another worker is at it
                    return
                self._then()
        except Exception as error:  # the database may be away for a while
            log.error("events could not be handed on", exc_info=error)
            self._stop.wait(SWEEP_SECONDS)

    def _carry(self) -> int:
        """How many. One event that cannot be handed on must not keep those of other organizations."""
        try:
            return self._carry_of(None)
        except AWAY:
            raise
        except Exception as error:
            log.error("events could not be handed on together; each organization's by themselves", exc_info=error)
        with reading() as connection:
            waiting = waiting_organizations(connection)
        return sum(self._carry_alone(org_id) for org_id in waiting)

    def _carry_alone(self, org_id: int) -> int:
        try:
            return self._carry_of(org_id)
        except AWAY:
            raise
        except Exception as error:
            log.error("an organization's events could not be handed on", organization=org_id, exc_info=error)
            return 0

    def _carry_of(self, org_id: int | None) -> int:
        with unit_of_work() as session:
            return relay(session, self._sinks, only=org_id)


def _something_waits() -> bool:
    """Asked without a lock, so that looking costs nobody anything."""
    with reading() as connection:
        return connection.scalar(select(Event.id).where(Event.position.is_(None)).limit(1)) is not None
