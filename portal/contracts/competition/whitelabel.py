"""Competition API, "White-Label" (competition-api.txt): what players see of an organization."""

from typing import Any

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.guard import admit
from portal.branding import domains, service
from portal.branding.brand import own_host, own_url, picture_url
from portal.branding.css import clean
from portal.branding.domain_model import CustomDomain, domain_of
from portal.branding.look import LONGEST_FOOTER, Look
from portal.branding.model import ThemeVersion, published
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.who import Who, standing_by_uid
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import NotFound, Unprocessable
from portal.kernel.ids import parse_uid
from portal.orgs.model import Organization, organization_by_uid
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query
from portal.web.texts import LONGEST_ADDRESS

SECTION = "White-label"
# The page's name of a field: ours.
FIELDS = {
    "primary_color": "primary",
    "logo_url": "logo",
    "favicon_url": "favicon",
    "custom_css": "custom_css",
    "footer_text": "footer",
}
NAMES = {ours: theirs for theirs, ours in FIELDS.items()}


class WhitelabelQuery(Query):
    org_id: str = Field(description="Organization ID.")


class WhitelabelBody(Body):
    """What is not sent stays as it is; null clears it."""

    org_id: str = Field(description="Organization ID.")
    primary_color: str | None = Field(None, max_length=7, description="Primary brand color (hex).", examples=["#ff6600"])
    logo_url: str | None = Field(None, max_length=LONGEST_ADDRESS, description="Logo image URL, https.")
    favicon_url: str | None = Field(None, max_length=LONGEST_ADDRESS, description="Favicon URL, https.")
    custom_css: str | None = Field(
        None, description="Custom CSS snippet (max 10,240 bytes); refused where a part is not allowed."
    )
    footer_text: str | None = Field(None, max_length=LONGEST_FOOTER, description="Custom footer text.")
    custom_domain: str | None = Field(
        None, max_length=253, description="Custom domain (requires DNS CNAME and TXT records).", examples=["play.example.com"]
    )


class WhitelabelShape(Shape):
    org_id: str
    primary_color: str | None
    logo_url: str | None
    favicon_url: str | None
    custom_css: str | None
    footer_text: str | None
    custom_domain: str | None
    updated_at: str | None


@api.get("/api/v1/whitelabel")
@admit(None, signed=True, public=True)
@describe("Get the white-label configuration", SECTION, query=WhitelabelQuery, data=WhitelabelShape, errors=(404,))
def show_whitelabel(who: Who) -> Response:
    """The organization's own settings, null where they are unset; those of an organization above are not repeated here."""
    session = db.session()
    org = organization_by_uid(session, parse_uid("org_id", read_query(WhitelabelQuery).org_id))
    if org.disabled_at is not None:
        raise NotFound("Organization not found.")
    return answer(_shown(org, published(session, org), domain_of(session, org)))


@api.put("/api/v1/whitelabel")
@admit("whitelabel:write", signed=True)
@describe("Create or update the configuration", SECTION, body=WhitelabelBody, data=WhitelabelShape, errors=(404, 409, 422))
def put_whitelabel(who: Who) -> Response:
    """Published at once. What is not sent stays as it is; null clears it."""
    session, body = db.session(), read_json(WhitelabelBody)
    standing = standing_by_uid(session, who, parse_uid("org_id", body.org_id), "admin")
    org, sent = standing.organization, body.model_dump(exclude_unset=True)
    _whole(sent.get("custom_css"))
    changes = {ours: sent[theirs] for theirs, ours in FIELDS.items() if theirs in sent}
    if changes:
        service.publish_changes(session, org, standing.actor, changes, names=NAMES)
    if "custom_domain" in sent:
        own = own_host()
        domains.set_domain(session, org, standing.actor, sent["custom_domain"], own_host=own, field="custom_domain")
    return answer(_shown(org, published(session, org), domain_of(session, org)))


def _whole(css: str | None) -> None:
    """A program sees no list of what was dropped, so nothing is dropped in silence. Raises Unprocessable."""
    dropped = clean(css or "").dropped
    if dropped:
        first = dropped[0]
        raise Unprocessable("custom_css", f"custom_css, line {first.line}, {first.what!r}: {first.why}")


def _shown(org: Organization, version: ThemeVersion | None, domain: CustomDomain | None) -> dict[str, Any]:
    look = Look.of(version.look) if version else Look()
    moments = [moment for moment in (version and version.published_at, domain and domain.created_at) if moment]
    return {
        "org_id": org.uid,
        "primary_color": look.primary,
        "logo_url": picture_url(org, look.logo, own_url()) or None,
        "favicon_url": picture_url(org, look.favicon, own_url()) or None,
        "custom_css": look.custom_css,
        "footer_text": look.footer,
        "custom_domain": domain.host if domain else None,
        "updated_at": iso(max(moments)) if moments else None,
    }
