"""The signature doctor's material: the organization's secrets, opened for this moment alone, and the body that was sent."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.kernel.db import clock_of
from portal.kernel.errors import Fault, Invalid
from portal.kernel.log import log
from portal.orgs.model import Organization
from portal.webhooks.doctor import Case, Finding, Signer, diagnose
from portal.webhooks.exchange import body_as_sent
from portal.webhooks.model import Delivery, Endpoint, endpoint_by_uid, endpoints_of
from portal.webhooks.received import read
from portal.webhooks.shown import name_of
from portal.webhooks.signing import opened


def examine(
    session: Session, org: Organization, uid: str, settings: Settings, pasted: str, at: datetime | None
) -> tuple[Finding, Delivery | None]:
    """What is the matter with a request that the endpoint's receiver got, and which delivery it was. Nothing is kept of it.

    Raises Invalid naming `received` where it cannot be read, NotFound."""
    endpoint = endpoint_by_uid(session, org.id, uid)
    try:
        received = read(pasted)
    except ValueError as problem:
        raise Invalid("received", f"The curl line cannot be read: {str(problem).lower()}. Paste all of it.") from None
    number = received.header("webhook-id") or received.header(f"{settings.webhook_prefix}-Delivery")
    delivery = session.scalar(select(Delivery).where(Delivery.org_id == org.id, Delivery.uid == number)) if number else None
    sent = body_as_sent(session, delivery, org, settings.base_url) if delivery else None
    signers = signers_of(session, org, endpoint, settings)
    return diagnose(Case(received, signers, settings.webhook_prefix, clock_of(session), sent, at)), delivery


def signers_of(session: Session, org: Organization, endpoint: Endpoint, settings: Settings) -> list[Signer]:
    """Every secret of the organization, those of `endpoint` first. One that does not open is left out."""
    found: list[Signer] = []
    others = session.scalars(endpoints_of(org.id).where(Endpoint.id != endpoint.id))
    for each in (endpoint, *others):
        for purpose, closed in (("secret", each.secret), ("previous_secret", each.previous_secret)):
            if closed is None:
                continue
            try:
                secret = opened(settings.master, org.id, each.uid, purpose, closed)
            except Fault:
                log.error("a webhook's secret does not open", webhook=each.uid)
                continue
            old = purpose == "previous_secret"
            found.append(Signer(name_of(each), secret, each is endpoint, old, each.previous_until if old else None))
    return found
