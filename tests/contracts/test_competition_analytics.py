"""Competition API, "Analytics": the page's sample, who may ask, what it costs."""

import pytest

from tests.contracts.pages import same_shape, sample

URL = "/api/v1/analytics"


@pytest.fixture
def org(make):
    return make.org()


def refused(answer, status, *words):
    assert answer.status_code == status, answer.text
    for word in words:
        assert word in answer.json["error"], answer.json


def test_the_sample_of_the_page(client, make, org):
    for kind, times in (("bracket", 3), ("league", 2), ("challenge", 1)):
        for _ in range(times):
            make.competition(org, kind)
    league = make.competition(org, "league", status="active", entrants=3)
    make.competition(org, "bracket")
    make.play(org, league, lambda _home, _away: (2, 1))
    key = {"authorization": f"Bearer {make.key(org, 'competition')}"}
    asked = sample("GET /api/v1/analytics").filled({"f47ac10b-...": org.uid})
    answer = asked.send(client, key)
    assert answer.status_code == 200, answer.text
    numbers = ("total", "draft", "registration", "active", "completed", "canceled", "bracket", "league", "challenge", "count")
    numbers += ("unique_wallets", "date", "pending", "avg_score_a", "avg_score_b", "wins", "losses", "winrate")
    same_shape(asked.expected, answer.json, free=(*numbers, "competitions_entered"), ours=("top_teams",))
    data = answer.json["data"]
    assert (data["competitions"]["total"], data["registrations"]["total"]) == (8, 3)
    assert data["matches"] == {"total": 3, "completed": 3, "pending": 0, "avg_score_a": 2.0, "avg_score_b": 1.0}
    assert data["competitions"]["by_type"] == {"bracket": 4, "league": 3, "challenge": 1}


def test_every_member_may_ask_and_nobody_else(client, make, org):
    url = f"{URL}?org_id={org.uid}"
    assert client.get(url, headers=make.wallet(org, "member").headers()).status_code == 200
    refused(client.get(url), 401)
    refused(client.get(url, headers=make.wallet().headers()), 403, "no member")
    lacking = {"X-API-Key": make.key(org, "competition", scopes=["seasons:read"])}
    refused(client.get(url, headers=lacking), 403, "analytics:read")
    stranger = {"X-API-Key": make.key(make.org(), "competition")}
    refused(client.get(url, headers=stranger), 404, "Organization not found")


def test_the_organization_has_to_be_named_once(client, make, org):
    key = {"X-API-Key": make.key(org, "competition")}
    refused(client.get(URL, headers=key), 400, "org_id", "missing")
    refused(client.get(f"{URL}?org_id=7", headers=key), 400, "org_id", "UUID")
    refused(client.get(f"{URL}?org_id={org.uid}&org_id={org.uid}", headers=key), 400, "twice")


def test_the_call_costs_the_same_however_much_there_is(client, make, org, count_sql):
    key, counts = {"X-API-Key": make.key(org, "competition")}, []
    for _ in range(3):
        with count_sql() as statements:
            assert client.get(f"{URL}?org_id={org.uid}", headers=key).status_code == 200
        counts.append(len(statements))
        make.competition(org, "league", status="active", entrants=4)
    assert counts[1] == counts[2] <= 8
