"""What the overview says about competitions: what needs somebody now, and what is going on."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import update

from portal.competitions.model import Competition, Match, competition_by_uid
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.registration.model import Application
from tests.make import address

HOUR = timedelta(hours=1)


@pytest.fixture
def org(make):
    return make.org(allowed_addresses="192.0.2.1")


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


def overview(client, org) -> str:
    answer = client.get(f"/o/{org.slug}/")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(answer.text))


def needs(client, org) -> list[str]:
    """The sentences under "Needs attention"."""
    part = overview(client, org).partition('aria-label="Needs attention"')[2].partition("</section>")[0]
    return re.findall(r'<div class="row-text">([^<]*)</div>', part)


def changed(org, uid, **values):
    with unit_of_work() as session:
        session.execute(update(Competition).where(Competition.org_id == org.id, Competition.uid == uid).values(**values))


def title_of(org, uid) -> str:
    with unit_of_work() as session:
        return competition_by_uid(session, org.id, uid).title


def test_nothing_is_said_of_competitions_that_need_nobody(make, alice, org):
    now = utc_now()
    make.competition(org)
    make.competition(org, registration_opens=now + HOUR, registration_closes=now + 40 * HOUR, starts_at=now + 41 * HOUR)
    make.competition(org, status="registration", entrants=3, starts_at=now + 2 * HOUR)  # all are there
    make.competition(org, "league", status="active", entrants=3)
    assert needs(alice, org) == []


def test_a_start_that_failed_is_told_first_and_once(make, alice, org):
    now = utc_now()
    late = make.competition(org, status="registration", registration_closes=now + 2 * HOUR)
    cup = make.competition(org, status="registration")
    make.enter(org, cup, [1, 2], checked_in=False)
    changed(org, cup, starts_at=now - HOUR, start_failed_at=now - HOUR)
    said = needs(alice, org)
    assert said[0] == f"{title_of(org, cup)} could not start at its hour. See what is missing, then start it."
    assert said[1] == f"Registration of {title_of(org, late)} closes in 1 hour, 0 registered."
    assert len(said) == 2


def test_check_in_with_few_there_is_told_within_a_day_of_the_start(make, alice, org):
    now = utc_now()
    cup = make.competition(org, status="registration", entrants=1, max_participants=8)
    make.enter(org, cup, [2, 3, 4], checked_in=False)
    changed(org, cup, starts_at=now + 30 * HOUR)
    assert needs(alice, org) == []
    changed(org, cup, starts_at=now + 3 * HOUR + timedelta(seconds=30))
    assert needs(alice, org) == [f"{title_of(org, cup)}: 1 of 4 checked in, and it starts in 3 hours."]
    make.enter(org, cup, [5])
    assert len(needs(alice, org)) == 1
    make.enter(org, cup, [6])
    assert needs(alice, org) == []  # half of them are there


def test_overdue_matches_and_open_requests_are_counted_by_competition(make, alice, org):
    league = make.competition(org, "league", status="active", entrants=4)
    cup = make.competition(org, status="registration")
    now = utc_now()
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, league)
        mine = (Match.competition_id == found.id, Match.number <= 2)
        session.execute(update(Match).where(*mine).values(scheduled_at=now - HOUR))
        cup_id = competition_by_uid(session, org.id, cup).id
    for status in ("pending", "pending", "declined"):
        ask(make, org, cup_id, status)
    assert needs(alice, org) == [
        f"{title_of(org, league)}: 2 matches are overdue and not reported.",
        f"{title_of(org, cup)}: 2 requests to take part wait for an answer.",
    ]


def ask(make, org, competition_id, status):
    team = make.team(org)
    with unit_of_work() as session:
        from portal.players.model import team_by_uid

        found = team_by_uid(session, org.id, team)
        waits = found.id if status == "pending" else None
        session.add(
            Application(org_id=org.id, competition_id=competition_id, team_id=found.id, open_team_id=waits, status=status)
        )


def test_drafts_whose_time_has_passed_are_told_and_many_of_a_sort_in_one_line(make, alice, org):
    now = utc_now()
    first = make.competition(org)
    changed(org, first, registration_closes=now - HOUR)
    assert needs(alice, org) == [f"{title_of(org, first)} is still a draft, though its registration has passed."]
    for _ in range(4):
        changed(org, make.competition(org), starts_at=now - HOUR)
    assert needs(alice, org) == ["5 drafts whose time has passed."]


def test_every_notice_leads_to_a_page_that_opens(make, alice, org):
    now = utc_now()
    cup = make.competition(org, status="registration")
    make.enter(org, cup, [1], checked_in=False)
    changed(org, cup, starts_at=now + HOUR)
    league = make.competition(org, "league", status="active", entrants=2)
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, league)
        session.execute(update(Match).where(Match.competition_id == found.id).values(scheduled_at=now - HOUR))
        cup_id = competition_by_uid(session, org.id, cup).id
    ask(make, org, cup_id, "pending")
    for _ in range(4):
        changed(org, make.competition(org), starts_at=now - HOUR)
    text = overview(alice, org).partition('aria-label="Needs attention"')[2].partition("</section>")[0]
    links = re.findall(r'href="(/o/[^"]+)"', text)
    assert len(links) == 4
    assert [link for link in links if alice.get(link).status_code != 200] == []


def test_what_is_in_play_has_its_progress_and_next_matches(make, alice, org):
    league = make.competition(org, "league", status="active", entrants=3)
    cup = make.competition(org, status="active", entrants=3)
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, league)
        last = (Match.competition_id == found.id, Match.number == 3)
        session.execute(update(Match).where(*last).values(scheduled_at=utc_now() + HOUR))
    text = overview(alice, org).partition('aria-label="In play"')[2].partition("</section>")[0]
    assert [title_of(org, cup), title_of(org, league)] == re.findall(r'row-name" href="[^"]+">([^<]+)<', text)
    assert text.count("0 of 2 matches") == 1 and text.count("0 of 3 matches") == 1  # the bye of the cup is none
    upcoming = re.findall(r"Next: (0x\w+) – (0x\w+)(, <time)?", text)
    assert len(upcoming) == 3 and [bool(at) for _a, _b, at in upcoming] == [False, True, False]


def test_open_registrations_say_how_many_places_are_left(make, alice, org):
    cup = make.competition(org, status="registration", entrants=3, max_participants=4, waiting_list=True)
    make.competition(org, status="registration", entrants=2)
    text = overview(alice, org).partition('aria-label="Registration open"')[2].partition("</section>")[0]
    assert "3 registered, 1 place left" in text and "2 registered<" in text.replace(" <", "<")
    make.enter(org, cup, [4, 5], checked_in=False)
    text = overview(alice, org)
    assert "4 registered, no place left, 1 waiting" in text
    changed(org, cup, registration_closes=utc_now() - HOUR)
    assert (
        title_of(org, cup) not in overview(alice, org).partition('aria-label="Registration open"')[2].partition("</section>")[0]
    )


def test_registrations_of_two_weeks_are_drawn_with_their_table_and_csv(make, alice, org):
    make.competition(org, status="registration", entrants=3)
    text = overview(alice, org)
    assert "3 registrations in the last 14 days, none in the 14 days before" in text
    link = re.search(r'href="([^"]+registrations\.csv[^"]+)"', text)[1]
    lines = alice.get(link).text.splitlines()
    assert len(lines) == 15 and lines[-1].endswith(",3")


def test_another_organizations_competitions_are_not_told(make, alice, org):
    other, now = make.org(), utc_now()
    changed(other, make.competition(other), starts_at=now - HOUR)
    make.competition(other, "league", status="active", entrants=2)
    make.competition(other, status="registration", entrants=2, starts_at=now + HOUR)
    assert needs(alice, org) == []
    assert 'aria-label="In play"' not in overview(alice, org)


def test_titles_are_text(make, alice, org):
    changed(org, make.competition(org, title="<script>alert(1)</script>"), starts_at=utc_now() - HOUR)
    assert "<script>alert" not in alice.get(f"/o/{org.slug}/").text


def test_the_overview_costs_the_same_statements_with_many_competitions(make, alice, org, count_sql):
    costs = []
    for more in (0, 5):
        for _ in range(more):
            make.competition(org, "league", status="active", entrants=3)
            make.competition(org, status="registration", entrants=2)
            changed(org, make.competition(org), starts_at=utc_now() - HOUR)
        with count_sql() as statements:
            overview(alice, org)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 22
    assert address(1) in overview(alice, org)
