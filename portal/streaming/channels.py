"""What pages follow: a competition for everybody, and the live parts of the back office."""

import json
from collections.abc import Callable, Sequence

from sqlalchemy import func, select

from portal.competitions.model import Competition
from portal.kernel.db import reading
from portal.streaming.hub import Hub
from portal.streaming.matches import Happened
from portal.streaming.tenants import Tenant
from portal.webhooks.model import Endpoint

# What is seen on every page of the organization's competitions.
EVERYWHERE = frozenset({"theme.published", "organization.updated", "team.updated"})
PUBLIC = "public:"
DELIVERIES = "deliveries"
LISTED = ("public", "unlisted")


def _of_competition(event: Happened, uid: str) -> bool:
    return event.competition == uid or event.type in EVERYWHERE


def _families(*names: str) -> Callable[[Happened, str], bool]:
    return lambda event, _: event.type.partition(".")[0] in names


# Which events a channel hangs on; after the colon stands what it is about.
CHANNELS: dict[str, Callable[[Happened, str], bool]] = {
    "public": _of_competition,
    "competition": _of_competition,
    "matches": _families("match", "competition", "standings", "market", "bet_settlement"),
    "desk": _of_competition,
    "keys": _families("key"),
    DELIVERIES: lambda _event, _: False,  # tries are no events: see `tell_deliveries`
}


async def tell_channels(hub: Hub, tenant: Tenant, events: Sequence[Happened]) -> None:
    """Tell whoever follows that there is news; a competition that is not shown any more ends what follows it."""
    news = [channel for channel in tenant.channels if _concerns(channel, events)]
    turns = await hub.read(turns_of, [channel.removeprefix(PUBLIC) for channel in news if channel.startswith(PUBLIC)])
    for channel in news:
        uid, public = channel.removeprefix(PUBLIC), channel.startswith(PUBLIC)
        for follower in tuple(tenant.channels.get(channel, ())):
            if public and uid not in turns:
                follower.end()
            else:
                follower.tell(json.dumps({"turn": turns.get(uid, 0)}))


async def tell_deliveries(hub: Hub) -> None:
    """Tell whoever follows a delivery log where anything in it moved: one statement for all of them."""
    tenants = [tenant for tenant in hub.tenants.values() if tenant.channels.get(DELIVERIES)]
    marks = await hub.read(delivery_marks, [tenant.org_id for tenant in tenants]) if tenants else {}
    for tenant in tenants:
        mark = marks.get(tenant.org_id, ())
        if tenant.delivery_mark is not None and tenant.delivery_mark != mark:
            for follower in tuple(tenant.channels.get(DELIVERIES, ())):
                follower.tell("{}")
        tenant.delivery_mark = mark


def delivery_marks(org_ids: Sequence[int]) -> dict[int, tuple[object, ...]]:
    """Figures of each organization's endpoints that move with every delivery, try, resending and cancelling."""
    moving = (func.sum(Endpoint.sequence), func.max(Endpoint.last_try_at), func.min(Endpoint.next_due_at))
    query = select(Endpoint.org_id, *moving, func.max(Endpoint.next_due_at), func.max(Endpoint.updated_at))
    query = query.where(Endpoint.org_id.in_(org_ids)).group_by(Endpoint.org_id)
    with reading() as connection:
        return {row[0]: tuple(row[1:]) for row in connection.execute(query)}


def _concerns(channel: str, events: Sequence[Happened]) -> bool:
    name, _, about = channel.partition(":")
    return any(CHANNELS[name](event, about) for event in events)


def turns_of(uids: Sequence[str]) -> dict[str, int]:
    """The turns of those competitions that everybody may see."""
    if not uids:
        return {}
    query = select(Competition.uid, Competition.turn).where(Competition.uid.in_(uids), Competition.visibility.in_(LISTED))
    with reading() as connection:
        return {row.uid: row.turn for row in connection.execute(query)}


def owner_of(uid: str) -> int | None:
    """The organization of a competition that everybody may see."""
    query = select(Competition.org_id).where(Competition.uid == uid, Competition.visibility.in_(LISTED))
    with reading() as connection:
        return connection.scalar(query)
