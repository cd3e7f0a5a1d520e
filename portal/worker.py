"""The worker: `python -m portal.worker`. RQ's jobs are functions that take ids and open their own unit of work.

Beside them three threads look at the tables once a second, and at once when the doorbell rings: one hands on what happened,
one sends webhooks, one serves transports. They need no Redis.
"""

import gc
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from flask import Flask
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from portal import create_app
from portal.config import Settings
from portal.kernel.log import log
from portal.kernel.queue import connect, queue_of
from portal.outbox.announce import announcer
from portal.outbox.courier import Courier
from portal.transports.carrier import Carrier
from portal.transports.fan_out import hand_over
from portal.webhooks.deliverer import Deliverer
from portal.webhooks.fan_out import fan_out


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
    # What was imported stays. A full collection goes through all of it, 0.14 s in which no thread sends: a third of the time.
    gc.collect()
    gc.freeze()
    settings: Settings = app.config["SETTINGS"]
    with deliveries(app):
        if settings.queue_url.startswith("memory:"):
            log.warning("no RQ: the clock process does its work")
            return _wait_for_the_end()
        return _work(app, settings)


@contextmanager
def deliveries(app: Flask) -> Iterator[None]:
    """The three threads, for as long as the block lasts."""
    senders = Deliverer(app), Carrier(app)
    settings: Settings = app.config["SETTINGS"]

    def wake() -> None:
        for sender in senders:
            sender.wake()

    courier = Courier(app, [fan_out, hand_over, announcer(settings.redis_url)], wake)
    threads = [threading.Thread(target=each.run, name=type(each).__name__, daemon=True) for each in (courier, *senders)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for each in (courier, *senders):
            each.stop()
        for thread in threads:
            thread.join()


def _wait_for_the_end() -> int:
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    over.wait()
    return 0


def _work(app: Flask, settings: Settings) -> int:
    client = connect(settings.queue_url, patient=True)
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
