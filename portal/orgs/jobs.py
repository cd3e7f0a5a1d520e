"""Periodic work on sign-ins."""

from sqlalchemy import delete

from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.orgs.model import SignIn
from portal.orgs.sign_in import IDLE


def prune_sign_ins() -> None:
    """Remove the rows of sign-ins that can no longer be used."""
    now = utc_now()
    with unit_of_work() as session:
        session.execute(delete(SignIn).where((SignIn.expires_at < now) | (SignIn.seen_at < now - IDLE)))
