"""The pages of analytics: every figure against what was done by hand, over the period that the URL names."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import select, update

from portal.analytics.shown import SHEETS
from portal.competitions.model import Competition, Entry, Match, competition_by_uid
from portal.competitions.results import Report
from portal.formats.plan import Outcome
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.keys.model import ApiKey
from portal.keys.tally_store import Tallied, write
from portal.players.model import Team
from portal.session_tokens.model import SessionToken
from tests.make import address, unique

# A Monday; all that is counted lies around it.
MONDAY = datetime(2024, 1, 1, 12, 0, tzinfo=UTC)
WEEK = "from=2024-01-01&to=2024-01-07"


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


def page(client, org, query="", tab=""):
    answer = client.get(f"/o/{org.slug}/analytics{tab}?{query}")
    assert answer.status_code == 200, answer.text[:500]
    return unescape(answer.text)


def sheet(client, org, figure, query=""):
    answer = client.get(f"/o/{org.slug}/analytics/{figure}.csv?{query}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f"attachment; filename={figure}.csv"
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def rows(client, org, figure, query=WEEK):
    """Those with anything in them."""
    return [row for row in sheet(client, org, figure, query)[1:] if any(cell not in ("0", "") for cell in row[1:])]


def stats(text):
    return dict(re.findall(r'stat-label">([^<]+)</p>\s*<p class="stat-value num">([^<\s]+)', text))


def smaller_number_wins(home, away):
    return (2, 0) if int(home, 16) < int(away, 16) else (0, 1)


def moved(org, uid, *, started=MONDAY, registered=MONDAY, ended=MONDAY):
    """The competition as if it had been played then."""
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        session.execute(update(Entry).where(Entry.competition_id == found.id).values(registered_at=registered))
        over = (Match.competition_id == found.id, Match.outcome.is_not(None))
        session.execute(update(Match).where(*over).values(completed_at=ended))
        times = {"created_at": registered, "started_at": started, "completed_at": ended if found.completed_at else None}
        session.execute(update(Competition).where(Competition.id == found.id).values(**times))


def test_an_organization_without_anything_sees_sentences_and_no_numbers_made_up(alice, org):
    text = page(alice, org)
    assert "No registrations in the last 30 days" in text
    assert "No competition was completed in the last 30 days" in text
    assert "Teams with a match that ended in this time are ranked here." in text
    assert stats(text) == {
        "Registrations": "0",
        "Matches ended": "0",
        "Checked in at the start": "–",
        "Decided without play": "–",
    }
    assert "No results in this time" in page(alice, org, tab="/ranking")
    assert "No calls in the last 30 days" in page(alice, org, tab="/traffic")


def test_registrations_matches_and_lengths_are_those_of_the_period(make, alice, org):
    cup = make.competition(org, status="active", entrants=4)
    make.play(org, cup, smaller_number_wins)
    moved(org, cup, started=MONDAY, ended=MONDAY + timedelta(hours=5))
    earlier = make.competition(org, status="active", entrants=2)
    make.play(org, earlier, smaller_number_wins)
    moved(
        org, earlier, registered=MONDAY - timedelta(days=2), started=MONDAY - timedelta(days=2), ended=MONDAY - timedelta(days=1)
    )
    text = page(alice, org, WEEK)
    assert stats(text)["Registrations"] == "4" and stats(text)["Matches ended"] == "3"
    assert "4 registrations from 1 Jan 2024 to 7 Jan 2024, 100% more than in the 7 days before" in text
    assert "3 matches ended from 1 Jan 2024 to 7 Jan 2024, 200% more than in the 7 days before" in text
    assert "The competition completed from 1 Jan 2024 to 7 Jan 2024 took 5 h from start to finish" in text
    assert "Monday, 17:00 to 18:00 is the busiest hour: 3 of 3 matches ended then" in text
    assert rows(alice, org, "registrations") == [["2024-01-01", "4"]]
    assert rows(alice, org, "matches") == [["2024-01-01", "3", "0"]]
    assert rows(alice, org, "lengths") == [["Single elimination", "1", "18000", "18000", "18000"]]
    assert sheet(alice, org, "hours", WEEK)[1][18] == "3"
    assert "No registrations from 2 Jan 2024 to 3 Jan 2024" in page(alice, org, "from=2024-01-02&to=2024-01-03")


def test_days_end_at_midnight_of_utc(make, alice, org):
    league = make.competition(org, "league", status="registration", entrants=2)
    moved(org, league, registered=datetime(2024, 1, 7, 23, 59, 59, 999999, tzinfo=UTC))
    assert rows(alice, org, "registrations") == [["2024-01-07", "2"]]
    assert rows(alice, org, "registrations", "from=2024-01-08&to=2024-01-08") == []


def test_byes_and_matches_called_off_are_no_results_and_absence_is_told_apart(make, alice, org):
    cup = make.competition(org, status="active", entrants=3)
    make.play(org, cup, smaller_number_wins)
    league = make.competition(org, "league", status="active", entrants=4)
    said = iter([Report("a", 3, 0), Report("b", outcome=Outcome.NO_SHOW), Report(None, outcome=Outcome.DOUBLE_NO_SHOW)])
    with pytest.raises(StopIteration):
        make.play(org, league, lambda _home, _away: next(said))
    for each in (cup, league):
        moved(org, each)
    assert rows(alice, org, "matches") == [["2024-01-01", "3", "2"]]  # two of the cup, its bye left out
    assert stats(page(alice, org, WEEK))["Decided without play"] == "40%"


def test_check_in_counts_whoever_held_a_place_at_the_start_and_no_circuits(make, alice, org):
    cup = make.competition(org, status="registration", entrants=3)
    make.enter(org, cup, [4], checked_in=False)
    make.start(org, cup)
    circuit = make.competition(org, "circuit", status="registration")
    make.enter(org, circuit, [1, 2], checked_in=False)
    make.start(org, circuit)
    make.competition(org, status="registration", entrants=2)  # has not started
    for each in (cup, circuit):
        moved(org, each)
    assert rows(alice, org, "check-ins") == [["2024-01-01", "3", "1"]]
    text = page(alice, org, WEEK)
    assert "75% checked in: 3 of 4 who held a place when their competition started" in text


def test_competitions_are_counted_by_format_and_by_what_became_of_them(make, alice, org):
    for kind, status in (("bracket", "draft"), ("bracket", "registration"), ("league", "draft")):
        moved(org, make.competition(org, kind, status=status))
    moved(org, make.competition(org), registered=MONDAY - timedelta(days=1))
    assert sheet(alice, org, "competitions", WEEK)[1:] == [
        ["Single elimination", "1", "1", "0", "0", "0", "2", "1"],
        ["Round robin", "1", "0", "0", "0", "0", "1", "0"],
    ]
    assert "3 competitions created from 1 Jan 2024 to 7 Jan 2024, 200% more than in the 7 days before" in page(alice, org, WEEK)


def test_category_format_and_competition_narrow_every_figure(make, alice, org):
    cup = make.competition(org, status="registration", entrants=3, category="cs2", title="Spring 100% Cup")
    league = make.competition(org, "league", status="registration", entrants=2, category="chess", title="Spring League")
    for each in (cup, league):
        moved(org, each)
    for query, count in (
        ("category=cs2", "3"), ("category=chess", "2"), ("played_as=round_robin", "2"), ("competition=100%25", "3"),
        ("competition=spring", "5"), (f"competition={league}", "2"), ("category=cs2&played_as=round_robin", "0"),
    ):  # fmt: skip
        assert stats(page(alice, org, f"{WEEK}&{query}"))["Registrations"] == count, query
    assert rows(alice, org, "registrations", f"{WEEK}&category=cs2") == [["2024-01-01", "3"]]
    text = page(alice, org, f"{WEEK}&category=cs2")
    assert f'href="/o/{org.slug}/analytics/matches.csv?from=2024-01-01&to=2024-01-07&category=cs2"' in text


@pytest.mark.parametrize(
    "query",
    [
        "period=x", "from=x&to=y", "category=none", "played_as=none", "competition=%00%ED%A0%80", "competition=" + "x" * 5000,
        "competition=%25_%5C'", "from=2024-01-07&to=2024-01-01", "period=all&from=", "unknown=1", "from=2999-12-31",
        "to=1970-01-01",
    ],
)  # fmt: skip
@pytest.mark.parametrize("tab", ["", "/ranking", "/traffic"])
def test_whatever_is_asked_for_gets_a_page(alice, org, tab, query):
    page(alice, org, query, tab)


def test_names_from_outside_are_text_wherever_they_stand(make, alice, org):
    cup = make.competition(org, status="registration")
    teams = [make.team(org), make.team(org)]
    with unit_of_work() as session:
        for uid, name in zip(teams, ("<script>alert(1)</script>", "=1+1 مرحبا 🏆"), strict=True):
            session.execute(update(Team).where(Team.uid == uid).values(name=name))
    make.enter_teams(org, cup, teams)
    make.start(org, cup)
    make.play(org, cup, lambda _home, _away: (1, 0))
    for tab in ("", "/ranking"):
        answer = alice.get(f"/o/{org.slug}/analytics{tab}", query_string={"competition": "", "from": "<b>"})
        assert "&lt;script&gt;" in answer.text and "=1+1 مرحبا 🏆" in answer.text
        assert "<script>alert" not in answer.text and "<b>" not in answer.text
    assert "'=1+1" in alice.get(f"/o/{org.slug}/analytics/ranking?format=csv").text


def test_the_ranking_counts_wallets_once_and_teams_by_their_name(make, alice, org):
    wallet = make.wallet().address
    for spelt in (wallet, wallet.lower()):
        cup = make.competition(org, status="registration")
        make.enter(org, cup, [spelt, address(7)])
        make.start(org, cup)
        make.play(org, cup, lambda home, _away: (1, 0) if home.lower() == wallet.lower() else (0, 1))
        moved(org, cup)
    answer = alice.get(f"/o/{org.slug}/analytics/ranking?{WEEK}&played_as=single_elimination&format=csv")
    assert list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))[1:] == [
        [min(wallet, wallet.lower()), "Wallet", "2", "2", "2", "0", "0", "100"],
        [address(7), "Wallet", "2", "2", "0", "0", "2", "0"],
    ]


def test_a_list_is_sorted_and_narrowed_by_its_address_and_keeps_the_period(make, alice, org):
    league = make.competition(org, "league", status="active", entrants=3)
    make.play(org, league, smaller_number_wins)
    moved(org, league)
    text = page(alice, org, f"{WEEK}&sort=-losses", "/ranking")
    names = re.findall(r"0x0{39}[123]", re.search(r"<tbody>.*?</tbody>", text, re.S)[0])
    assert list(dict.fromkeys(names)) == [address(3), address(2), address(1)]
    assert "from=2024-01-01&to=2024-01-07&sort=-losses" in text
    assert "1 team or player" in page(alice, org, f"{WEEK}&name={address(2)}", "/ranking")
    assert "No teams and players match these filters" in page(alice, org, f"{WEEK}&kind=team", "/ranking")


def test_calls_and_links_are_those_of_the_organization_and_the_period(make, alice, org):
    secret, other = make.key(org, "feed"), make.org()
    called(org, secret, "ok", 40)
    called(org, secret, "rate", 10)
    called(other, make.key(other, "feed"), "ok", 999)
    link = make.link(org)
    make.link(other)
    with unit_of_work() as session:
        session.execute(update(SessionToken).where(SessionToken.id == link.id).values(consumed_at=utc_now()))
    text = page(alice, org, "period=7", "/traffic")
    assert "50 calls in the last 7 days, 20% refused" in text
    assert "1 session link created in the last 7 days, 1 used" in text
    assert "Over its limit" in text
    ((_day, answered, refused),) = rows(alice, org, "calls", "period=7")
    assert (answered, refused) == ("40", "10")
    ((_key, _uid, calls, refused),) = rows(alice, org, "keys", "period=7")
    assert (calls, refused) == ("50", "10")
    assert "Calls are counted for 90 days" in page(alice, org, "period=365", "/traffic")


def called(org, secret, outcome, calls):
    at = utc_now().timestamp()
    with unit_of_work() as work:
        key = work.scalars(select(ApiKey).where(ApiKey.org_id == org.id, ApiKey.last4 == secret[-4:])).one()
        tally = Tallied(key.id, key.secrets[0].id, "192.0.2.1", "curl", outcome, int(at) // 3600, calls, at, at, "/v1/whoami")
        write(work, [tally], [])


def test_another_organization_is_in_no_figure(make, alice, org):
    other = make.org()
    cup = make.competition(other, status="active", entrants=4, category=unique("theirs"))
    make.play(other, cup, smaller_number_wins)
    for figure in SHEETS:
        assert rows(alice, org, figure, "period=all") == [], figure
    assert "theirs" not in page(alice, org)
    assert alice.get(f"/o/{org.slug}/analytics/nothing.csv").status_code == 404


def test_the_pages_cost_the_same_statements_however_much_there_is(make, alice, org, count_sql):
    costs = []
    for more in (1, 4):
        for number in range(more):
            cup = make.competition(org, ("bracket", "league")[number % 2], status="active", entrants=4, category=unique("c"))
            make.play(org, cup, smaller_number_wins)
            make.key(org, "feed")
        cost = []
        for tab in ("", "/ranking", "/traffic"):
            with count_sql() as statements:
                page(alice, org, "period=all", tab)
            cost.append(len(statements))
        costs.append(cost)
    assert costs[0] == costs[1]
    assert [cost <= most for cost, most in zip(costs[1], (15, 9, 11), strict=True)] == [True] * 3, costs
