"""Changing teams, and rosters that come as CSV."""

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Invalid, NotFound
from portal.orgs.model import Organization
from portal.outbox.model import Event
from portal.players import roster_csv
from portal.players.editing import update_team
from portal.players.model import roster_of, team_by_uid, teams_of
from tests.make import address, unique


@pytest.fixture
def org(make):
    return make.org()


def change(org, uid, **terms):
    with unit_of_work() as session:
        owner = session.get_one(Organization, org.id)
        wish = {"name": "Lions", "tag": None, "logo_url": None, "contact": None} | terms
        return update_team(session, owner, team_by_uid(session, org.id, uid), SYSTEM, **wish)


def audit_and_events(org, uid):
    with unit_of_work() as session:
        rows = (
            select(AuditRow.action, AuditRow.before, AuditRow.after)
            .where(AuditRow.org_id == org.id, AuditRow.subject_id == uid)
            .order_by(AuditRow.id)
        )
        events = select(Event.type, Event.data).where(Event.org_id == org.id, Event.subject == uid).order_by(Event.id)
        return session.execute(rows).all(), session.execute(events).all()


class TestUpdating:
    def test_a_change_is_told_and_noted_and_doing_it_twice_is_not(self, make, org):
        uid = make.team(org)
        assert change(org, uid, tag="LIO", logo_url="https://example.com/l.png")
        assert not change(org, uid, tag="LIO", logo_url="https://example.com/l.png")
        rows, events = audit_and_events(org, uid)
        assert [row.action for row in rows] == ["team.updated"]
        assert rows[0].after == {"name": "Lions", "tag": "LIO", "logo_url": "https://example.com/l.png"}
        assert [(event.type, event.data["changed"]) for event in events] == [("team.updated", ["name", "tag", "logo_url"])]

    def test_an_address_for_messages_is_in_no_log_and_no_event(self, make, org):
        uid = make.team(org)
        change(org, uid)
        assert change(org, uid, contact="ayra@example.com")
        rows, events = audit_and_events(org, uid)
        assert "ayra" not in f"{rows[-1].before}{rows[-1].after}"
        assert [event.type for event in events] == ["team.updated"]  # that of the name alone

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "x"),
            ("name", "n" * 101),
            ("name", "two\nlines"),
            ("tag", "TOOLONG"),
            ("logo_url", "javascript:alert(1)"),
            ("logo_url", "ftp://example.com/a.png"),
            ("contact", "nobody"),
        ],
    )
    def test_a_bad_value_names_its_field_and_changes_nothing(self, make, org, field, value):
        uid = make.team(org)
        with pytest.raises(Invalid) as refused:
            change(org, uid, **{field: value})
        assert refused.value.field == field
        assert audit_and_events(org, uid) == ([], [])

    def test_a_deleted_team_is_not_there(self, make, org):
        uid = make.team(org)
        with unit_of_work() as session:
            team = team_by_uid(session, org.id, uid)
            team.deleted_at = team.created_at
            session.flush()
            with pytest.raises(NotFound):
                update_team(session, None, team, SYSTEM, name="Lions", tag=None, logo_url=None, contact=None)


def read(text, many=False):
    return roster_csv.read_rows("file", text.encode(), many=many)


def imported(org, text, uid=None):
    with unit_of_work() as session:
        owner = session.get_one(Organization, org.id)
        if uid is None:
            return roster_csv.import_teams(session, owner, SYSTEM, read(text, many=True))
        team = team_by_uid(session, org.id, uid)
        return roster_csv.import_roster(session, owner, team, SYSTEM, read(text))


def roster(org, uid):
    with unit_of_work() as session:
        return [(entry.wallet, entry.role) for entry in session.scalars(roster_of(team_by_uid(session, org.id, uid)))]


class TestRosters:
    def test_a_list_puts_players_on_the_roster_and_once_more_changes_nothing(self, make, org):
        uid, text = (
            make.team(org),
            f"wallet,role\n{address(1)},captain\n{address(2)},\n\n{address(3)};;\n".replace(";;", ",player"),
        )
        first, second = imported(org, text, uid), imported(org, text, uid)
        assert (first.added, first.changed, first.same) == (3, 0, 0)
        assert (second.added, second.changed, second.same) == (0, 0, 3)
        assert roster(org, uid) == [(address(1), "captain"), (address(2), "player"), (address(3), "player")]

    def test_a_list_without_a_heading_and_one_with_the_columns_of_the_export_are_read(self, make, org):
        uid = make.team(org)
        assert imported(org, address(1), uid).added == 1
        exported = f"\ufeffWallet,Role,Joined\n{address(1)},substitute,2026-03-01T00:00:00+00:00\n"
        assert imported(org, exported, uid).changed == 1
        assert roster(org, uid) == [(address(1), "substitute")]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "no rows"),
            ("wallet,role\n", "no rows"),
            ("wallet\n0x12\n" + address(1), "Line 2: wallet must be 0x"),
            (f"wallet,role\n{address(1)},boss", "Line 2: “boss” is no role"),
            (f"wallet,colour\n{address(1)},red", "names wallet, colour"),
            (f"role\n{address(1)}", "names role"),
            (f"wallet,role\n{address(1)},captain,x", "Line 2: There are more cells"),
            ('wallet\n"open', "cannot be read"),
            ("\n".join(["wallet", *["nonsense"] * 12]), "2 more lines"),
            ("\n".join(address(number) for number in range(1, 1_003)), "1,002 rows"),
        ],
    )
    def test_bad_lines_are_named_all_at_once(self, text, said):
        with pytest.raises(Invalid) as refused:
            read(text)
        assert said in refused.value.message

    def test_what_is_no_text_is_refused_with_its_line(self):
        with pytest.raises(Invalid) as refused:
            roster_csv.read_rows("file", b"wallet\n\xff\xfe", many=False)
        assert "Line 2 is not UTF-8" in refused.value.message

    def test_a_full_roster_imports_nothing_and_names_the_line(self, make, org):
        uid = make.team(org, players=99)
        with pytest.raises(Invalid) as refused:
            imported(org, f"{address(500)}\n{address(501)}", uid)
        assert "Line 2" in refused.value.message and "100 players" in refused.value.message
        assert len(roster(org, uid)) == 99

    def test_a_wallet_with_two_roles_in_one_list_is_refused(self, make, org):
        uid = make.team(org)
        with pytest.raises(Invalid) as refused:
            imported(org, f"{address(1)},captain\n{address(1)},player", uid)
        assert "Line 2: This wallet stands above as captain" in refused.value.message
        assert imported(org, f"{address(1)},captain\n{address(1)},captain", uid).same == 1

    def test_players_of_a_list_are_told_one_by_one(self, make, org):
        uid = make.team(org)
        imported(org, f"{address(1)}\n{address(2)}", uid)
        rows, _ = audit_and_events(org, uid)
        assert [(row.action, row.after["wallet"]) for row in rows] == [
            ("team.player_added", address(1)),
            ("team.player_added", address(2)),
        ]
        with unit_of_work() as session:
            told = select(Event.data).where(Event.org_id == org.id, Event.type == "roster.player_added")
            assert [data["wallet"] for data in session.scalars(told.order_by(Event.id))] == [address(1), address(2)]


class TestManyTeams:
    def test_teams_are_found_by_name_or_made_and_keep_their_players(self, org):
        text = f"team,tag,wallet,role\nLions,LIO,{address(1)},captain\nlions,,{address(2)},player\nTigers,,,\n"
        first, second = imported(org, text), imported(org, text)
        assert (first.teams, first.added, first.same) == (["Lions", "Tigers"], 2, 0)
        assert (second.teams, second.added, second.same) == ([], 0, 2)
        with unit_of_work() as session:
            assert [(team.name, team.tag) for team in session.scalars(teams_of(org.id))] == [("Lions", "LIO"), ("Tigers", None)]

    def test_a_name_that_two_teams_have_is_refused(self, make, org):
        name = unique("Twins")
        for _ in range(2):
            change(org, make.team(org), name=name)
        with pytest.raises(Invalid) as refused:
            imported(org, f"team,wallet\n{name},{address(1)}")
        assert "2 teams are called" in refused.value.message

    def test_a_name_that_a_spreadsheet_had_to_quote_is_the_same_name(self, make, org):
        uid = make.team(org)
        change(org, uid, name="=SUM(1)")
        assert imported(org, f"team,wallet\n'=SUM(1),{address(1)}").teams == []
        assert len(roster(org, uid)) == 1
