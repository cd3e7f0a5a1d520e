"""Competition API, "Embeds" (competition-api.txt)."""

from typing import Literal

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.guard import admit
from portal.branding.sites import site_of
from portal.competitions.embed_code import frame_of, script_of
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.reach import readable
from portal.contracts.competition.who import Who
from portal.kernel.db import db
from portal.kernel.errors import Conflict
from portal.kernel.ids import parse_uid
from portal.orgs.model import Organization
from portal.web.describe import Query, Shape, describe, read_query

Theme = Literal["light", "dark", "auto"]


class EmbedQuery(Query):
    competition_id: str = Field(
        description="Competition to embed.",
        examples=["c1d2e3f4-2f6f-4b5e-9f63-0f3a8c1d2e3f"],
        json_schema_extra={"format": "uuid"},
    )
    theme: Theme = Field("light", description="light (default), dark, or auto.", examples=["dark"])


class EmbedShape(Shape):
    competition_id: str
    title: str
    theme: Theme
    iframe: str
    script: str


@api.get("/api/v1/embed")
@admit(None, signed=True, public=True)
@describe("Get the embed code", "Embeds", query=EmbedQuery, data=EmbedShape, errors=(404, 409))
def show_embed(who: Who) -> Response:
    """HTML for any page: a frame, or a script tag that makes one. They lead to the organization's own domain where it has
    one. A private competition has none: 409 to its own."""
    asked = read_query(EmbedQuery)
    competition = readable(db.session(), who, parse_uid("competition_id", asked.competition_id))
    if competition.visibility == "private":
        raise Conflict("This competition is private, so no page can show it. Make it unlisted or public first.")
    site = site_of(db.session(), db.session().get_one(Organization, competition.org_id))
    named = {"competition_id": competition.uid, "title": competition.title, "theme": asked.theme}
    tags = {name: make(site, competition.uid, asked.theme) for name, make in (("iframe", frame_of), ("script", script_of))}
    return answer(named | tags)
