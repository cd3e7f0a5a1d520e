"""Entrants in the back office: the list, adding them, the desk, the waiting list."""

import io
import re

import pytest
from sqlalchemy import func, select

from portal.audit.model import AuditRow
from portal.competitions.model import Entry, competition_by_uid
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from portal.players.model import RosterEntry, Team, teams_of
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


def url(org, cup: str, path: str = "/entrants") -> str:
    return f"/o/{org.slug}/competitions/{cup}{path}"


def names(org, cup: str, *where) -> list[str]:
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, cup)
        query = select(func.coalesce(Team.name, Entry.wallet)).select_from(Entry).outerjoin(Team, Team.id == Entry.team_id)
        return list(session.scalars(query.where(Entry.competition_id == found.id, *where).order_by(Entry.id)))


IN = (Entry.status == "registered", Entry.checked_in_at.is_not(None))
PLACED = (Entry.status == "registered",)


def undo_of(answer) -> str:
    """The address of the undo in the toast that waits for the next page."""
    import json

    return json.loads(answer.headers["HX-Trigger"])["toast"]["items"][0]["undo"]


def said(answer) -> str:
    import json

    return json.loads(answer.headers["HX-Trigger"])["toast"]["items"][0]["message"]


HTMX = {"HX-Request": "true"}


class TestList:
    def test_an_empty_list_says_what_it_is_for_and_what_to_do(self, alice, org, cup):
        page = alice.get(url(org, cup)).text
        assert "No entrants yet" in page and "Add entrants" in page

    def test_a_member_sees_the_list_without_what_only_admins_may_do(self, make, org, cup):
        make.enter(org, cup, [1])
        page = make.signed_in(org.bob).get(url(org, cup)).text
        assert "0x0000…0001" in page and "Add entrants" not in page and "Remove" not in page

    def test_the_costs_do_not_grow_with_the_rows(self, alice, make, org, cup, count_sql):
        make.enter(org, cup, range(1, 3))
        with count_sql() as few:
            alice.get(url(org, cup))
        make.enter(org, cup, range(3, 30), checked_in=False)
        with count_sql() as many:
            assert "29 entrants" in alice.get(url(org, cup)).text
        assert len(many) == len(few) <= 14

    def test_one_is_checked_in_and_the_toast_takes_it_back(self, alice, make, org, cup):
        (uid,) = make.enter(org, cup, [1], checked_in=False)
        answer = post(alice, url(org, cup, f"/entrants/{uid}/check-in"), headers=HTMX)
        assert "0x0000…0001 is checked in" in said(answer) and names(org, cup, *IN) == [address(1)]
        again = post(alice, url(org, cup, f"/entrants/{uid}/check-in"), headers=HTMX)
        assert "was checked in already" in said(again)
        post(alice, undo_of(answer), headers=HTMX)
        assert names(org, cup, *IN) == []

    def test_many_are_checked_in_at_once_and_taken_back_by_their_moment(self, alice, make, org, cup, count_sql):
        uids = make.enter(org, cup, range(1, 41), checked_in=False)
        early = make.enter(org, cup, [50])
        with count_sql() as statements:
            answer = post(alice, url(org, cup, "/entrants/check-in"), {"id": [*uids, early[0], "nonsense"]}, headers=HTMX)
        assert len(statements) < 20
        assert "40 entrants are checked in" in said(answer) and "1 stay" in said(answer)
        assert len(names(org, cup, *IN)) == 41
        assert "not checked in any more" in said(post(alice, undo_of(answer), headers=HTMX))
        assert names(org, cup, *IN) == [address(50)]

    def test_removing_says_who_gets_the_place_and_can_be_taken_back(self, alice, make, org):
        cup = make.competition(org, status="registration", max_participants=2, waiting_list=True)
        uids = make.enter(org, cup, [1, 2], checked_in=False)
        make.enter(org, cup, [3], checked_in=False)
        assert "0x0000…0003 is first on the waiting list" in alice.get(url(org, cup)).text
        answer = post(alice, url(org, cup, f"/entrants/{uids[0]}/remove"), headers=HTMX)
        assert "0x0000…0003 gets the place" in said(answer) and names(org, cup, *PLACED) == [address(2), address(3)]
        back = post(alice, undo_of(answer), headers=HTMX)
        assert "waiting list" in said(back) and names(org, cup, Entry.status == "waiting") == [address(1)]

    def test_many_are_removed_and_brought_back(self, alice, make, org, cup):
        uids = make.enter(org, cup, range(1, 6))
        answer = post(alice, url(org, cup, "/entrants/remove"), {"id": uids[:3]}, headers=HTMX)
        assert names(org, cup, *PLACED) == [address(4), address(5)]
        assert names(org, cup, *PLACED, Entry.seed.is_not(None)) == []
        post(alice, undo_of(answer), headers=HTMX)
        assert len(names(org, cup, *IN)) == 5

    def test_whoever_registered_anew_meanwhile_is_not_there_twice(self, alice, make, org, cup):
        uids = make.enter(org, cup, [1, 2])
        answer = post(alice, url(org, cup, "/entrants/remove"), {"id": uids}, headers=HTMX)
        make.enter(org, cup, [1])
        assert "is registered anew" in said(post(alice, undo_of(answer), headers=HTMX))
        assert sorted(names(org, cup, *PLACED)) == [address(1), address(2)]

    def test_each_change_leaves_its_audit_row_and_its_event(self, alice, make, org, cup):
        uids = make.enter(org, cup, [1, 2], checked_in=False)
        post(alice, url(org, cup, "/entrants/check-in"), {"id": uids})
        with unit_of_work() as session:
            rows = select(func.count()).where(AuditRow.subject_id.in_(uids), AuditRow.action == "registration.checked_in")
            told = select(func.count()).where(Event.subject.in_(uids), Event.type == "registration.checked_in")
            assert (session.scalar(rows), session.scalar(told)) == (2, 2)

    def test_the_registration_of_another_competition_is_not_there(self, alice, make, org, cup):
        (uid,) = make.enter(org, make.competition(org, status="registration"), [1], checked_in=False)
        for act in ("check-in", "undo", "remove", "restore", "promote"):
            assert post(alice, url(org, cup, f"/entrants/{uid}/{act}")).status_code == 404
        assert "Nothing was chosen" in said(post(alice, url(org, cup, "/entrants/check-in"), {"id": uid}, headers=HTMX))

    def test_an_undo_without_a_moment_is_refused_in_words(self, alice, org, cup):
        for at in ("", "x", "9" * 40):
            answer = post(alice, url(org, cup, f"/entrants/undo-all?at={at}"))
            assert answer.status_code == 400 and "which change" in answer.text


class TestAdding:
    def add(self, alice, org, cup, text: str, **more):
        return post(alice, url(org, cup, "/entrants/add/list"), {"pasted": text} | more)

    def confirm(self, alice, org, cup, text: str):
        return post(alice, url(org, cup, "/entrants/add/list"), {"text": text}, headers=HTMX)

    def test_a_name_becomes_a_player_and_a_wallet_stays_one(self, alice, org, cup):
        assert post(alice, url(org, cup, "/entrants/add"), {"name": "Ayra", "tag": "AYR"}).status_code == 303
        assert post(alice, url(org, cup, "/entrants/add"), {"wallet": address(7)}).status_code == 303
        assert names(org, cup) == ["Ayra", address(7)]
        with unit_of_work() as session:
            team = session.scalars(teams_of(org.id)).one()
            assert (team.solo, team.tag) == (True, "AYR")

    def test_a_name_with_a_wallet_is_a_player_whose_wallet_is_captain(self, alice, org, cup):
        post(alice, url(org, cup, "/entrants/add"), {"name": "Ayra", "wallet": address(7)})
        with unit_of_work() as session:
            roster = session.scalars(select(RosterEntry).join(Team).where(Team.org_id == org.id)).one()
            assert (roster.wallet, roster.role) == (address(7), "captain")

    @pytest.mark.parametrize(
        ("fields", "says"),
        [
            ({}, "Write a name or a wallet"),
            ({"name": "x"}, "at least 2"),
            ({"name": "x" * 200}, "at most 100"),
            ({"wallet": "0x12"}, "40 hex digits"),
            ({"name": "Ayra", "tag": "TOOLONG"}, "at most 6"),
            ({"name": "a\u202eb"}, "control character"),
            ({"name": "Ayra", "surprise": "1"}, "no field"),
        ],
    )
    def test_what_does_not_fit_comes_back_with_what_was_typed(self, alice, org, cup, fields, says):
        answer = post(alice, url(org, cup, "/entrants/add"), fields)
        assert answer.status_code == 422 and says in answer.text
        assert names(org, cup) == []

    def test_a_team_is_found_by_name_and_added_once(self, alice, make, org, cup):
        team = make.team(org, players=2)
        with unit_of_work() as session:
            name = session.scalar(select(Team.name).where(Team.uid == team))
        page = alice.get(url(org, cup, f"/entrants/add?way=team&q={name.upper()}")).text
        assert name in page and "2 on the roster" in page
        assert post(alice, url(org, cup, "/entrants/add/team"), {"team": team}).status_code == 303
        assert post(alice, url(org, cup, "/entrants/add/team"), {"team": team}).status_code == 409
        assert "Already in" in alice.get(url(org, cup, f"/entrants/add?way=team&q={name}")).text
        stranger = make.team(make.org())
        assert post(alice, url(org, cup, "/entrants/add/team"), {"team": stranger}).status_code == 404

    def test_a_list_is_looked_over_first_and_made_when_it_is_sent_again(self, alice, org, cup):
        text = f"name,wallet,tag,seed,checked_in\nAyra,,AYR,1,yes\n,{address(3)},,,\nFoxes,{address(1)} {address(2)},FOX,2,"
        preview = self.add(alice, org, cup, text)
        assert preview.status_code == 200 and "3 entrants will be added" in preview.text
        assert "2 new players" not in preview.text and "1 new player" in preview.text and "1 new team" in preview.text
        assert names(org, cup) == []
        assert "3 entrants are added" in said(self.confirm(alice, org, cup, text))
        assert names(org, cup) == ["Ayra", address(3), "Foxes"] and names(org, cup, *IN) == ["Ayra"]

    def test_the_same_list_again_adds_nobody_twice(self, alice, org, cup):
        text = f"Ayra\nBo\n{address(1)}"
        self.confirm(alice, org, cup, text)
        assert "3 are already there" in self.add(alice, org, cup, text + "\nCleo").text
        assert "1 entrant is added" in said(self.confirm(alice, org, cup, text + "\nCleo"))
        assert "Nobody was added" in said(self.confirm(alice, org, cup, text))
        assert names(org, cup) == ["Ayra", "Bo", address(1), "Cleo"]
        with unit_of_work() as session:
            assert session.scalar(select(func.count()).select_from(teams_of(org.id).subquery())) == 3

    def test_the_team_of_an_earlier_competition_is_taken_not_made_anew(self, alice, make, org, cup):
        other = make.competition(org, status="registration")
        self.confirm(alice, org, cup, "Ayra")
        assert "known already" in self.add(alice, org, other, "ayra").text
        self.confirm(alice, org, other, "ayra\nBo")
        with unit_of_work() as session:
            assert sorted(session.scalars(teams_of(org.id).with_only_columns(Team.name))) == ["Ayra", "Bo"]

    def test_every_bad_line_is_named_with_what_to_change_and_nobody_is_added(self, alice, org, cup):
        lines = ["name,wallet,tag,seed,group,checked_in", "Ayra,,,1,,", "Bo,0x12,,,,", "Cleo,,TOOLONG,,,", "Dana,,,x,,"]
        lines += [
            "Eli,,,1,,",
            "Fay,,,,B,",
            "Gus,,,,,perhaps",
            "Ayra,,,,,",
            "x,,,,,",
            ",,,9,,",
            "Hal,,,99999,,",
            '"A\u202eB",,,,,',
        ]
        answer = post(alice, url(org, cup, "/entrants/add/list"), {"file": (io.BytesIO("\n".join(lines).encode()), "e.csv")})
        assert answer.status_code == 422
        troubles = dict(re.findall(r'<td class="cell-number">(\d+)</td><td>(\w+)</td>', answer.text))
        fields = ["wallet", "tag", "seed", "seed", "seeds", "checked_in", "name", "name", "name", "seed", "name"]
        assert troubles == {str(line): field for line, field in zip(range(3, 14), fields, strict=True)}
        assert "Ayra,,,1,," in answer.text and names(org, cup) == []

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "Write one entrant a line"),
            ("name,shoe\nAyra,42", "no column “shoe”"),
            ("name,name\nAyra,B", "twice"),
            ("name,wallet", "no entrants"),
            ('name\n"Ay', "cannot be read as CSV"),
        ],
    )
    def test_a_list_that_cannot_be_read_says_why(self, alice, org, cup, text, says):
        answer = self.add(alice, org, cup, text)
        assert answer.status_code == 422 and says in answer.text

    def test_a_file_that_is_no_text_names_the_line(self, alice, org, cup):
        sent = {"file": (io.BytesIO(b"Ayra\nBo\xff\n"), "e.csv")}
        answer = post(alice, url(org, cup, "/entrants/add/list"), sent)
        assert answer.status_code == 422 and "Line 2 is not UTF-8" in answer.text

    def test_who_comes_when_it_is_full_waits_or_is_refused_by_line(self, alice, make, org):
        full = make.competition(org, status="registration", max_participants=2)
        assert "all 2 places are taken" in self.add(alice, org, full, "Ayra\nBo\nCleo").text
        waiting = make.competition(org, status="registration", max_participants=2, waiting_list=True)
        assert "1 of them on the waiting list" in self.add(alice, org, waiting, "Ayra\nBo\nCleo").text
        self.confirm(alice, org, waiting, "name,checked_in\nAyra,yes\nBo,\nCleo,yes")
        assert names(org, waiting, Entry.status == "waiting") == ["Cleo"] and names(org, waiting, *IN) == ["Ayra"]

    def test_a_competition_for_teams_takes_no_wallet_and_no_empty_team(self, alice, make, org):
        cup = make.competition(org, status="registration", rules={"min_roster": 2})
        page = self.add(alice, org, cup, f"{address(1)}\nFoxes\nWolves,{address(1)} {address(2)}")
        assert page.status_code == 422 and "has 0 on its roster" in page.text and "for teams of at least 2" in page.text
        self.confirm(alice, org, cup, f"Wolves,{address(1)} {address(2)}")
        with unit_of_work() as session:
            assert session.scalars(teams_of(org.id)).one().solo is False

    def test_strange_names_stay_text(self, alice, org, cup):
        strange = ["<script>alert(1)</script>", "مرحبا بالعالم", "🦊🦊", "=HYPERLINK(1)", "x" * 100]
        self.confirm(alice, org, cup, "name\n" + "\n".join(f'"{name}"' for name in strange))
        page = alice.get(url(org, cup)).text
        assert "<script>alert" not in page and "&lt;script&gt;alert" in page and "🦊🦊" in page
        assert names(org, cup) == strange

    def test_what_the_list_exports_another_competition_reads_back(self, alice, make, org, cup):
        self.confirm(alice, org, cup, f"name,wallet,seed,checked_in\nAyra,,2,yes\n=Bo,,1,\n,{address(1)},3,yes")
        columns = "name,kind,state,seed,group,checked_in,registered,place,wallet,tag,rating,registration"
        export = alice.get(url(org, cup, f"/entrants?format=csv&columns={columns}")).data.decode()
        other = make.competition(org, status="registration")
        self.confirm(alice, org, other, export.removeprefix("\ufeff"))
        for where in (PLACED, IN, (Entry.seed == 1,), (Entry.seed == 3,)):
            assert names(org, other, *where) == names(org, cup, *where) != []

    def test_a_thousand_are_added_in_a_number_of_statements_that_does_not_grow(self, alice, org, cup, count_sql):
        with count_sql() as few:
            self.confirm(
                alice, org, cup, "name,wallet,checked_in\n" + "\n".join(f"First {n},{address(n)},yes" for n in range(1, 4))
            )
        text = "name,wallet,checked_in\n" + "\n".join(f"Player {n},{address(n)},yes" for n in range(10, 910))
        with count_sql() as many:
            answer = self.confirm(alice, org, cup, text)
        assert "900 entrants are added" in said(answer) and len(many) <= len(few) + 6, "in chunks"

    def test_before_registration_opens_nobody_is_added_and_it_says_why(self, alice, make, org):
        draft = make.competition(org)
        assert "Registration is not open yet" in alice.get(url(org, draft, "/entrants/add")).text
        answer = self.add(alice, org, draft, "Ayra")
        assert answer.status_code == 422 and "Registration is not open yet" in answer.text
