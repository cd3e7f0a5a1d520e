"""A message with made-up content, as the theme editor shows it."""

from dataclasses import replace

from portal.branding.surfaces import Drawn, Surface, Worn
from portal.mail.letters import letter
from portal.mail.rendering import css_source, dress, html_of

CONTEXT = {
    "name": "Northgate Foxes",
    "competition": "Friday night cup",
    "url": "https://play.example.com/team/8w3k2v",
    "starts": "Friday 4 December 2026, 19:00 UTC",
    "answer": "Welcome back. Bring your own headset.",
}


def _message(worn: Worn) -> Drawn:
    look = replace(worn.look, mode=worn.scheme) if worn.scheme else worn.look
    dressed = dress(worn.organization, look, "")
    return Drawn(html_of(letter("registration_approved", CONTEXT), dressed), {"style_src": css_source(dressed)})


SURFACES = {"mail": Surface("Mail", _message)}
