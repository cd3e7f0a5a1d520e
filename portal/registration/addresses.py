"""Addresses that players are given, and their QR codes."""

import segno
from flask import url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from portal.branding.sites import site_of
from portal.competitions.model import Competition
from portal.orgs.model import Organization


def page_address(session: Session, org: Organization, competition: Competition) -> str:
    """The registration page, with the host that players know."""
    return site_of(session, org) + url_for("registration_pages.show", slug=org.slug, uid=competition.uid)


def qr_of(address: str, scale: int = 4) -> Markup:
    """The address as a picture: a data URI, black on white whatever the theme, as cameras want it."""
    uri = segno.make(address, error="m").svg_data_uri(scale=scale, border=3, light="#fff", dark="#000")
    return Markup(uri)  # noqa: S704 - made here, of an address
