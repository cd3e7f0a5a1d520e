"""A process whose clock is wrong: `python -m tests.faults.skewed` is a worker that is TILTYARD_TEST_SKEW seconds ahead, and
`tests.faults.skewed:app` the application for a web server. Timers go on as before, and so does the database's clock."""

import os
import sys
import time
from datetime import datetime, tzinfo
from typing import Any, Self

from portal.kernel import clock

AHEAD = float(os.environ.get("TILTYARD_TEST_SKEW", "0"))
_true_time = time.time


class Skewed(datetime):
    """The only class that `kernel.clock` asks for the moment."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(_true_time() + AHEAD, tz)


def skew() -> None:
    """From here on this process is wrong about the time of day."""
    clock.datetime = Skewed
    time.time = lambda: _true_time() + AHEAD


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(name)
    skew()
    from app import app

    return app


if __name__ == "__main__":
    from portal import worker

    skew()
    sys.exit(worker.main())
