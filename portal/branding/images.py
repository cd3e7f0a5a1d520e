"""Logos and favicons: read as pictures and drawn anew, so that nothing but pixels is kept (RELIABILITY T37)."""

import hashlib
import io
from dataclasses import dataclass

from portal.kernel.errors import Invalid

MOST_BYTES = 2_000_000
MOST_PIXELS = 16_000_000
LONGEST_SIDE = 10_000
READ = ("PNG", "JPEG", "WEBP", "GIF")
SIZES = {"logo": (640, 240), "favicon": (128, 128)}  # nothing is kept larger than this
_AS_PNG = "Export it as a PNG in your drawing program (File, Export, PNG, at least 256 pixels high) and upload that."


@dataclass(frozen=True)
class Picture:
    """A PNG of our own making; `digest` is the SHA-256 of `data`."""

    data: bytes
    digest: str
    width: int
    height: int


def redrawn(field: str, data: bytes) -> Picture:
    """The uploaded picture as a small PNG. Raises Invalid for what is not a picture, too large, or SVG."""
    if len(data) > MOST_BYTES:
        raise Invalid(field, f"The file has {len(data):,} bytes. Use at most {MOST_BYTES:,}.")
    if _is_markup(data):
        raise Invalid(field, f"SVG pictures are not taken, because they can hold programs. {_AS_PNG}")
    from PIL import Image, ImageOps, UnidentifiedImageError  # 4 MB that most processes never need

    try:
        with Image.open(io.BytesIO(data), formats=READ) as picture:
            _measured(field, picture.width, picture.height)  # the header alone has been read so far
            picture.draft("RGB", SIZES[field])  # a JPEG is read at a fraction of its size
            drawn = ImageOps.exif_transpose(picture).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Invalid(field, _too_many()) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise Invalid(field, f"The file is not a whole PNG, JPEG, WebP or GIF picture. {_AS_PNG}") from None
    drawn.thumbnail(SIZES[field], Image.Resampling.LANCZOS)
    out = io.BytesIO()
    Image.frombytes("RGBA", drawn.size, drawn.tobytes()).save(out, "PNG", optimize=True)  # the pixels, and nothing beside them
    png = out.getvalue()
    return Picture(png, hashlib.sha256(png).hexdigest(), *drawn.size)


def _measured(field: str, width: int, height: int) -> None:
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise Invalid(field, _too_many())
    if min(width, height) < 16:
        raise Invalid(field, f"The picture is {width} × {height} pixels. Use one of at least 16 × 16.")


def _too_many() -> str:
    return f"The picture is too large to be read. Use at most {MOST_PIXELS:,} pixels in all, for example 1,000 × 400."


def _is_markup(data: bytes) -> bool:
    start = data[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<", b"\x1f\x8b"))
