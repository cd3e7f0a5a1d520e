"""Themes: draft, publish, history, roll back, who inherits, and the files that players get."""

import re
import threading

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM, Actor
from portal.branding import service
from portal.branding.contrast import ratio
from portal.branding.look import Look, palette, verdicts
from portal.branding.model import shown_theme, versions_of
from portal.branding.stylesheet import other_scheme, stylesheet, variables
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Conflict, Invalid, NotFound, Unprocessable
from portal.orgs.model import Organization
from tests.branding.pictures import picture

ALICE = Actor("user", "u1", "alice@example.com")


def org_of(session, org):
    return session.get_one(Organization, org.id)


def published(session, org, **values):
    """A theme with `values`, published; the name of its style sheet."""
    service.save_draft(session, org_of(session, org), ALICE, values)
    return service.publish_draft(session, org_of(session, org), ALICE, although_failing=True).digest


def shown(session, org):
    version = shown_theme(session, org.id)
    return version and Look.of(version.look)


def test_players_see_a_draft_only_when_it_is_published(make, session):
    org = make.org()
    service.save_draft(session, org_of(session, org), ALICE, {"primary": "#0a7d32"})
    assert shown(session, org) is None
    version = service.publish_draft(session, org_of(session, org), ALICE)
    assert shown(session, org).primary == "#0a7d32"
    assert (version.number, version.actor_label, version.restores) == (1, "alice@example.com", None)
    assert service.working_look(session, org_of(session, org)).primary == "#0a7d32"
    with pytest.raises(Conflict, match="nothing to publish"):
        service.publish_draft(session, org_of(session, org), ALICE)


def test_rolling_back_publishes_the_old_theme_as_a_new_version_and_keeps_all(make, session):
    org = make.org()
    for colour in ("#0a7d32", "#7d0a32"):
        published(session, org, primary=colour)
    version = service.roll_back(session, org_of(session, org), ALICE, 1)
    assert (version.number, version.restores, shown(session, org).primary) == (3, 1, "#0a7d32")
    assert [one.number for one in versions_of(session, org_of(session, org))] == [3, 2, 1]
    with pytest.raises(Conflict):
        service.roll_back(session, org_of(session, org), ALICE, 3)
    with pytest.raises(NotFound):
        service.roll_back(session, org_of(session, org), ALICE, 9)
    rows = session.scalars(select(AuditRow).where(AuditRow.org_id == org.id, AuditRow.action == "theme.published")).all()
    assert len(rows) == 3 and rows[-1].after["primary"] == "#0a7d32"


def test_versions_of_another_organization_are_not_there(make, session):
    mine, theirs = make.org(), make.org()
    published(session, theirs, primary="#0a7d32")
    with pytest.raises(NotFound):
        service.roll_back(session, org_of(session, mine), ALICE, 1)


def test_a_draft_that_says_what_is_published_is_none(make, session):
    org = make.org()
    published(session, org, primary="#0a7d32")
    service.save_draft(session, org_of(session, org), ALICE, {"primary": "#000000"})
    service.save_draft(session, org_of(session, org), ALICE, {"primary": "#0a7d32"})
    with pytest.raises(Conflict):
        service.publish_draft(session, org_of(session, org), ALICE)


def test_agents_inherit_until_they_set_their_own_and_begin_with_what_they_inherited(make, session):
    operator = make.org()
    agent = make.org(parent=operator, level="operator")
    below = make.org(parent=agent)
    published(session, operator, primary="#0a7d32", footer="Casino Royal")
    assert shown(session, below).footer == shown(session, agent).footer == "Casino Royal"
    published(session, agent, primary="#7d0a32")
    assert (shown(session, agent).primary, shown(session, agent).footer) == ("#7d0a32", "Casino Royal")
    assert shown(session, below).primary == "#7d0a32"
    assert shown(session, operator).primary == "#0a7d32"


def test_a_failing_pair_is_published_only_when_somebody_says_so(make, session):
    org = make.org()
    service.save_draft(session, org_of(session, org), ALICE, {"text": "#999999", "surface": "#ffffff"})
    with pytest.raises(Unprocessable, match="Text on the surface cannot be read"):
        service.publish_draft(session, org_of(session, org), ALICE)
    (failing,) = [one for one in verdicts(service.working_look(session, org_of(session, org))) if not one.passes]
    assert (failing.field, failing.ratio, failing.needed) == ("text", 2.84, 4.5)
    service.save_draft(session, org_of(session, org), ALICE, {"text": failing.better})
    assert service.publish_draft(session, org_of(session, org), ALICE).number == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"primary": "red"}, "six hex digits"),
        ({"primary": "#fff"}, "six hex digits"),
        ({"primary": "#ff66٠٠"}, "six hex digits"),
        ({"mode": "neon"}, "auto, light, dark"),
        ({"radius": 33}, "0 to 32"),
        ({"font": "comic"}, "inter, nunito"),
        ({"footer": "x" * 501}, "at most 500"),
        ({"footer": "\u202eevil"}, "control character"),
        ({"logo": "javascript:alert(1)"}, "must begin with http"),
        ({"logo": "data:image/svg+xml,<svg/>"}, "must begin with http"),
        ({"logo": "http://cdn.example.com/a.png"}, "https://"),
        ({"logo": "https://a.example; script-src https://evil.example/a.png"}, "blank"),
        ({"logo": "https://a.example;script-src/a.png"}, "host"),
        ({"logo": "https://user:pass@a.example/a.png"}, "password"),
        ({"logo": "0" * 64}, "not here"),
        ({"custom_css": "a" * 10_241}, "10,241 bytes"),
    ],
)
def test_a_bad_value_is_refused_and_names_its_field(make, session, values, words):
    org = make.org()
    with pytest.raises(Invalid, match=words) as refusal:
        service.save_draft(session, org_of(session, org), SYSTEM, values)
    assert refusal.value.field == next(iter(values))


def test_two_who_publish_at_once_make_two_versions(app, make):
    org = make.org()
    errors = []

    def publish(colour):
        try:
            with app.app_context(), unit_of_work() as session:
                service.publish_changes(session, org_of(session, org), ALICE, {"primary": colour})
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(f"#00{number:02x}99",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context(), unit_of_work() as session:
        numbers = [one.number for one in versions_of(session, org_of(session, org))]
    assert errors == [] and numbers == list(range(8, 0, -1))


class TestStylesheet:
    def test_every_variable_of_both_schemes_can_be_read(self):
        for look in (Look(), Look(primary="#ff6600"), Look(primary="#ffff00", surface="#101010"), Look(mode="dark", accent=None)):
            for colours in (palette(look), other_scheme(palette(look))):
                made = variables(colours)
                assert ratio(made["quiet"], made["ground"]) >= 4.5
                assert ratio(made["primary-ink"], made["primary"]) >= 4.5
                assert ratio(made["warn"], made["warn-ground"]) >= 4.5
            other = other_scheme(palette(look))
            assert ratio(other["text"], other["surface"]) >= 4.5 and ratio(other["accent"], other["surface"]) >= 4.5

    def test_modes_and_fonts(self):
        assert "prefers-color-scheme" in stylesheet(Look(primary="#ff6600"))
        dark = stylesheet(Look(primary="#ff6600", mode="dark"))
        assert "prefers-color-scheme" not in dark and ":root:not([data-theme]) { color-scheme: dark;" in dark
        assert "@font-face" not in stylesheet(Look())
        assert stylesheet(Look(font="oswald")).count("@font-face") == 2

    def test_custom_css_stands_last_and_clean(self):
        css = stylesheet(Look(custom_css=".card { color: red; position: fixed } @import 'x';"))
        assert css.endswith(".tiltyard-player .card { color: red; }\n") and "import" not in css


class TestFiles:
    def test_the_style_sheet_is_immutable_and_of_its_own_kind(self, app, client, make):
        org = make.org()
        agent, stranger = make.org(parent=org), make.org()
        with app.app_context(), unit_of_work() as session:
            digest = published(session, org, primary="#0a7d32")
        for slug in (org.slug, agent.slug):
            answer = client.get(f"/theme/{slug}/{digest}.css")
            assert answer.status_code == 200 and "--primary: #0a7d32" in answer.text
            assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in answer.headers["Content-Security-Policy"] and "Set-Cookie" not in answer.headers
        for path in (f"{stranger.slug}/{digest}", f"{org.slug}/{'0' * 20}", f"none/{digest}", f"{org.slug}/%00", f"%00/{digest}"):
            assert client.get(f"/theme/{path}.css").status_code == 404

    def test_an_uploaded_logo_is_served_as_a_png_that_runs_nothing(self, app, client, make):
        org = make.org()
        with app.app_context(), unit_of_work() as session:
            look = service.set_picture(session, org_of(session, org), ALICE, "logo", picture("JPEG"))
            again = service.set_picture(session, org_of(session, org), ALICE, "logo", picture("JPEG"))
        assert look == again and re.fullmatch("[0-9a-f]{64}", look.logo)
        answer = client.get(f"/theme/{org.slug}/{look.logo}.png")
        assert answer.status_code == 200 and answer.data.startswith(b"\x89PNG")
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert client.get(f"/theme/{make.org().slug}/{look.logo}.png").status_code == 404
