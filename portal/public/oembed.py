"""oEmbed (oembed.com): sites that are given the address of a competition ask here how to show it."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from portal.branding.hosts import site_here
from portal.competitions.embed_code import frame_of
from portal.kernel.errors import Invalid, NotFound
from portal.public.showing import Head, head_of
from portal.web import csrf

pages = Blueprint("oembed", __name__)
csrf.exempt(pages)

WIDTH, HEIGHT, LEAST = 800, 600, 120
CARD = {"thumbnail_width": 1200, "thumbnail_height": 630}


@pages.get("/oembed")
def show() -> Response:
    """`url` is a public page or an embed; `maxwidth` and `maxheight` bound the frame. JSON only: 501 for another format."""
    try:
        if request.args.get("format", "json") != "json":
            return _refused("This server answers in JSON only.", 501)
        uid = competition_in(request.args.get("url", ""), (urlsplit(site_here()).netloc, request.host))
        size = bounded("maxwidth", WIDTH), bounded("maxheight", HEIGHT)
        response = jsonify(_described(head_of(uid), *size))
    except Invalid as error:
        return _refused(error.message, 400)
    except NotFound:
        return _refused("There is no such competition.", 404)
    response.headers["Cache-Control"] = "public, max-age=300"
    return _open(response)


def competition_in(address: str, hosts: tuple[str, ...]) -> str:
    """The competition that an address of ours leads to. Raises Invalid where none is given, NotFound for anything else."""
    if not address:
        raise Invalid("url", "url is missing. Send the address of a competition's page.")
    try:
        parts = urlsplit(address)
        places = parts.path.strip("/").split("/")
        at = {"c": 2, "embed": 1}[places[0]]
        uid = str(UUID(places[at]))
    except (ValueError, KeyError, IndexError):
        raise NotFound("There is no such competition.") from None
    if parts.scheme not in ("http", "https") or parts.netloc not in hosts:
        raise NotFound("There is no such competition.")
    return uid


def bounded(name: str, usual: int) -> int:
    """The smaller of what fits and what is usual, in pixels. Raises Invalid for what is no number of pixels."""
    text = request.args.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) > 0):
        raise Invalid(name, f"{name} is not a number of pixels. Send a whole number above 0.")
    return max(LEAST, min(usual, int(text)))


def _described(head: Head, width: int, height: int) -> dict[str, Any]:
    shown = {"version": "1.0", "type": "rich", "title": head.title, "provider_name": head.org_name, "provider_url": site_here()}
    frame = {"html": frame_of(site_here(), head.uid, "auto", width=str(width), height=height), "width": width, "height": height}
    picture = {"thumbnail_url": f"{site_here().rstrip('/')}/c/{head.org_slug}/{head.uid}/card.png"} | CARD
    return shown | frame | picture | {"cache_age": 300}


def _refused(words: str, status: int) -> Response:
    response = jsonify(error=words)
    response.status_code = status
    return _open(response)


def _open(response: Response) -> Response:
    """Any site may ask."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
