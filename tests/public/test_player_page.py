"""The private page of a player or team: what it shows, what it does, and that nothing but its link opens it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import Row, select, update

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.competitions.model import Competition, Entry, Match, competition_by_uid, matches_of
from portal.competitions.results import Report, record_result
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization
from portal.players import captain_links
from portal.players.model import CaptainLink, Team
from tests.public.test_registering import entries_in, link_in, send


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def cup(make, org) -> str:
    return make.competition(org, status="registration", max_participants=8)


@pytest.fixture
def mine(client, make, org, cup) -> str:
    """The path of Ayra's page, registered in the cup."""
    return link_in(send(client, make.registration_page(org, cup), name="Ayra"))


def entry_of(cup: str) -> Row:
    """Id, uid and check-in of whoever registered first."""
    with unit_of_work() as session:
        query = select(Entry.id, Entry.uid, Entry.checked_in_at).join(Competition).where(Competition.uid == cup)
        return session.execute(query.order_by(Entry.id)).first()


class TestActing:
    def test_a_player_checks_in_twice_and_is_there_once(self, client, cup, mine):
        assert "Check in</button>" in client.get(mine).text
        for _ in range(2):
            answer = client.post(f"{mine}/check-in/{cup}")
            assert answer.status_code == 303 and answer.headers["Referrer-Policy"] == "no-referrer"
        page = client.get(answer.headers["Location"]).text
        assert "You are checked in." in page and "Checked in" in page and "Check in</button>" not in page
        assert entry_of(cup).checked_in_at is not None
        with unit_of_work() as session:
            rows = session.scalars(select(AuditRow).where(AuditRow.subject_id == entry_of(cup).uid).order_by(AuditRow.id)).all()
            assert [(row.action, row.actor_kind, row.actor_label) for row in rows] == [
                ("registration.created", "player", "Ayra"),
                ("registration.checked_in", "player", "Ayra"),
            ]

    def test_where_the_desk_checks_in_the_page_does_not(self, client, make, org, cup, mine):
        make.registration_page(org, cup, self_check_in=False)
        assert "Check in</button>" not in client.get(mine).text
        answer = client.post(f"{mine}/check-in/{cup}")
        assert answer.status_code == 409 and "with the organizer" in answer.text
        assert entry_of(cup).checked_in_at is None

    def test_leaving_asks_first_and_gives_the_place_away(self, client, make, org):
        cup = make.competition(org, status="registration", max_participants=2, waiting_list=True, entrants=1)
        url = make.registration_page(org, cup)
        first, second = (link_in(send(client, url, name=name)) for name in ("Ayra", "Bea"))
        asked = client.get(f"{first}/leave/{cup}")
        assert asked.status_code == 200 and "Bea" not in asked.text and len(entries_in(cup)) == 2
        assert client.post(f"{first}/leave/{cup}").status_code == 303
        assert "Withdrawn" in client.get(first).text and "Registered" in client.get(second).text
        again = client.post(f"{first}/leave/{cup}")
        assert again.status_code == 409 and "not registered" in again.text

    def test_nothing_of_it_works_once_it_has_started(self, client, make, org, cup, mine):
        make.enter(org, cup, [1, 2, 3])
        client.post(f"{mine}/check-in/{cup}")
        make.start(org, cup)
        page = client.get(mine).text
        assert "Playing" in page and "Next: match" in page and f"#e={entry_of(cup).uid[:8]}" in page
        assert "Leave" not in page and "Code for the door" not in page and "Change name" not in page
        for answer in (client.post(f"{mine}/leave/{cup}"), client.post(f"{mine}/check-in/{cup}")):
            assert answer.status_code == 409 and "has started" in answer.text
        assert "Ask the organizer" in client.post(f"{mine}/name", data={"name": "Bea"}).text

    def test_results_and_the_place_stand_there(self, client, make, org, cup, mine):
        make.enter(org, cup, [1])
        client.post(f"{mine}/check-in/{cup}")
        make.start(org, cup)
        own = entry_of(cup).id
        with unit_of_work() as session:
            found = competition_by_uid(session, org.id, cup)
            match = session.scalars(matches_of(found).where(Match.status == "pending")).one()
            side = "a" if match.a_id == own else "b"
            record_result(session, found, SYSTEM, match.uid, Report(side, *((3, 1) if side == "a" else (1, 3))))
        page = client.get(mine).text
        assert "Place 1" in page and re.search(r"<b>Won</b>\s*3:1", page)

    def test_another_open_competition_is_one_click_away_and_a_second_click_changes_nothing(self, client, make, org, mine):
        other = make.competition(org, status="registration", title="Autumn Open")
        make.registration_page(org, other)
        teams_only = make.competition(org, status="registration", title="Teams only")
        make.registration_page(org, teams_only, entrants="teams")
        foreign_org = make.org()
        foreign = make.competition(foreign_org, status="registration")
        make.registration_page(foreign_org, foreign)
        page = client.get(mine).text
        assert "Autumn Open" in page and "Teams only" not in page
        for _ in range(2):
            assert client.post(f"{mine}/register/{other}").status_code == 303
        assert entries_in(other) == [("Ayra", "registered")]
        assert client.post(f"{mine}/register/{teams_only}").status_code == 409
        assert client.post(f"{mine}/register/{foreign}").status_code == 404
        assert entries_in(foreign) == []

    def test_a_name_changes_before_the_start_but_not_to_that_of_somebody_else(self, client, make, org, cup, mine):
        send(client, f"/c/{org.slug}/{cup}/register", name="Bea")
        taken = client.post(f"{mine}/name", data={"name": "bea"})
        assert taken.status_code == 422 and "tells you apart" in taken.text
        assert client.post(f"{mine}/name", data={"name": "Ayra Two"}).status_code == 303
        assert ("Ayra Two", "registered") in entries_in(cup)


class TestTheLink:
    def test_a_new_one_ends_the_old_one_and_a_second_press_shows_the_same(self, client, mine):
        attempt = re.search(r'name="attempt" value="([^"]+)"', client.get(f"{mine}/new-link").text)[1]
        first, second = (client.post(f"{mine}/new-link", data={"attempt": attempt}) for _ in range(2))
        assert first.status_code == 200 and link_in(first) == link_in(second) != mine
        assert client.get(mine).status_code == 404 and client.get(link_in(first)).status_code == 200

    def test_unknown_revoked_deleted_and_switched_off_are_one_page(self, client, make, org, cup, mine):
        with unit_of_work() as session:
            team = session.scalars(select(Team).where(Team.org_id == org.id)).one()
            revoked = captain_links.issue(session, team)
            session.execute(update(CaptainLink).where(CaptainLink.hint == revoked[-4:]).values(revoked_at=utc_now()))
            gone = Team(org_id=org.id, name="Gone", deleted_at=utc_now())
            session.add(gone)
            session.flush()
            deleted = captain_links.issue(session, gone)
        pages = [client.get(f"/p/{token}") for token in (revoked, deleted, "x" * 43, "short", "é" * 43)]
        with unit_of_work() as session:
            session.execute(update(Organization).where(Organization.id == org.id).values(disabled_at=utc_now()))
        pages.append(client.get(mine))
        assert {page.status_code for page in pages} == {404}
        texts = {re.sub(r"Number <code>\w+</code>", "", page.text) for page in pages}
        assert len(texts) == 1
        for page in pages:
            assert page.headers["Cache-Control"] == "no-store" and "noindex" in page.headers["X-Robots-Tag"]

    def test_every_answer_is_kept_from_caches_search_engines_and_other_sites(self, client, cup, mine):
        for path in (mine, f"{mine}/leave/{cup}", f"{mine}/name", f"{mine}/new-link"):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
            assert "noindex" in answer.headers["X-Robots-Tag"] and "Set-Cookie" not in answer.headers

    def test_its_use_is_noted_and_not_at_every_look(self, client, org, mine):
        client.get(mine)
        with unit_of_work() as session:
            query = select(CaptainLink).where(CaptainLink.org_id == org.id)
            first = session.scalars(query).one().last_used_at
        client.get(mine)
        with unit_of_work() as session:
            assert first is not None and session.scalars(query).one().last_used_at == first

    def test_another_organizations_competition_is_not_there(self, client, make, mine):
        foreign = make.competition(make.org(), status="registration")
        assert client.get(f"{mine}/leave/{foreign}").status_code == 404


def test_the_page_costs_the_same_whatever_the_number_of_competitions(client, make, org, mine, count_sql):
    counts = []
    for _ in range(2):
        client.get(mine)
        with count_sql() as statements:
            client.get(mine)
        counts.append(len(statements))
        for _ in range(6):
            uid = make.competition(org, status="registration", starts_at=utc_now() + timedelta(days=1))
            make.registration_page(org, uid)
            client.post(f"{mine}/register/{uid}")
    assert counts[0] == counts[1] <= 8
