"""Asking the DNS again: at a person's click, and once a day. No transaction is open while the network is waited for."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import or_, select

from portal.audit.service import SYSTEM, Actor
from portal.branding.brand import own_host
from portal.branding.dns import find_out
from portal.branding.domain_model import CustomDomain
from portal.branding.domains import note_finding, question_of
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.kernel.sweeping import one_by_one

AGAIN = timedelta(days=1)
AT_ONCE = 20  # domains in one run; the next run takes the next ones


def recheck(domain_id: int, actor: Actor = SYSTEM) -> None:
    """Ask the DNS about one claim and keep what it says."""
    with unit_of_work() as session:
        question = question_of(session.get_one(CustomDomain, domain_id), own_host())
    finding = find_out(question, current_app.config["SETTINGS"].dns_servers)
    with unit_of_work() as session:
        query = select(CustomDomain).where(CustomDomain.id == domain_id).with_for_update(key_share=True)
        note_finding(session, session.scalars(query).one(), finding, actor)


def check_domains() -> None:
    """Ask again about every claim that was not asked about for a day."""
    due = or_(CustomDomain.checked_at.is_(None), CustomDomain.checked_at < utc_now() - AGAIN)
    with unit_of_work() as session:
        query = select(CustomDomain.id).where(CustomDomain.released_at.is_(None), due)
        ids = list(session.scalars(query.order_by(CustomDomain.checked_at, CustomDomain.id).limit(AT_ONCE)))
    one_by_one("a domain", ids, recheck)
