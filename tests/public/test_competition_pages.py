"""The public page of a competition: what it shows, to whom, at what cost, and how it is followed."""

import re
from datetime import timedelta

import pytest

from portal.audit.service import SYSTEM
from portal.branding.service import publish_changes
from portal.competitions.model import competition_by_uid
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization
from portal.players.editing import update_team
from portal.players.model import Team, teams_of
from tests.competitions.playing import Organizer
from tests.make import unique
from tests.public.staging import NAMES, change, team_cup

MOST_STATEMENTS = 4
STRANGE = [
    "<script>alert(1)</script>",
    "نادي الصقور",
    "🦊 Foxes",
    "W" * 100,
    'O\'Neil & "Sons"',
    "a\u202eb",
    "=1+1",
    "Two  words",
]


@pytest.fixture
def organizer(make, client) -> Organizer:
    return Organizer(make, client)


def page_of(organizer: Organizer, uid: str, rest: str = "") -> str:
    return f"/c/{organizer.org.slug}/{uid}{rest}"


def entrant_of(page: str) -> str:
    return re.search(r"/entrants/([0-9a-f-]{36})", page)[1]


class TestWhatItShows:
    def test_a_bracket_has_every_name_the_rounds_and_the_scores(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org)
        organizer.report(uid, organizer.ready(uid)[0], 2, 1)
        page = client.get(page_of(organizer, uid)).text
        for text in (*NAMES, "Round of 16", "Quarterfinals", "Semifinals", "Final", "Live", "Spring Invitational"):
            assert text in page, text
        assert re.search(r'class="p">2<b class="hid"> won</b>', page)

    def test_a_league_has_a_table_that_says_why_each_stands_where_it_stands(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:4], kind="league")
        organizer.play_out(uid)
        page = client.get(page_of(organizer, uid)).text
        assert page.count("<summary>Why ") == 4
        assert re.search(r"(Above|Below) [\w ]+(, by points: \d+ against \d+; |on points: \d+ against \d+)", page)

    def test_groups_have_a_table_each(self, organizer, client):
        rules = {"format": "round_robin", "groups": 2}
        page = client.get(page_of(organizer, team_cup(organizer.make, organizer.org, NAMES[:8], kind="league", rules=rules))).text
        assert page.count("<table>") == 2 and "Group A" in page and "Group B" in page

    def test_a_ladder_shows_its_positions_and_a_challenge_that_is_open(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:4], kind="ladder")
        page = client.get(page_of(organizer, uid)).text
        assert "Ladder" in page and "position on the ladder" in page
        low, high = re.findall(r'data-e="([0-9a-f]{8})"', page)[1::-1]
        entrants = {found[:8]: found for found in re.findall(r"/entrants/([0-9a-f-]{36})", page)}
        sides = {"challenger": entrants[low], "opponent": entrants[high]}
        organizer.call("POST", f"{uid}/challenges", sides, 201)
        assert client.get(page_of(organizer, uid, "?view=schedule")).text.count("data-m=") == 1

    def test_before_the_start_it_shows_who_is_there_and_when_it_begins(self, organizer, client):
        starts = utc_now() + timedelta(days=2)
        uid = team_cup(organizer.make, organizer.org, NAMES[:3], start=False, starts_at=starts, max_participants=8)
        page = client.get(page_of(organizer, uid)).text
        assert "Registration open" in page and "3 of 8 registered" in page and page.count("Checked in") == 3
        assert f'data-until="{starts:%Y-%m-%dT%H:%M:%SZ}"' in page

    def test_when_it_is_over_it_names_the_winner_and_the_places(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:4], rules={"third_place_match": True})
        organizer.play_out(uid)
        assert f"Won by <b><bdi>{NAMES[0]}</bdi></b>" in client.get(page_of(organizer, uid)).text
        results = client.get(page_of(organizer, uid, "?view=results")).text
        assert [results.index(f'<span class="place">{place}</span>') for place in (1, 2, 3, 4)]
        assert results.count("data-m=") == 4

    def test_an_entrant_has_a_page_with_every_match_and_the_other_competitions(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:4])
        organizer.play_out(uid)
        entrant = entrant_of(client.get(page_of(organizer, uid)).text)
        page = client.get(page_of(organizer, uid, f"/entrants/{entrant}")).text
        assert "<h1>" in page and page.count("data-m=") == 2 and "won" in page
        assert "Other competitions" not in page

    def test_other_competitions_are_listed_ones_of_the_same_player(self, organizer, client):
        org, make = organizer.org, organizer.make
        titles = {name: unique(name) for name in ("First", "Listed", "Hidden")}
        first = make.competition(org, status="active", entrants=2, title=titles["First"])
        make.competition(org, status="active", entrants=2, title=titles["Listed"])
        make.competition(org, status="active", entrants=2, title=titles["Hidden"], visibility="unlisted")
        entrant = entrant_of(client.get(page_of(organizer, first)).text)
        page = client.get(page_of(organizer, first, f"/entrants/{entrant}")).text
        assert titles["Listed"] in page and titles["Hidden"] not in page

    def test_strange_names_are_text_and_isolated_from_what_stands_around(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, STRANGE, title="<img src=x onerror=alert(1)>", description="</p><script>x")
        for rest in ("", "?view=schedule", "?view=entrants"):
            page = client.get(page_of(organizer, uid, rest)).text
            assert "<script>alert" not in page and "<img src=x" not in page and "<script>x" not in page
            assert "&lt;script&gt;alert(1)&lt;/script&gt;</bdi>" in page and "<bdi>نادي الصقور</bdi>" in page

    def test_one_match_says_why_these_two_meet(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:4])
        match = organizer.ready(uid)[0]["id"]
        page = client.get(page_of(organizer, uid, f"?view=match&match={match}")).text
        assert page.count("data-m=") == 1 and "Seed 1 meets seed 4" in page

    @pytest.mark.parametrize(
        "rest", ["?view=nothing", "?page=0", "?page=-1", "?page=²", "?part=winners-99", "?view=bracket&page=9"]
    )
    def test_an_address_that_is_off_still_shows_the_competition(self, organizer, client, rest):
        uid = team_cup(organizer.make, organizer.org, NAMES[:4])
        answer = client.get(page_of(organizer, uid, rest))
        assert answer.status_code == 200 and NAMES[0] in answer.text


class TestWhoSeesIt:
    def test_private_deleted_foreign_and_made_up_ones_have_the_same_page(self, organizer, client, make):
        private = organizer.make.competition(organizer.org, status="active", entrants=2, visibility="private")
        other = make.org()
        foreign = make.competition(other, status="active", entrants=2)
        draft = organizer.make.competition(organizer.org)
        with unit_of_work() as session:
            session.delete(competition_by_uid(session, organizer.org.id, draft))
        addresses = [page_of(organizer, uid) for uid in (private, foreign, draft, other.uid)] + [f"/c/nobody/{foreign}"]
        answers = [client.get(address) for address in addresses]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.text for answer in answers}) == 1
        assert all(answer.headers["Cache-Control"] == "no-store" for answer in answers)

    @pytest.mark.parametrize("rest", ["/entrants/00000000-0000-4000-8000-000000000000", "?view=match&match=x", "x", "/card.gif"])
    def test_what_is_not_there_is_a_page_of_its_own(self, organizer, client, rest):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        answer = client.get(page_of(organizer, uid, rest))
        assert answer.status_code == 404 and "no such competition" in answer.text

    def test_a_switched_off_organization_shows_nothing(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        change(organizer.org, disabled_at=utc_now())
        assert client.get(page_of(organizer, uid)).status_code == 404

    def test_unlisted_ones_are_kept_from_search_engines_and_public_ones_are_not(self, organizer, client):
        for visibility, kept in (("unlisted", True), ("public", False)):
            uid = team_cup(organizer.make, organizer.org, NAMES[:2], visibility=visibility)
            answer = client.get(page_of(organizer, uid))
            assert ("noindex" in answer.text) == ("X-Robots-Tag" in answer.headers) == kept

    def test_no_cookie_is_set_or_read(self, organizer, client, make):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        alice = make.signed_in(organizer.org.alice)
        for address in (page_of(organizer, uid), f"/embed/{uid}", page_of(organizer, uid, "?view=entrants&live=1")):
            nobody, somebody = client.get(address), alice.get(address)
            assert "Set-Cookie" not in nobody.headers and "Set-Cookie" not in somebody.headers
            assert nobody.data == somebody.data
            assert "Cookie" not in nobody.headers.get("Vary", "")


class TestCost:
    @pytest.mark.parametrize("kind, rules", [("bracket", None), ("league", {"format": "round_robin"}), ("ladder", None)])
    def test_a_page_takes_at_most_four_statements_whatever_the_size(self, organizer, client, count_sql, kind, rules):
        counts = []
        for entrants in (4, 16):
            uid = team_cup(organizer.make, organizer.org, NAMES[:entrants], kind=kind, rules=rules)
            entrant = entrant_of(client.get(page_of(organizer, uid, "?view=entrants")).text)
            organizer.report(uid, ready[0]) if (ready := organizer.ready(uid)) else None
            pages = ["", "?view=schedule", "?view=results", f"/entrants/{entrant}", "/card.png"]
            for rest in [*pages, "?view=entrants&page=2"]:
                with count_sql() as statements:
                    assert client.get(page_of(organizer, uid, rest)).status_code == 200
                counts.append(len(statements))
        assert max(counts) <= MOST_STATEMENTS
        assert counts[: len(counts) // 2] == counts[len(counts) // 2 :]

    def test_a_field_of_1024_takes_no_more_and_stays_small(self, organizer, client, count_sql):
        uid = organizer.make.competition(organizer.org, status="active", entrants=1024, rules={"format": "double_elimination"})
        for rest in ("", "?part=winners-3", "?part=losers-2", "?view=schedule", "?view=entrants"):
            with count_sql() as statements:
                answer = client.get(page_of(organizer, uid, rest))
            assert answer.status_code == 200 and len(statements) <= MOST_STATEMENTS
            assert len(answer.data) < 80_000

    def test_a_visitor_who_has_it_gets_304_for_one_statement(self, organizer, client, count_sql):
        uid = team_cup(organizer.make, organizer.org)
        tag = client.get(page_of(organizer, uid)).headers["ETag"]
        for rest in ("", "?live=1", "?view=results&live=1"):
            with count_sql() as statements:
                answer = client.get(page_of(organizer, uid, rest), headers={"If-None-Match": tag})
            assert (answer.status_code, answer.data, len(statements)) == (304, b"", 1)
            assert answer.headers["ETag"] == tag and "stale-while-revalidate" in answer.headers["Cache-Control"]

    def test_a_body_that_was_made_for_a_state_is_not_made_again(self, organizer, client, count_sql):
        uid = team_cup(organizer.make, organizer.org)
        first = client.get(page_of(organizer, uid))
        with count_sql() as statements:
            assert client.get(page_of(organizer, uid)).data == first.data
        assert len(statements) == 1

    def test_it_is_sent_compressed_to_those_who_take_it(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org)
        plain = client.get(page_of(organizer, uid), headers={"Accept-Encoding": "identity"})
        packed = client.get(page_of(organizer, uid), headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
        assert len(packed.data) < len(plain.data) / 3
        assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]


class TestFollowing:
    """Whoever follows with the ETag hears of every change that a page shows."""

    def hears(self, organizer: Organizer, client, uid: str, change, rest: str = "?live=1") -> None:
        before = client.get(page_of(organizer, uid, rest)).headers["ETag"]
        change()
        after = client.get(page_of(organizer, uid, rest), headers={"If-None-Match": before})
        assert after.status_code == 200 and after.headers["ETag"] != before

    def test_of_a_result_its_correction_a_time_and_a_disqualification(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:4])
        first, second = organizer.ready(uid)
        entrant = entrant_of(client.get(page_of(organizer, uid)).text)
        self.hears(organizer, client, uid, lambda: organizer.report(uid, first, 2, 0))
        self.hears(organizer, client, uid, lambda: organizer.correct(uid, first, 2, 1, reason="Typed wrong."))
        at = {"scheduled_at": "2030-01-01T10:00:00Z"}
        self.hears(organizer, client, uid, lambda: organizer.call("PATCH", f"{uid}/matches/{second['id']}", at))
        out = {"reason": "Left."}
        self.hears(organizer, client, uid, lambda: organizer.call("POST", f"{uid}/registrations/{entrant}/disqualify", out))

    def test_of_a_registration_a_check_in_a_seed_and_the_start(self, organizer, client):
        make, org = organizer.make, organizer.org
        uid = make.competition(org, status="registration")
        made: list[str] = []
        self.hears(organizer, client, uid, lambda: made.extend(make.enter(org, uid, [1, 2], checked_in=False)))
        wallets = [f"0x{number:040x}" for number in (1, 2)]
        for wallet in wallets:
            body = {"wallet": wallet}
            self.hears(organizer, client, uid, lambda body=body: organizer.call("POST", f"{uid}/check-in", body, None))
        seeds = {"seeds": [{"registration_id": entry, "seed": seed} for seed, entry in enumerate(made, 1)]}
        self.hears(organizer, client, uid, lambda: organizer.call("POST", f"{uid}/bracket/seed", seeds))
        self.hears(organizer, client, uid, lambda: organizer.call("POST", f"{uid}/start", {}))

    def test_of_a_team_that_is_called_something_else(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        home = page_of(organizer, uid)

        def rename() -> None:
            with unit_of_work() as session:
                org = session.get_one(Organization, organizer.org.id)
                team = session.scalars(teams_of(org.id).where(Team.name == NAMES[0])).one()
                update_team(session, org, team, SYSTEM, name="Renamed Rovers", tag=None, logo_url=None, contact=None)

        self.hears(organizer, client, uid, rename)
        assert "Renamed Rovers" in client.get(home).text and NAMES[0] not in client.get(home).text

    def test_of_a_new_footer_alone(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        themed(organizer.org, "#0a5c36")
        self.hears(organizer, client, uid, lambda: themed(organizer.org, "#0a5c36", footer="Another footer"))
        assert "Another footer" in client.get(page_of(organizer, uid)).text

    def test_of_a_new_theme_of_the_organization_or_of_its_operator(self, organizer, client, make):
        agent = Organizer(make, client, make.org(parent=organizer.org))
        uid = team_cup(make, agent.org, NAMES[:2])
        for who, colour in ((organizer.org, "#0a5c36"), (agent.org, "#7a1f5c")):
            self.hears(agent, client, uid, lambda who=who, colour=colour: themed(who, colour))
            page = client.get(page_of(agent, uid)).text
            sheet = re.search(rf'href="(/theme/{agent.org.slug}/[0-9a-f]+\.css)"', page)[1]
            assert colour in client.get(sheet).text

    def test_one_state_has_one_tag_and_every_view_of_it_a_body_of_its_own(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:4])
        bodies = [client.get(page_of(organizer, uid, rest)) for rest in ("", "?live=1", "?view=schedule", "?view=results")]
        bodies.append(client.get(f"/embed/{uid}"))
        assert len({answer.headers["ETag"] for answer in bodies}) == 1
        assert len({answer.data for answer in bodies}) == len(bodies)


def themed(org, colour: str, **more: str) -> None:
    """Publish a theme of that primary colour."""
    with unit_of_work() as session:
        publish_changes(session, session.get_one(Organization, org.id), SYSTEM, {"primary": colour} | more)


def test_an_entrant_of_a_large_bracket_is_led_to_the_parts_where_they_stand(organizer, client):
    rules = {"format": "double_elimination"}
    uid = organizer.make.competition(organizer.org, status="active", entrants=128, rules=rules)
    part = client.get(page_of(organizer, uid, "?part=winners-3")).text
    entrant = entrant_of(part)
    page = client.get(page_of(organizer, uid, f"/entrants/{entrant}")).text
    names = re.findall(r"view=bracket&amp;part=([a-z]+-\d+)", page)
    assert names == ["winners-3"]
    assert entrant in client.get(page_of(organizer, uid, f"?view=bracket&part={names[0]}")).text
    small = organizer.make.competition(organizer.org, status="active", entrants=8)
    entrant = entrant_of(client.get(page_of(organizer, small)).text)
    assert "In the bracket" not in client.get(page_of(organizer, small, f"/entrants/{entrant}")).text


class TestPreviews:
    def test_the_card_is_a_picture_of_the_size_that_networks_ask_for(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, STRANGE[:4], title="🦊 " + "Very long title " * 12)
        answer = client.get(page_of(organizer, uid, "/card.png"))
        assert answer.mimetype == "image/png" and len(answer.data) < 100_000
        width, height = int.from_bytes(answer.data[16:20]), int.from_bytes(answer.data[20:24])
        assert (width, height) == (1200, 630)

    def test_the_page_names_its_card_its_own_address_and_where_to_ask_how_to_embed_it(self, organizer, client):
        uid = team_cup(organizer.make, organizer.org, NAMES[:2])
        page = client.get(page_of(organizer, uid)).text
        here = f"http://localhost{page_of(organizer, uid)}"
        assert f'<link rel="canonical" href="{here}">' in page
        assert f'<meta property="og:image" content="{here}/card.png">' in page
        assert 'type="application/json+oembed"' in page
