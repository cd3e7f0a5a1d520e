"""`next` leads to a path of this site or nowhere (RELIABILITY T40)."""

import pytest

from portal.orgs.signed_in import safe_path

BAD = [
    "", "//evil.example", "///evil.example", "////evil.example", "https://evil.example", "http://evil.example/o/acme/",
    "HTTPS://EVIL.EXAMPLE", "https:evil.example", "https:/evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "data:text/html,x", "mailto:a@b.c", "evil.example", "o/acme/", "./o/acme", "../o/acme", "?next=/", "#top",
    "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\\/evil.example", "/o/acme\\..\\x", "/\t/evil.example",
    "\t//evil.example", "/\n/evil.example", "/\r\nSet-Cookie: a=b", "/o/acme\x00", "/o/acme\x1f", "/o/ acme", " /o/acme",
    "/\x7f/evil.example", "\x00/o/acme", "/o/\ud800", "/" + "a" * 2001, "／／evil.example", "//evil.example@localhost/o/",
    "//[::1", "https://localhost@evil.example/",
]  # fmt: skip
GOOD = ["/", "/o/acme/", "/o/acme/audit?by=user&q=a%20b", "/o/acme/settings#allowlist", "/o/acme/@x", "/o/ümlaut"]


def test_there_are_forty_bad_strings():
    assert len(BAD) == len(set(BAD)) == 40


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_way_off_the_site_is_refused(text):
    assert safe_path(text) == ""


@pytest.mark.parametrize("text", GOOD)
def test_a_path_of_this_site_is_kept(text):
    assert safe_path(text) == text


SENDABLE = [text for text in BAD if "\ud800" not in text]  # a lone surrogate cannot be sent


@pytest.mark.parametrize("text", SENDABLE, ids=range(len(SENDABLE)))
def test_the_sign_in_never_sends_anybody_off_the_site(app, make, text):
    client = make.signed_in(make.person("dora"))
    answer = client.get("/sign-in", query_string={"next": text})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
