"""The registration page of a competition in the back office: set-up, requests, invitations."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.competitions.model import Competition, Entry, competition_by_uid
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from portal.players.model import Team
from portal.registration.model import Application, Invitation, page_of
from tests.make import post
from tests.public.test_registering import attempt_in, link_in, send

SETTINGS = {"access": "open", "entrants": "both", "approval": "y", "asks_contact": "y", "welcome": "Bring a pad."}


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def cup(make, org) -> str:
    return make.competition(org, status="registration", max_participants=8)


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


@pytest.fixture
def office(org, cup) -> str:
    return f"/o/{org.slug}/competitions/{cup}/registration"


def asked_in(org, status: str | None = None) -> list[tuple[str, str, str]]:
    """(uid, name, status) of every request, the first first."""
    with unit_of_work() as session:
        query = select(Application.uid, Team.name, Application.status).join(Team, Team.id == Application.team_id)
        found = session.execute(query.where(Application.org_id == org.id).order_by(Application.id)).all()
        return [tuple(row) for row in found if status in (None, row[2])]


def registered_in(org) -> list[str]:
    with unit_of_work() as session:
        query = select(Team.name).join(Entry, Entry.team_id == Team.id).where(Entry.org_id == org.id)
        return list(session.scalars(query.order_by(Entry.id)))


def ask(client, make, org, cup, *names: str, **settings) -> list[str]:
    """These names ask to take part; the paths of their private pages."""
    url = make.registration_page(org, cup, **{"approval": True} | settings)
    return [link_in(send(client, url, name=name)) for name in names]


class TestSettingUp:
    def test_an_admin_sets_the_page_up_and_it_is_in_the_log_and_told(self, alice, org, cup, office):
        answer = post(alice, office, SETTINGS)
        assert answer.status_code == 303
        with unit_of_work() as session:
            page = page_of(session, competition_by_uid(session, org.id, cup))
            assert (page.access, page.entrants, page.approval, page.self_check_in, page.asks_contact, page.welcome) == (
                ("open", "both", True, False, True, "Bring a pad.")
            )
            row = session.scalars(
                select(AuditRow).where(AuditRow.action == "registration_page.changed", AuditRow.org_id == org.id)
            ).one()
            assert row.before["access"] == "closed" and row.after["access"] == "open"
            assert session.scalars(select(Event.type).where(Event.org_id == org.id)).all().count("registration_page.changed") == 1
        post(alice, office, SETTINGS)
        with unit_of_work() as session:
            rows = select(AuditRow).where(AuditRow.action == "registration_page.changed", AuditRow.org_id == org.id)
            assert len(session.scalars(rows).all()) == 1, "nothing changed, nothing is logged"

    def test_what_is_not_offered_is_refused_beside_its_field_and_the_rest_is_kept(self, alice, office):
        answer = post(alice, office, SETTINGS | {"access": "everybody", "welcome": "x" * 5000})
        assert answer.status_code == 422
        assert "not offered" in answer.text and "Use at most 4,000" in answer.text and "checked" in answer.text

    def test_its_address_is_there_to_copy_and_to_scan_and_members_see_it_without_a_form(self, make, org, cup, office):
        make.registration_page(org, cup)
        page = make.signed_in(org.bob).get(office).text
        assert f"/c/{org.slug}/{cup}/register" in page and "QR code" in page and "Save</button>" not in page

    def test_after_the_start_nothing_can_be_changed(self, make, org, alice):
        uid = make.competition(org, status="active", entrants=4)
        here = f"/o/{org.slug}/competitions/{uid}/registration"
        assert "nobody can register" in alice.get(here).text
        assert post(alice, here, SETTINGS).status_code == 422


class TestRequests:
    def test_approving_registers_and_the_player_reads_the_answer(self, client, alice, make, org, cup, office):
        (mine,) = ask(client, make, org, cup, "Ayra")
        ((uid, _, _),) = asked_in(org)
        answer = post(alice, f"{office}/requests/approve", {"id": uid, "answer": "Bring a pad."})
        assert answer.status_code == 303 and registered_in(org) == ["Ayra"]
        assert "Registered" in client.get(mine).text
        assert asked_in(org) == [(uid, "Ayra", "approved")]

    def test_many_at_once_and_who_is_refused_is_told_with_the_reason(self, client, alice, make, org):
        cup = make.competition(org, status="registration", max_participants=2)
        ask(client, make, org, cup, "Ayra", "Bea", "Cleo")
        office = f"/o/{org.slug}/competitions/{cup}/registration"
        answer = post(alice, f"{office}/requests/approve", {"id": [uid for uid, _, _ in asked_in(org)]}, follow_redirects=True)
        assert "2 requests are approved." in answer.text and "all 2 places are taken" in answer.text
        assert registered_in(org) == ["Ayra", "Bea"] and [name for _, name, _ in asked_in(org, "pending")] == ["Cleo"]

    def test_declining_asks_for_words_first_and_can_be_taken_back(self, client, alice, make, org, cup, office):
        (mine,) = ask(client, make, org, cup, "Ayra")
        ((uid, _, _),) = asked_in(org)
        first = post(alice, f"{office}/requests/decline", {"id": uid})
        assert first.status_code == 303 and first.headers["Location"].endswith(f"decline?id={uid}") and asked_in(org, "pending")
        assert "Decline Ayra" in alice.get(first.headers["Location"]).text
        post(alice, f"{office}/requests/decline", {"id": uid, "answer": "We are full of Ayras."})
        page = client.get(mine).text
        assert "Declined" in page and "We are full of Ayras." in page
        assert post(alice, f"{office}/requests/reopen?id={uid}").status_code == 303
        assert asked_in(org) == [(uid, "Ayra", "pending")]

    def test_answering_twice_says_what_stands(self, client, alice, make, org, cup, office):
        ask(client, make, org, cup, "Ayra")
        ((uid, _, _),) = asked_in(org)
        post(alice, f"{office}/requests/approve", {"id": uid})
        page = post(alice, f"{office}/requests/decline", {"id": uid, "answer": ""}, follow_redirects=True).text
        assert "approved already" in page and registered_in(org) == ["Ayra"]

    def test_a_player_takes_the_request_back(self, client, make, org, cup):
        (mine,) = ask(client, make, org, cup, "Ayra")
        assert client.post(f"{mine}/leave/{cup}").status_code == 303
        assert [status for _, _, status in asked_in(org)] == ["withdrawn"]
        assert "Taken back" in client.get(mine).text

    def test_those_who_wait_stand_first_and_the_list_is_a_file_too(self, client, alice, make, org, cup, office):
        ask(client, make, org, cup, "Ayra", "=1+1")
        post(alice, f"{office}/requests/decline", {"id": asked_in(org)[0][0], "answer": ""})
        page = alice.get(f"{office}/requests").text
        assert page.index("=1+1") < page.index("Ayra")
        assert "'=1+1" in alice.get(f"{office}/requests?format=csv").text

    def test_a_request_of_another_competition_is_not_there(self, client, alice, make, org, cup, office):
        foreign_org = make.org()
        foreign = make.competition(foreign_org, status="registration")
        ask(client, make, foreign_org, foreign, "Ayra")
        page = post(alice, f"{office}/requests/approve", {"id": asked_in(foreign_org)[0][0]}, follow_redirects=True).text
        assert "Request not found." in page and registered_in(foreign_org) == []


class TestInvitations:
    def test_they_are_made_from_lines_shown_once_and_only_their_digests_kept(self, client, alice, make, org, cup, office):
        make.registration_page(org, cup, access="invited")
        form = alice.get(f"{office}/invitations/new").text
        said = {"attempt": attempt_in(form), "labels": "Ayra\n\n=1+1\n", "count": "", "expires_at": ""}
        answer = post(alice, f"{office}/invitations/new", said)
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
        tokens = re.findall(r'<code title="[^"]+/register/([A-Za-z0-9_-]{43})"', answer.text)
        assert len(tokens) == 2 and "%27%3D1%2B1" in answer.text, "the file is safe for spreadsheets"
        again = post(alice, f"{office}/invitations/new", said)
        assert re.findall(r'<code title="[^"]+/register/([A-Za-z0-9_-]{43})"', again.text) == tokens
        with unit_of_work() as session:
            assert len(session.scalars(select(Invitation).where(Invitation.org_id == org.id)).all()) == 2
        page = alice.get(f"{office}/invitations").text
        assert not any(token in page for token in tokens) and f"…{tokens[0][-4:]}" in page
        assert client.get(f"/c/{org.slug}/{cup}/register/{tokens[0]}").status_code == 200

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, "a number below"),
            ({"labels": "a", "count": "3"}, "the one or the other"),
            ({"count": "501"}, "from 1 to 500"),
            ({"labels": "x" * 101}, "Line 1 has 101"),
            ({"labels": "a", "expires_at": "2020-01-01T00:00"}, "has passed"),
            ({"labels": "a", "expires_at": "soon"}, "not a moment"),
        ],
    )
    def test_what_is_wrong_is_named(self, alice, office, fields, words):
        form = alice.get(f"{office}/invitations/new").text
        answer = post(alice, f"{office}/invitations/new", {"attempt": attempt_in(form)} | fields)
        assert answer.status_code == 422 and words in answer.text

    def test_revoked_ones_open_nothing_and_used_ones_stay(self, client, alice, make, org, cup, office):
        url = make.registration_page(org, cup, access="invited")
        used, other = make.invitations(org, cup, "Ayra", "Bea")
        send(client, f"{url}/{used}", name="Ayra")
        with unit_of_work() as session:
            uids = list(session.scalars(select(Invitation.uid).where(Invitation.org_id == org.id)))
        page = post(alice, f"{office}/invitations/revoke", {"id": uids}, follow_redirects=True).text
        assert "1 link opens nothing any more." in page and "1 had been used" in page
        assert client.get(f"{url}/{other}").status_code == 410
        listed = alice.get(f"{office}/invitations?state=used").text
        assert "Ayra" in listed and "Bea" not in listed

    def test_five_hundred_are_made_and_listed_in_a_constant_number_of_statements(self, alice, make, org, cup, office, count_sql):
        form = alice.get(f"{office}/invitations/new").text
        answer = post(alice, f"{office}/invitations/new", {"attempt": attempt_in(form), "count": "500"})
        assert answer.status_code == 200 and "500 invitations made" in answer.text and "for up to 60 links" in answer.text
        counts = []
        for size in ("25", "100"):
            with count_sql() as statements:
                alice.get(f"{office}/invitations?size={size}")
            counts.append(len(statements))
        assert counts[0] == counts[1]


def test_registration_of_another_organizations_competition_is_not_there(make, alice, org):
    foreign = make.competition(make.org(), status="registration")
    for path in ("", "/requests", "/invitations", "/invitations/new"):
        assert alice.get(f"/o/{org.slug}/competitions/{foreign}/registration{path}").status_code == 404


def test_an_expired_invitation_is_told_by_the_clock_of_the_list(make, org, cup):
    make.invitations(org, cup, "Ayra", expires_at=utc_now() + timedelta(seconds=30))
    with unit_of_work() as session:
        made = session.scalars(select(Invitation).join(Competition).where(Competition.uid == cup)).one()
        assert made.state(utc_now()) == "unused" and made.state(utc_now() + timedelta(minutes=1)) == "expired"
