"""When to try again (RULINGS 21): at once, then after 30 s, 2 min, 10 min, 1 h and 4 h; six tries, then failed."""

import random
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

DELAYS = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600, 14_400))
TRIES = len(DELAYS) + 1
JITTER = 0.1
LONGEST = 2.0  # times the plan: what a receiver may ask for at most
# Statuses that ask for less: the endpoint as a whole rests until its next try (Standard Webhooks).
SLOW_DOWN = frozenset({429, 502, 503, 504})
_SECONDS = re.compile(r"[0-9]{1,18}", re.ASCII)
_chance = random.SystemRandom()


def next_delay(tries: int, asked: timedelta | None, chance: random.Random = _chance) -> timedelta | None:
    """How long to wait after `tries` tries have failed, or None when it was the last one.

    `asked` is what the receiver said with Retry-After: it can only lengthen the plan, to twice its length at most.
    Jitter moves the moment by a tenth at most to both sides, but never before the one that was asked for.
    """
    if tries >= TRIES:
        return None
    plan = DELAYS[tries - 1]
    jittered = plan * (1 + chance.uniform(-JITTER, JITTER))
    if asked is None:
        return jittered
    return max(jittered, min(asked, plan * LONGEST))


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for: whole seconds or an HTTP date. None for what is neither, and for the past."""
    if value is None:
        return None
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return timedelta(seconds=min(int(value), 10**9))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return moment - now if moment > now else None
