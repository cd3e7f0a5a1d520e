"""Players' pages with made-up content, through their real templates: what the theme editor shows."""

from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

from flask import render_template

from portal.branding.surfaces import Drawn, Surface, Worn
from portal.competitions.drawing import Shape, trees
from portal.competitions.shown import Named, Shown
from portal.competitions.words import amount_in_words
from portal.formats import single_elimination
from portal.formats.plan import Entrant, Plan, Result, Winner
from portal.formats.rules import Rules
from portal.kernel.clock import utc_now
from portal.public.addresses import Links
from portal.public.competition_answers import MISSING
from portal.public.competition_pages import given
from portal.public.demo_game import Examined
from portal.public.landing import REFUSALS
from portal.public.player_view import Part
from portal.public.registration_forms import RegisterForm
from portal.public.showing import Head
from portal.registration.addresses import qr_of
from portal.registration.door import Door

NAMES = (
    *("Northgate Foxes", "Harbour Lights", "Iron Quarter", "Red Kites"),
    *("Velvet Hammer", "Night Shift", "Saltworks", "Paper Tigers"),
)
PLAYED = ((2, 0), (2, 1), (1, 2), (2, 0), (0, 2))  # the scores of the first matches; the rest is still to come
QR = qr_of("https://play.example.com")
UID = "00000000-0000-4000-8000-000000000000"


def _landing(worn: Worn) -> Drawn:
    game = SimpleNamespace(name="Friday night cup", image_url=None, starts_at=None, ends_at=None)
    link = SimpleNamespace(expires_at=utc_now() + timedelta(hours=24))
    landing = SimpleNamespace(organization=worn.organization, target=game, link=link, kind="game")
    return _page("public/landing.html", worn, landing=landing, attempt="", kind="Table games")


def _closed(worn: Worn) -> Drawn:
    landing = SimpleNamespace(organization=worn.organization)
    return _page("public/closed.html", worn, landing=landing, refusal=REFUSALS["consumed"])


def _game(worn: Worn) -> Drawn:
    claims = [("sub", '"player-42"'), ("display_name", '"Robin"'), ("aud", '"friday-night-cup"')]
    checked = Examined("", "Robin", "friday-night-cup", utc_now() + timedelta(minutes=5), claims)
    return _page("public/demo_game.html", worn, checked=checked, issuer=worn.organization.name)


def _not_found(worn: Worn) -> Drawn:
    return _page("public/competition/trouble.html", worn, trouble=MISSING)


def _refused(worn: Worn) -> Drawn:
    return _page("public/competition/not_here.html", worn, head=_head(worn), origin="https://other-site.example")


def _public(worn: Worn) -> Drawn:
    return _competition("public/competition/page.html", worn, "")


def _embed(worn: Worn) -> Drawn:
    return _competition("public/competition/embed.html", worn, worn.scheme or "auto")


def _register(worn: Worn) -> Drawn:
    form = RegisterForm(formdata=None)
    setup = SimpleNamespace(
        entrants="both", welcome="Doors open at six. Bring your own headset.", approval=False, asks_contact=True
    )
    form.fit(setup, 0, approval=False)  # type: ignore[arg-type]
    door = Door("open", 5, 16, 0, closes_at=utc_now() + timedelta(days=6))
    given = {"competition": _cup(), "setup": setup, "form": form, "door": door, "invited": False, "roster": 0, "home": ""}
    given |= {"amount": amount_in_words}
    return _page("public/registration/register.html", worn, organization=worn.organization, **given)


def _private(worn: Worn) -> Drawn:
    held = {"uid": UID, "status": "registered", "entrant_key": UID, "checked_in_at": None, "place": None}
    part: Any = Part(_cup(), SimpleNamespace(**held), None, True, 0)  # type: ignore[arg-type]
    team = SimpleNamespace(name=NAMES[0], tag="FOX", solo=False)
    given = {"team": team, "token": "preview", "parts": [part], "others": (), "may_rename": True, "said": "", "trouble": ""}
    return _page("public/registration/player.html", worn, organization=worn.organization, door_code=lambda _: QR, **given)


def _cup() -> Any:
    """A cup in registration, as the pages of registration ask for it."""
    told = {"uid": UID, "title": "Friday night cup", "status": "registration", "visibility": "public"}
    wei = {"entry_fee_wei": None, "prize_pool_wei": str(2 * 10**18)}
    return SimpleNamespace(starts_at=utc_now() + timedelta(days=7), **told, **wei)


SURFACES = {
    "landing": Surface("Link page", _landing),
    "competition": Surface("Competition", _public),
    "embed": Surface("Embed", _embed),
    "registration": Surface("Registration", _register),
    "private": Surface("Private page", _private),
    "closed": Surface("Used link", _closed),
    "game": Surface("Demo game", _game),
    "refused": Surface("Refused site", _refused),
    "missing": Surface("Not found", _not_found),
}


def _page(template: str, worn: Worn, **content: Any) -> Drawn:
    return Drawn(render_template(template, brand=worn.brand, scheme=worn.scheme, still=True, **content))


def _competition(template: str, worn: Worn, theme: str) -> Drawn:
    head, links = _head(worn), Links("", worn.organization.slug, UID, theme)
    asked = SimpleNamespace(view="bracket", part="", page=1, match="")
    shown = given(head, links, "") | {"brand": worn.brand, "scheme": worn.scheme, "still": True}  # without its script
    return Drawn(render_template(template, asked=asked, **_bracket(), **shown))


def _head(worn: Worn) -> Head:
    """A cup on its way, as a row of the database would say it."""
    org, now = worn.organization, utc_now()
    moments = ("registration_opens", "registration_closes", "starts_at", "ends_at", "completed_at")
    row = dict.fromkeys(("category", "max_participants", "first", *moments)) | {
        "uid": UID,
        "title": "Friday night cup",
        "description": "Eight teams, one evening. Best of three from the first round on.",
        "status": "active",
        "format": "single_elimination",
        "type": "bracket",
        "visibility": "public",
        "rules": {},
        "started_at": now - timedelta(minutes=40),
        "theme": None,
        "org_name": org.name,
        "org_slug": org.slug,
        "org_is_sandbox": org.is_sandbox,
        "org_embed_sites": "",
    }
    return Head(SimpleNamespace(**row))


def _bracket() -> dict[str, Any]:
    """Eight entrants, five matches played: what the bracket's template draws."""
    field = [Entrant(number, number) for number in range(1, 9)]
    plan = single_elimination.build(field, Rules("single_elimination"), Random(1))  # noqa: S311 - nothing is drawn
    for (a, b), match in zip(PLAYED, list(plan.in_order()), strict=False):
        winner: Winner = "a" if a > b else "b"
        plan.apply(single_elimination.advance(plan, Result(match.number, winner, a, b)))
    shape = Shape({"winners": 3})
    drawn = trees("single_elimination", shape, shape.windows(), _matches(plan))
    return {"trees": drawn, "branches": {}, "part": {"stage": "", "number": 0}}


def _matches(plan: Plan) -> list[Shown]:
    people = {number: Named(f"{number:08d}{UID[8:]}", name, number) for number, name in enumerate(NAMES, 1)}
    return [
        Shown(match, UID, people.get(match.a or 0), people.get(match.b or 0), None, utc_now() if match.over else None)
        for match in plan.in_order()
    ]
