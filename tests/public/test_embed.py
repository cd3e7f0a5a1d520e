"""Competitions on other people's sites: the frame, who may show it, the code to paste, and oEmbed."""

import json
import re
from urllib.parse import quote

import pytest

from portal.kernel.errors import Invalid
from portal.orgs.embed_sites import admits, origin_of, parse_sites
from portal.paths import ROOT
from tests.competitions.playing import Organizer
from tests.public.staging import NAMES, change, team_cup

MOST_BYTES = 30_000
FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def organizer(make, client) -> Organizer:
    return Organizer(make, client)


def ancestors(answer) -> str:
    return re.search(r"frame-ancestors ([^;]*)", answer.headers["Content-Security-Policy"])[1]


class TestTheFrame:
    @pytest.mark.parametrize("format", ["single_elimination", "double_elimination"])
    def test_a_bracket_of_16_weighs_less_than_30_kb_with_its_style(self, organizer, client, format):
        uid = team_cup(organizer.make, organizer.org, rules={"format": format})
        organizer.play_out(uid)
        page = client.get(f"/embed/{uid}", headers={"Accept-Encoding": "identity"})
        sent = client.get(f"/embed/{uid}", headers={"Accept-Encoding": "gzip"})
        style = client.get(re.search(r'href="(/static/css/competition[^"]+)"', page.text)[1])
        assert len(sent.data) + len(style.data) < MOST_BYTES / 2
        # Even where nothing is compressed; sixteen entrants with two lives have 30 matches.
        assert len(page.data) + len(style.data) < MOST_BYTES + 2_000 * (format == "double_elimination")
        assert page.text.count("data-m=") == {"single_elimination": 15, "double_elimination": 30}[format]

    def test_any_site_may_show_it_unless_the_organization_lists_some(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        answer = client.get(f"/embed/{uid}")
        assert ancestors(answer) == "*" and "X-Frame-Options" not in answer.headers
        change(organizer.org, embed_sites="https://news.example\nhttps://*.club.example")
        answer = client.get(f"/embed/{uid}")
        assert ancestors(answer) == "'self' https://news.example https://*.club.example"
        assert {"Referer", "Sec-Fetch-Dest"} <= {name.strip() for name in answer.headers["Vary"].split(",")}
        assert "X-Frame-Options" not in answer.headers

    def test_a_site_that_is_not_listed_is_told_what_to_add(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        change(organizer.org, embed_sites="https://news.example\nhttps://*.club.example")
        refused = client.get(f"/embed/{uid}", headers=FRAME | {"Referer": "https://Blog.example:8443/post?x=1"})
        assert refused.status_code == 403 and "https://blog.example:8443" in refused.text
        assert ancestors(refused) == "*" and refused.headers["Cache-Control"] == "no-store"
        assert NAMES[0] not in refused.text and "Spring Invitational" not in refused.text
        for site in ("https://news.example/", "https://a.club.example/x", "http://localhost/o/x"):
            assert client.get(f"/embed/{uid}", headers=FRAME | {"Referer": site}).status_code == 200
        # Without a Referer nobody can tell: the browser decides.
        assert client.get(f"/embed/{uid}", headers=FRAME).status_code == 200

    def test_a_refused_site_gets_no_304_either(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        tag = client.get(f"/embed/{uid}").headers["ETag"]
        change(organizer.org, embed_sites="https://news.example")
        headers = FRAME | {"Referer": "https://blog.example/", "If-None-Match": tag}
        assert client.get(f"/embed/{uid}", headers=headers).status_code == 403

    def test_private_foreign_and_deleted_ones_have_one_page_which_a_frame_can_show(self, organizer, client, make):
        private = make.competition(organizer.org, status="active", entrants=2, visibility="private")
        answers = [client.get(f"/embed/{uid}") for uid in (private, organizer.org.uid)]
        assert {answer.status_code for answer in answers} == {404} and answers[0].text == answers[1].text
        assert all(ancestors(answer) == "*" and "X-Frame-Options" not in answer.headers for answer in answers)

    @pytest.mark.parametrize("theme, says", [("light", ' data-theme="light"'), ("dark", ' data-theme="dark"'), ("auto", "")])
    def test_the_theme_is_the_one_that_was_asked_for(self, organizer, client, theme, says):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        assert f'<html lang="en"{says}>' in client.get(f"/embed/{uid}?theme={theme}").text

    @pytest.mark.parametrize("theme", ["", "black", "dark'", "light;x"])
    def test_any_other_theme_is_light(self, organizer, client, theme):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        assert '<html lang="en" data-theme="light">' in client.get(f"/embed/{uid}?theme={quote(theme)}").text

    def test_links_stay_in_the_frame_or_open_beside_it(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        for link in re.findall(r"<a [^>]*>", client.get(f"/embed/{uid}?theme=dark").text):
            assert (f"/embed/{uid}?theme=dark" in link) == ('target="_self"' in link), link
        assert '<base target="_blank">' in client.get(f"/embed/{uid}").text

    def test_a_frame_without_an_origin_may_follow_too(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        answer = client.get(f"/embed/{uid}?live=1")
        assert answer.headers["Access-Control-Allow-Origin"] == "*" and answer.headers["Access-Control-Expose-Headers"] == "ETag"
        for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get(f"/embed/{uid}").text):
            assert client.get(path).headers["Cross-Origin-Resource-Policy"] == "cross-origin"


class TestTheScript:
    def test_it_is_small_and_any_site_may_load_it(self, client):
        answer = client.get("/embed.js")
        assert answer.mimetype == "text/javascript" and len(answer.data) < 3_000
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "public" in answer.headers["Cache-Control"]

    def test_it_needs_nothing_else(self):
        text = (ROOT / "static" / "embed.js").read_text()
        assert not re.search(r"\b(import|require|eval|innerHTML|document\.write)\b", text)


class TestTheCode:
    def test_the_api_gives_the_frame_and_the_script_of_the_page(self, organizer):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        data = organizer.call("GET", f"/api/v1/embed?competition_id={uid}&theme=dark")
        assert list(data) == ["competition_id", "title", "theme", "iframe", "script"]
        assert data["iframe"] == (
            f'<iframe src="http://localhost/embed/{uid}?theme=dark" width="100%" height="600" frameborder="0"'
            ' allow="clipboard-write"></iframe>'
        )
        assert data["script"] == (
            f'<div id="lc-widget-{uid[:8]}"></div>\n<script src="http://localhost/embed.js" data-competition="{uid}"'
            ' data-theme="dark" async></script>'
        )

    def test_the_theme_is_light_unless_said_and_nothing_else_is_taken(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        assert client.get(f"/api/v1/embed?competition_id={uid}").json["data"]["theme"] == "light"
        for query in (
            f"competition_id={uid}&theme=black",
            "theme=dark",
            "competition_id=x",
            f"competition_id={uid}&theme=a&theme=b",
        ):
            assert client.get(f"/api/v1/embed?{query}").status_code == 400, query

    def test_a_private_one_has_no_code_and_is_not_there_for_others(self, organizer, client):
        uid = organizer.make.competition(organizer.org, status="active", entrants=2, visibility="private")
        assert "private" in organizer.call("GET", f"/api/v1/embed?competition_id={uid}", status=409)
        assert client.get(f"/api/v1/embed?competition_id={uid}").status_code == 404


class TestOembed:
    def ask(self, client, url: str, more: str = ""):
        return client.get(f"/oembed?url={quote(url, safe='')}{more}")

    def test_the_address_of_a_page_gives_a_frame_that_fits(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        for path in (f"/c/{organizer.org.slug}/{uid}?view=results", f"/embed/{uid}"):
            answer = self.ask(client, f"http://localhost{path}", "&maxwidth=500&maxheight=5000")
            data = answer.json
            assert (data["version"], data["type"], data["width"], data["height"]) == ("1.0", "rich", 500, 600)
            assert f'src="http://localhost/embed/{uid}?theme=auto"' in data["html"] and 'width="500"' in data["html"]
            assert client.get(data["thumbnail_url"].removeprefix("http://localhost")).mimetype == "image/png"
            assert answer.headers["Access-Control-Allow-Origin"] == "*"

    def test_the_page_leads_there(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        page = client.get(f"/c/{organizer.org.slug}/{uid}").text
        link = re.search(r'application/json\+oembed" href="http://localhost([^"]+)"', page)[1].replace("&amp;", "&")
        assert client.get(link).json["title"] == "Spring Invitational"

    @pytest.mark.parametrize(
        "url",
        [
            "http://evil.example/embed/{uid}",
            "ftp://localhost/embed/{uid}",
            "http://localhost/o/{uid}",
            "//[",
            "x",
            "javascript:1",
        ],
    )
    def test_any_other_address_is_not_there(self, organizer, client, url):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        assert self.ask(client, url.format(uid=uid)).status_code == 404

    def test_what_is_missing_or_no_number_or_another_format_is_said(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        here = f"http://localhost/embed/{uid}"
        for answer, status, word in (
            (client.get("/oembed"), 400, "url"),
            (self.ask(client, here, "&maxwidth=-1"), 400, "maxwidth"),
            (self.ask(client, here, "&maxheight=ten"), 400, "maxheight"),
            (self.ask(client, here, "&format=xml"), 501, "JSON"),
        ):
            assert answer.status_code == status and word in json.loads(answer.text)["error"]

    def test_a_private_one_is_not_there(self, organizer, client):
        uid = organizer.make.competition(organizer.org, status="active", entrants=2, visibility="private")
        assert self.ask(client, f"http://localhost/embed/{uid}").status_code == 404


class TestSites:
    @pytest.mark.parametrize(
        "line, site",
        [
            ("https://www.example.com", "https://www.example.com"),
            ("https://www.example.com/", "https://www.example.com"),
            ("www.Example.com", "https://www.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://example.com:443", "https://example.com"),
            ("https://*.example.com", "https://*.example.com"),
            ("*.example.com", "https://*.example.com"),
            ("https://münchen.example", "https://xn--mnchen-3ya.example"),
            ("https://[::1]:8000", "https://[::1]:8000"),
        ],
    )
    def test_a_line_becomes_an_origin(self, line, site):
        assert parse_sites("embed_sites", line) == (site,)

    @pytest.mark.parametrize(
        "line",
        [
            "https://example.com/page",
            "https://user@example.com",
            "ftp://example.com",
            "https://",
            "*",
            "https://*",
            "https://a.*.com",
            "'self'",
            "https://a.example; script-src *",
            "https://a.example https://b.example",
            "javascript:alert(1)",
            "https://example.com:99999",
            "https://example.com:x",
            "data:",
            "https://-",
        ],
    )
    def test_anything_else_is_refused_by_its_line(self, line):
        with pytest.raises(Invalid, match="on line 2 is not a site"):
            parse_sites("embed_sites", f"https://good.example\n{line}")

    def test_too_many_are_refused(self):
        with pytest.raises(Invalid, match="51 sites"):
            parse_sites("embed_sites", "\n".join(f"https://s{number}.example" for number in range(51)))

    @pytest.mark.parametrize(
        "origin, admitted",
        [
            ("https://a.club.example", True),
            ("https://a.b.club.example", True),
            ("https://club.example", False),
            ("http://a.club.example", False),
            ("https://evilclub.example", False),
            ("https://a.club.example.evil.example", False),
            ("https://.club.example", False),
            ("https://a.club.example:8443", False),
        ],
    )
    def test_a_star_stands_for_every_name_below(self, origin, admitted):
        assert admits(("https://*.club.example",), origin) == admitted

    def test_the_origin_of_a_referer_is_without_what_follows(self):
        assert origin_of("https://Example.com:8443/a/b?c#d") == "https://example.com:8443"
        assert origin_of("about:blank") == origin_of("") == origin_of("https://user:pw@x.example/") == ""


def test_the_code_of_the_api_leads_to_the_proven_domain(client, make):
    org = make.org()
    uid = make.competition(org, status="registration")
    here = client.get(f"/api/v1/embed?competition_id={uid}").json["data"]
    host = make.domain(org)
    there = client.get(f"/api/v1/embed?competition_id={uid}").json["data"]
    assert host not in here["iframe"]
    assert f'src="https://{host}/embed/{uid}?' in there["iframe"] and f'src="https://{host}/embed.js"' in there["script"]
