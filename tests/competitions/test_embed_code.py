"""What sites paste: every name is data there, never markup or code."""

import re

from portal.competitions.embed_code import Embed, frame_of, script_of, views_of

UID = "c1d2e3f4-2f6f-4b5e-9f63-0f3a8c1d2e3f"
EVIL = """"><script>alert('1')</script> & [x](javascript:y) `${z}` {{a}}"""


def embed(**more):
    return Embed("https://play.example.com", "acme", UID, **({"title": "Autumn cup"} | more))


def test_the_printed_forms_of_the_page_stand():
    assert frame_of("https://a.example/", UID, "dark") == (
        f'<iframe src="https://a.example/embed/{UID}?theme=dark" width="100%" height="600" frameborder="0"'
        ' allow="clipboard-write"></iframe>'
    )
    assert script_of("https://a.example", UID, "light") == (
        f'<div id="lc-widget-c1d2e3f4"></div>\n<script src="https://a.example/embed.js" data-competition="{UID}"'
        ' data-theme="light" async></script>'
    )


def test_view_match_and_size_are_in_the_code():
    one = embed(theme="dark", view="match", match="m-1", grows=False, width="640", height=420)
    address = f"https://play.example.com/embed/{UID}?theme=dark&amp;view=match&amp;match=m-1"
    assert f'src="{address}"' in one.html and 'width="640" height="420"' in one.html
    assert 'data-view="match" data-match="m-1" data-height="420"' in one.script
    assert f'src={{"{address.replace("&amp;", "&")}"}}' in one.react and "width: 640, height: 420" in one.react
    assert one.page == f"https://play.example.com/c/acme/{UID}?view=match&match=m-1"
    assert one.html in one.wordpress and embed().script in embed().wordpress


def test_a_hostile_title_stays_text_everywhere():
    one = embed(title=EVIL)
    for code in (one.html, one.script, one.wordpress):
        assert "<script>alert" not in code and "&lt;script&gt;" in code
        assert len(re.findall(r"<(\w+)", code)) == len(re.findall(r"<(?:iframe|div|script)\b", code))
    for code in (one.react, embed(title=EVIL, grows=False).react):
        assert r"\"><script>alert('1')<\/script>" in code
    assert r"\[x\](javascript:y)" in one.markdown and r"\<script\>" in one.markdown


def test_a_competition_has_the_views_of_its_format():
    assert views_of(False, "swiss") == views_of(True, "leaderboard") == ["entrants"]
    assert views_of(True, "double_elimination")[0] == "bracket"
    assert views_of(True, "ladder")[0] == "table"
