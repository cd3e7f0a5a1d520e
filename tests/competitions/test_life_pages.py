"""The acts in a competition's life from the back office: one at a time, and many at once."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.audit.service import SYSTEM
from portal.competitions import amending
from portal.competitions.model import Competition, Match, competition_by_uid
from portal.competitions.windows import to_start
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from tests.competitions.test_create_pages import home, plain
from tests.make import csrf_of, post

HTMX = {"HX-Request": "true"}
AHEAD = (utc_now() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


def row(org, uid):
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        session.expunge_all()
    return found


def told(org, uid) -> list[str]:
    with unit_of_work() as session:
        return list(session.scalars(select(Event.type).where(Event.org_id == org.id, Event.subject == uid).order_by(Event.id)))


def toasts(answer) -> list[dict]:
    return json.loads(answer.headers["HX-Trigger"])["toast"]["items"]


def test_registration_opens_once(make, alice, org):
    uid = make.competition(org)
    assert post(alice, f"{home(org)}/{uid}/open").status_code == 303
    assert row(org, uid).status == "registration"
    again = post(alice, f"{home(org)}/{uid}/open")
    assert again.status_code == 409 and "Only a draft can be opened" in plain(again)


class TestTimes:
    def test_the_start_moves_while_registration_is_open_and_the_clock_starts_it_then(self, make, alice, org):
        uid = make.competition(org, status="registration", entrants=2)
        with unit_of_work() as session:
            session.get(Competition, row(org, uid).id).start_failed_at = utc_now()
        answer = post(alice, f"{home(org)}/{uid}/times", {"starts_at": AHEAD}, headers=HTMX)
        assert [item["message"] for item in toasts(answer)] == ["Changed: starts."]
        assert told(org, uid)[-1] == "competition.updated"
        with unit_of_work() as session:
            due = list(session.scalars(to_start(utc_now() + timedelta(days=31))))
        assert row(org, uid).id in due and row(org, uid).start_failed_at is None

    @pytest.mark.parametrize(
        ("status", "fields", "said"),
        [
            ("registration", {"starts_at": "2020-01-01T10:00"}, "The start lies in the past."),
            ("registration", {"starts_at": AHEAD, "ends_at": "2020-01-01T10:00"}, "“Ends” must be later than “Starts”."),
            ("registration", {"registration_opens": AHEAD}, "Registration is open already, so it cannot open at another time."),
            ("draft", {"starts_at": "tomorrow"}, "That is not a moment."),
        ],
    )
    def test_what_does_not_fit_is_said_beside_its_field(self, make, alice, org, status, fields, said):
        uid = make.competition(org, status=status)
        answer = post(alice, f"{home(org)}/{uid}/times", fields)
        assert answer.status_code == 422 and said in plain(answer)
        assert row(org, uid).starts_at is None

    def test_a_running_one_keeps_its_times(self, make, alice, org):
        uid = make.competition(org, status="active", entrants=2)
        assert post(alice, f"{home(org)}/{uid}/times", {"ends_at": AHEAD}).status_code == 409


def test_who_sees_it_changes_in_any_state_and_back_by_undo(make, alice, org):
    uid = make.competition(org, status="active", entrants=2)
    answer = post(alice, f"{home(org)}/{uid}/visibility", {"visibility": "private"}, headers=HTMX)
    (toast,) = toasts(answer)
    assert row(org, uid).visibility == "private" and toast["undo"].endswith("visibility?to=public")
    assert post(alice, toast["undo"]).status_code == 303
    assert row(org, uid).visibility == "public"
    assert told(org, uid).count("competition.updated") == 2
    assert post(alice, f"{home(org)}/{uid}/visibility", {"visibility": "secret"}).status_code == 422


class TestFinalizing:
    def test_a_bracket_with_open_matches_is_refused_and_they_are_named(self, make, alice, org):
        uid = make.competition(org, status="active", entrants=4)
        page = alice.get(f"{home(org)}/{uid}/finalize")
        assert "3 matches are still to be played" in plain(page) and page.text.count(">Match 1<") == 1
        answer = post(alice, f"{home(org)}/{uid}/finalize")
        assert answer.status_code == 422 and "3 matches are still to be played" in plain(answer)
        assert row(org, uid).status == "active"

    def test_a_league_ends_with_its_open_matches_called_off(self, make, alice, org):
        uid = make.competition(org, "league", status="active", entrants=4)
        page = plain(alice.get(f"{home(org)}/{uid}/finalize"))
        assert "4 entrants get their final places" in page and "6 open matches are called off" in page
        assert post(alice, f"{home(org)}/{uid}/finalize").status_code == 303
        assert row(org, uid).status == "completed"
        with unit_of_work() as session:
            query = select(func.count()).where(Match.competition_id == row(org, uid).id, Match.outcome == "not_played")
            assert session.scalar(query) == 6


class TestCancelling:
    def test_it_says_what_will_happen_and_asks_for_the_title(self, make, alice, org):
        uid = make.competition(org, title="Autumn Cup", status="active", entrants=4)
        page = plain(alice.get(f"{home(org)}/{uid}/cancel"))
        assert "4 entrants lose their places" in page and "No match was played" in page and "3 are not played" in page
        wrong = post(alice, f"{home(org)}/{uid}/cancel", {"confirm": "autumn cup"})
        assert wrong.status_code == 422 and "Write “Autumn Cup” exactly as shown" in plain(wrong)
        assert post(alice, f"{home(org)}/{uid}/cancel", {"confirm": "Autumn Cup"}).status_code == 303
        assert row(org, uid).status == "canceled"
        again = post(alice, f"{home(org)}/{uid}/cancel", {"confirm": "Autumn Cup"})
        assert again.status_code == 422 and "canceled already" in plain(again)

    def test_a_draft_is_deleted_and_what_was_opened_is_not(self, make, alice, org):
        draft = make.competition(org, title="Never mind")
        make.season(org, draft)
        assert post(alice, f"{home(org)}/{draft}/delete", {"confirm": "no"}).status_code == 422
        gone = post(alice, f"{home(org)}/{draft}/delete", {"confirm": "Never mind"})
        assert gone.status_code == 303 and gone.headers["Location"].endswith("/competitions")
        assert alice.get(f"{home(org)}/{draft}").status_code == 404
        opened = make.competition(org, title="Open", status="registration")
        assert post(alice, f"{home(org)}/{opened}/delete", {"confirm": "Open"}).status_code == 409


class TestMany:
    def send(self, client, org, verb, uids, **more):
        return client.post(f"{home(org)}/many/{verb}", data=csrf_of(client, "/account") | {"id": uids} | more)

    def test_one_refusal_leaves_the_others_done_and_is_told_with_its_reason(self, make, alice, org):
        drafts = [make.competition(org, title=f"Draft {n}") for n in (1, 2)]
        late = make.competition(org, title="Late", registration_closes=utc_now() - timedelta(days=1))
        running = make.competition(org, title="Running", status="active", entrants=2)
        foreign = make.competition(make.org(), title="Foreign")
        answer = self.send(alice, org, "open", [drafts[0], late, running, drafts[1], foreign, "nonsense"])
        page = plain(answer)
        assert "2 of 4 open for registration, 2 left as they were." in page
        assert "Only a draft can be opened; this competition is active." in page and "Registration closed at" in page
        assert "Foreign" not in page
        assert [row(org, uid).status for uid in (*drafts, late, running)] == ["registration", "registration", "draft", "active"]
        assert "competition.opened" in told(org, drafts[1]) and "competition.opened" not in told(org, late)

    @pytest.mark.parametrize("verb", ["cancel", "delete"])
    def test_what_cannot_be_taken_back_is_asked_first(self, make, alice, org, verb):
        draft, opened = make.competition(org, title="A draft"), make.competition(org, title="Opened", status="registration")
        asked = self.send(alice, org, verb, [draft, opened])
        assert (asked.status_code == 200 and "This cannot be undone." in plain(asked)) or "gone for good" in plain(asked)
        assert (row(org, draft).status, row(org, opened).status) == ("draft", "registration")
        done = self.send(alice, org, verb, [draft, opened], sure="y")
        if verb == "cancel":
            assert row(org, draft).status == row(org, opened).status == "canceled" and done.status_code == 303
        else:
            assert alice.get(f"{home(org)}/{draft}").status_code == 404 and row(org, opened).status == "registration"
            assert "1 of 2 deleted, 1 left as it was." in plain(done)

    def test_nothing_chosen_does_nothing(self, alice, org):
        assert self.send(alice, org, "open", []).status_code == 303


def test_a_clone_of_a_long_title_is_not_too_long(make, org):
    uid = make.competition(org, title="x" * 200)
    with unit_of_work() as session:
        from portal.orgs.model import Organization

        owner = session.get_one(Organization, org.id)
        made = amending.clone_competition(session, owner, competition_by_uid(session, org.id, uid), SYSTEM)
        assert made.title == ("Copy of " + "x" * 200)[:200]
