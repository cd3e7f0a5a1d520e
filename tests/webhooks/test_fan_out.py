"""Who is told what, and in which order."""

import pytest

from portal.audit.service import SYSTEM
from portal.kernel.db import unit_of_work
from portal.outbox.choosing import chosen
from portal.webhooks import service
from portal.webhooks.model import Endpoint


@pytest.mark.parametrize(
    ("types", "name", "wanted"),
    [
        (["match.completed"], "match.completed", True),
        (["match.completed"], "match.advanced", False),
        (["match.*"], "match.advanced", True),
        (["match.*"], "matches.advanced", False),
        (["season.*"], "season.standings_updated", True),
        (["*"], "key.issued", True),
    ],
)
def test_types_are_names_families_or_everything(types, name, wanted):
    assert chosen(types, name) is wanted


def test_each_event_goes_once_to_each_endpoint_that_asked_numbered_without_a_gap(office):
    everything, some = office.endpoint(types=["*"]), office.endpoint(types=["match.*"])
    told = office.tell(3) + office.tell(2, "team.created") + office.tell(1)
    rows = office.new(everything)
    assert [row.type for row in rows] == ["match.completed"] * 3 + ["team.created"] * 2 + ["match.completed"]
    first = rows[0].sequence
    assert [row.sequence for row in rows] == list(range(first, first + 6))
    assert [row.sequence for row in office.deliveries(some)] == [1, 2, 3, 4]
    assert len(told) == 6
    office.hand_on()
    assert len(office.new(everything)) == 6


def test_other_organizations_hear_nothing(office, make):
    theirs = make.webhook(make.org(), "http://127.0.0.1:9/")
    below = make.webhook(make.org(parent=office.org), "http://127.0.0.1:9/")
    office.tell()
    for uid in (theirs, below):
        assert office.new(uid) == []


def test_a_filter_by_competition_lets_only_its_own_pass(office):
    cup, other = office.make.competition(office.org), office.make.competition(office.org)
    uid = office.endpoint(competition=cup)
    office.tell(1, competition_id=cup)
    office.tell(1, competition_id=other)
    office.tell(1)
    assert [row.competition for row in office.new(uid)] == [cup]


def test_a_filter_by_season_lets_the_season_and_what_it_counts_pass(office):
    cup, other = office.make.competition(office.org), office.make.competition(office.org)
    season = office.make.season(office.org, cup)
    uid = office.endpoint(types=["match.*", "season.updated"], season=season)
    office.tell(1, competition_id=cup)
    office.tell(1, competition_id=other)
    office.tell(1, "season.updated", season_id=season)
    office.tell(1, "season.updated", season_id=office.make.season(office.org))
    told = [(row.type, row.competition) for row in office.new(uid)]
    assert told == [("match.completed", cup), ("season.updated", None)]


def test_a_paused_endpoint_keeps_its_backlog_and_a_disabled_one_none(office):
    paused, off = office.endpoint(), office.endpoint()
    office.do(service.pause, paused, SYSTEM)
    office.do(service.disable, off, SYSTEM)
    office.tell(2)
    assert office.states(paused) == ["pending", "pending"]
    assert office.new(off) == []
    assert office.claim() == []
    office.do(service.resume, paused, SYSTEM)
    assert len([each for each in office.claim() if each.delivery.type == "match.completed"]) == 2


def test_a_removed_endpoint_is_given_nothing(office):
    uid = office.endpoint()
    office.do(service.delete_endpoint, uid, SYSTEM)
    office.tell()
    assert office.new(uid) == []
    with unit_of_work() as session:
        row = session.query(Endpoint).where(Endpoint.uid == uid).one()
        assert row.secret is row.headers is row.previous_secret is None


def test_the_same_event_cannot_be_given_twice(office):
    """The constraint holds, whatever a sink does."""
    from sqlalchemy import select
    from sqlalchemy.exc import IntegrityError

    from portal.outbox.model import Event
    from portal.webhooks.fan_out import give

    uid = office.endpoint()
    (event,) = office.tell()
    with pytest.raises(IntegrityError), unit_of_work() as session:
        endpoint = session.scalars(select(Endpoint).where(Endpoint.uid == uid)).one()
        give(session, [(endpoint, session.scalars(select(Event).where(Event.uid == event)).one())])
    assert len(office.new(uid)) == 1
