"""What `bench/delivery.py` compares with: RQ's own worker, one job per delivery. `python -m bench.plain_job REDIS_URL`.

Everything is imported before RQ forks, so that a job costs its fork and its request, not its imports.
"""

import sys
import time

import requests
from rq import Worker
from rq.serializers import JSONSerializer

from portal.kernel.queue import connect, queue_of
from portal.webhooks.signing import new_secret, signature_headers

SECRET, NAME = new_secret(), "match.completed"
BODY = b'{"type":"match.completed","data":{"n":1,"score_a":2,"score_b":0}}'


def headers_of(number: int) -> dict[str, str]:
    """The same signing on every side of the comparison."""
    signed = signature_headers("X-LightChallenge", [SECRET], f"msg_{number}", NAME, int(time.time()), BODY)
    return signed | {"Content-Type": "application/json"}


def deliver(port: int, number: int) -> None:
    """The job."""
    requests.post(f"http://127.0.0.1:{port}/", data=BODY, headers=headers_of(number), timeout=15)


if __name__ == "__main__":
    client = connect(sys.argv[1], patient=True)
    Worker([queue_of(client)], connection=client, serializer=JSONSerializer).work(logging_level="ERROR")
