"""The public page of a competition and of each entrant. No cookies, nothing that needs JavaScript; 304 while nothing changed."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, render_template, request

from portal.branding.hosts import site_here
from portal.competitions.embed_code import TITLES
from portal.kernel.db import db
from portal.public import live
from portal.public.addresses import Links, links_of
from portal.public.competition_views import Asked, asked_of, shown_of, tabs_of
from portal.public.people import podium, way_of
from portal.public.showing import Head, head_of
from portal.web import csrf, headers
from portal.web.transaction import for_all

pages = Blueprint("competition_pages", __name__)
csrf.exempt(pages)

# How soon a page asks again, in milliseconds: what is over changes by corrections only.
SOON, LATER = 2_000, 30_000
STATES = {
    "draft": ("Not open yet", "draft"),
    "registration": ("Registration open", "open"),
    "active": ("Live", "live"),
    "completed": ("Finished", "done"),
    "canceled": ("Cancelled", "done"),
}


@pages.get("/c/<slug>/<uuid:uid>")
@for_all
def show(slug: str, uid: UUID) -> Response:
    """One view of the competition; with `live=1` the part of it that changes."""
    head = head_of(str(uid), slug)
    return answer(head, links_of(head, site_here()), asked_of(head, request.args), "public/competition/page.html")


@pages.get("/c/<slug>/<uuid:uid>/entrants/<uuid:entrant>")
@for_all
def entrant(slug: str, uid: UUID, entrant: UUID) -> Response:
    """One entrant with every match, and other competitions of the same organization."""
    head = head_of(str(uid), slug)
    links, part = links_of(head, site_here()), is_live()

    def make(tag: str) -> str:
        way = way_of(db.session(), head, str(entrant))
        template = "public/competition/_entrant.html" if part else "public/competition/entrant.html"
        return render_template(template, way=way, **given(head, links, tag))

    return dressed(head, live.answer(head.state, (links.site, request.path, str(part)), make, "text/html"))


@pages.get("/c/<slug>/<uuid:uid>/card.png")
@for_all
def show_card(slug: str, uid: UUID) -> Response:
    """The picture that messengers and networks show beside a link."""
    head = head_of(str(uid), slug)

    def make(_tag: str) -> bytes:
        from portal.public import card  # with it comes Pillow: 4 MB that most processes never need

        first = [person.name for person in podium(db.session(), head, 3)] if head.status == "completed" else []
        return card.drawn(head.title, head.org_name, STATES[head.status][0], first)

    response = live.answer(head.state, (request.path,), make, "image/png")
    response.headers["Cache-Control"] = "public, max-age=60, stale-while-revalidate=600"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def answer(head: Head, links: Links, asked: Asked, template: str) -> Response:
    """A view as a page or, with `live=1`, as its changing part; 304 where the visitor has it."""
    part = is_live()

    def make(tag: str) -> str:
        shown = shown_of(db.session(), head, asked)
        name = "public/competition/_live.html" if part else template
        return render_template(name, asked=asked, **shown, **given(head, links, tag))

    return dressed(head, live.answer(head.state, (links.site, links.here, links.theme, str(part), *asked.key), make, "text/html"))


def given(head: Head, links: Links, tag: str) -> dict[str, Any]:
    """What every template of a competition uses."""
    word, tone = STATES[head.status]
    over = head.status in ("completed", "canceled")
    named = {"head": head, "brand": head.brand, "links": links, "tabs": tabs_of(head), "titles": TITLES}
    named |= {"stream": stream_of(head)}
    return named | {"tag": tag, "state_word": word, "tone": tone, "wait": LATER if over else SOON}


def dressed(head: Head, response: Response) -> Response:
    """Let the brand's pictures be shown; keep what is not listed, and what is not open yet, out of search engines."""
    if response.status_code != 304:
        headers.allow(img_src=head.brand.img_src(), connect_src=connect_src())
    if head.visibility != "public" or head.status == "draft":
        response.headers["X-Robots-Tag"] = "noindex"
    return response


def stream_of(head: Head) -> str:
    """Where the page hears that there is news, "" without a live stream."""
    stream: str = current_app.config["SETTINGS"].stream_url
    return f"{stream}/live/c/{head.uid}" if stream else ""


def connect_src() -> str:
    """For the content policy of a page that follows."""
    return f"'self' {current_app.config['SETTINGS'].stream_url}".strip()


def is_live() -> bool:
    return request.args.get("live") == "1"
