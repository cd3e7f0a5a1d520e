"""An organization's figures, against what was done by hand."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from portal.analytics.figures import figures
from portal.competitions.model import Entry, competition_by_uid
from portal.competitions.results import Report
from portal.formats.plan import Outcome
from portal.kernel.db import unit_of_work
from tests.make import address


def smaller_number_wins(home, away):
    return (2, 0) if int(home, 16) < int(away, 16) else (0, 1)


@pytest.fixture
def org(make):
    return make.org()


def of(org):
    with unit_of_work() as session:
        return figures(session, org.id)


def registered_at(org, competition, number, moment):
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, competition)
        mine = (Entry.competition_id == found.id, Entry.wallet == address(number))
        session.execute(update(Entry).where(*mine).values(registered_at=moment))


def test_an_organization_that_did_nothing_yet_has_noughts(org):
    found = of(org)
    assert found.by_status == {"draft": 0, "registration": 0, "active": 0, "completed": 0, "canceled": 0}
    assert (found.competitions, found.by_type, found.registrations, found.unique_wallets, found.trend) == (0, {}, 0, 0, [])
    assert (found.matches.total, found.matches.avg_score_a, found.matches.avg_score_b) == (0, 0.0, 0.0)
    assert (found.top_wallets, found.top_teams) == ([], [])


def test_competitions_are_counted_by_status_and_by_type_drafts_too(make, org):
    make.competition(org)
    make.competition(org, "league")
    make.competition(org, "league", status="registration")
    make.competition(org, "league", status="active", entrants=2)
    make.play(org, make.competition(org, "bracket", status="active", entrants=2), smaller_number_wins)
    found = of(org)
    assert found.by_status == {"draft": 2, "registration": 1, "active": 1, "completed": 1, "canceled": 0}
    assert list(found.by_type.items()) == [("league", 3), ("bracket", 2)]
    assert found.competitions == 5


def test_days_are_those_of_utc_and_of_those_who_held_a_place(make, org):
    league = make.competition(org, "league", status="registration", max_participants=4, waiting_list=True)
    make.enter(org, league, [1, 2, 3, 4, 5], checked_in=False)
    registered_at(org, league, 1, datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC))
    registered_at(org, league, 2, datetime(2026, 3, 2, 0, 0, tzinfo=UTC))
    registered_at(org, league, 3, datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    registered_at(org, league, 4, datetime(2026, 3, 4, 12, 0, tzinfo=UTC))
    found = of(org)
    assert found.trend == [("2026-03-01", 1), ("2026-03-02", 2), ("2026-03-04", 1)]  # the fifth only waits
    assert (found.registrations, found.unique_wallets) == (4, 4)


def test_one_wallet_counts_once_however_it_is_spelt(make, org):
    wallet = make.wallet().address
    for spelt in (wallet, wallet.lower()):
        make.enter(org, make.competition(org, "league", status="registration"), [spelt])
    found = of(org)
    assert (found.registrations, found.unique_wallets) == (2, 1)


def test_averages_are_of_scored_matches_with_one_decimal(make, org):
    league = make.competition(org, "league", status="active", entrants=4)
    reports = iter([Report("a", 3, 0), Report("draw", 1, 1), Report("a", 1, 0), Report("b", outcome=Outcome.WALKOVER)])
    with pytest.raises(StopIteration):
        make.play(org, league, lambda _home, _away: next(reports))
    found = of(org).matches
    assert (found.total, found.completed, found.pending) == (6, 4, 2)
    assert (found.avg_score_a, found.avg_score_b) == (1.7, 0.3)


def test_byes_and_what_is_left_of_a_canceled_competition_are_no_matches(make, org, client):
    make.competition(org, "bracket", status="active", entrants=3)
    assert (of(org).matches.total, of(org).matches.pending) == (2, 2)
    canceled = make.competition(org, "bracket", status="active", entrants=2)
    key = {"X-API-Key": make.key(org, "competition")}
    assert client.delete(f"/api/v1/competitions/{canceled}", headers=key).status_code == 200
    assert (of(org).matches.total, of(org).matches.pending) == (2, 2)


def test_the_best_have_most_wins_then_the_better_rate(make, org):
    league = make.competition(org, "league", status="active", entrants=12)
    make.play(org, league, smaller_number_wins)
    cup = make.competition(org, "bracket", status="active", entrants=2)
    make.play(org, cup, smaller_number_wins)
    top = of(org).top_wallets
    assert [row.name for row in top] == [address(number) for number in range(1, 11)]
    assert [(row.wins, row.losses, row.winrate, row.competitions_entered) for row in top[:3]] == [
        (12, 0, 100.0, 2),
        (10, 2, 83.3, 2),
        (9, 2, 81.8, 1),
    ]


def test_draws_are_neither_won_nor_lost(make, org):
    league = make.competition(org, "league", status="active", entrants=2)
    make.play(org, league, lambda _home, _away: (1, 1))
    assert {(row.wins, row.losses, row.winrate) for row in of(org).top_wallets} == {(0, 0, 0.0)}


def test_teams_have_a_list_of_their_own(make, org):
    league = make.competition(org, "league", status="registration")
    teams = [make.team(org, players=1) for _ in range(2)]
    make.enter_teams(org, league, teams)
    make.start(org, league)
    make.play(org, league, lambda _home, _away: (1, 0))
    found = of(org)
    assert found.top_wallets == [] and found.unique_wallets == 0
    assert [(row.wins, row.losses, row.winrate) for row in found.top_teams] == [(1, 0, 100.0), (0, 1, 0.0)]
    assert {row.team_uid for row in found.top_teams} == set(teams)


def test_nothing_of_other_organizations_is_counted(make, org):
    other = make.org()
    make.play(other, make.competition(other, "league", status="active", entrants=3), smaller_number_wins)
    assert of(org).registrations == of(org).matches.total == of(org).competitions == 0
    assert (of(other).registrations, of(other).matches.total) == (3, 3)


def test_it_takes_as_many_statements_for_much_as_for_nothing(make, org, count_sql):
    with count_sql() as nothing:
        of(org)
    make.play(org, make.competition(org, "league", status="active", entrants=6), smaller_number_wins)
    make.competition(org, "bracket", status="active", entrants=9)
    with count_sql() as much:
        of(org)
    assert len(nothing) == len(much) == 6
