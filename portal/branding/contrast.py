"""How well two colours can be told apart (WCAG 2.2, 1.4.3 and 1.4.11), and the nearest colour that passes.

Colours are `#rrggbb`. A better colour keeps the hue: only its lightness in OKLCH is moved, and its chroma where sRGB ends.
"""

import math
from dataclasses import dataclass

TEXT = 4.5  # WCAG 1.4.3, text
PARTS = 3.0  # WCAG 1.4.11, what can be pressed and what shows the focus
_STEPS = 400
Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Verdict:
    """A pair as it stands: `ratio` is cut, never rounded up; `better` is the nearest passing `colour`, "" where it passes."""

    field: str
    against: str
    says: str
    ratio: float
    needed: float
    better: str = ""

    @property
    def passes(self) -> bool:
        return self.ratio >= self.needed


def ratio(one: str, other: str) -> float:
    """From 1.0 to 21.0, cut to two places, as WCAG 2.2 defines contrast."""
    low, high = sorted((luminance(one), luminance(other)))
    return math.floor((high + 0.05) / (low + 0.05) * 100 + 1e-9) / 100


def luminance(colour: str) -> float:
    """Relative luminance: 0 is black, 1 is white."""
    red, green, blue = (_linear(part) for part in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better; at least 4.58 on every colour."""
    return max(("#ffffff", "#000000"), key=lambda ink: ratio(ink, colour))


def nearest(colour: str, against: str, needed: float) -> str:
    """`colour` where it passes, else the nearest of its hue that does. Somewhere between black and white there is one
    for every `needed` up to 4.5."""
    if ratio(colour, against) >= needed:
        return colour
    light, chroma, hue = _oklch(colour)
    for step in range(1, _STEPS + 1):
        for lightness in (light - step / _STEPS, light + step / _STEPS):
            if 0 <= lightness <= 1:
                tried = _hex_of(lightness, chroma, hue)
                if ratio(tried, against) >= needed:
                    return tried
    return ink_on(against)


def with_lightness(colour: str, lightness: float, most_chroma: float = 1.0) -> str:
    """The colour's hue at an OKLCH lightness from 0 to 1."""
    _, chroma, hue = _oklch(colour)
    return _hex_of(lightness, min(chroma, most_chroma), hue)


def mix(one: str, other: str, share: float) -> str:
    """`share` of `other` in `one`, in sRGB as CSS mixes it."""
    pairs = zip(_rgb(one), _rgb(other), strict=True)
    return "#" + "".join(f"{round((left * (1 - share) + right * share) * 255):02x}" for left, right in pairs)


def _rgb(colour: str) -> Rgb:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _gamma(part: float) -> float:
    return part * 12.92 if part <= 0.0031308 else float(1.055 * part ** (1 / 2.4) - 0.055)


def _oklch(colour: str) -> Rgb:
    """Lightness, chroma, hue in radians (Björn Ottosson's OKLab)."""
    red, green, blue = (_linear(part) for part in _rgb(colour))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    light = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return light, math.hypot(a, b), math.atan2(b, a)


def _hex_of(light: float, chroma: float, hue: float) -> str:
    """As sRGB; the chroma gives way until the colour can be shown."""
    for share in range(20, -1, -1):
        parts = _srgb(light, chroma * share / 20, hue)
        if not share or all(-0.001 <= part <= 1.001 for part in parts):
            break
    return "#" + "".join(f"{round(min(1.0, max(0.0, part)) * 255):02x}" for part in parts)


def _srgb(light: float, chroma: float, hue: float) -> Rgb:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _gamma(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _gamma(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _gamma(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )
