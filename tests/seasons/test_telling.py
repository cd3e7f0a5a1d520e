"""Seasons tell what happens to them: events for the world, rows for the audit log."""

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event

URL = "/api/v1/seasons"


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def key(make, org):
    return {"Authorization": f"Bearer {make.key(org, 'competition')}"}


def events(org, name):
    with unit_of_work() as session:
        query = select(Event).where(Event.org_id == org.id, Event.type == name).order_by(Event.id)
        return [(event.subject, event.data) for event in session.scalars(query)]


def test_each_change_leaves_its_event_and_its_audit_row(client, make, org, key):
    uid = client.post(URL, json={"org_id": org.uid, "name": "Spring"}, headers=key).json["data"]["id"]
    added = make.competition(org)
    client.post(f"{URL}/{uid}/competitions", json={"competition_id": added, "weight": 2}, headers=key)
    client.patch(f"{URL}/{uid}", json={"name": "Summer", "status": "completed"}, headers=key)
    client.patch(f"{URL}/{uid}", json={"status": "active"}, headers=key)
    client.delete(f"{URL}/{uid}/competitions?competition_id={added}", headers=key)
    assert [data["name"] for _, data in events(org, "season.created")] == ["Spring"]
    assert [data["changed"] for _, data in events(org, "season.updated")] == [["name", "status"], ["status"]]
    assert len(events(org, "season.completed")) == 1
    assert [data["weight"] for _, data in events(org, "season.competition_added")] == [2.0]
    assert [data["competition_id"] for _, data in events(org, "season.competition_removed")] == [added]
    assert {subject for subject, _ in events(org, "season.standings_updated")} == {uid}
    with unit_of_work() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.org_id == org.id, AuditRow.subject_id == uid))
        actions = [row.action for row in rows.all()]
    assert sorted(actions) == sorted(
        ["season.created", "season.competition_added", "season.updated", "season.updated", "season.competition_removed"]
    )


def test_a_result_tells_every_season_of_its_competition_once(client, make, org, key):
    cup = make.competition(org, "bracket", status="active", entrants=2)
    seasons = {make.season(org, cup), make.season(org, cup)}
    make.season(org, make.competition(org))
    before = len(events(org, "season.standings_updated"))
    match = client.get(f"/api/v1/competitions/{cup}/matches", headers=key).json["data"]["items"][0]["id"]
    url = f"/api/v1/competitions/{cup}/matches/{match}/result"
    assert client.post(url, json={"score_a": 1, "score_b": 0, "winner": "a"}, headers=key).status_code == 200
    told = events(org, "season.standings_updated")[before:]
    assert {subject for subject, _ in told} == seasons and len(told) == 2
    assert all(data["competition_id"] == cup for _, data in told)
    assert client.post(url, json={"score_a": 1, "score_b": 0, "winner": "a"}, headers=key).status_code == 409
    assert len(events(org, "season.standings_updated")) == before + 2


def test_new_points_move_the_standings_and_the_same_ones_do_not(client, make, org, key):
    uid = make.season(org)
    for config, count in (({"win": 3}, 0), ({"win": 2}, 1), ({"draw": 1}, 1)):
        client.patch(f"{URL}/{uid}", json={"scoring_config": config}, headers=key)
        assert len(events(org, "season.standings_updated")) == count
