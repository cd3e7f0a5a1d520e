"""The picture of a competition for link previews: 1200 x 630, drawn here, no browser and no foreign fetch."""

import io
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from portal.paths import ROOT

WIDTH, HEIGHT, MARGIN = 1200, 630, 80
FONT = ROOT / "static" / "vendor" / "inter-5.3.0" / "inter-latin-wght-normal.woff2"
GROUND, INK, QUIET, ACCENT = "#0c111d", "#eef2fa", "#a9b4c9", "#86a9ff"
PLACES = ("1st", "2nd", "3rd")
TITLE_SIZES = (88, 72, 58)


def drawn(title: str, organization: str, state: str, first: list[str]) -> bytes:
    """A PNG with the title on at most two lines, the state, and the best three where they are known."""
    image = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 16, HEIGHT), fill=ACCENT)
    pen.text((MARGIN, 64), _fitted(organization, 32, 600), font=_font(32, 600), fill=QUIET)
    size, lines = _title(title)
    for number, line in enumerate(lines):
        pen.text((MARGIN, 150 + number * (size + 14)), line, font=_font(size, 750), fill=INK)
    pen.text((MARGIN, 388), state, font=_font(36, 650), fill=ACCENT)
    for number, name in enumerate(first[: len(PLACES)]):
        top = 458 + number * 46
        pen.text((MARGIN, top), PLACES[number], font=_font(30, 650), fill=QUIET)
        pen.text((MARGIN + 84, top), _fitted(name, 30, 500), font=_font(30, 500), fill=INK)
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _title(title: str) -> tuple[int, list[str]]:
    """The largest size at which the title fits on two lines, cut at the smallest."""
    words = _printable(title).split() or ["Competition"]
    for size in TITLE_SIZES:
        lines = _wrapped(words, size)
        if len(lines) <= 2 and all(_width(line, size, 750) <= WIDTH - 2 * MARGIN for line in lines):
            return size, lines
    size = TITLE_SIZES[-1]
    kept = _wrapped(words, size)
    return size, [_cut(line, size, 750) for line in [kept[0], " ".join(kept[1:])] if line]


def _wrapped(words: list[str], size: int) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if _width(longer, size, 750) <= WIDTH - 2 * MARGIN:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _fitted(text: str, size: int, weight: int) -> str:
    return _cut(_printable(text), size, weight)


def _cut(text: str, size: int, weight: int) -> str:
    room = WIDTH - 2 * MARGIN - 84
    if _width(text, size, weight) <= room:
        return text
    while text and _width(f"{text}…", size, weight) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _printable(text: str) -> str:
    """The text without the letters that the font does not have; boxes in their place would say less than nothing."""
    kept = "".join(letter for letter in text[:300] if letter.isprintable() and letter in _letters())
    return " ".join(kept.split())


def _width(text: str, size: int, weight: int) -> float:
    return _font(size, weight).getlength(text)


@lru_cache(maxsize=32)
def _font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(str(FONT), size)
    font.set_variation_by_axes([weight])
    return font


@lru_cache(maxsize=1)
def _letters() -> frozenset[str]:
    """What the font has of Latin: whatever does not draw as its box for a missing letter."""
    font = ImageFont.truetype(str(FONT), 24)
    missing = bytes(font.getmask("\U0010fffd"))
    ranges = (range(0x20, 0x7F), range(0xA0, 0x180), range(0x2010, 0x2027), range(0x20A0, 0x20C0))
    letters = (chr(code) for one in ranges for code in one)
    return frozenset(letter for letter in letters if letter.isspace() or bytes(font.getmask(letter)) != missing)
