"""The RQ worker: `python -m portal.worker`. Jobs are functions that take ids and open their own unit of work."""

import sys
import time

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from portal import create_app
from portal.config import Settings
from portal.kernel.log import log
from portal.kernel.queue import connect, queue_of


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
                worker = SimpleWorker([queue_of(client)], connection=client, serializer=JSONSerializer, worker_ttl=30)
                worker.work(with_scheduler=False, logging_level="WARNING")
                return 0
            except RedisError as error:
                log.warning("Redis is away; the worker tries again", error=type(error).__name__)
                time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
