"""RQ as a doorbell: it makes waiting work start at once. The tables hold the truth, so a lost ring costs a second at most.

JSON, never pickle: whoever can write to Redis must not be able to run code in a worker (RELIABILITY T46).
"""

from functools import lru_cache

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from portal.kernel.log import log

REPLY_SECONDS = 0.25  # nothing in a request waits longer for Redis, and nothing asks twice
QUEUE = "tiltyard"
JOB_SECONDS = 300


@lru_cache(maxsize=4)
def connect(url: str, *, patient: bool = False) -> redis.Redis:
    """A client; `patient` ones (the worker's blocking pop) wait as long as they are told to."""
    if patient:
        return redis.Redis.from_url(url)
    return redis.Redis.from_url(
        url, socket_timeout=REPLY_SECONDS, socket_connect_timeout=REPLY_SECONDS, retry=Retry(NoBackoff(), 0)
    )


def ring(url: str, job: str, *ids: int) -> bool:
    """Ask a worker to run `job` (a dotted function name) with plain ids. False when Redis did not take it; the sweep will."""
    if url.startswith("memory:"):
        return False
    try:
        queue_of(connect(url)).enqueue(job, *ids, job_timeout=JOB_SECONDS, result_ttl=0, failure_ttl=86_400, description=job)
    except (RedisError, OSError) as error:
        log.warning("doorbell not heard", job=job, error=type(error).__name__)
        return False
    return True


def queue_of(client: redis.Redis) -> Queue:
    """The one queue. A worker on two queues can lose a job between pop and registration (RELIABILITY M16)."""
    return Queue(QUEUE, connection=client, serializer=JSONSerializer)
