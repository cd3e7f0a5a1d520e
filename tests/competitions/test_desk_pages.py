"""The check-in desk and the waiting list in the back office."""

import re

import pytest

from portal.competitions.model import Entry, competition_by_uid, entries_of
from portal.competitions.service import lock
from portal.kernel.db import unit_of_work
from tests.competitions.test_entrant_pages import HTMX, names, said, url
from tests.make import address, post


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


@pytest.fixture
def cup(make, org):
    """Registration is open; nobody is in."""
    return make.competition(org, status="registration")


class TestWaiting:
    def test_places_are_raised_and_those_who_wait_longest_get_them(self, alice, make, org):
        cup = make.competition(org, status="registration", max_participants=2, waiting_list=True)
        make.enter(org, cup, [1, 2])
        make.enter(org, cup, [3, 4, 5], checked_in=False)
        page = alice.get(url(org, cup, "/entrants/waiting")).text
        assert "2</strong> of 2 places" in page.replace("<strong>", "") and "0x0000…0003" in page
        answer = post(alice, url(org, cup, "/entrants/places"), {"places": 4}, headers=HTMX)
        assert "0x0000…0003 and 0x0000…0004 have a place" in said(answer)
        assert names(org, cup, Entry.status == "waiting") == [address(5)]

    @pytest.mark.parametrize("places", ["2", "1", "99999", "many", ""])
    def test_fewer_places_or_too_many_are_refused(self, alice, make, org, places):
        cup = make.competition(org, status="registration", max_participants=2, waiting_list=True)
        answer = post(alice, url(org, cup, "/entrants/places"), {"places": places})
        assert answer.status_code == 422 and "places" in answer.text.lower()

    def test_a_place_is_given_by_hand_only_where_one_is_free(self, alice, make, org):
        cup = make.competition(org, status="registration", max_participants=2, waiting_list=True)
        make.enter(org, cup, [1, 2])
        third, fourth = make.enter(org, cup, [3, 4], checked_in=False)
        refused = post(alice, url(org, cup, f"/entrants/{fourth}/promote"))
        assert refused.status_code == 409 and "all 2 places are taken" in refused.text
        with unit_of_work() as session:
            found = competition_by_uid(session, org.id, cup)
            lock(session, found)
            session.scalars(entries_of(found).order_by(Entry.id).limit(1)).one().status = "disqualified"
        assert "0x0000…0004 has a place" in said(post(alice, url(org, cup, f"/entrants/{fourth}/promote"), headers=HTMX))
        assert names(org, cup, Entry.status == "waiting") == [address(3)]
        assert post(alice, url(org, cup, f"/entrants/{third}/promote")).status_code == 409

    def test_without_a_waiting_list_the_page_says_so(self, alice, org, cup):
        assert "has no waiting list" in alice.get(url(org, cup, "/entrants/waiting")).text
        assert alice.get(url(org, cup, "/entrants/waiting?format=csv")).status_code == 200


class TestDesk:
    def test_the_desk_shows_who_is_expected_and_finds_the_others_by_name(self, alice, make, org, cup):
        make.enter(org, cup, [1, 2])
        make.enter(org, cup, [3], checked_in=False)
        page = alice.get(url(org, cup, "/check-in")).text
        assert "2 here" in page and "1 expected" in page and "0x0000…0003" in page and "0x0000…0001" not in page
        found = alice.get(url(org, cup, f"/check-in?q={address(1)[-6:]}"), headers=HTMX).text
        assert "0x0000…0001" in found and "0x0000…0003" not in found and "<html" not in found

    def test_a_code_opens_the_desk_with_that_entrant_on_top(self, alice, make, org, cup):
        make.enter(org, cup, range(1, 4), checked_in=False)
        (uid,) = make.enter(org, cup, [9], checked_in=False)
        page = alice.get(url(org, cup, f"/check-in?entrant={uid}")).text
        top = page.split('class="desk-scanned"')[1].split("</section>")[0]
        assert "0x0000…0009" in top and "Check in" in top
        stranger = alice.get(url(org, cup, f"/check-in?entrant={cup}")).text
        assert "of nobody in this competition" in stranger

    def test_somebody_who_is_quicker_is_named(self, alice, make, org, cup):
        (uid,) = make.enter(org, cup, [1], checked_in=False)
        admin = make.member(org, "admin")
        post(make.signed_in(admin), url(org, cup, "/check-in"), {"id": uid})
        late = post(alice, url(org, cup, "/check-in"), {"id": uid}, headers=HTMX)
        assert f"was checked in already, by {admin.email}" in said(late) and 'id="desk"' in late.text

    def test_who_asks_again_gets_nothing_until_something_changed(self, alice, make, org, cup):
        (uid,) = make.enter(org, cup, [1], checked_in=False)
        page = alice.get(url(org, cup, "/check-in")).text
        poll = re.search(r'hx-get="([^"]*seen=[^"]*)"', page)[1].replace("&amp;", "&")
        assert alice.get(poll, headers=HTMX).status_code == 204
        post(alice, url(org, cup, "/check-in"), {"id": uid})
        assert "1 here" in alice.get(poll, headers=HTMX).text
        poll = re.search(r'hx-get="([^"]*seen=[^"]*)"', alice.get(url(org, cup, "/check-in")).text)[1].replace("&amp;", "&")
        post(alice, url(org, cup, "/check-in/undo"), {"id": uid})
        post(alice, url(org, cup, "/check-in"), {"id": uid})
        assert alice.get(poll, headers=HTMX).status_code == 200, "checked out and in again is another moment"

    def test_it_works_without_javascript(self, alice, make, org, cup):
        uids = make.enter(org, cup, [1, 2], checked_in=False)
        answer = post(alice, url(org, cup, "/check-in"), {"id": uids, "show": "in"})
        assert answer.status_code == 303 and answer.location.endswith("/check-in?show=in")
        assert "is-in" in alice.get(answer.location).text

    def test_the_desk_is_shut_before_and_after_registration(self, alice, make, org):
        draft, running = make.competition(org), make.competition(org, status="active", entrants=4)
        assert "opens with registration" in alice.get(url(org, draft, "/check-in")).text
        page = alice.get(url(org, running, "/check-in")).text
        assert "has started" in page and "seen=" not in page
        with unit_of_work() as session:
            uid = session.scalars(entries_of(competition_by_uid(session, org.id, running))).first().uid
        late = post(alice, url(org, running, "/check-in"), {"id": uid}, headers=HTMX)
        assert late.status_code == 200 and "has started" in said(late)

    def test_every_card_carries_its_own_code_without_inline_styles(self, alice, make, org, cup, count_sql):
        make.enter(org, cup, range(1, 63))
        with count_sql() as statements:
            page = alice.get(url(org, cup, "/check-in/cards")).text
        assert page.count('class="qr"') == 60 and "Sheet 2" in page and "style=" not in page and len(statements) <= 14
        assert len(set(re.findall(r'<path class="qr-line"[^>]* d="([^"]+)"', page))) == 60
        assert alice.get(url(org, cup, "/check-in/cards?page=2")).text.count('class="qr"') == 2
        assert 'class="qr"' in alice.get(url(org, cup, "/check-in/poster")).text

    def test_the_desk_costs_the_same_for_many_as_for_few(self, alice, make, org, cup, count_sql):
        make.enter(org, cup, range(1, 3), checked_in=False)
        with count_sql() as few:
            alice.get(url(org, cup, "/check-in"))
        make.enter(org, cup, range(3, 60), checked_in=False)
        with count_sql() as many:
            page = alice.get(url(org, cup, "/check-in")).text
        assert len(many) == len(few) <= 13 and "the first 40" in page
