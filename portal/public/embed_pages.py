"""A competition in a frame on somebody's site, and the script that puts it there."""

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, send_from_directory

from portal.branding.hosts import site_here
from portal.orgs.embed_sites import admits, origin_of, sites_of
from portal.paths import ROOT
from portal.public.addresses import THEMES, links_of
from portal.public.competition_pages import answer, connect_src
from portal.public.competition_views import asked_of
from portal.public.showing import Head, head_of
from portal.web import csrf, headers
from portal.web.transaction import for_all

pages = Blueprint("embed_pages", __name__)
csrf.exempt(pages)


@pages.get("/embed/<uuid:uid>")
@for_all
def show(uid: UUID) -> Response:
    """One view of the competition for a frame; `theme` is light, dark or auto. With `live=1` the part that changes."""
    head = head_of(str(uid))
    sites, asked = sites_of(head.org_embed_sites), asked_of(head, request.args)
    refused = _refused(sites)
    theme = request.args.get("theme", "")
    links = links_of(head, site_here(), theme if theme in THEMES else "light")
    response = _refusal(head, refused) if refused else answer(head, links, asked, "public/competition/embed.html")
    if response.status_code != 304:
        around = f"'self' {' '.join(sites)}" if sites and not refused else "*"
        headers.allow_frames(response, around, img_src=head.brand.img_src(), connect_src=connect_src())
    # A frame that is sandboxed, as WordPress makes them, has no origin: its own fetches are foreign. All of this is public.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "ETag"
    response.headers.setdefault("X-Robots-Tag", "noindex")
    if sites:
        response.vary.update(("Sec-Fetch-Dest", "Referer"))
    return response


@pages.get("/embed.js")
def script() -> Response:
    """The one script tag that sites use; it changes with the installation, so nobody keeps it for long."""
    response = send_from_directory(ROOT / "static", "embed.js", mimetype="text/javascript")
    response.headers["Cache-Control"] = "public, max-age=3600, stale-while-revalidate=86400"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _refused(sites: tuple[str, ...]) -> str:
    """The origin of the page around the frame where it may not show this; "" where it may, or where nobody can tell (then
    the browser decides by frame-ancestors)."""
    if request.headers.get("Sec-Fetch-Dest") not in ("iframe", "frame", "object", "embed"):
        return ""
    origin = origin_of(request.headers.get("Referer", ""))
    own = origin_of(request.host_url)
    return "" if not origin or origin in (own, origin_of(site_here())) or admits(sites, origin) else origin


def _refusal(head: Head, origin: str) -> Response:
    page = render_template("public/competition/not_here.html", head=head, brand=head.brand, origin=origin)
    response = make_response(page, 403)
    response.headers["Cache-Control"] = "no-store"
    return response
