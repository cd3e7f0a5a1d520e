"""A new competition in steps, a draft changed, a clone: every form as a browser without JavaScript sends it."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from portal.competitions.model import Competition
from portal.competitions.rules import rules_of
from portal.competitions.starters import STARTERS
from portal.kernel.db import unit_of_work
from portal.kernel.ids import new_uid
from tests.make import csrf_of
from tests.reading import plain

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def home(org) -> str:
    return f"/o/{org.slug}/competitions"


def carried(answer) -> dict[str, str]:
    """What the form on the page holds in hidden fields."""
    return {name: unescape(value) for name, value in HIDDEN.findall(answer.text)}


def found(org, title: str) -> Competition | None:
    with unit_of_work() as session:
        row = session.scalars(select(Competition).where(Competition.org_id == org.id, Competition.title == title)).one_or_none()
        session.expunge_all()
    return row


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


def send(client, org, step: str, **fields: object):
    """Send a step; `step` is where its button leads, "" to create."""
    data = csrf_of(client, "/account") | {"attempt": new_uid(), "shaped": fields.get("template", "")} | fields
    return client.post(f"{home(org)}/new{'/' + step if step else ''}", data=data)


@pytest.mark.parametrize("name", STARTERS)
def test_every_template_goes_through_the_steps_to_a_draft(alice, org, name):
    starter = STARTERS[name]
    terms = alice.post(f"{home(org)}/new/terms", data=csrf_of(alice, "/account") | {"template": name, "came": "template"})
    assert terms.status_code == 200 and starter.label in terms.text
    typed = dict(re.findall(r'<input[^>]* name="([a-z_]+)"[^>]* value="([^"]*)"', terms.text))
    sent = carried(terms) | {field: unescape(value) for field, value in typed.items() if field not in ("csrf_token",)}
    for field in re.findall(r'<select[^>]* name="([a-z_]+)"', terms.text):
        sent[field] = re.search(rf'name="{field}".*?<option selected value="([^"]+)"', terms.text, re.S)[1]
    for field in re.findall(r'<input checked[^>]* name="([a-z_]+)"', terms.text):
        sent[field] = "y"
    times = alice.post(f"{home(org)}/new/times", data=sent | {"title": f"New {name}", "came": "terms"})
    assert times.status_code == 200, plain(times)
    review = alice.post(f"{home(org)}/new/review", data=carried(times) | {"came": "times", "visibility": "unlisted"})
    assert review.status_code == 200 and f"New {name}" in review.text
    made = alice.post(f"{home(org)}/new", data=carried(review))
    assert made.status_code == 303
    draft = found(org, f"New {name}")
    assert draft is not None and draft.status == "draft" and draft.visibility == "unlisted"
    assert (draft.type, draft.format, draft.max_participants) == (starter.kind, starter.format, starter.places)
    assert rules_of(draft.type, draft.rules) == rules_of(starter.kind, {"format": starter.format, **starter.rules})


def test_going_back_keeps_what_was_typed_even_what_is_wrong(alice, org):
    said = {"template": "cup", "title": "Kept", "description": "Two\nlines", "best_of": "four", "waiting_list": "y"}
    chosen = send(alice, org, "template", came="terms", **said)
    assert chosen.status_code == 200 and "One thing needs" not in chosen.text
    kept = {"title": "Kept", "best_of": "four", "waiting_list": "y", "shaped": "cup"}
    assert kept.items() <= carried(chosen).items()
    assert re.search(r'<textarea name="description" hidden>\s*Two\nlines</textarea>', chosen.text)


def test_another_template_brings_its_own_rules_and_leaves_the_rest(alice, org):
    said = {"template": "swiss", "shaped": "cup", "title": "Kept", "max_participants": "16", "best_of": "3"}
    terms = send(alice, org, "terms", came="template", **said)
    assert 'value="Kept"' in terms.text and re.search(r'name="max_participants"[^>]*value="32"', terms.text)
    own = send(alice, org, "terms", came="template", **said | {"max_participants": "20"})
    assert re.search(r'name="max_participants"[^>]*value="20"', own.text)


@pytest.mark.parametrize(
    ("step", "fields", "said"),
    [
        ("times", {}, "Write a title."),
        ("times", {"title": "A cup", "best_of": "4"}, "“Best of” must be odd, so that somebody wins. Use 3 or 5."),
        ("times", {"title": "A cup", "max_participants": "1"}, "“Places” must be from 2 to 4,096."),
        ("times", {"title": "A cup", "category": "<b>"}, "“Category” is a short tag"),
        ("times", {"title": "A" * 201}, "Title has 201 characters. Use at most 200."),
        ("review", {"title": "A cup", "entry_fee_wei": "0.5"}, "“Entry fee” must be text of 1 to 78 digits"),
        (
            "review",
            {"title": "A cup", "registration_closes": "2030-01-02T10:00", "starts_at": "2030-01-01T10:00"},
            "“Starts” must be later than “Registration closes”.",
        ),
        ("", {"title": "A cup", "best_of": "4", "came": "review"}, "“Best of” must be odd"),
        ("", {"title": "A cup", "prizes": "many"}, "This form has no field `prizes`."),
    ],
)
def test_what_is_wrong_comes_back_on_its_own_step_in_words(alice, org, step, fields, said):
    came = {"times": "terms", "review": "times", "": "terms"}[step]
    answer = send(alice, org, step, **{"template": "cup", "came": came} | fields)
    assert answer.status_code == 422 and said in plain(answer)
    assert found(org, "A cup") is None


def test_the_same_form_twice_makes_one(alice, org):
    attempt = new_uid()
    for _ in range(2):
        assert send(alice, org, "", template="cup", title="Once", attempt=attempt).status_code == 303
    assert found(org, "Once").uid == attempt
    assert "was sent already" in plain(alice.get(home(org)))


def test_it_is_created_and_opened_at_once_or_not_at_all(alice, org):
    assert send(alice, org, "", template="cup", title="Open now", then="open").status_code == 303
    assert found(org, "Open now").status == "registration"
    late = {"registration_closes": "2020-01-01T10:00"}
    assert send(alice, org, "", template="cup", title="Too late", then="open", **late).status_code == 422
    assert found(org, "Too late") is None


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "كأس الشتاء", "🏆 Kupa 🏆", "x" * 200])
def test_any_title_that_people_write_is_kept_and_shown_as_text(alice, org, title):
    assert send(alice, org, "", template="league", title=title).status_code == 303
    draft = found(org, title)
    for path in ("", f"/{draft.uid}", f"/{draft.uid}/edit", f"/{draft.uid}/activity", f"/{draft.uid}/delete"):
        page = alice.get(home(org) + path)
        assert page.status_code == 200 and "<script>alert" not in page.text
        assert title in unescape(page.text)


class TestEditing:
    @pytest.fixture
    def draft(self, make, org):
        return make.competition(org, "league", title="League", rules={"legs": 2, "points": {"win": 2}}, category="cs2")

    def form(self, alice, org, draft, **changes):
        return self.fields(alice.get(f"{home(org)}/{draft}/edit")) | changes

    def fields(self, page):
        inside = page.text[page.text.index('<form class="form"') :].partition("</form>")[0]
        typed = re.sub(r'<input[^>]*type="checkbox"[^>]*>', "", inside)  # none of them is ticked
        return dict(re.findall(r'<input[^>]* name="([a-z_]+)"[^>]* value="([^"]*)"', typed)) | {"visibility": "public"}

    def test_what_changed_is_told_and_nothing_else_changes(self, alice, org, draft):
        sent = self.form(alice, org, draft, title="Premier League", max_participants="20")
        answer = alice.post(f"{home(org)}/{draft}/edit", data=sent, headers={"HX-Request": "true"})
        assert answer.status_code == 204 and "Changed: Title, Places." in answer.headers["HX-Trigger"]
        row = found(org, "Premier League")
        assert (row.max_participants, row.rules, row.category) == (20, {"legs": 2, "points": {"win": 2}}, "cs2")

    def test_rules_change_with_the_format_and_those_that_no_longer_fit_go(self, alice, org, draft):
        page = alice.get(f"{home(org)}/{draft}/edit?format=swiss")
        assert 'name="rounds"' in page.text and 'name="legs"' not in page.text
        sent = self.form(alice, org, draft, rounds="5")
        assert alice.post(f"{home(org)}/{draft}/edit?format=swiss", data=sent).status_code == 303
        row = found(org, "League")
        assert row.format == "swiss" and row.rules == {"format": "swiss", "rounds": 5, "points": {"win": 2, "draw": 1, "loss": 0}}

    def test_somebody_elses_change_is_not_overwritten_unseen(self, alice, org, draft):
        mine = self.form(alice, org, draft, title="Mine")
        assert alice.post(f"{home(org)}/{draft}/edit", data=self.form(alice, org, draft, title="Theirs")).status_code == 303
        answer = alice.post(f"{home(org)}/{draft}/edit", data=mine)
        assert answer.status_code == 422 and "Somebody else changed this draft meanwhile." in plain(answer)
        assert 'value="Mine"' in answer.text
        assert alice.post(f"{home(org)}/{draft}/edit", data=self.fields(answer)).status_code == 303
        assert found(org, "Mine") is not None

    def test_once_it_is_open_it_cannot_be_edited(self, make, alice, org):
        opened = make.competition(org, status="registration")
        answer = alice.get(f"{home(org)}/{opened}/edit")
        assert answer.status_code == 409 and "Only a draft can be changed" in plain(answer)


def test_a_clone_has_the_terms_without_entrants_and_times_and_two_clicks_make_one(make, alice, org):
    cup = make.competition(org, title="Winter", rules={"best_of": 3}, status="active", entrants=4, prize_pool_wei="1000")
    attempt = csrf_of(alice, "/account") | {"attempt": new_uid()}
    for _ in range(2):
        assert alice.post(f"{home(org)}/{cup}/clone", data=attempt).status_code == 303
    made = found(org, "Copy of Winter")
    assert (made.uid, made.status, made.rules, made.prize_pool_wei) == (attempt["attempt"], "draft", {"best_of": 3}, "1000")
    assert made.starts_at is None and made.started_at is None
