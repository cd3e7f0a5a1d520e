"""Custom domains: claim, prove, release, rest. The DNS itself is asked by `portal.branding.dns`."""

import ipaddress
import re
import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import SYSTEM, Actor, record
from portal.branding.dns import Finding, Question
from portal.branding.domain_model import CustomDomain, domain_of, verified_domain
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, Invalid
from portal.orgs.model import Organization

REST = timedelta(days=7)  # RULINGS 22
PATIENCE = timedelta(days=3)  # how long a proven domain may be without its record
PREFIX = "_tiltyard"  # the TXT record stands at this name below the domain
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)


def set_domain(
    session: Session,
    org: Organization,
    actor: Actor,
    host: str | None,
    *,
    own_host: str,
    field: str = "host",
    clock: Clock = utc_now,
) -> CustomDomain | None:
    """Claim `host` in the place of whatever the organization has; None releases that. The same host stays as it is.

    Raises Invalid for what is no host name or is this server's own, Conflict where it belongs to another organization or
    rests after one released it."""
    present = domain_of(session, org)
    host = host_name(field, host, own_host) if host else None
    if present is not None and present.host == host:
        return present
    if host is not None:
        _free(session, org, host, clock)
    if present is not None:
        _release(session, org, actor, present, clock)
    if host is None:
        return None
    claim = CustomDomain(org_id=org.id, host=host, token=secrets.token_hex(20), created_at=clock())
    session.add(claim)
    session.flush()
    record(session, org.id, actor, "domain.claimed", ("domain", claim.id, host), None, {"host": host})
    return claim


def host_name(field: str, text: str, own_host: str) -> str:
    """The name as DNS writes it: lower case, A-labels (xn--…) for letters beyond ASCII. Raises Invalid."""
    text = text.strip().rstrip(".")
    wrong = f"{field} must be a host name alone, such as play.example.com: no https://, no port, no path."
    try:
        host = text.encode("idna").decode("ascii").lower() if text else ""
    except UnicodeError:
        raise Invalid(field, wrong) from None
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(labels) < 2 or len(host) > 240 or labels[-1].isdigit():
        raise Invalid(field, wrong)
    if _is_address(host) or labels[-1] in ("localhost", "local", "internal", "test", "example", "invalid", "onion", "arpa"):
        raise Invalid(field, f"{field} must be a name that everybody can look up, such as play.example.com.")
    if host == own_host or host.endswith(f".{own_host}"):
        raise Invalid(field, f"{field} is this server's own name. Use a domain of yours.")
    return host


def records_of(domain: CustomDomain, own_host: str) -> list[tuple[str, str, str]]:
    """(type, name, value) of the DNS records to make. A server that has no name but an address only gets an A record."""
    leads = ("AAAA" if ":" in own_host else "A") if _is_address(own_host) else "CNAME"
    return [("TXT", f"{PREFIX}.{domain.host}", proof_of(domain)), (leads, domain.host, own_host)]


def proof_of(domain: CustomDomain) -> str:
    """What the TXT record says. Each claim has its own, so one organization's record proves nothing for another."""
    return f"tiltyard-verification={domain.token}"


def question_of(domain: CustomDomain, own_host: str) -> Question:
    """What the DNS is to be asked about the claim."""
    return Question(domain.host, f"{PREFIX}.{domain.host}", proof_of(domain), own_host)


def note_finding(session: Session, domain: CustomDomain, finding: Finding, actor: Actor = SYSTEM, clock: Clock = utc_now) -> None:
    """Keep what the DNS said. A proof makes the claim good, unless another organization was first or the name rests; a good
    claim without its record for three days is one no longer. Where the DNS did not answer nothing changes but the words."""
    if domain.released_at is not None:
        return
    now = clock()
    domain.checked_at, domain.problem = now, finding.problem
    if finding.unsure:
        return
    if finding.proven:
        domain.failing_since = None
        if domain.verified_at is None:
            _verify(session, domain, actor, clock)
    elif domain.verified_at is not None:
        domain.failing_since = domain.failing_since or now
        if now - domain.failing_since >= PATIENCE:
            domain.verified_at = domain.failing_since = None
            record(session, domain.org_id, actor, "domain.lapsed", ("domain", domain.id, domain.host), None, None)
    session.flush()


def _verify(session: Session, domain: CustomDomain, actor: Actor, clock: Clock) -> None:
    try:
        _free(session, session.get_one(Organization, domain.org_id), domain.host, clock)
    except Conflict as error:
        domain.problem = error.message
        return
    domain.verified_at = clock()
    record(session, domain.org_id, actor, "domain.verified", ("domain", domain.id, domain.host), None, {"host": domain.host})


def _free(session: Session, org: Organization, host: str, clock: Clock) -> None:
    owner = verified_domain(session, host)
    if owner is not None and owner.org_id != org.id:
        raise Conflict(f"{host} belongs to another organization here. Ask them to release it.")
    query = select(CustomDomain.released_at).where(CustomDomain.host == host, CustomDomain.org_id != org.id)
    query = query.where(CustomDomain.verified_at.is_not(None), CustomDomain.released_at > clock() - REST)
    released = session.scalar(query.order_by(CustomDomain.released_at.desc()).limit(1))
    if released is not None:
        raise Conflict(f"{host} was released a short while ago and rests until {released + REST:%d %b %Y, %H:%M} UTC.")


def _release(session: Session, org: Organization, actor: Actor, domain: CustomDomain, clock: Clock) -> None:
    domain.released_at = clock()
    session.flush()
    record(session, org.id, actor, "domain.released", ("domain", domain.id, domain.host), {"host": domain.host}, None)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
