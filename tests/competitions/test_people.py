"""Teams and players of an organization with what they played, on rows that stand beside those of other tenants."""

import pytest
from sqlalchemy import select

from portal.competitions import history, people
from portal.competitions.model import Match
from portal.competitions.results import Report
from portal.formats.plan import Outcome
from portal.kernel.db import unit_of_work
from portal.kernel.errors import NotFound
from portal.players.model import RosterEntry, Team, team_by_uid
from tests.make import address, unique


@pytest.fixture
def org(make):
    return make.org()


def smaller_number_wins(home, away):
    return (2, 0) if int(home, 16) < int(away, 16) else (0, 2)


def solo(org, name, wallet=None):
    """The uid of somebody who takes part under a name."""
    with unit_of_work() as session:
        team = Team(org_id=org.id, name=name, solo=True)
        session.add(team)
        session.flush()
        if wallet:
            session.add(RosterEntry(team_id=team.id, wallet=wallet, wallet_key=wallet.lower(), role="captain"))
        return team.uid


def listed(query):
    with unit_of_work() as session:
        return session.execute(query).all()


def players(org):
    return {row.key: row for row in listed(people.players(org.id))}


class TestPlayers:
    def test_a_wallet_has_the_sums_of_all_its_competitions(self, make, org):
        for _ in range(2):
            league = make.competition(org, "league", status="active", entrants=3)
            make.play(org, league, smaller_number_wins)
        found = players(org)
        assert {key: (row.competitions, row.wins, row.draws, row.losses) for key, row in found.items()} == {
            address(1): (2, 4, 0, 0),
            address(2): (2, 2, 0, 2),
            address(3): (2, 0, 0, 4),
        }
        assert [found[address(number)].rate for number in (1, 2, 3)] == [1.0, 0.5, 0.0]
        assert all(row.last_played and row.last_seen >= row.last_played for row in found.values())

    def test_other_tenants_add_nothing(self, make, org):
        other = make.org()
        make.competition(other, "league", status="active", entrants=2)
        make.team(other, players=2)
        make.competition(org, "league", status="active", entrants=2)
        assert {row.competitions for row in players(org).values()} == {1}
        assert {row.team_count for row in players(org).values()} == {0}

    def test_whoever_only_stands_on_a_roster_is_listed_with_its_teams(self, make, org):
        first, second = make.team(org, players=1), make.team(org, players=1)
        with unit_of_work() as session:
            names = {team_by_uid(session, org.id, uid).name for uid in (first, second)}
        row = players(org)[address(1)]
        assert (row.competitions, row.team_count, set(row.teams.split(people.SEPARATOR)), row.rate) == (0, 2, names, None)
        assert row.last_seen is not None

    def test_what_a_team_plays_counts_for_those_on_its_roster(self, make, org):
        lions, tigers = make.team(org, players=1), make.team(org, captain=address(9))
        cup = make.competition(org, status="registration")
        make.enter_teams(org, cup, [lions, tigers])
        make.start(org, cup)
        report_first(make, org, cup, "a")
        found = players(org)
        assert sorted((row.wins, row.losses) for row in found.values()) == [(0, 1), (1, 0)]
        assert {row.competitions for row in found.values()} == {1}

    def test_a_name_without_a_wallet_is_a_player_and_with_one_it_names_the_wallet(self, make, org):
        alone, named = solo(org, "Ayra"), solo(org, "Bo", address(7))
        found = players(org)
        assert (found[alone].name, found[alone].wallet) == ("Ayra", None)
        assert (found[address(7)].name, found[address(7)].wallet, found[address(7)].team_count) == ("Bo", address(7), 0)
        assert named not in found

    def test_a_wallet_in_any_spelling_is_one(self, make, org):
        wallet = make.wallet().address
        league = make.competition(org, "league", status="registration")
        make.enter(org, league, [wallet])
        other = make.competition(org, "league", status="registration")
        make.enter(org, other, [wallet.lower()])
        assert players(org)[wallet.lower()].competitions == 2

    def test_a_key_that_nobody_has_is_not_found(self, make, org):
        with unit_of_work() as session:
            for key in (address(999_999), "nobody", make.team(make.org())):
                with pytest.raises(NotFound):
                    people.player_by_key(session, org.id, key)


class TestTeams:
    def test_a_team_has_its_roster_and_its_record_and_deleted_ones_are_gone(self, make, org):
        lions, tigers, nobody = make.team(org, players=2), make.team(org), make.team(org)
        cup = make.competition(org, status="registration")
        make.enter_teams(org, cup, [lions, tigers])
        make.start(org, cup)
        report_first(make, org, cup, "a")
        with unit_of_work() as session:
            team_by_uid(session, org.id, nobody).deleted_at = team_by_uid(session, org.id, lions).created_at
        found = {row.uid: row for row in listed(people.teams(org.id))}
        assert set(found) == {lions, tigers}
        assert (found[lions].players, found[tigers].players) == (2, 0)
        assert sorted((row.wins, row.losses, row.competitions) for row in found.values()) == [(0, 1, 1), (1, 0, 1)]
        assert all(row.last_played for row in found.values())


class TestHistory:
    def test_every_way_a_match_can_end_counts_as_the_standings_count_it(self, make, org):
        league = make.competition(org, "league", status="active", entrants=4)
        ends = iter(
            [
                Report("a", 2, 1),
                Report("b", outcome=Outcome.WALKOVER),
                Report(None, outcome=Outcome.DOUBLE_NO_SHOW),
                Report("draw", 1, 1),
                Report(None, outcome=Outcome.NOT_PLAYED),
                Report("a", outcome=Outcome.NO_SHOW),
            ]
        )
        make.play(org, league, lambda _a, _b: next(ends))
        with unit_of_work() as session:
            for number in range(1, 5):
                entries = people.entries_of_player(org.id, address(number))
                record = history.record_of(session, entries)
                rows = session.execute(history.matches(entries)).all()
                credits = [row.credit for row in rows]
                counted = (credits.count("win"), credits.count("draw"), credits.count("loss"))
                assert counted == (record.wins, record.draws, record.losses)
                assert len(rows) == 3
                met = session.execute(history.opponents(entries)).all()
                assert sum(row.met for row in met) == record.played
                assert (record.competitions, record.completed) == (1, 1)
                assert record.best is not None

    def test_a_match_is_told_from_the_side_of_the_player(self, make, org):
        league = make.competition(org, "league", status="active", entrants=2)
        make.play(org, league, smaller_number_wins)
        with unit_of_work() as session:
            (won,) = session.execute(history.matches(people.entries_of_player(org.id, address(1)))).all()
            (lost,) = session.execute(history.matches(people.entries_of_player(org.id, address(2)))).all()
        assert (won.scored, won.against, won.credit, won.foe_key) == (2, 0, "win", address(2))
        assert (lost.scored, lost.against, lost.credit, lost.foe_key) == (0, 2, "loss", address(1))

    def test_places_come_with_the_size_of_the_field_the_oldest_first(self, make, org):
        cups = []
        for entrants in (2, 4):
            cups.append(make.competition(org, "league", status="active", entrants=entrants))
            make.play(org, cups[-1], smaller_number_wins)
        with unit_of_work() as session:
            found = history.places(session, people.entries_of_player(org.id, address(2)))
        assert [(one.uid, one.place, one.entrants, one.share) for one in found] == [(cups[0], 2, 2, 0.5), (cups[1], 2, 4, 0.75)]

    def test_a_bye_and_a_match_to_come_count_for_nobody(self, make, org):
        make.competition(org, status="active", entrants=3)
        with unit_of_work() as session:
            for number in (1, 2, 3):
                entries = people.entries_of_player(org.id, address(number))
                assert history.record_of(session, entries).played == 0
                assert all(row.credit is None for row in session.execute(history.matches(entries)))

    def test_one_who_left_before_the_start_has_a_line_but_no_competition(self, make, org):
        league = make.competition(org, "league", status="registration", entrants=1)
        with unit_of_work() as session:
            entries = people.entries_of_player(org.id, address(1))
            (row,) = session.execute(history.competitions(entries)).all()
            assert (row.competition_uid, row.entry_status, row.entrants, row.place) == (league, "registered", 1, None)
            assert history.record_of(session, entries).competitions == 1
            assert history.record_of(session, people.entries_of_player(org.id, unique("x"))).competitions == 0


def report_first(make, org, competition, winner):
    from portal.audit.service import SYSTEM
    from portal.competitions.model import competition_by_uid, matches_of
    from portal.competitions.results import record_result

    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, competition)
        match = session.scalars(matches_of(found).with_only_columns(Match.uid)).first()
        record_result(session, found, SYSTEM, match, Report(winner, 2, 0) if winner == "a" else Report(winner, 0, 2))
    assert session.scalar(select(Match.status).where(Match.uid == match)) == "completed"
