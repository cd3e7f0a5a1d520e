"""A theme as CSS: variables for light and dark, the font, and the cleaned custom CSS. Nothing in it comes unchecked."""

import hashlib

from portal.branding.contrast import PARTS, TEXT, ink_on, luminance, mix, nearest, with_lightness
from portal.branding.css import clean
from portal.branding.look import COLOURS, FONTS, Font, Look, palette

_FALLBACK = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'
_STATES = {"good": "#146c3a", "bad": "#b3261e"}


def stylesheet(look: Look) -> str:
    """The theme's whole style sheet. Pages link it after their own, whose variables it sets."""
    return "\n".join([*_font_faces(FONTS[look.font]), *_rules(look), clean(look.custom_css or "").css]).strip() + "\n"


def digest_of(css: str) -> str:
    """The name of a style sheet: it changes with every letter."""
    return hashlib.sha256(css.encode()).hexdigest()[:20]


def variables(colours: dict[str, str]) -> dict[str, str]:
    """What player pages draw with, from the four colours of one scheme."""
    surface, text, primary = colours["surface"], colours["text"], colours["primary"]
    ground = mix(surface, text, 0.05)
    return {
        "ground": ground,
        "card": surface,
        "ink": text,
        "quiet": nearest(mix(text, surface, 0.3), ground, TEXT),
        "line": mix(surface, text, 0.16),
        "primary": primary,
        "primary-ink": ink_on(primary),
        "accent": colours["accent"],
        "accent-ink": ink_on(colours["accent"]),
        "accent-soft": mix(surface, primary, 0.12),
        "warn-ground": mix(surface, "#e8a317", 0.18),
        "warn": nearest("#8a5a00", mix(surface, "#e8a317", 0.18), TEXT),
    } | {name: nearest(colour, surface, TEXT) for name, colour in _STATES.items()}


def other_scheme(colours: dict[str, str]) -> dict[str, str]:
    """The same hues for the other scheme: a light theme's dark one, and the other way round. Every pair in it passes."""
    dark = luminance(colours["surface"]) >= 0.18
    hue = colours["primary"]
    surface = with_lightness(hue, 0.22 if dark else 0.99, 0.02 if dark else 0.004)
    text = with_lightness(hue, 0.95 if dark else 0.22, 0.02)
    accent, primary = nearest(colours["accent"], surface, TEXT), nearest(hue, surface, PARTS)
    return {"surface": surface, "text": nearest(text, surface, TEXT), "accent": accent, "primary": primary}


def _rules(look: Look) -> list[str]:
    """`data-theme` on the page's root element, which an embed may set, wins over the device; the theme's mode wins over both
    where nobody chose."""
    own = palette(look)
    shape = f":root {{ --radius: {look.radius}px; --font: {_family(FONTS[look.font])}; }}"
    if not any(getattr(look, name) for name in COLOURS) and look.mode == "auto":
        return [shape]
    other = other_scheme(own)
    dark, light = (own, other) if luminance(own["surface"]) < 0.18 else (other, own)
    rules = [shape, *(f':root[data-theme="{name}"] {{ {_block(name, of)} }}' for name, of in (("light", light), ("dark", dark)))]
    if look.mode != "auto":
        return [*rules, f":root:not([data-theme]) {{ {_block(look.mode, dark if look.mode == 'dark' else light)} }}"]
    rules.append(f":root:not([data-theme]) {{ {_block('light dark', light)} }}")
    return [*rules, f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme]) {{ {_block('light dark', dark)} }} }}"]


def _block(scheme: str, colours: dict[str, str]) -> str:
    lines = [f"--{name}: {value};" for name, value in variables(colours).items()]
    return " ".join([f"color-scheme: {scheme};", *lines])


def _font_faces(font: Font) -> list[str]:
    """Inter stands in the pages' own style sheet."""
    if font is FONTS["inter"]:
        return []
    return [
        f'@font-face {{ font-family: "{font.family}"; src: url("/static/{path}") format("woff2"); '
        f"font-weight: {font.weights}; font-display: swap; unicode-range: {letters}; }}"
        for path, letters in font.files
    ]


def _family(font: Font) -> str:
    return f'"{font.family}", {_FALLBACK}'
