"""Teams, rosters and players in the back office: lists, forms, ways back, what was played."""

import html
import io
import re

import pytest
from sqlalchemy import select

from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from portal.players.model import RosterEntry, Team, roster_of, team_by_uid, teams_of
from tests.make import address, post, unique
from tests.reading import plain

HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script> שלום 🏆"


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


def at(org, *parts, room="teams"):
    return "/".join((f"/o/{org.slug}/{room}", *parts))


def players_at(org, *parts):
    return at(org, *parts, room="players")


def names(org):
    with unit_of_work() as session:
        return list(session.scalars(teams_of(org.id).order_by(Team.id).with_only_columns(Team.name)))


def roster(org, uid):
    with unit_of_work() as session:
        return [(one.wallet, one.role) for one in session.scalars(roster_of(team_by_uid(session, org.id, uid)))]


def entry(org, uid, wallet):
    with unit_of_work() as session:
        team = team_by_uid(session, org.id, uid)
        return session.scalars(roster_of(team).where(RosterEntry.wallet == wallet).with_only_columns(RosterEntry.uid)).one()


def told(org, uid):
    with unit_of_work() as session:
        return list(session.scalars(select(Event.type).where(Event.org_id == org.id, Event.subject == uid).order_by(Event.id)))


def undo_of(answer):
    return re.search(r'"undo": "([^"]+)"', answer.headers["HX-Trigger"])[1]


def smaller_number_wins(home, away):
    return (2, 0) if int(home, 16) < int(away, 16) else (0, 2)


class TestTeams:
    def test_a_team_is_made_changed_and_deleted_by_its_name(self, org, alice):
        name = unique("Lions")
        made = post(alice, at(org, "new"), {"name": name, "tag": "LIO", "logo_url": ""})
        here = made.headers["Location"]
        assert made.status_code == 303 and name in alice.get(here).text
        changed = post(alice, here + "/edit", {"name": "Tigers", "tag": "", "logo_url": "", "contact": "a@example.com"})
        assert changed.status_code == 303 and names(org) == ["Tigers"]
        assert told(org, here.rsplit("/", 1)[1]) == ["team.created", "team.updated"]
        assert post(alice, here + "/delete", {"confirm": "tigers"}).status_code == 422
        assert post(alice, here + "/delete", {"confirm": "Tigers"}).status_code == 303
        assert alice.get(here).status_code == 404 and names(org) == []

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"name": ""}, "Write a name for the team"),
            ({"name": "n" * 200}, "200 characters. Use at most 100"),
            ({"name": "x"}, "Use at least 2"),
            ({"tag": "TOOLONG"}, "Use at most 6"),
            ({"logo_url": "javascript:alert(1)"}, "must begin with http"),
            ({"contact": "nobody"}, "must be an e-mail address"),
            ({"colour": "red"}, "no field `colour`"),
        ],
    )
    def test_what_is_wrong_is_said_and_what_was_typed_is_kept(self, make, org, alice, changes, said):
        uid = make.team(org)
        form = {"name": "Kept name", "tag": "KEPT", "logo_url": "", "contact": ""} | changes
        answer = post(alice, at(org, uid, "edit"), form)
        assert answer.status_code == 422 and said in plain(answer)
        assert "Kept name" in answer.text or "KEPT" in answer.text
        assert "Kept name" not in names(org)

    def test_a_strange_name_is_shown_as_it_is_everywhere(self, org, alice):
        here = post(alice, at(org, "new"), {"name": HOSTILE, "tag": "<b>"}).headers["Location"]
        for page in (at(org), here, here + "/edit", here + "/delete", here + "/activity"):
            shown = alice.get(page).text
            assert "<script>alert" not in shown and html.escape(HOSTILE) in shown, page

    def test_a_team_that_plays_stays_and_says_where(self, make, org, alice):
        lions, tigers, free = make.team(org), make.team(org), make.team(org)
        cup = make.competition(org, status="registration", title="Autumn Cup")
        make.enter_teams(org, cup, [lions, tigers])
        shown = plain(alice.get(at(org, lions, "delete")))
        assert "Autumn Cup" in shown and "Write" not in shown.partition("Autumn Cup")[2][:200]
        with unit_of_work() as session:
            name = team_by_uid(session, org.id, lions).name
        assert post(alice, at(org, lions, "delete"), {"confirm": name}).status_code == 422
        answer = post(alice, at(org, "delete"), {"id": [lions, free, "nonsense"]}, headers=HTMX)
        assert "1 team is deleted." in answer.headers["HX-Trigger"] and name in answer.headers["HX-Trigger"]
        assert len(names(org)) == 2

    def test_the_list_keeps_single_players_for_those_who_ask(self, make, org, alice):
        make.team(org)
        with unit_of_work() as session:
            session.add(Team(org_id=org.id, name="Ayra Alone", solo=True))
        assert "Ayra Alone" not in alice.get(at(org)).text and "1–1 of 1 team" in plain(alice.get(at(org)))
        assert "Ayra Alone" in alice.get(at(org) + "?kind=solo").text
        assert "1–2 of 2 teams" in plain(alice.get(at(org) + "?kind=all"))
        assert "no choice “luck”" in plain(alice.get(at(org) + "?kind=luck"))

    def test_bob_reads_and_is_offered_nothing_that_he_may_not(self, make, org):
        uid, bob = make.team(org, players=1), make.signed_in(org.bob)
        for page in (at(org), at(org, uid)):
            assert not re.search(r"Create team|Import|Add player|Delete|Make captain|Private link", plain(bob.get(page)))

    def test_the_record_of_a_team_is_in_the_list_its_page_and_the_csv(self, make, org, alice):
        lions, tigers = make.team(org), make.team(org)
        cup = make.competition(org, status="registration", title="Autumn Cup")
        make.enter_teams(org, cup, [lions, tigers])
        make.start(org, cup)
        make.play(org, cup, lambda _a, _b: (3, 1))
        rows = sorted(line.split(",")[4] for line in alice.get(at(org) + "?format=csv").text.splitlines()[1:])
        assert rows == ["0–0–1", "1–0–0"]
        places = [plain(alice.get(at(org, uid, "competitions"))) for uid in (lions, tigers)]
        assert sorted("1 of 2" in page for page in places) == [False, True]
        for uid, score in ((lions, "3 – 1"), (tigers, "1 – 3")):
            page = plain(alice.get(at(org, uid, "matches")))
            assert "Autumn Cup" in page and ("3 – 1" in page or "1 – 3" in page), score
        assert "Best place: 1 of 2" in plain(alice.get(at(org, lions))) + plain(alice.get(at(org, tigers)))


class TestRosters:
    def test_players_are_added_given_roles_and_removed_with_ways_back(self, make, org, alice):
        uid = make.team(org)
        assert post(alice, at(org, uid, "roster/add"), {"wallet": address(1), "role": "player"}).status_code == 303
        player = entry(org, uid, address(1))
        changed = post(alice, at(org, uid, "roster", player, "role") + "?role=captain", headers=HTMX)
        assert roster(org, uid) == [(address(1), "captain")]
        post(alice, undo_of(changed), headers=HTMX)
        assert roster(org, uid) == [(address(1), "player")]
        removed = post(alice, at(org, uid, "roster", player, "remove"), headers=HTMX)
        assert roster(org, uid) == []
        assert post(alice, at(org, uid, "roster", player, "remove")).status_code == 404
        assert post(alice, undo_of(removed), headers=HTMX).status_code == 204
        assert roster(org, uid) == [(address(1), "player")]

    @pytest.mark.parametrize(
        "wallet", ["", "0x12", "nobody", "0x" + "g" * 40, "0x" + "1" * 41, "0x52908400098527886e0f7030069857d2e4169Ee7"]
    )
    def test_what_is_no_wallet_is_refused_beside_its_field(self, make, org, alice, wallet):
        uid = make.team(org)
        answer = post(alice, at(org, uid, "roster/add"), {"wallet": wallet, "role": "player"})
        assert answer.status_code == 422 and "allet" in plain(answer) and roster(org, uid) == []

    def test_a_role_that_there_is_not_is_refused(self, make, org, alice):
        uid = make.team(org, players=1)
        answer = post(alice, at(org, uid, "roster", entry(org, uid, address(1)), "role") + "?role=boss")
        assert answer.status_code == 400 and roster(org, uid) == [(address(1), "player")]

    def test_what_the_export_writes_the_import_reads(self, make, org, alice):
        uid = make.team(org, captain=make.wallet().address, players=3)
        csv = alice.get(at(org, uid) + "?format=csv").data
        other = make.team(org)
        answer = post(alice, at(org, other, "roster/import"), {"file": (io.BytesIO(csv), "roster.csv"), "pasted": ""})
        assert answer.status_code == 303 and roster(org, other) == roster(org, uid)

    def test_all_rosters_go_out_and_come_in_again(self, make, org, alice):
        uid = make.team(org, players=2)
        make.team(org)
        csv = alice.get(at(org, "rosters.csv")).data
        elsewhere = make.org()
        admin = make.signed_in(elsewhere.alice)
        sent = {"file": (io.BytesIO(csv), "rosters.csv"), "pasted": ""}
        assert post(admin, at(elsewhere, "import"), sent).status_code == 303
        assert sorted(names(elsewhere)) == sorted(names(org))
        with unit_of_work() as session:
            name = team_by_uid(session, org.id, uid).name
            copy = session.scalars(teams_of(elsewhere.id).where(Team.name == name).with_only_columns(Team.uid)).one()
        assert roster(elsewhere, copy) == roster(org, uid)

    def test_a_bad_list_is_said_line_by_line_and_kept(self, make, org, alice):
        uid = make.team(org)
        answer = post(alice, at(org, uid, "roster/import"), {"pasted": f"wallet\n{address(1)}\nnonsense"})
        assert answer.status_code == 422 and "Line 3" in plain(answer) and "nonsense</textarea>" in answer.text
        assert roster(org, uid) == []
        assert "Choose a CSV file, or paste" in plain(post(alice, at(org, uid, "roster/import"), {"pasted": ""}))


class TestPrivateLinks:
    def test_a_link_is_shown_once_works_and_ends_the_one_before(self, make, org, alice, client):
        uid = make.team(org)
        links = []
        for _ in range(2):
            made = post(alice, at(org, uid, "link"))
            assert made.status_code == 200 and made.headers["Cache-Control"] == "no-store"
            links.append(re.search(r'id="secret-value"[^>]*>[^<]*(/p/[^<]+)<', made.text)[1])
        assert client.get(links[1]).status_code == 200 and client.get(links[0]).status_code == 404
        assert "One link works" in plain(alice.get(at(org, uid, "link")))
        assert post(alice, at(org, uid, "link/revoke")).status_code == 303
        assert client.get(links[1]).status_code == 404


class TestPlayers:
    def test_a_pasted_wallet_in_any_case_finds_its_player(self, make, org, alice):
        wallet = make.wallet().address
        make.team(org, captain=wallet)
        for text in (wallet, wallet.lower(), wallet.upper().replace("0X", "0x")):
            assert "1–1 of 1 player" in plain(alice.get(players_at(org) + f"?q={text}"))
            shown = alice.get(players_at(org, text))
            assert shown.status_code == 200 and wallet.lower() in shown.text
        assert "No players match" in plain(alice.get(players_at(org) + f"?q={address(404)}"))

    def test_the_page_of_a_player_has_its_matches_its_opponents_and_its_places(self, make, org, alice):
        league = make.competition(org, "league", status="active", entrants=3, title="Winter League")
        make.play(org, league, smaller_number_wins)
        key = address(1)
        assert "Best place: 1 of 3" in plain(alice.get(players_at(org, key)))
        matches = plain(alice.get(players_at(org, key, "matches")))
        assert matches.count("Won 2 – 0") == 2 and "1–2 of 2 matches" in matches
        here = re.search(r'href="([^"]+/matches\?q=[^"]+)"', alice.get(players_at(org, key, "matches")).text)[1]
        assert "1–1 of 1 match" in plain(alice.get(html.unescape(here)))
        assert "No matches match" in plain(alice.get(players_at(org, key, "matches") + "?result=loss"))
        foes = alice.get(players_at(org, key, "opponents") + "?format=csv&sort=foe").text.splitlines()
        assert [line.split(",")[:5] for line in foes[1:]] == [[address(2), "1", "1", "0", "0"], [address(3), "1", "1", "0", "0"]]
        assert "1 of 3" in plain(alice.get(players_at(org, key, "competitions")))

    def test_somebody_with_a_name_has_a_page_and_one_with_a_wallet_is_found_under_it(self, make, org, alice):
        with unit_of_work() as session:
            alone, named = Team(org_id=org.id, name=HOSTILE, solo=True), Team(org_id=org.id, name="Bo", solo=True)
            session.add_all([alone, named])
            session.flush()
            session.add(RosterEntry(team_id=named.id, wallet=address(7), wallet_key=address(7), role="captain"))
            uids = (alone.uid, named.uid)
        shown = alice.get(players_at(org, uids[0])).text
        assert html.escape(HOSTILE) in shown and "<script>alert" not in shown
        assert alice.get(players_at(org, uids[1])).headers["Location"].endswith(address(7))
        assert "Bo" in plain(alice.get(players_at(org, address(7))))

    def test_who_is_not_here_is_not_found(self, make, org, alice):
        theirs = make.org()
        make.team(theirs, players=1)
        several = make.team(org)
        for key in (address(1), "nobody", "0x12", several, unique("x")):
            for tab in ((), ("matches",), ("competitions",), ("opponents",)):
                assert alice.get(players_at(org, key, *tab)).status_code == 404, key

    def test_an_empty_list_says_what_it_is_for_and_strange_questions_do_no_harm(self, org, alice):
        assert "No players yet" in plain(alice.get(players_at(org)))
        assert alice.get(players_at(org) + "?sort=luck&page=-1&size=7&kind=x&played=y&q=%00%ff").status_code == 200


def test_every_list_sorts_by_every_column_both_ways(make, org, alice):
    league = make.competition(org, "league", status="active", entrants=3)
    make.play(org, league, smaller_number_wins)
    make.team(org, players=2)
    pages = [at(org), players_at(org), *(players_at(org, address(1), tab) for tab in ("competitions", "matches", "opponents"))]
    for page in pages:
        links = set(re.findall(r'class="sort" href="([^"]+)"', alice.get(page).text))
        assert links, page
        for link in links:
            answer = alice.get(html.unescape(link))
            assert answer.status_code == 200 and "cannot be sorted" not in answer.text, link


def test_pages_cost_as_many_statements_for_many_as_for_few(make, org, alice, count_sql):
    def play(entrants):
        make.play(org, make.competition(org, "league", status="active", entrants=entrants), smaller_number_wins)

    def statements():
        pages = [at(org), at(org, team), *(at(org, team, tab) for tab in ("competitions", "matches", "opponents", "activity"))]
        pages += [players_at(org), *(players_at(org, address(1), *tab) for tab in ((), ("competitions",), ("matches",)))]
        counts = []
        for page in pages:
            with count_sql() as sent:
                assert alice.get(page).status_code == 200
            counts.append(len(sent))
        return counts

    team = make.team(org, players=1)
    play(2)
    statements()
    few = statements()
    make.team(org, players=9)
    for _ in range(3):
        play(6)
    assert statements() == few
    assert max(few) <= 12
