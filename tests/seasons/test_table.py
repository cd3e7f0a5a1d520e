"""Season standings against sums made by hand and against the rules' own counting."""

import itertools
from decimal import Decimal

import pytest
from sqlalchemy import select, true

from portal.competitions.brackets import load
from portal.competitions.credits import records
from portal.competitions.model import Competition, competition_by_uid
from portal.competitions.results import Report
from portal.formats.plan import Outcome
from portal.formats.tally import tally
from portal.kernel.db import unit_of_work
from portal.seasons import table
from portal.seasons.model import season_by_uid
from tests.make import address


def ranked(make, org, season, seen=None):
    """(rank, wallet or team, total) of everybody."""
    with unit_of_work() as session:
        rows = table.standings(session, season_by_uid(session, org.id, season), true() if seen is None else seen)
        return [(row.rank, row.participant.wallet or row.participant.team_name, row.participant.total) for row in rows]


def home_wins(_home, _away):
    return 1, 0


def smaller_number_wins(home, away):
    return (2, 0) if int(home, 16) < int(away, 16) else (0, 2)


def everybody_draws(_home, _away):
    return 1, 1


# One after the other, these end the matches of a competition in every way that any format allows.
ODD_ENDS = (
    Report("a", 2, 1),
    Report("b", outcome=Outcome.WALKOVER),
    Report(None, outcome=Outcome.DOUBLE_NO_SHOW),
    Report("a", outcome=Outcome.NO_SHOW),
    Report("b", 0, 3),
    Report(None, outcome=Outcome.NOT_PLAYED),
    Report("b", 1, 2),
)


@pytest.fixture
def org(make):
    return make.org()


def test_points_are_weighted_exactly_and_added_up(make, org):
    league = make.competition(org, "league", status="active", entrants=3)
    cup = make.competition(org, "bracket", status="active", entrants=2)
    make.play(org, league, smaller_number_wins)
    make.play(org, cup, smaller_number_wins)
    season = make.season(org, (league, 0.1), (cup, 1.5))
    # league: 2, 1 and 0 wins at 3 points, times 0.1; cup: one win at 3 points, times 1.5.
    assert ranked(make, org, season) == [
        (1, address(1), Decimal("5.1")),
        (2, address(2), Decimal("0.3")),
        (3, address(3), Decimal("0.0")),
    ]


def test_the_points_are_those_of_the_season_not_of_the_competition(make, org):
    rules = {"points": {"win": 2, "draw": 1, "loss": 0}}
    league = make.competition(org, "league", status="active", entrants=2, rules=rules)
    make.play(org, league, everybody_draws)
    season = make.season(org, league, scoring_config={"win": 10, "draw": 4.5, "loss": 0.25})
    assert [total for _rank, _who, total in ranked(make, org, season)] == [Decimal("4.5"), Decimal("4.5")]


def test_level_on_points_share_a_rank_and_the_next_one_is_left_out(make, org):
    league = make.competition(org, "league", status="active", entrants=3)
    make.play(org, league, everybody_draws)
    season = make.season(org, league, make.competition(org, "league", status="active", entrants=4))
    assert [rank for rank, _who, _total in ranked(make, org, season)] == [1, 1, 1, 4]


def test_one_wallet_in_two_spellings_is_one_participant_spelt_as_it_came_first(make, org):
    wallet = make.wallet().address
    first, second = (make.competition(org, "league", status="registration") for _ in range(2))
    for uid, spelt in ((second, wallet), (first, wallet.lower())):
        make.enter(org, uid, [7, spelt])
        make.start(org, uid)
        make.play(org, uid, lambda home, _away: (0, 1) if home == address(7) else (1, 0))
    season = make.season(org, first, second)
    assert ranked(make, org, season) == [(1, wallet, Decimal(6)), (2, address(7), Decimal(0))]


def test_nothing_counts_of_drafts_of_canceled_ones_and_of_those_that_the_reader_may_not_see(make, org):
    hidden = make.competition(org, "league", status="active", entrants=2, visibility="private")
    shown = make.competition(org, "league", status="active", entrants=2)
    for uid in (hidden, shown):
        make.play(org, uid, home_wins)
    season = make.season(org, hidden, shown, make.competition(org, status="registration", entrants=2), make.competition(org))
    assert sum(total for _rank, _who, total in ranked(make, org, season)) == 6
    assert sum(total for *_, total in ranked(make, org, season, Competition.visibility == "public")) == 3
    with unit_of_work() as session:
        competition_by_uid(session, org.id, shown).status = "canceled"
    assert sum(total for *_, total in ranked(make, org, season)) == 3
    assert ranked(make, org, season, Competition.visibility == "public") == []


def test_places_bring_points_when_the_season_says_so(make, org):
    leagues = [make.competition(org, "league", status="active", entrants=4) for _ in range(2)]
    for league in leagues:
        make.play(org, league, smaller_number_wins)
    running = make.competition(org, "bracket", status="active", entrants=5)
    season = make.season(org, (leagues[0], 2.0), leagues[1], running, scoring_config={"place_points": [25, 18, 15]})
    assert ranked(make, org, season) == [
        (1, address(1), 75),
        (2, address(2), 54),
        (3, address(3), 45),
        (4, address(4), 0),
        (5, address(5), 0),
    ]


def test_level_on_place_points_the_better_places_decide(make, org):
    def first_is(*order):
        return lambda home, away: (1, 0) if order.index(int(home, 16)) < order.index(int(away, 16)) else (0, 1)

    leagues = [make.competition(org, "league", status="active", entrants=3) for _ in range(3)]
    for league, order in zip(leagues, ((1, 2, 3), (3, 2, 1), (3, 2, 1)), strict=True):
        make.play(org, league, first_is(*order))
    season = make.season(org, *leagues, scoring_config={"place_points": [4, 2, 0]})
    assert ranked(make, org, season) == [(1, address(3), 8), (2, address(2), 6), (3, address(1), 4)]
    level = make.season(org, leagues[0], leagues[1], scoring_config={"place_points": [4, 2, 0]})
    assert ranked(make, org, level) == [(1, address(1), 4), (1, address(3), 4), (3, address(2), 4)]


@pytest.mark.parametrize(
    ("kind", "rules", "entrants"),
    [
        ("league", None, 5),
        ("league", {"format": "swiss"}, 5),
        ("league", {"groups": 2}, 6),
        ("bracket", {"third_place_match": True}, 5),
        ("bracket", {"format": "double_elimination", "grand_final": "reset"}, 6),
    ],
)
def test_the_database_counts_matches_as_the_rules_do(make, org, kind, rules, entrants):
    """The twin of `formats.tally`: byes, walkovers, no-shows and matches called off in every kind of competition."""
    uid = make.competition(org, kind, status="active", entrants=entrants, rules=rules)
    ends = itertools.cycle(ODD_ENDS)
    make.play(org, uid, lambda _home, _away: next(ends))
    with unit_of_work() as session:
        competition = competition_by_uid(session, org.id, uid)
        plan = load(session, competition).plan
        expected = {
            entrant: (record.wins, record.draws, record.losses)
            for entrant, record in tally(plan.matches.values(), plan.entrants, plan.rules).records.items()
            if record.meetings
        }
        sums = records(Competition.id == competition.id)
        found = {row.entry_id: (row.wins, row.draws, row.losses) for row in session.execute(select(sums))}
    assert len({match.outcome for match in plan.matches.values()}) >= 4
    assert found == expected
