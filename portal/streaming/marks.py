"""What moves without an event of the outbox: tries of deliveries, calls with keys, messages of event feeds. Figures of an
organization that move with each of them are read again and again and compared with those that were told last.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.audit.model import AuditRow
from portal.kernel.clock import utc_now
from portal.kernel.db import reading
from portal.keys.standing import standing_of
from portal.streaming.hub import LOOK_SECONDS, Hub
from portal.streaming.tenants import Tenant
from portal.transports.model import Transport
from portal.webhooks.model import Endpoint

Marks = Mapping[int, object]

_FIGURES: dict[str, tuple[type[Endpoint] | type[Transport], tuple[str, ...]]] = {
    "deliveries": (Endpoint, ("sequence", "served_at", "last_try_at", "next_due_at", "updated_at")),
    "feeds": (Transport, ("sequence", "status", "setup", "failures", "last_success_at", "last_failure_at", "updated_at")),
}


def _figures(channel: str) -> Callable[[Session, Sequence[int]], Marks]:
    """The figures of everything of a kind that each organization has: a handful of rows. With them the last thing that
    somebody did, which may be to cancel or resend what none of the figures speaks of."""
    model, names = _FIGURES[channel]
    done = select(func.max(AuditRow.id)).where(AuditRow.org_id == model.org_id).correlate(model).scalar_subquery()
    columns: list[Any] = [*(getattr(model, name) for name in ("org_id", "id", *names)), done]

    def read(session: Session, org_ids: Sequence[int]) -> Marks:
        query = select(*columns).where(model.org_id.in_(org_ids), model.deleted_at.is_(None)).order_by(model.id)
        found: dict[int, list[object]] = defaultdict(list)
        for row in session.execute(query):
            found[row.org_id].append(tuple(row))
        return found

    return read


# One statement for every organization whose pages follow the channel.
MARKS: dict[str, Callable[[Session, Sequence[int]], Marks]] = {
    **{channel: _figures(channel) for channel in _FIGURES},
    "keys": lambda session, org_ids: standing_of(session, org_ids, utc_now()),
}


async def begin_marks(hub: Hub, tenant: Tenant, channel: str) -> None:
    """From here on what moves is told. Asked before the page looks for the first time, so that nothing falls between."""
    if channel in MARKS and channel not in tenant.marks:
        found = await hub.read(marks_of, channel, [tenant.org_id])
        tenant.marks.setdefault(channel, found.get(tenant.org_id))


async def tell_marks(hub: Hub) -> None:
    """For ever: look, and tell whoever follows that something moved."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for channel in MARKS:
            followed = [tenant for tenant in hub.tenants.values() if tenant.channels.get(channel)]
            found = await hub.read_first(marks_of, channel, [tenant.org_id for tenant in followed]) if followed else {}
            for tenant in followed:
                mark = found.get(tenant.org_id)
                if tenant.marks.setdefault(channel, mark) != mark:
                    tenant.marks[channel] = mark
                    tenant.tell(channel, "{}")


def marks_of(channel: str, org_ids: Sequence[int]) -> Marks:
    """The figures of these organizations; those without any are left out."""
    with reading() as connection, Session(connection) as session:
        return MARKS[channel](session, org_ids)
