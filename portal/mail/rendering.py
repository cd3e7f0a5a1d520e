"""A message as it is sent: text and HTML, in the colours and with the logo of the organization it comes from."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from flask import current_app
from sqlalchemy.orm import Session

from portal.branding.brand import picture_url
from portal.branding.contrast import luminance
from portal.branding.look import Look, palette
from portal.branding.model import shown_theme
from portal.branding.sites import site_of
from portal.branding.stylesheet import other_scheme, variables
from portal.kernel.clock import utc_now
from portal.mail.letters import Letter, letter, one_line
from portal.mail.service import Claimed
from portal.orgs.model import Organization


@dataclass(frozen=True)
class Dress:
    """What a message wears. Colours are `#rrggbb`; `dark` is None where the theme has one scheme only."""

    name: str
    logo_url: str
    footer: str
    radius: int
    light: dict[str, str]
    dark: dict[str, str] | None


def dress(org: Organization, look: Look, site: str) -> Dress:
    """The theme for mail programs, which know no style sheets by address and no variables."""
    own = palette(look)
    pair = sorted((own, other_scheme(own)), key=lambda colours: luminance(colours["surface"]), reverse=True)
    first, second = (pair[1], None) if look.mode == "dark" else (pair[0], pair[1] if look.mode == "auto" else None)
    logo = picture_url(org, look.logo, site)
    return Dress(org.name, logo, look.footer or "", look.radius, variables(first), variables(second) if second else None)


def html_of(words: Letter, worn: Dress) -> str:
    """The HTML part, whole and by itself."""
    return current_app.jinja_env.get_template("mail/letter.html").render(letter=words, dress=worn, css=css_of(worn))


def css_of(worn: Dress) -> str:
    return current_app.jinja_env.get_template("mail/letter.css").render(dress=worn).strip()


def css_source(worn: Dress) -> str:
    """What a content security policy calls the style of this message, for the preview in a browser."""
    return f"'sha256-{b64encode(hashlib.sha256(css_of(worn).encode()).digest()).decode()}'"


def message(session: Session, org: Organization, mail: Claimed) -> EmailMessage:
    """The whole message. Its Message-ID stands for its row, so that whatever is sent twice can be told to be the same."""
    words, version = letter(mail.kind, mail.context), shown_theme(session, org.id)
    worn = dress(org, Look.of(version.look) if version else Look(), site_of(session, org))
    sender = current_app.config["SETTINGS"].mail_from
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(one_line(org.name), addr_spec=sender)
    made["To"] = Address(addr_spec=mail.recipient)
    made["Subject"] = words.subject
    made["Date"] = format_datetime(utc_now())
    made["Message-ID"] = f"<{mail.uid}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # nobody's absence note answers it (RFC 3834)
    made.set_content(current_app.jinja_env.get_template("mail/letter.txt").render(letter=words, dress=worn).strip() + "\n")
    made.add_alternative(html_of(words, worn), subtype="html")
    return made
