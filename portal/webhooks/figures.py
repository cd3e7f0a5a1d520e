"""How deliveries fare all over the installation, for whoever watches it. Nothing here names an organization."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import current_app
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.engine import Connection

from portal.kernel.db import database_now, reading
from portal.outbox.figures import age
from portal.webhooks.claiming import HOUR, ready, used_up
from portal.webhooks.health import STATES, state_in_sql
from portal.webhooks.model import Allowance, Delivery, Endpoint, EndpointHour

WAITING = ("due", "sending", "retrying", "held")


def figures() -> Iterable[Metric]:
    """Backlog, age, outcomes and the health of webhooks."""
    hourly = current_app.config["SETTINGS"].webhook_hourly
    with reading() as connection:
        now = connection.scalar(select(database_now()))
        assert now is not None
        open_ones, oldest = _open(connection, now, hourly)
        turn, tries = _longest_turn(connection, now, hourly), _tries(connection, now)
        health = _by(connection, select(state_in_sql(now), func.count()).where(Endpoint.deleted_at.is_(None)))
    words = "Open deliveries: due now, being sent, waiting for another try, held by a pause, a rest or the hour's allowance."
    yield _labeled("tiltyard_deliveries", words, "state", {state: open_ones.get(state, 0) for state in WAITING})
    words = "How long the oldest delivery has been due that nothing holds. A slow receiver's backlog counts too."
    yield GaugeMetricFamily("tiltyard_deliveries_oldest_due_seconds", words, age(oldest, now))
    words = "How long the webhook that is next has waited for a worker, with something due and room for it."
    yield GaugeMetricFamily("tiltyard_deliveries_turn_seconds", words, age(turn, now))
    words = "Tries of webhooks by outcome, in this hour and the one before it (UTC)."
    yield _labeled("tiltyard_delivery_tries", words, "outcome", tries)
    words = "Webhooks by health."
    yield _labeled("tiltyard_webhooks", words, "state", {state: health.get(state, 0) for state in STATES})


def _open(connection: Connection, now: datetime, hourly: int) -> tuple[dict[str, int], datetime | None]:
    """How many are open, by WAITING, and since when the oldest of those due is due."""
    held = or_(Endpoint.status != "enabled", Endpoint.throttled_until > now, func.coalesce(used_up(now, hourly), False))
    leased = and_(Delivery.state == "sending", Delivery.due_at > now)
    state = case((leased, "sending"), (held, "held"), (Delivery.due_at > now, "retrying"), else_="due")
    query = (
        select(state, func.count(), func.min(Delivery.due_at))
        .join(Endpoint, Endpoint.id == Delivery.endpoint_id)
        .outerjoin(Allowance, Allowance.org_id == Delivery.org_id)
        .where(Delivery.due_at.is_not(None))
        .group_by(state)
    )
    rows = {name: (count, first) for name, count, first in connection.execute(query)}
    return {name: count for name, (count, _) in rows.items()}, rows.get("due", (0, None))[1]


def _longest_turn(connection: Connection, now: datetime, hourly: int) -> datetime | None:
    """Since when the endpoint that waits longest could have been served."""
    since = case((Endpoint.served_at > Endpoint.next_due_at, Endpoint.served_at), else_=Endpoint.next_due_at)
    return connection.scalar(ready(now, hourly, func.min(since)))


def _tries(connection: Connection, now: datetime) -> dict[str, int]:
    since = now.replace(minute=0, second=0, microsecond=0) - HOUR
    lately = EndpointHour.hour >= since, Endpoint.last_try_at >= since
    sums = func.coalesce(func.sum(EndpointHour.tries), 0), func.coalesce(func.sum(EndpointHour.failed), 0)
    query = select(*sums).join(Endpoint, Endpoint.id == EndpointHour.endpoint_id).where(*lately)
    tries, failed = connection.execute(query).one()
    return {"delivered": int(tries) - int(failed), "failed": int(failed)}


def _by(connection: Connection, query: Any) -> dict[str, int]:
    """A query for a name and how many of it."""
    return dict(connection.execute(query.group_by(query.selected_columns[0])).all())


def _labeled(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
