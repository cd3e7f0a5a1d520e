"""The RQ worker: `python -m portal.worker`. Jobs are functions that take ids and open their own unit of work."""

import signal
import sys
import time
from contextlib import suppress
from types import FrameType

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from portal import create_app
from portal.config import Settings
from portal.kernel.log import log
from portal.kernel.queue import connect, queue_of


class Worker(SimpleWorker):
    """Remembers that it was told to stop: with Redis away too, where RQ fails while it asks for its own state."""

    stopping = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        Worker.stopping = True
        with suppress(RedisError):
            super().request_stop(signum, frame)


def main() -> int:
    """Work until told to stop; wait for Redis when it is away."""
    app = create_app()
    settings: Settings = app.config["SETTINGS"]
    if settings.limits_in_memory:
        log.warning("no Redis: the clock process does all background work")
        while True:
            time.sleep(3600)
    client = connect(settings.redis_url, patient=True)
    # In one process: a job is a few short transactions, holds a lease, and is swept up if this process dies.
    # `worker_ttl` bounds how long an idle worker is blind to maintenance (RELIABILITY M13).
    with app.app_context():
        while True:
            try:
                worker = Worker([queue_of(client)], connection=client, serializer=JSONSerializer, worker_ttl=30)
                worker.work(with_scheduler=False, logging_level="WARNING")
                return 0
            except RedisError as error:
                if Worker.stopping:
                    return 0
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, signal.SIG_DFL)  # RQ's handlers would raise in the midst of the nap
                log.warning("Redis is away; the worker tries again", error=type(error).__name__)
                time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
