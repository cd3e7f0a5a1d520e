"""The page on which players register: who may, what is refused in which words, and that a form counts once."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.competitions.model import Competition, Entry
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import unit_of_work
from portal.players.model import CaptainLink, RosterEntry, Team
from portal.registration.model import Application, Invitation
from tests.make import address, unique

STRANGE = ["<script>alert(1)</script>", "نادي الصقور", "🦊 Foxes", "=1+1", 'O\'Neil & "Sons"', "W" * 100]


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def cup(make, org) -> str:
    return make.competition(org, status="registration", max_participants=8)


def attempt_in(page: str) -> str:
    return re.search(r'name="attempt"[^>]*value="([^"]+)"', page)[1]


def send(client, url: str, page: str | None = None, **fields: str):
    """Fill the page in and send it, as a browser does."""
    return client.post(url, data={"attempt": attempt_in(page or client.get(url).text), "website": ""} | fields)


def link_in(answer) -> str:
    """The path of the private page that the answer shows."""
    return re.search(r"/p/[A-Za-z0-9_-]{43}", answer.text)[0]


def entries_in(uid: str) -> list[tuple[str, str]]:
    with unit_of_work() as session:
        query = select(Team.name, Entry.status).join(Entry, Entry.team_id == Team.id).join(Competition)
        return [tuple(row) for row in session.execute(query.where(Competition.uid == uid).order_by(Entry.id))]


def change(uid: str, **values) -> None:
    with unit_of_work() as session:
        session.execute(update(Competition).where(Competition.uid == uid).values(**values))


class TestRegistering:
    def test_a_player_registers_under_a_name_and_gets_a_private_link_of_which_only_the_digest_is_kept(
        self, client, make, org, cup
    ):
        url = make.registration_page(org, cup)
        answer = send(client, url, name="Ayra")
        assert answer.status_code == 200 and "You are registered" in answer.text
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in answer.headers
        assert entries_in(cup) == [("Ayra", "registered")]
        token = link_in(answer).removeprefix("/p/")
        with unit_of_work() as session:
            team, link = session.execute(select(Team, CaptainLink).join(CaptainLink).where(Team.org_id == org.id)).one()
            assert team.solo and link.digest == digest(token) and link.hint == token[-4:]
        assert client.get(f"/p/{token}").status_code == 200

    @pytest.mark.parametrize("name", STRANGE)
    def test_a_strange_name_is_kept_as_it_is_and_escaped(self, client, make, org, cup, name):
        answer = send(client, make.registration_page(org, cup), name=name)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert entries_in(cup) == [(name, "registered")]
        assert client.get(link_in(answer)).status_code == 200

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"name": ""}, "Write a name."),
            ({"name": "A"}, "at least 2"),
            ({"name": "x" * 101}, "at most 100"),
            ({"name": "two\u202elines"}, "control character"),
            ({"name": "Ayra", "wallet": "0x12"}, "40 hex digits"),
            ({"name": "Ayra", "nickname": "A"}, "no field `nickname`"),
            ({"name": "Ayra", "website": "http://spam.example"}, "programs"),
            ({"name": "Ayra", "attempt": "mine"}, "send it again"),
        ],
    )
    def test_what_is_wrong_is_named_and_what_was_typed_is_kept(self, client, make, org, cup, fields, words):
        answer = send(client, make.registration_page(org, cup), **fields)
        assert answer.status_code == 422 and words in answer.text
        if fields["name"] == "Ayra":
            assert 'value="Ayra"' in answer.text
        assert entries_in(cup) == []
        if "wallet" not in fields and fields["name"] == "Ayra" and "nickname" not in fields:
            assert send(client, answer.request.path, answer.text, name="Ayra").status_code == 200

    def test_the_same_form_sent_twice_registers_once_and_shows_the_same_link(self, client, make, org, cup):
        url = make.registration_page(org, cup)
        page = client.get(url).text
        first, second = send(client, url, page, name="Ayra"), send(client, url, page, name="Ayra")
        assert link_in(first) == link_in(second) and second.status_code == 200
        assert entries_in(cup) == [("Ayra", "registered")]
        with unit_of_work() as session:
            session.execute(update(Team).where(Team.org_id == org.id).values(created_at=utc_now() - timedelta(hours=1)))
        late = send(client, url, page, name="Ayra")
        assert late.status_code == 422 and "sent before" in late.text and "/p/" not in late.text

    def test_two_of_one_name_are_not_let_in_in_any_spelling_of_its_case(self, client, make, org, cup):
        url = make.registration_page(org, cup)
        send(client, url, name="Ayra")
        answer = send(client, url, name="AYRA")
        assert answer.status_code == 422 and "tells you apart" in answer.text

    def test_a_team_enters_with_tag_captain_and_roster_where_the_rules_ask_for_one(self, client, make, org):
        uid = make.competition(org, status="registration", rules={"min_roster": 3})
        url = make.registration_page(org, uid, entrants="teams")
        wallets = f"{address(2)}\n{address(3)}"
        short = send(client, url, name="Iron Quarter", tag="IQ", wallet=address(1), roster=address(2))
        assert short.status_code == 422 and "at least 3" in short.text and 'id="roster-error"' in short.text
        assert send(client, url, name="Iron Quarter", tag="IQ", wallet=address(1), roster=wallets).status_code == 200
        with unit_of_work() as session:
            query = select(RosterEntry.wallet, RosterEntry.role).join(Team).where(Team.org_id == org.id).order_by(RosterEntry.id)
            assert session.execute(query).all() == [(address(1), "captain"), (address(2), "player"), (address(3), "player")]
            team = session.scalars(select(Team).where(Team.org_id == org.id)).one()
            assert (team.tag, team.solo) == ("IQ", False)

    def test_who_registers_is_asked_only_where_both_may(self, client, make, org, cup):
        url = make.registration_page(org, cup, entrants="both")
        assert 'name="kind"' in client.get(url).text
        assert send(client, url, name="Ayra").status_code == 422
        assert send(client, url, name="Ayra", kind="team").status_code == 200
        assert send(client, url, name="Bea", kind="pirate").status_code == 422

    def test_an_address_is_asked_for_kept_and_shown_to_nobody(self, client, make, org, cup):
        url = make.registration_page(org, cup, asks_contact=True)
        assert "e-mail" in send(client, url, name="Ayra", contact="nobody").text
        mail = f"{unique('ayra')}@example.com"
        answer = send(client, url, name="Ayra", contact=mail)
        assert answer.status_code == 200
        pages = [
            client.get(path).text for path in (link_in(answer), url, f"/c/{org.slug}/{cup}", f"/c/{org.slug}/{cup}?view=entrants")
        ]
        assert all(mail not in page for page in pages)
        with unit_of_work() as session:
            assert session.scalars(select(Team.contact).where(Team.org_id == org.id)).all() == [mail]


class TestWhoMay:
    def test_each_state_has_a_page_that_helps(self, client, make, org):
        draft = make.competition(org, registration_opens=utc_now() + timedelta(days=1))
        full = make.competition(org, status="registration", max_participants=2, entrants=2)
        cases = {
            make.registration_page(org, draft): "not open yet",
            make.registration_page(org, make.competition(org, status="registration"), access="closed"): "closed",
            make.registration_page(org, make.competition(org, status="registration"), access="invited"): "By invitation",
            make.registration_page(org, full): "All places are taken",
            f"/c/{org.slug}/{make.competition(org, status='active', entrants=4)}/register": "It has started",
            f"/c/{org.slug}/{make.competition(org, status='registration')}/register": "closed",
        }
        for url, words in cases.items():
            page = client.get(url)
            assert page.status_code == 200 and words in page.text and "<form" not in page.text, url
            refused = client.post(url, data={"attempt": "A" * 32, "name": "Ayra", "website": ""})
            assert refused.status_code == 409 and words in refused.text, url

    def test_registration_that_closed_meanwhile_says_so_to_the_form(self, client, make, org, cup):
        url = make.registration_page(org, cup)
        page = client.get(url).text
        change(cup, registration_closes=utc_now() - timedelta(seconds=1), registration_opens=None)
        answer = send(client, url, page, name="Ayra")
        assert answer.status_code == 409 and "Registration is over" in answer.text
        assert entries_in(cup) == []

    def test_the_waiting_list_is_told_before_and_its_number_after(self, client, make, org):
        uid = make.competition(org, status="registration", max_participants=2, waiting_list=True, entrants=2)
        url = make.registration_page(org, uid)
        page = client.get(url).text
        assert "waiting list, as number 1" in page
        answer = send(client, url, page, name="Ayra")
        assert "You are on the waiting list" in answer.text and "number <strong>1</strong>" in answer.text
        assert "Waiting list, number 1" in client.get(link_in(answer)).text

    def test_a_request_waits_for_the_organizer(self, client, make, org, cup):
        url = make.registration_page(org, cup, approval=True)
        answer = send(client, url, name="Ayra", message="We played last year.")
        assert "Your request is sent" in answer.text and entries_in(cup) == []
        assert "Waits for the organizer" in client.get(link_in(answer)).text
        with unit_of_work() as session:
            query = select(Application.message, Application.status).where(Application.org_id == org.id)
            assert session.execute(query).all() == [("We played last year.", "pending")]

    def test_another_tenants_a_private_and_a_missing_competition_are_one_page(self, client, make, org, cup):
        other = make.org()
        private = make.competition(org, status="registration", visibility="private")
        make.registration_page(org, private)
        make.registration_page(org, cup)
        paths = [f"/c/{other.slug}/{cup}/register", f"/c/{org.slug}/{private}/register", f"/c/{org.slug}/{org.uid}/register"]
        paths += [f"{path}/{'x' * 43}" for path in paths]
        pages = [client.get(path) for path in paths]
        assert {page.status_code for page in pages} == {404} and len({page.text for page in pages}) == 1

    def test_too_many_forms_from_one_address_are_asked_to_wait(self, client, make, org, cup):
        url = make.registration_page(org, cup)
        here = {"REMOTE_ADDR": "198.51.100.77"}
        codes = [client.post(url, data={"name": ""}, environ_base=here).status_code for _ in range(125)]
        assert codes[0] == 422 and codes[-1] == 429
        assert client.get(url, environ_base=here).status_code == 200

    def test_the_public_page_leads_to_an_open_registration_and_its_tag_changes_with_it(self, client, make, org, cup):
        home = f"/c/{org.slug}/{cup}"
        before = client.get(home)
        url = make.registration_page(org, cup)
        after = client.get(home)
        assert f'href="{url}"' in after.text and f'href="{url}"' not in before.text
        assert before.headers["ETag"] != after.headers["ETag"]
        make.registration_page(org, cup, access="invited")
        assert "by invitation" in client.get(home).text


class TestInvitations:
    def test_one_opens_a_private_competition_once(self, client, make, org):
        uid = make.competition(org, status="registration", visibility="private")
        url = make.registration_page(org, uid, access="invited")
        (token,) = make.invitations(org, uid, "Ayra of the Foxes")
        page = client.get(f"{url}/{token}").text
        assert send(client, f"{url}/{token}", page, name="Ayra").status_code == 200
        assert client.get(f"{url}/{token}").status_code == 404
        again = send(client, f"{url}/{token}", page, name="Ayra")
        assert again.status_code == 200, "the same form shows the same answer"
        other = send(client, f"{url}/{token}", page.replace(attempt_in(page), "B" * 32), name="Bea")
        assert other.status_code == 404
        assert entries_in(uid) == [("Ayra", "registered")]
        with unit_of_work() as session:
            query = select(Invitation.label, Team.name).join(Team, Team.id == Invitation.used_by_id)
            assert session.execute(query.where(Invitation.org_id == org.id)).all() == [("Ayra of the Foxes", "Ayra")]

    def test_used_expired_revoked_foreign_and_unknown_ones_are_one_page(self, client, make, org, cup):
        url = make.registration_page(org, cup, access="invited")
        used, expired, revoked = make.invitations(org, cup, "a", "b", "c")
        send(client, f"{url}/{used}", name="Ayra")
        with unit_of_work() as session:
            session.execute(update(Invitation).where(Invitation.digest == digest(expired)).values(expires_at=utc_now()))
            session.execute(update(Invitation).where(Invitation.digest == digest(revoked)).values(revoked_at=utc_now()))
        elsewhere = make.competition(org, status="registration")
        make.registration_page(org, elsewhere, access="invited")
        (foreign,) = make.invitations(org, elsewhere)
        pages = [client.get(f"{url}/{token}") for token in (used, expired, revoked, foreign, "x" * 43, "y")]
        assert {page.status_code for page in pages} == {410} and len({page.text for page in pages}) == 1

    def test_it_stands_for_the_approval_and_is_not_used_up_by_a_refusal(self, client, make, org, cup):
        url = make.registration_page(org, cup, access="open", approval=True)
        (token,) = make.invitations(org, cup)
        assert send(client, f"{url}/{token}", name="A").status_code == 422
        assert "You are registered" in send(client, f"{url}/{token}", name="Ayra").text
        assert entries_in(cup) == [("Ayra", "registered")]

    def test_a_closed_page_opens_for_no_invitation(self, client, make, org, cup):
        url = make.registration_page(org, cup, access="closed")
        (token,) = make.invitations(org, cup)
        assert "Registration is closed" in client.get(f"{url}/{token}").text


def test_a_page_costs_the_same_number_of_statements_whatever_the_number_of_entrants(client, make, org, count_sql):
    few, many = (make.competition(org, status="registration", entrants=number) for number in (1, 40))
    counts = []
    for uid in (few, many):
        url = make.registration_page(org, uid)
        client.get(url)
        with count_sql() as statements:
            client.get(url)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 4


def test_every_page_of_it_wears_the_brand_of_the_organization(client, make, org, cup):
    url = make.registration_page(org, cup)
    make.theme(org)
    answer = send(client, url, name="Ayra")
    mine = link_in(answer)
    pages = [client.get(path) for path in (url, f"{url}/{'x' * 43}", mine, f"{mine}/name", f"{mine}/leave/{cup}")]
    for page in [answer, *pages]:
        assert re.search(rf"/theme/{org.slug}/\w+\.css|/theme/[\w-]*{org.slug}[\w/-]*\.css", page.text), page.request.path
        assert "second" in page.text and "Tiltyard" not in page.text


def test_what_it_costs_and_what_can_be_won_stands_on_the_page(client, make):
    org = make.org()
    free = make.competition(org, status="registration", entry_fee_wei="0")
    paid = make.competition(org, status="registration", entry_fee_wei=str(10**17), prize_pool_wei=str(5 * 10**18))
    page = client.get(make.registration_page(org, paid)).text
    assert "Entry fee 0.1 (100,000,000,000,000,000 wei)" in page and "Prize pool 5 (" in page
    page = client.get(make.registration_page(org, free)).text
    assert "Entry fee" not in page and "Prize pool" not in page
