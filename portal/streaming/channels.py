"""What pages follow of one competition: everybody what is shown of it, the back office its desk and its matches."""

import json
from collections.abc import Sequence

from sqlalchemy import select

from portal.competitions.model import Competition
from portal.kernel.db import reading
from portal.streaming.hub import Hub
from portal.streaming.marks import MARKS
from portal.streaming.matches import Happened
from portal.streaming.tenants import Tenant

# What is seen on every page of the organization's competitions.
EVERYWHERE = frozenset({"theme.published", "organization.updated", "team.updated"})
PUBLIC = "public:"
OF_ONE = (PUBLIC, "desk:", "matches:")  # after the colon stands which competition
LISTED = ("public", "unlisted")


def known(channel: str) -> bool:
    """Is there such a channel? Another version of the web process may have written the ticket."""
    return channel in MARKS or channel.startswith(OF_ONE)


async def tell_channels(hub: Hub, tenant: Tenant, events: Sequence[Happened]) -> None:
    """Tell whoever follows that there is news; a competition that is not shown any more ends what follows it."""
    news = [channel for channel in tenant.channels if _concerns(channel, events)]
    shown = [channel.removeprefix(PUBLIC) for channel in news if channel.startswith(PUBLIC)]
    turns = await hub.read_first(turns_of, shown) if shown else {}
    for channel in news:
        uid = channel.removeprefix(PUBLIC)
        if channel.startswith(PUBLIC) and uid not in turns:
            tenant.end(channel)
        else:
            tenant.tell(channel, json.dumps({"turn": turns.get(uid, 0)}))


def _concerns(channel: str, events: Sequence[Happened]) -> bool:
    _, _, uid = channel.partition(":")
    return bool(uid) and any(event.competition == uid or event.type in EVERYWHERE for event in events)


def turns_of(uids: Sequence[str]) -> dict[str, int]:
    """The turns of those competitions that everybody may see."""
    query = select(Competition.uid, Competition.turn).where(Competition.uid.in_(uids), Competition.visibility.in_(LISTED))
    with reading() as connection:
        return {row.uid: row.turn for row in connection.execute(query)}


def owner_of(uid: str) -> int | None:
    """The organization of a competition that everybody may see."""
    query = select(Competition.org_id).where(Competition.uid == uid, Competition.visibility.in_(LISTED))
    with reading() as connection:
        return connection.scalar(query)
