"""Queries about event feeds that other pages ask; the organization comes first."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from portal.transports.model import Transport, transports_of

IN_NEED = 5
FAILING = 2  # turns in a row; one alone is mostly over with the next, and nobody's business


def feeds_in_need(session: Session, org_id: int) -> Sequence[Transport]:
    """Those that go on failing, the latest first, and those that are switched off, which keep nothing. One statement."""
    failing = (Transport.status == "enabled") & (Transport.failures >= FAILING)
    query = transports_of(org_id).where(failing | (Transport.status == "disabled"))
    order = (Transport.status == "disabled", Transport.last_failure_at.desc().nulls_last(), Transport.id.desc())
    return session.scalars(query.order_by(*order).limit(IN_NEED)).all()
