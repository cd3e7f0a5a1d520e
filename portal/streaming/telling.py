"""From events to frames: at the bell, and once a second without it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from portal.kernel.clock import utc_now
from portal.kernel.log import log
from portal.markets.fields import Fixture
from portal.outbox.announce import CHANNEL
from portal.streaming import matches
from portal.streaming.channels import tell_channels, tell_deliveries
from portal.streaming.frames import MARKET_FRAMES, MARKETS, as_json, head
from portal.streaming.hub import Hub, sooner
from portal.streaming.matches import Happened
from portal.streaming.tenants import Audience, Tenant

LOOK_SECONDS = 1.0
QUIET_SECONDS = 0.05  # between two looks, however often the bell rings
RECONNECT_SECONDS = 1.0
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
            log.warning("no bell for the stream; it looks every second", error=type(error).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)


async def tell(hub: Hub) -> None:
    """For ever: look, tell, wait."""
    while True:
        try:
            await _look(hub)
            await tell_deliveries(hub)
        except Exception as error:  # the database may be away for a while
            log.error("the stream could not read what happened", exc_info=error)
            await asyncio.sleep(LOOK_SECONDS)
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
    at = await hub.read(matches.places, list(seen))
    behind = {org_id: place for org_id, place in seen.items() if at.get(org_id, 0) > place}
    found: dict[int, list[Happened]] = defaultdict(list)
    for event in await hub.read(matches.happened, behind) if behind else ():
        found[event.org_id].append(event)
    now = utc_now()
    for tenant in list(hub.tenants.values()):
        events, due = found.get(tenant.org_id, []), tenant.due is not None and tenant.due <= now
        if events or due:
            await _tell_tenant(hub, tenant, events, due=due)
    if sum(map(len, found.values())) >= matches.MOST_EVENTS:
        hub.bell.set()  # there is more


async def _tell_tenant(hub: Hub, tenant: Tenant, events: Sequence[Happened], *, due: bool) -> None:
    async with tenant.lock:
        if due:
            tenant.due = None
        if due or any(event.type in WIDE for event in events):
            await _tell_matches(hub, tenant, None)
        elif changed := _changed(events):
            await _tell_matches(hub, tenant, changed)
        if removed := [event.subject for event in events if event.type == "match.removed"]:
            for audience in tenant.audiences.values():
                audience.remove(removed)
        await _tell_markets(hub, tenant, [event for event in events if event.type in MARKET_FRAMES])
        await tell_channels(hub, tenant, events)
        if events:
            tenant.seen = events[-1].position


def _changed(events: Sequence[Happened]) -> set[str]:
    matches = {event.subject for event in events if event.type.startswith("match.")}
    return matches | {event.data["match_id"] for event in events if event.type in MARKET_FRAMES and "match_id" in event.data}


async def _tell_matches(hub: Hub, tenant: Tenant, changed: set[str] | None) -> None:
    """`changed` None: everything that somebody listens to."""
    by_sport: dict[str, list[Audience]] = defaultdict(list)
    for audience in tenant.audiences.values():
        if audience.filled:
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
        return await hub.read(matches.matches_named, org_id, sport, changed if lists else changed & alone)
    first = await hub.read(matches.first_matches, org_id, sport) if lists else []
    # What was told as open and is no longer among the first; and offers, which a list does not read.
    others = alone.union(*(audience.picture.open for audience in lists)) - ({each.id for each in first} - alone)
    named = await hub.read(matches.matches_named, org_id, sport, others)
    return named + [each for each in first if each.id not in others]


async def _tell_markets(hub: Hub, tenant: Tenant, events: Sequence[Happened]) -> None:
    """Events of offers are frames as they stand."""
    audiences = [each for each in tenant.audiences.values() if each.filled and MARKETS in each.wanted.scopes]
    if not (events and audiences):
        return
    sports = await hub.read(matches.sports_of, {event.competition for event in events if event.competition})
    for event in events:
        frame, match = head(event.type, as_json(event.data)), event.data.get("match_id")
        for audience in _concerned(audiences, sports.get(event.competition or ""), match):
            audience.push([frame])
        await asyncio.sleep(0)  # let them be sent: hundreds may come at once


def _concerned(audiences: Iterable[Audience], sport: str | None, match: str | None) -> Iterable[Audience]:
    return (each for each in audiences if each.wanted.sport == sport and each.wanted.match in ("", match))
