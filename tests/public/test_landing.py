"""What a player meets: a page that shows and never consumes, a button that consumes once, and a game that checks the token."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization
from portal.public.landing import with_token
from portal.public.visitors import is_person
from portal.session_tokens import player_jwt
from portal.session_tokens.model import SessionToken
from portal.session_tokens.service import revoke_many
from tests.make import Make

BROWSER = {
    "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "none",
}
UNKNOWN = "a1b2c3d4-e5f6-4890-abcd-ef1234567890"


def row_of(link) -> SessionToken:
    with unit_of_work() as session:
        row = session.get_one(SessionToken, link.id)
        session.expunge(row)
        return row


def attempt_in(page) -> dict[str, str]:
    return {"attempt": re.search(r'name="attempt" value="([^"]+)"', page.text)[1]}


@pytest.fixture
def org(make: Make):
    return make.org("Acme & Söhne")


def test_the_page_shows_the_brand_and_the_game_and_the_button_leads_on_with_a_token(client, make, org, app):
    game = make.game(org, name="Penalty Kings", launch_url="https://games.example.com/start?lang=de&jwt=old")
    link = make.link(org, game_id=game, external_ref="user-1", metadata={"display_name": "Maja"})
    path = f"/play/game/{game}?session_token={link.token}"
    page = client.get(path, headers=BROWSER)
    assert page.status_code == 200
    assert "Penalty Kings" in page.text and "Acme &amp; Söhne" in page.text and "<button" in page.text
    assert "Set-Cookie" not in page.headers and "<script" not in page.text

    sent = client.post(path, data=attempt_in(page))
    assert sent.status_code == 303 and "Set-Cookie" not in sent.headers
    launch = urlsplit(sent.headers["Location"])
    assert (launch.scheme, launch.netloc, launch.path) == ("https", "games.example.com", "/start")
    query = parse_qs(launch.query)
    assert query["lang"] == ["de"] and len(query["jwt"]) == 1
    published = client.get("/.well-known/jwks.json")
    claims = player_jwt.verify(published.json, query["jwt"][0], issuer="http://localhost")
    assert (claims["sub"], claims["displayName"], claims["operator_id"]) == ("user-1", "Maja", org.uid)
    assert row_of(link).consumed_at is not None


def test_a_stream_and_the_short_form_work_alike(client, make, org):
    stream = make.stream(org, launch_url="https://live.example.com/show")
    for path in ("/play/stream/{stream}?session_token={token}", "/play/{token}"):
        link = make.link(org, stream_id=stream)
        where = path.format(stream=stream, token=link.token)
        page = client.get(where, headers=BROWSER)
        assert page.status_code == 200 and "Watch" in page.text
        assert client.post(where).headers["Location"].startswith("https://live.example.com/show?jwt=")


def test_looking_a_hundred_times_never_uses_the_link_up(client, make, org):
    link = make.link(org)
    for number in range(100):
        method = client.head if number % 3 == 0 else client.get
        assert method(f"/play/{link.token}", headers=BROWSER if number % 2 else {}).status_code == 200
    assert row_of(link).consumed_at is None
    assert client.post(f"/play/{link.token}").status_code == 303


@pytest.mark.parametrize(
    ("method", "headers", "person"),
    [
        ("GET", BROWSER, True),
        ("HEAD", BROWSER, False),
        ("GET", {}, False),
        ("GET", BROWSER | {"Sec-Purpose": "prefetch"}, False),
        ("GET", BROWSER | {"Sec-Purpose": "prefetch;prerender"}, False),
        ("GET", BROWSER | {"Purpose": "prefetch"}, False),
        ("GET", BROWSER | {"Sec-Fetch-Dest": "iframe"}, False),
        ("GET", BROWSER | {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"}, False),
        ("GET", BROWSER | {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}, False),
        ("GET", BROWSER | {"User-Agent": "WhatsApp/2.23.20.0"}, False),
        ("GET", BROWSER | {"User-Agent": "facebookexternalhit/1.1"}, False),
        ("GET", BROWSER | {"User-Agent": "Mozilla/5.0 HeadlessChrome/140.0"}, False),
        ("GET", BROWSER | {"User-Agent": "Mozilla/5.0 (compatible; Barracuda Sentinel)"}, False),
        ("GET", BROWSER | {"User-Agent": "curl/8.5"}, False),
        ("GET", BROWSER | {"User-Agent": ""}, False),
    ],
)
def test_who_opened_it_is_written_down(client, make, org, method, headers, person):
    assert is_person(method, headers) is person
    link = make.link(org)
    client.open(f"/play/{link.token}", method=method, headers=headers)
    row = row_of(link)
    assert (row.opened_at is not None, row.previewed_at is not None) == (person, not person)


def refused(client, make, org):
    """(state, token) for every reason not to open."""
    used, revoked = make.link(org), make.link(org)
    client.post(f"/play/{used.token}")
    with unit_of_work() as session:
        revoke_many(session, session.get_one(Organization, org.id), SYSTEM, [revoked.id])
    expired = make.link(org, minutes=1, clock=lambda: utc_now() - timedelta(minutes=2))
    early = make.link(org, not_before=utc_now() + timedelta(hours=2))
    tokens = {"used": used, "revoked": revoked, "expired": expired, "early": early}
    return {state: link.token for state, link in tokens.items()} | {"unknown": UNKNOWN, "malformed": "x", "odd": "%F0%9F%92%A5"}


def test_what_does_not_open_says_what_to_do_with_status_410(client, make, org):
    words = {
        "used": "has been used",
        "revoked": "was withdrawn",
        "expired": "has expired",
        "early": "not open yet",
        "unknown": "does not lead anywhere",
        "malformed": "does not lead anywhere",
        "odd": "does not lead anywhere",
    }
    for state, token in refused(client, make, org).items():
        for answer in (client.get(f"/play/{token}", headers=BROWSER), client.post(f"/play/{token}")):
            assert answer.status_code == 410, state
            assert words[state] in answer.text and ("sk" in answer.text or "come back" in answer.text)


def test_another_games_number_neither_shows_nor_uses_the_link(client, make, org):
    game, other = make.game(org), make.game(org)
    stream = make.stream(org)
    link = make.link(org, game_id=game)
    for path in (f"/play/game/{other}", f"/play/stream/{stream}", f"/play/game/{10**12}", "/play/game/0"):
        for answer in (client.get(f"{path}?session_token={link.token}"), client.post(f"{path}?session_token={link.token}")):
            assert answer.status_code == 410
    assert client.get(f"/play/game/{game}").status_code == 410
    assert row_of(link).consumed_at is None


def test_the_button_pressed_twice_leads_to_the_same_place_and_a_second_tab_does_not(client, make, org):
    link = make.link(org)
    one, two = (client.get(f"/play/{link.token}") for _ in range(2))
    first = client.post(f"/play/{link.token}", data=attempt_in(one))
    again = client.post(f"/play/{link.token}", data=attempt_in(one))
    other = client.post(f"/play/{link.token}", data=attempt_in(two))
    assert (first.status_code, again.status_code, other.status_code) == (303, 303, 410)
    assert first.headers["Location"] == again.headers["Location"]


def test_every_answer_is_kept_from_caches_search_engines_and_referrers(client, make, org):
    link = make.link(org)
    answers = [client.get(f"/play/{link.token}"), client.head(f"/play/{link.token}"), client.get("/play/x")]
    answers += [client.post(f"/play/{link.token}"), client.get(f"/play/{link.token}"), client.get("/play/demo-game")]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_the_policy_names_where_the_form_leads_and_nothing_else(client, make, org):
    game = make.game(org, launch_url="https://games.example.com:8443/a/b?c=d", image_url="https://img.example.com/x.png")
    policy = client.get(f"/play/{make.link(org, game_id=game).token}").headers["Content-Security-Policy"]
    assert "form-action 'self' https://games.example.com:8443;" in policy
    assert "img-src 'self' data: https://img.example.com;" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7777*1111 }}",
        "' onload='alert(1)",
        "</title><svg/onload=alert(1)>",
    ],
)
def test_hostile_names_stay_text(client, make, hostile):
    org = make.org(hostile)
    link = make.link(org, game_id=make.game(org, name=hostile), external_ref=hostile)
    text = client.get(f"/play/{link.token}").text
    assert "<script" not in text and "<img" not in text and "<svg/onload" not in text and "8640247" not in text
    assert text.count("<svg") == 1


def test_a_cookie_of_the_back_office_changes_nothing_here(make, org):
    alice = make.signed_in(org.alice)
    link = make.link(org)
    answer = alice.post(f"/play/{link.token}", headers={"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 303


def test_links_of_an_archived_game_go_on_working(client, make, org):
    from portal.catalog.model import Game

    game = make.game(org)
    link = make.link(org, game_id=game)
    with unit_of_work() as session:
        session.execute(update(Game).where(Game.id == game).values(archived_at=utc_now()))
    assert client.get(f"/play/{link.token}").status_code == 200
    assert client.post(f"/play/{link.token}").status_code == 303


def test_the_keys_are_published_for_everybody(client):
    answer = client.get("/.well-known/jwks.json")
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and "max-age" in answer.headers["Cache-Control"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert {key["alg"] for key in answer.json["keys"]} == {"EdDSA"} and "d" not in answer.json["keys"][0]


def test_the_demo_game_lets_in_who_has_a_good_token_and_nobody_else(client, make, org):
    game = make.game(org, launch_url="http://localhost/play/demo-game")
    link = make.link(org, game_id=game, metadata={"display_name": "<b>Maja</b>"})
    launch = urlsplit(client.post(f"/play/{link.token}").headers["Location"])
    page = client.get(f"{launch.path}?{launch.query}")
    assert page.status_code == 200
    assert 'Welcome, <span dir="auto">&lt;b&gt;Maja&lt;/b&gt;</span>' in page.text and "Verified" in page.text
    token = parse_qs(launch.query)["jwt"][0]
    for bad in ("", token[:-3], token.replace(".", ".x", 1), "x" * 9000):
        answer = client.get("/play/demo-game", query_string={"jwt": bad})
        assert answer.status_code == 401 and "did not let you in" in answer.text


def test_the_launch_address_keeps_its_query():
    assert with_token("https://g.example/a?x=1&y=&x=2", "T") == "https://g.example/a?x=1&y=&x=2&jwt=T"
    assert with_token("https://g.example", "T") == "https://g.example?jwt=T"
    assert with_token("https://g.example/?jwt=old&q=%C3%BC", "T") == "https://g.example/?q=%C3%BC&jwt=T"
