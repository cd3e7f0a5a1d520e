"""The theme editor as a browser sends its forms, with and without htmx."""

import io
import re

import pytest

from tests.branding.pictures import picture
from tests.make import post

HTMX = {"HX-Request": "true"}
FORM = {"primary": "", "accent": "", "surface": "", "text": "", "mode": "auto", "radius": "16", "font": "inter"} | {
    "logo": "",
    "favicon": "",
    "footer": "",
    "custom_css": "",
}


@pytest.fixture
def editor(make):
    """An organization, alice's browser, and what sends a form of the editor."""

    def of():
        org = make.org()
        alice = make.signed_in(org.alice)
        home = f"/o/{org.slug}/branding"

        def send(path, data, **headers):
            return post(alice, home + path, data, headers=headers)

        return org, alice, home, send

    return of


def token_page(client, make, org):
    return client.get(f"/play/{make.link(org).token}").text


def test_a_draft_is_shown_to_the_editor_alone_until_it_is_published(client, make, editor):
    org, alice, home, send = editor()
    assert send("/draft", FORM | {"primary": "#0a7d32", "footer": "Casino Royal"}).status_code == 303
    page = alice.get(home).text
    assert 'value="#0a7d32"' in page and "Not published" in page and "Publish theme" in page
    assert "Casino Royal" in alice.get(f"{home}/preview/landing").text
    assert "--primary: #0a7d32" in alice.get(f"{home}/preview.css").text
    assert "Casino Royal" not in token_page(client, make, org)
    assert send("/publish", {}).status_code == 303
    assert "Casino Royal" in token_page(client, make, org)
    page = alice.get(home).text
    assert "Players see this, version 1" in page and org.alice.email in page


def test_registration_and_the_private_page_wear_the_draft(editor):
    _, alice, home, send = editor()
    send("/draft", FORM | {"primary": "#0a7d32", "footer": "Casino Royal"})
    for surface, said in (("registration", "Prize pool 2 ("), ("private", "Your private page")):
        shown = alice.get(f"{home}/preview/{surface}")
        assert shown.status_code == 200 and "Casino Royal" in shown.text and said in shown.text
        assert "<script" not in shown.text and f"preview/{surface}" in alice.get(f"{home}?surface={surface}").text


def test_while_typing_only_the_side_is_answered_and_a_half_typed_colour_keeps_the_draft(editor):
    _, alice, home, send = editor()
    answer = send("/draft", FORM | {"primary": "#0a7d32"}, **HTMX)
    assert answer.status_code == 200 and '<form class="form" id="theme-form"' not in answer.text
    assert 'id="theme-side"' in answer.text and "preview/landing" in answer.text
    answer = send("/draft", FORM | {"primary": "#0a7"}, **HTMX)
    assert answer.status_code == 422 and "six hex digits" in answer.text and 'id="theme-side"' in answer.text
    assert 'value="#0a7d32"' in alice.get(home).text


def test_without_javascript_a_refused_form_comes_back_as_it_was_typed(editor):
    _, _, _, send = editor()
    answer = send("/draft", FORM | {"primary": "red", "footer": "what I wrote"})
    assert answer.status_code == 422 and "what I wrote" in answer.text and 'value="red"' in answer.text
    assert "six hex digits" in answer.text and 'id="theme-form"' in answer.text


def test_dropped_css_is_listed_with_its_lines(editor):
    _, _, _, send = editor()
    answer = send("/draft", FORM | {"custom_css": "a { color: red }\nb { position: fixed }"}, **HTMX)
    assert answer.status_code == 200 and "Line 2" in answer.text and "position can only be relative or static." in answer.text


def test_a_failing_colour_offers_the_nearest_that_passes_and_needs_a_tick_to_be_published(client, make, editor):
    _, alice, home, send = editor()
    page = send("/draft", FORM | {"text": "#999999"}, **HTMX).text
    assert "2.84" in page and "although_failing" in page
    (better,) = re.findall(r'name="colour" value="(#[0-9a-f]{6})"', page)
    answer = send("/publish", {})
    assert answer.status_code == 422 and "cannot be read well by everybody" in answer.text
    assert send("/publish", {"although_failing": "y"}).status_code == 303
    assert send("/colour", {"field": "text", "colour": better}).status_code == 303
    assert f'value="{better}"' in alice.get(home).text and "although_failing" not in alice.get(home).text
    assert send("/colour", {"field": "mode", "colour": "dark"}).status_code == 422
    assert send("/colour", {"field": "text", "colour": "url(x)"}).status_code == 422


def test_a_logo_is_uploaded_shown_kept_while_typing_and_removed(editor):
    org, alice, home, send = editor()
    answer = send("/logo", {"file": (io.BytesIO(picture()), "logo.png")})
    assert answer.status_code == 303
    (url,) = set(re.findall(rf'src="(/theme/{org.slug}/[0-9a-f]+\.png)"', alice.get(home).text))
    assert alice.get(url).status_code == 200
    send("/draft", FORM | {"footer": "typed later"}, **HTMX)
    assert url in alice.get(f"{home}/preview/landing").text
    send("/draft", FORM | {"logo": "https://cdn.example.com/logo.png"}, **HTMX)
    preview = alice.get(f"{home}/preview/landing")
    assert "https://cdn.example.com/logo.png" in preview.text
    assert "img-src 'self' data: https://cdn.example.com" in preview.headers["Content-Security-Policy"]
    send("/logo/remove", {})
    assert 'class="logo"' not in alice.get(f"{home}/preview/landing").text


def test_a_bad_picture_is_refused_with_what_to_do(editor):
    _, _, _, send = editor()
    answer = send("/logo", {"file": (io.BytesIO(b"<svg/>"), "logo.svg")})
    assert answer.status_code == 422 and "SVG pictures are not taken" in answer.text and "Export it as a PNG" in answer.text
    answer = send("/logo", {})
    assert answer.status_code == 422 and "Choose a PNG" in answer.text


def test_an_old_version_is_published_again_and_the_draft_stays(client, make, editor):
    org, alice, home, send = editor()
    for footer in ("First words", "Second words"):
        send("/draft", FORM | {"footer": footer})
        send("/publish", {})
    send("/draft", FORM | {"footer": "In the making"})
    assert send("/versions/1", {}).status_code == 303
    assert "First words" in token_page(client, make, org)
    page = alice.get(home).text
    assert "In the making" in page and "version 1 again" in page
    assert send("/versions/3", {}).status_code == 409
    assert send("/discard", {}).status_code == 303
    assert "In the making" not in alice.get(home).text


def test_the_preview_can_be_framed_by_its_own_site_only_and_sends_nothing(editor):
    _, alice, home, _ = editor()
    for surface in ("landing", "closed"):
        answer = alice.get(f"{home}/preview/{surface}?scheme=dark")
        policy = answer.headers["Content-Security-Policy"]
        assert answer.status_code == 200 and 'data-theme="dark"' in answer.text
        assert "frame-ancestors 'self'" in policy and "form-action 'none'" in policy and "script-src 'none'" in policy
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert 'data-theme=""' not in alice.get(f"{home}/preview/landing?scheme=%22onload").text
    assert "frame-src 'self'" in alice.get(home).headers["Content-Security-Policy"]


def test_custom_css_does_not_reach_the_editor_itself(editor):
    _, alice, home, send = editor()
    send("/draft", FORM | {"custom_css": "body { display: none }"})
    page = alice.get(home).text
    assert "preview.css" not in page and "/theme/" not in page


SURFACES = ("landing", "competition", "embed", "closed", "game", "refused", "missing", "mail")


@pytest.mark.parametrize("surface", SURFACES)
def test_every_surface_is_shown_with_the_draft(editor, surface):
    """Each through its real template: the colour by the style sheet that is linked, in mail where it is used."""
    _, alice, home, send = editor()
    send("/draft", FORM | {"primary": "#0a7d32", "footer": "Casino Royal"})
    page = alice.get(f"{home}?surface={surface}").text
    assert f"/branding/preview/{surface}?" in page and 'aria-current="true"' in page
    shown = alice.get(f"{home}/preview/{surface}?scheme=light")
    assert shown.status_code == 200 and "Casino Royal" in shown.text
    assert ("#0a7d32" if surface == "mail" else "preview.css?v=") in shown.text
    policy = shown.headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "script-src 'none'" in policy


def test_a_surface_that_is_not_there_is_404(editor):
    _, alice, home, _ = editor()
    assert alice.get(f"{home}/preview/office").status_code == 404


def test_an_agent_goes_back_to_the_theme_above_and_undoes_it(client, make, editor):
    operator, _, _, tell = editor()
    tell("/draft", FORM | {"footer": "The operator"})
    tell("/publish", {})
    agent = make.org(parent=operator)
    alice = make.signed_in(agent.alice)
    home = f"/o/{agent.slug}/branding"
    assert "The operator" in token_page(client, make, agent)
    post(alice, f"{home}/draft", FORM | {"footer": "The agent"})
    post(alice, f"{home}/publish", {})
    assert "The agent" in token_page(client, make, agent) and "Use the theme above again" in alice.get(home).text
    cup = f"/c/{agent.slug}/{make.competition(agent)}"
    assert "The agent" in client.get(cup).text
    answer = post(alice, f"{home}/inherit", {}, headers=HTMX)
    assert answer.status_code == 204 and f"{home}/versions/1" in answer.headers["HX-Trigger"]
    assert "The operator" in token_page(client, make, agent) and "The operator" in client.get(cup).text
    page = alice.get(home).text
    assert "the theme above again" in page and "Publish one here" in page and "The operator" in page
    assert post(alice, f"{home}/inherit", {}).status_code == 409
    assert post(alice, f"{home}/versions/1", {}).status_code == 303
    assert "The agent" in token_page(client, make, agent)
    assert post(alice, f"{home}/versions/2", {}).status_code == 409  # what was inherited is no theme to bring back


def test_an_operator_has_nothing_above(editor):
    _, alice, home, send = editor()
    send("/draft", FORM | {"footer": "Mine"})
    send("/publish", {})
    assert "Use the theme above again" not in alice.get(home).text and send("/inherit", {}).status_code == 409
