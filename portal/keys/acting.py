"""A key that acts on keys: who it is, and whether it may, read afresh from the database.

Admission may remember a key for most of a second. A key that was just revoked must not use that second to make itself
an heir, so a call that hands out keys asks again, and holds the row until it is done.
"""

from sqlalchemy.orm import Session

from portal.admission.caller import Caller
from portal.audit.service import Actor
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Forbidden, NotFound, Unauthenticated
from portal.keys.model import ApiKey, key_by_uid
from portal.keys.scopes import MANAGE
from portal.orgs.model import Organization


def actor_of(caller: Caller, request_id: str) -> Actor:
    """The caller as the audit log names it."""
    return Actor("key", caller.key.key_uid, caller.key.label, caller.address, request_id)


def acting_key(session: Session, org: Organization, caller: Caller, clock: Clock = utc_now) -> ApiKey:
    """The caller's key, locked; raises Unauthenticated where it or its secret died since it was let in."""
    try:
        key = key_by_uid(session, org, caller.key.key_uid)
    except NotFound:
        raise Unauthenticated("This key is not known here.") from None
    session.refresh(key, with_for_update=True)
    now = clock()
    living = {secret.id for secret in key.secrets if secret.lives(now)}
    if key.status(now) != "active" or caller.key.secret_id not in living:
        raise Unauthenticated("This key no longer works.")
    return key


def managing_key(session: Session, org: Organization, caller: Caller, clock: Clock = utc_now) -> ApiKey:
    """As `acting_key`; raises Forbidden without the scope `keys:manage`."""
    key = acting_key(session, org, caller, clock)
    if MANAGE not in key.scopes:
        raise Forbidden(f"The scope {MANAGE} is missing. Ask an owner to add it to this key.")
    return key
