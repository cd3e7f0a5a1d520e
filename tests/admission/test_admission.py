"""The way in, from a request's headers to a caller: order, wording, look-ups, and what a refusal costs."""

import time

import pytest
from flask import Flask

from portal.kernel.db import unit_of_work
from portal.keys.model import ApiKey
from portal.orgs.model import Organization


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def whoami(client):
    def call(key: str | None = None, path: str = "/v1/whoami", address: str = "127.0.0.1", **headers: str):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["X-API-Key"] = key
        return client.get(path, headers=sent, environ_base={"REMOTE_ADDR": address})

    return call


def test_a_key_is_accepted_as_header_and_as_bearer(whoami, make, org):
    key = make.key(org, "feed")
    assert whoami(key).status_code == 200
    assert whoami(Authorization=f"Bearer {key}").status_code == 200
    assert whoami(key, Authorization=f"Bearer {key}").status_code == 200


def test_two_different_credentials_in_one_request_are_refused(whoami, make, org):
    one, other = make.key(org, "feed"), make.key(org, "feed")
    answer = whoami(one, Authorization=f"Bearer {other}")
    assert answer.status_code == 400
    assert "two different credentials" in answer.json["detail"]


def test_a_missing_key_and_a_bad_key_have_the_statuses_of_the_feed_page(whoami):
    assert whoami().status_code == 401
    assert whoami("vbk_" + "A" * 24).status_code == 403


def test_a_key_with_one_character_wrong_is_refused_without_a_database_query(whoami, make, org, count_sql):
    key = make.key(org, "feed")
    with count_sql() as statements:
        for position in range(len(key)):
            wrong = "x" if key[position] != "x" else "y"
            answer = whoami(key[:position] + wrong + key[position + 1 :])
            assert answer.status_code == 403
    assert statements == []


def test_a_cold_call_asks_the_database_once_and_a_warm_one_never(whoami, make, org, count_sql):
    key = make.key(org, "feed")
    with count_sql() as cold:
        assert whoami(key).status_code == 200
    with count_sql() as warm:
        assert whoami(key).status_code == 200
    assert (len(cold), len(warm)) == (1, 0)


def test_an_address_that_guesses_keys_has_to_wait_but_a_known_key_from_there_goes_on(whoami, make, org):
    from portal.keys.kinds import KINDS

    good = make.key(org, "feed")
    address = "198.51.100.77"
    assert whoami(good, address=address).status_code == 200
    statuses = [whoami(KINDS["feed"].new_secret(sandbox=False), address=address).status_code for _ in range(25)]
    assert statuses[:20] == [403] * 20
    assert 429 in statuses[20:]
    assert whoami(good, address=address).status_code == 200
    assert whoami(KINDS["feed"].new_secret(sandbox=False), address="198.51.100.78").status_code == 403


@pytest.mark.parametrize("allowed, address, status", [
    ("", "203.0.113.9", 200),
    ("203.0.113.0/24", "203.0.113.9", 200),
    ("203.0.113.0/24", "203.0.114.9", 403),
    ("203.0.113.9", "::ffff:203.0.113.9", 200),
    ("2001:db8::/32", "2001:db8::1", 200),
    ("2001:db8::/32", "203.0.113.9", 403),
    ("203.0.113.9", "", 403),
    ("203.0.113.9", "garbage", 403),
])  # fmt: skip
def test_only_addresses_on_the_allowlist_come_in(whoami, make, allowed, address, status):
    org = make.org(allowed_addresses=allowed)
    assert whoami(make.key(org, "feed"), address=address).status_code == status


def test_a_key_may_have_an_address_list_of_its_own(whoami, make, org):
    key = make.key(org, "feed", allowed_addresses="192.0.2.0/28")
    assert whoami(key, address="192.0.2.5").status_code == 200
    assert whoami(key, address="192.0.2.99").status_code == 403


@pytest.mark.parametrize("hops, header, allowed", [
    (0, "203.0.113.9", False),  # nobody in front of us: the header is the caller's own word
    (1, "203.0.113.9", True),
    (1, "203.0.113.9, 198.51.100.1", False),  # prepended by the caller
    (1, "198.51.100.1, 203.0.113.9", True),
    (2, "203.0.113.9, 10.0.0.1", True),
    (2, "203.0.113.9", False),  # fewer entries than proxies: somebody came round them
    (1, "203.0.113.9:4444", False),
    (1, '"203.0.113.9"', False),
    (1, "[2001:db8::1]", False),
    (1, "", False),
    (1, "203.0.113.9,", False),
])  # fmt: skip
def test_forwarded_addresses_count_only_from_the_right(app: Flask, make, whoami, monkeypatch, hops, header, allowed):
    from dataclasses import replace

    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], proxy_hops=hops))
    org = make.org(allowed_addresses="203.0.113.9")
    answer = whoami(make.key(org, "feed"), X_Forwarded_For=header)
    assert answer.status_code == (200 if allowed else 403)


@pytest.mark.parametrize("change, status", [
    (lambda key: setattr(key, "is_active", False), 403),
    (lambda key: setattr(key, "revoked_at", key.created_at), 403),
    (lambda key: setattr(key, "expires_at", key.created_at), 403),
])  # fmt: skip
def test_a_dead_key_is_refused_within_a_second(whoami, make, org, change, status):
    key = make.key(org, "feed")
    assert whoami(key).status_code == 200
    with unit_of_work() as session:
        change(session.query(ApiKey).filter_by(org_id=org.id).one())
    deadline = time.monotonic() + 1
    while whoami(key).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert whoami(key).status_code == status


def test_a_disabled_organization_is_shut_with_everything_below_it(whoami, make):
    from portal.kernel.clock import utc_now

    operator = make.org()
    agent = make.org(parent=operator)
    key = make.key(agent, "feed")
    with unit_of_work() as session:
        session.get(Organization, operator.id).disabled_at = utc_now()
    assert whoami(key).status_code == 403


def test_the_rate_headers_stand_on_every_answer_and_count_down(whoami, make, org):
    from portal.keys.kinds import Limits

    key = make.key(org, "feed", limits=Limits(per_minute=2))
    answers = [whoami(key) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"2"}
    reset = int(answers[2].headers["X-RateLimit-Reset"])
    assert abs(reset - time.time() - int(answers[2].headers["Retry-After"])) <= 1
    for answer in (whoami(), whoami("vbk_wrong"), whoami(key, Accept="image/png")):
        assert answer.headers["X-RateLimit-Limit"]


def test_the_agent_api_words_its_refusals_with_codes(client, make):
    org = make.org(allowed_addresses="192.0.2.1")
    key = make.key(org, "agent")
    headers = {"Accept": "application/json", "Content-Type": "application/json"}

    def call(address: str = "192.0.2.1", **more: str):
        return client.get("/v1/provider/list", headers=headers | more, environ_base={"REMOTE_ADDR": address})

    assert (call().status_code, call().json["code"]) == (401, 1007)
    bad = call(Authorization="Bearer " + "0" * 32)
    assert (bad.status_code, bad.json["code"]) == (401, 1009)
    good = call(Authorization=f"Bearer {key}")
    assert (good.status_code, good.json["success"], good.json["data"]) == (200, True, [])
    away = call("192.0.2.2", Authorization=f"Bearer {key}")
    assert (away.status_code, away.json["code"]) == (403, 1010)
    html = call(Authorization=f"Bearer {key}", Accept="text/html")
    assert (html.status_code, html.json["code"]) == (406, 1012)
    text = call(Authorization=f"Bearer {key}", **{"Content-Type": "text/plain"})
    assert (text.status_code, text.json["code"]) == (415, 1012)


def test_the_agent_api_says_that_it_is_busy_beyond_the_organizations_calls_in_flight(app, client, make):
    org = make.org(concurrency=1)
    key = make.key(org, "agent")
    headers = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    limits = app.extensions["gate"].limits
    held = limits.enter(org.uid, "another key", [], 1)
    busy = client.get("/v1/provider/list", headers=headers)
    assert (busy.status_code, busy.json["code"], busy.headers["Retry-After"]) == (429, 1018, "1")
    limits.leave(org.uid, held)
    assert client.get("/v1/provider/list", headers=headers).status_code == 200


def test_a_key_without_the_scope_is_told_which_one(client, make, org):
    key = make.key(org, "agent", scopes=["players:read"])
    headers = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    answer = client.get("/v1/provider/list", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, 1010)
    assert "providers:read" in answer.json["message"]
