"""The address that players of an organization know: its own domain, where one was proved, else this installation's."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.branding.brand import own_url
from portal.branding.domain_model import CustomDomain
from portal.branding.model import line_of
from portal.orgs.model import Organization


def site_of(session: Session, org: Organization) -> str:
    """Scheme and host for links that are copied and mailed: the nearest proven domain, of the organization or of one above
    it, which shows its pages too. One statement."""
    above = line_of(org.id)
    query = select(CustomDomain.host).join(above, CustomDomain.org_id == above.c.id).order_by(above.c.steps)
    host = session.scalar(query.where(CustomDomain.released_at.is_(None), CustomDomain.verified_at.is_not(None)).limit(1))
    return f"https://{host}" if host else own_url().rstrip("/")
