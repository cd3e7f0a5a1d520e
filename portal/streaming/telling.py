"""From events to frames: at the bell, and within a second without it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portal.kernel.clock import utc_now
from portal.kernel.log import log
from portal.markets.fields import Fixture
from portal.outbox.announce import CHANNEL
from portal.streaming import matches
from portal.streaming.channels import tell_channels
from portal.streaming.frames import MARKET_FRAMES, MARKETS, as_json, head
from portal.streaming.hub import LOOK_SECONDS, Hub, sooner
from portal.streaming.matches import Happened
from portal.streaming.tenants import Audience, Tenant

QUIET_SECONDS = 0.05  # between two looks, however often the bell rings
RECONNECT_SECONDS = 1.0
ANEW = timedelta(seconds=5)
# Everything is read anew: what they change may be on any match.
WIDE = frozenset({"team.updated", "competition.updated", "competition.deleted", "competition.started", "competition.canceled"})


async def listen_for_bells(hub: Hub) -> None:
    """Ring whenever the relay announces something. With Redis away the second's look does without."""
    url = hub.settings.redis_url
    while not url.startswith("memory:"):
        try:
            async with Redis.from_url(url, socket_connect_timeout=1) as client, client.pubsub() as channel:
                await channel.subscribe(CHANNEL)
                async for _message in channel.listen():
                    hub.bell.set()
        except (RedisError, OSError) as error:
            log.warning("no bell for the stream; it looks again and again", error=type(error).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)


async def tell(hub: Hub) -> None:
    """For ever: look, tell, wait."""
    while True:
        await _look(hub)
        await asyncio.sleep(QUIET_SECONDS)
        try:
            async with asyncio.timeout(LOOK_SECONDS - QUIET_SECONDS):
                await hub.bell.wait()
        except TimeoutError:
            pass
        hub.bell.clear()


async def _look(hub: Hub) -> None:
    seen = {org_id: tenant.seen for org_id, tenant in hub.tenants.items() if tenant.seen is not None}
    if not seen:
        return
    at = await hub.read_first(matches.places, list(seen))
    behind = {org_id: place for org_id, place in seen.items() if at.get(org_id, 0) > place}
    found: dict[int, list[Happened]] = defaultdict(list)
    for event in await hub.read_first(matches.happened, behind) if behind else ():
        found[event.org_id].append(event)
    now = utc_now()
    for tenant in list(hub.tenants.values()):
        events, due = found.get(tenant.org_id, []), tenant.due is not None and tenant.due <= now
        if events or due:
            await _tell_or_pass(hub, tenant, events, due=due)
    if sum(map(len, found.values())) >= matches.MOST_EVENTS:
        hub.bell.set()  # there is more


async def _tell_or_pass(hub: Hub, tenant: Tenant, events: Sequence[Happened], *, due: bool) -> None:
    """What one organization has must not silence the others: what cannot be told is passed over, and all is read anew."""
    try:
        await _tell_tenant(hub, tenant, events, due=due)
    except (OperationalError, PoolTimeout):
        raise
    except Exception as error:
        log.error("what happened in an organization could not be told", org_id=tenant.org_id, exc_info=error)
        tenant.due = sooner(tenant.due, utc_now() + ANEW)
        if events and tenant.seen is not None:
            tenant.seen = max(tenant.seen, events[-1].position)


async def _tell_tenant(hub: Hub, tenant: Tenant, found: Sequence[Happened], *, due: bool) -> None:
    async with tenant.lock:
        # Whoever came since the reading began with a later place.
        events = [event for event in found if tenant.seen is not None and event.position > tenant.seen]
        if due:
            tenant.due = None
        if due or any(event.type in WIDE for event in events):
            await _tell_matches(hub, tenant, None)
        elif changed := _changed(events):
            await _tell_matches(hub, tenant, changed)
        if removed := [event.subject for event in events if event.type == "match.removed"]:
            for audience in tenant.audiences.values():
                audience.remove(removed)
        await tell_channels(hub, tenant, events)
        # Last: what fails above is told once more, and only these frames would be told twice.
        await _tell_markets(hub, tenant, [event for event in events if event.type in MARKET_FRAMES])
        if events:
            tenant.seen = events[-1].position


def _changed(events: Sequence[Happened]) -> set[str]:
    matches = {event.subject for event in events if event.type.startswith("match.")}
    return matches | {event.data["match_id"] for event in events if event.type in MARKET_FRAMES and "match_id" in event.data}


async def _tell_matches(hub: Hub, tenant: Tenant, changed: set[str] | None) -> None:
    """`changed` None: everything that somebody listens to."""
    by_sport: dict[str, list[Audience]] = defaultdict(list)
    for audience in tenant.audiences.values():
        by_sport[audience.wanted.sport].append(audience)
    for sport, audiences in by_sport.items():
        fixtures = await _fixtures(hub, tenant.org_id, sport, audiences, changed)
        tenant.due = sooner(tenant.due, matches.next_hour(fixtures))
        for audience in audiences:
            audience.change(fixtures)


async def _fixtures(hub: Hub, org_id: int, sport: str, audiences: Sequence[Audience], changed: set[str] | None) -> list[Fixture]:
    """What these audiences have to look at again."""
    lists = [audience for audience in audiences if not audience.wanted.match]
    alone = {audience.wanted.match for audience in audiences if audience.wanted.match}
    if changed is not None:
        return await hub.read_first(matches.matches_named, org_id, sport, changed if lists else changed & alone)
    first = await hub.read_first(matches.first_matches, org_id, sport) if lists else []
    # What was told as open and is no longer among the first; and offers, which a list does not read.
    others = alone.union(*(audience.picture.open for audience in lists)) - ({each.id for each in first} - alone)
    named = await hub.read_first(matches.matches_named, org_id, sport, others)
    return named + [each for each in first if each.id not in others]


async def _tell_markets(hub: Hub, tenant: Tenant, events: Sequence[Happened]) -> None:
    """Events of offers are frames as they stand."""
    audiences = [each for each in tenant.audiences.values() if MARKETS in each.wanted.scopes]
    if not (events and audiences):
        return
    sports = await hub.read_first(matches.sports_of, {event.competition for event in events if event.competition})
    for event in events:
        frame, match = head(event.type, as_json(event.data)), event.data.get("match_id")
        for audience in _concerned(audiences, sports.get(event.competition or ""), match):
            audience.push([frame])
        await asyncio.sleep(0)  # let them be sent: hundreds may come at once


def _concerned(audiences: Iterable[Audience], sport: str | None, match: str | None) -> Iterable[Audience]:
    return (each for each in audiences if each.wanted.sport == sport and each.wanted.match in ("", match))
