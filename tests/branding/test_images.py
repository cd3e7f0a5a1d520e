"""Uploaded pictures: what is kept is pixels; everything that is not a picture, or too much of one, is refused."""

import io
import struct

import pytest
from PIL import Image

from portal.branding.images import MOST_BYTES, redrawn
from portal.kernel.errors import Invalid
from tests.branding.pictures import picture, png_that_claims

SCRIPT = b"<script>alert(document.domain)</script>"
REFUSED = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "SVG"),
    "svg with a declaration": (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", "SVG"),
    "svg in utf-16": ("<svg/>".encode("utf-16"), "SVG"),
    "svgz": (b"\x1f\x8b\x08\x00rest", "SVG"),
    "html": (b"<!doctype html>" + SCRIPT, "SVG"),
    "nothing": (b"", "not a whole"),
    "text": (b"hello", "not a whole"),
    "pdf": (b"%PDF-1.7\n", "not a whole"),
    "postscript, which Pillow would hand to another program": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "not a whole",
    ),
    "cut off": (picture()[:100], "not a whole"),
    "a jpeg cut off": (picture("JPEG", (400, 400))[:600], "not a whole"),
    "windows bitmap": (picture("BMP"), "not a whole"),
    "icon": (picture("ICO", (64, 64)), "not a whole"),
    "tiff": (picture("TIFF"), "not a whole"),
    "bomb": (png_that_claims(50_000, 50_000), "too large"),
    "bomb just over the limit": (png_that_claims(4_001, 4_000), "too large"),
    "bomb that is long": (png_that_claims(1_000_000, 1), "too large"),
    "gif that claims much": (picture("GIF").replace(struct.pack("<HH", 200, 80), b"\x60\xea" * 2), "too large"),
    "tiny": (picture(size=(8, 8)), "at least 16"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_good_picture_is_refused_with_the_reason(name):
    data, words = REFUSED[name]
    with pytest.raises(Invalid, match=words) as refusal:
        redrawn("logo", data)
    assert refusal.value.field == "logo"


def test_too_many_bytes_are_refused_before_anything_is_read():
    with pytest.raises(Invalid, match="2,000,001 bytes"):
        redrawn("logo", picture() + b"\0" * (MOST_BYTES + 1 - len(picture())))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_becomes_a_png_of_the_same_shape(kind):
    kept = redrawn("logo", picture(kind))
    with Image.open(io.BytesIO(kept.data)) as seen:
        assert (seen.format, seen.size) == ("PNG", (200, 80))
        red, green, blue, alpha = seen.convert("RGBA").getpixel((100, 40))
    assert abs(red - 255) < 8 and abs(green - 102) < 8 and abs(blue) < 8 and alpha == 255


def test_a_large_picture_is_made_small_and_keeps_its_shape():
    kept = redrawn("logo", picture(size=(4_000, 1_000)))
    assert (kept.width, kept.height) == (640, 160)
    kept = redrawn("favicon", picture(size=(1_000, 1_000)))
    assert (kept.width, kept.height) == (128, 128)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_nothing_that_rides_along_survives(kind):
    comment = {"JPEG": {"comment": SCRIPT}, "GIF": {"comment": SCRIPT}}.get(kind, {})
    polyglot = picture(kind, **comment) + SCRIPT
    kept = redrawn("logo", polyglot)
    assert SCRIPT in polyglot and SCRIPT not in kept.data and b"alert" not in kept.data


def test_the_same_picture_has_the_same_name():
    assert redrawn("logo", picture()).digest == redrawn("logo", picture() + b"tail").digest
