"""What a theme consists of: its values, what each may be, and how its colours go together."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

from portal.branding.contrast import PARTS, TEXT, Verdict, luminance, nearest, ratio
from portal.branding.css import clean
from portal.kernel.errors import Invalid
from portal.web.texts import paragraphs, web_address

COLOURS = ("primary", "accent", "surface", "text")
MODES = {"auto": "As the device asks", "light": "Always light", "dark": "Always dark"}
MOST_RADIUS = 32
LONGEST_FOOTER = 500
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Font:
    """A family that lies on this server."""

    label: str
    family: str
    weights: str
    folder: str

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """(path under static/, the letters that are in it)."""
        stem = f"vendor/{self.folder}-5.3.0/{self.folder}"
        return (f"{stem}-latin-wght-normal.woff2", LATIN), (f"{stem}-latin-ext-wght-normal.woff2", LATIN_MORE)


LATIN = "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+2000-206F, U+20AC, U+2122, U+2212"
LATIN_MORE = "U+0100-02BA, U+1E00-1E9F, U+1EF2-1EFF, U+20A0-20AB, U+20AD-20C0, U+2113"
FONTS = {
    "inter": Font("Inter: plain, for everything", "Inter Variable", "100 900", "inter"),
    "nunito": Font("Nunito: round and friendly", "Nunito Variable", "200 1000", "nunito"),
    "oswald": Font("Oswald: narrow, like a scoreboard", "Oswald Variable", "200 700", "oswald"),
    "space-grotesk": Font("Space Grotesk: technical", "Space Grotesk Variable", "300 700", "space-grotesk"),
}


@dataclass(frozen=True)
class Look:
    """One theme. Colours are `#rrggbb`, None where the theme leaves them as they are; `logo` and `favicon` are the digest
    of an uploaded picture or an https address; `custom_css` is as it was sent, and is cleaned whenever it is served."""

    primary: str | None = None
    accent: str | None = None
    surface: str | None = None
    text: str | None = None
    mode: str = "auto"
    radius: int = 16
    font: str = "inter"
    logo: str | None = None
    favicon: str | None = None
    footer: str | None = None
    custom_css: str | None = None

    def values(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Look":
        """From what is stored; a name that this version does not know is passed over."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


def changed(look: Look, changes: Mapping[str, Any], names: Mapping[str, str] | None = None) -> Look:
    """`look` with `changes`, each checked; None and "" clear. Raises Invalid naming field, rule and fix; `names` are what
    the sender calls the fields."""
    default, called = Look(), names or {}
    checked = {
        name: getattr(default, name) if value in (None, "") else CHECKS[name](called.get(name, name), value)
        for name, value in changes.items()
    }
    return replace(look, **checked)


def is_uploaded(picture: str | None) -> bool:
    """Is it the digest of a picture that lies here, rather than an address?"""
    return bool(picture and _DIGEST.fullmatch(picture))


def image_origins(look: Look) -> list[str]:
    """The foreign origins that the theme's pictures come from, for the content security policy."""
    urls = [picture for picture in (look.logo, look.favicon) if picture and not is_uploaded(picture)]
    return sorted({f"https://{urlsplit(url).netloc}" for url in urls})


def palette(look: Look) -> dict[str, str]:
    """The four colours with those that are not set worked out from the others; lower case."""
    dark = look.mode == "dark" and not look.surface
    surface = (look.surface or ("#151c2c" if dark else "#ffffff")).lower()
    on_dark = luminance(surface) < 0.18
    text = (look.text or ("#eef2fa" if on_dark else "#10182b")).lower()
    primary = (look.primary or ("#86a9ff" if on_dark else "#1f4fd8")).lower()
    accent = (look.accent or nearest(primary, surface, TEXT)).lower()
    return {"primary": primary, "accent": accent, "surface": surface, "text": text}


PAIRS = (
    ("text", TEXT, "Text on the surface"),
    ("accent", TEXT, "Links on the surface"),
    ("primary", PARTS, "Buttons and focus rings on the surface"),
)


def verdicts(look: Look) -> list[Verdict]:
    """How each pair of colours does against WCAG 2.2 AA. The words on a button are black or white, whichever reads better."""
    colours = palette(look)
    found = []
    for field, needed, says in PAIRS:
        colour, surface = colours[field], colours["surface"]
        better = nearest(colour, surface, needed)
        found.append(Verdict(field, "surface", says, ratio(colour, surface), needed, "" if better == colour else better))
    return found


def _colour(field: str, value: str) -> str:
    if not _COLOUR.fullmatch(value):
        raise Invalid(field, f"{field} must be a colour such as #ff6600: # and six hex digits.")
    return value


def _one_of(offered: Mapping[str, object]) -> Callable[[str, Any], str]:
    def check(field: str, value: str) -> str:
        if value not in offered:
            raise Invalid(field, f"{field} must be one of: {', '.join(offered)}.")
        return value

    return check


def _radius(field: str, value: int) -> int:
    if not 0 <= value <= MOST_RADIUS:
        raise Invalid(field, f"{field} is {value}. Use 0 to {MOST_RADIUS} pixels.")
    return value


def _picture(field: str, value: str) -> str:
    if _DIGEST.fullmatch(value):
        return value
    web_address(field, value)
    if not value.startswith("https://"):
        raise Invalid(field, f"{field} must begin with https://, or browsers will not show it.")
    if re.search(r"[\s;,'\"]", urlsplit(value).netloc):
        raise Invalid(field, f"{field} names a host that is not one. Send an address such as https://example.com/logo.png.")
    return value


def _css(field: str, value: str) -> str:
    clean(value, field)  # for its size; what is dropped is told, not refused
    return value


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(COLOURS, _colour),
    "mode": _one_of(MODES),
    "radius": _radius,
    "font": _one_of(FONTS),
    "logo": _picture,
    "favicon": _picture,
    "footer": lambda field, text: paragraphs(field, text, LONGEST_FOOTER),
    "custom_css": _css,
}
