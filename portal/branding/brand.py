"""The brand that a player page wears: what its template needs, for one organization."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app, url_for
from sqlalchemy.orm import Session

from portal.branding.look import Look, image_origins, is_uploaded
from portal.branding.model import shown_theme
from portal.orgs.model import Organization


@dataclass(frozen=True)
class Brand:
    """Addresses and texts; "" where the theme has none. `image_sources` are for the content security policy."""

    css_url: str = ""
    logo_url: str = ""
    favicon_url: str = ""
    footer: str = ""
    image_sources: tuple[str, ...] = ()

    def img_src(self, *more: str) -> str:
        """The `img-src` of a page that wears the brand: this server, and the origins of its pictures alone."""
        return " ".join(["'self'", "data:", *self.image_sources, *more])


PLAIN = Brand()


def brand_of(session: Session, org: Organization) -> Brand:
    """The brand that players of the organization see: its own, or that of the nearest one above. One statement."""
    version = shown_theme(session, org.id)
    if version is None:
        return PLAIN
    css_url = url_for("theme.css", org_slug=org.slug, digest=version.digest)
    return brand_with(org, Look.of(version.look), css_url)


def brand_with(org: Organization, look: Look, css_url: str) -> Brand:
    """The brand of a look whose style sheet lies at `css_url`."""
    return Brand(
        css_url,
        picture_url(org, look.logo),
        picture_url(org, look.favicon),
        look.footer or "",
        tuple(image_origins(look)),
    )


def picture_url(org: Organization, picture: str | None, origin: str = "") -> str:
    """Where a logo or favicon lies; "" for none. With `origin` the whole address of an uploaded one."""
    if not is_uploaded(picture):
        return picture or ""
    return origin + path_of("theme.image", org_slug=org.slug, digest=picture)


def path_of(endpoint: str, **values: object) -> str:
    """The address of a page without its host; outside of a request too, where messages are written."""
    return current_app.url_map.bind("localhost").build(endpoint, values)


def own_url() -> str:
    """This server's address as its settings have it, never as a request's Host says."""
    return str(current_app.config["SETTINGS"].base_url)


def own_host() -> str:
    """The host of that address."""
    return str(urlsplit(own_url()).hostname)
