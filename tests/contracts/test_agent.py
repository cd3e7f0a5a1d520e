"""agent-operator.txt: the request printed there, word for word, with host and token replaced."""

import pytest

from portal.audit.service import SYSTEM
from portal.catalog import service as catalog
from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization


@pytest.fixture
def org(make):
    """An organization with one provider of two games, and one that rests."""
    org = make.org()
    with unit_of_work() as session:
        owner = session.get_one(Organization, org.id)
        busy = catalog.create_provider(session, owner, SYSTEM, name="Busy Studio", slug="busy").id
        catalog.create_provider(session, owner, SYSTEM, name="Calm Studio", slug="calm", status=2)
    for _ in range(2):
        make.game(org, provider_id=busy)
    return org


def call(client, token: str, **headers: str):
    """curl --request GET --url …/v1/provider/list with the three headers of the page."""
    page = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Content-Type": "application/json"}
    return client.get("/v1/provider/list", headers=page | headers)


def test_the_provider_list_as_the_page_asks_for_it(client, make, org):
    answer = call(client, make.key(org, "agent"))
    assert answer.status_code == 200
    assert answer.json["success"] is True
    assert answer.json["message"] == "OK"
    assert [{name: row[name] for name in ("name", "code", "status", "games")} for row in answer.json["data"]] == [
        {"name": "Busy Studio", "code": "busy", "status": 1, "games": 2},
        {"name": "Calm Studio", "code": "calm", "status": 2, "games": 0},
    ]


def test_a_token_looks_as_the_page_prints_it(make, org):
    token = make.key(org, "agent")
    assert len(token) == 32
    assert set(token) <= set("0123456789abcdef")


def test_each_of_the_three_headers_is_needed(client, make, org):
    token = make.key(org, "agent")
    for missing, status, code in (("Authorization", 401, 1007), ("Accept", 406, 1012), ("Content-Type", 415, 1012)):
        answer = call(client, token, **{missing: ""})
        assert (answer.status_code, answer.json["code"]) == (status, code), missing
        assert answer.json["success"] is False


def test_another_tenants_providers_are_never_listed(client, make, org):
    answer = call(client, make.key(make.org(), "agent"))
    assert answer.json["data"] == []


def test_fifty_calls_are_in_flight_by_default_and_the_fifty_first_is_told_to_wait(app, client, make, org):
    limits, token = app.extensions["gate"].limits, make.key(org, "agent")
    held = [limits.enter(org.uid, "another key", [], 50) for _ in range(50)]
    answer = call(client, token)
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (429, 1018, "1")
    assert "SERVER_IS_BUSY" in answer.json["message"]
    limits.leave(org.uid, held[0])
    assert call(client, token).status_code == 200


@pytest.mark.parametrize("path", ["/v1/provider/nothing", "/v1/game/launch", "/v1/player/info"])
def test_an_unknown_address_is_404_in_the_apis_words(client, make, org, path):
    headers = {
        "Authorization": f"Bearer {make.key(org, 'agent')}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json["success"], answer.json["code"]) == (404, False, 1012)
