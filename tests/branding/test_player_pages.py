"""Player pages wear the theme of their organization, and of nobody else."""

import re

import pytest

from portal.audit.service import SYSTEM
from portal.branding import service
from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization
from tests.branding.pictures import picture


@pytest.fixture
def themed(app, make):
    """Publish a theme for an organization."""

    def publish(org, **values):
        with app.app_context(), unit_of_work() as session:
            service.publish_changes(session, session.get_one(Organization, org.id), SYSTEM, values)

    return publish


def test_a_landing_page_wears_colours_logo_favicon_and_footer(app, client, make, themed):
    org = make.org()
    with app.app_context(), unit_of_work() as session:
        logo = service.set_picture(session, session.get_one(Organization, org.id), SYSTEM, "logo", picture()).logo
    themed(org, primary="#0a7d32", logo=logo, favicon="https://cdn.example.com/icon.png", footer="Play <b>fair</b>")
    page = client.get(f"/play/{make.link(org).token}")
    (css,) = re.findall(rf'href="(/theme/{org.slug}/[0-9a-f]+\.css)"', page.text)
    assert page.text.index("player.css") < page.text.index(css), "the theme has the last word"
    assert "--primary: #0a7d32" in client.get(css).text
    assert f'src="/theme/{org.slug}/{logo}.png"' in page.text and f'alt="{org.name}"' in page.text
    assert 'rel="icon" href="https://cdn.example.com/icon.png"' in page.text
    assert "Play &lt;b&gt;fair&lt;/b&gt;" in page.text and 'class="tiltyard-player"' in page.text
    assert "img-src 'self' data: https://cdn.example.com;" in page.headers["Content-Security-Policy"]


def test_pictures_of_other_hosts_are_allowed_on_pages_of_that_theme_only(client, make, themed):
    mine, theirs = make.org(), make.org()
    themed(mine, logo="https://cdn.example.com/logo.png")
    game = make.game(mine, image_url="https://pictures.example.org/crash.png")
    policy = client.get(f"/play/{make.link(mine, game_id=game).token}").headers["Content-Security-Policy"]
    assert "img-src 'self' data: https://cdn.example.com https://pictures.example.org;" in policy
    assert "img-src 'self' data:;" in client.get(f"/play/{make.link(theirs).token}").headers["Content-Security-Policy"]


def test_a_used_link_is_themed_too_and_an_unknown_one_names_nobody(client, make, themed):
    org = make.org()
    themed(org, footer="Casino Royal")
    token = make.link(org).token
    client.post(f"/play/{token}")
    used = client.get(f"/play/{token}")
    assert used.status_code == 410 and "Casino Royal" in used.text
    assert "Casino Royal" not in client.get("/play/none").text


def test_an_agent_wears_its_operators_theme_under_its_own_address(client, make, themed):
    operator = make.org()
    agent = make.org(parent=operator)
    themed(operator, footer="House of games")
    page = client.get(f"/play/{make.link(agent).token}").text
    assert "House of games" in page and f"/theme/{agent.slug}/" in page and operator.slug not in page
    (css,) = re.findall(r'href="(/theme/[^"]+\.css)"', page)
    assert client.get(css).status_code == 200


def test_custom_css_never_reaches_the_back_office(make, themed):
    org = make.org()
    themed(org, custom_css=".page-head { display: none }", primary="#0a7d32")
    page = make.signed_in(org.alice).get(f"/o/{org.slug}/").text
    assert "/theme/" not in page and "tiltyard-player" not in page


def test_a_theme_costs_a_landing_page_one_statement(client, make, themed, count_sql):
    plain, branded = make.org(), make.org()
    themed(branded, primary="#0a7d32", footer="x")
    counts = []
    for org in (plain, branded):
        token = make.link(org).token
        with count_sql() as statements:
            client.get(f"/play/{token}")
        counts.append(len(statements))
        assert len([one for one in statements if "theme_versions" in one]) == 1
    assert counts[0] == counts[1]


def test_the_demo_game_wears_the_brand_of_whose_link_led_there(client, make, themed):
    org = make.org()
    themed(org, footer="Casino Royal")
    game = make.game(org, launch_url="http://localhost/play/demo-game")
    path = f"/play/{make.link(org, game_id=game).token}"
    attempt = re.search(r'name="attempt" value="([^"]+)"', client.get(path).text)[1]
    sent_on = client.post(path, data={"attempt": attempt}).headers["Location"]
    page = client.get(sent_on.removeprefix("http://localhost"))
    assert page.status_code == 200 and "Casino Royal" in page.text
    assert "Casino Royal" not in client.get("/play/demo-game?jwt=nonsense").text


def test_a_site_that_may_not_show_a_competition_gets_the_refusal_in_its_brand(client, make, themed):
    org = make.org(embed_sites="https://news.example")
    themed(org, footer="Casino Royal")
    around = {"Sec-Fetch-Dest": "iframe", "Referer": "https://other.example/page"}
    answer = client.get(f"/embed/{make.competition(org)}", headers=around)
    assert answer.status_code == 403 and "Casino Royal" in answer.text and "https://other.example" in answer.text
