"""What the benchmarks need in the database."""

from portal.audit.service import SYSTEM
from portal.kernel.db import unit_of_work
from portal.keys.kinds import Limits
from portal.keys.scopes import all_scopes
from portal.keys.service import issue_key
from portal.orgs.service import create_organization, set_allowlist

MANY = 1_000_000


def feed_key() -> str:
    """A feed key of an organization with an allowlist, under three windows too wide to be hit."""
    with unit_of_work() as session:
        org = create_organization(session, "Bench", SYSTEM)
        org.concurrency = 10_000
        set_allowlist(session, org, "10.0.0.0/8\n192.168.0.0/16\n127.0.0.0/8", SYSTEM)
        limits = Limits(per_minute=MANY, burst_10s=MANY // 5, per_day=10 * MANY)
        scopes = all_scopes("feed", ["cs2"])
        issued = issue_key(
            session, org, SYSTEM, name="bench", kind="feed", scopes=scopes, sports=["cs2"], limits=limits, grantable=None
        )
        return issued.secret
