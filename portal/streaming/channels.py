"""What pages follow: a competition for everybody, and the live parts of the back office."""

import json
from collections.abc import Callable, Sequence

from sqlalchemy import select

from portal.competitions.model import Competition
from portal.kernel.db import reading
from portal.streaming.hub import Hub
from portal.streaming.matches import Happened
from portal.streaming.tenants import Tenant

# What is seen on every page of the organization's competitions.
EVERYWHERE = frozenset({"theme.published", "organization.updated", "team.updated"})
PUBLIC = "public:"
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
    "deliveries": lambda _event, _: True,  # whatever happens may have to be delivered
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
