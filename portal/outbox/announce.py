"""Telling the live streams whose events were handed on, once that is committed. Whoever misses it looks a second later."""

import contextlib
from collections.abc import Sequence

from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from portal.kernel.db import after_commit
from portal.kernel.queue import connect
from portal.outbox.model import Event
from portal.outbox.relay import Sink

CHANNEL = "tiltyard:events"


def announcer(redis_url: str) -> Sink:
    """A sink that publishes the numbers of the organizations on CHANNEL: nothing that anybody else could use or forge."""

    def announce(session: Session, events: Sequence[Event]) -> None:
        told = " ".join(map(str, sorted({event.org_id for event in events})))
        after_commit(session, lambda: _publish(redis_url, told))

    return announce


def _publish(redis_url: str, told: str) -> None:
    if redis_url.startswith("memory:"):
        return
    with contextlib.suppress(RedisError, OSError):
        connect(redis_url).publish(CHANNEL, told)
