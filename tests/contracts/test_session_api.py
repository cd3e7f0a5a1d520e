"""session-tokens.txt: its samples word for word, and what it says of everything else."""

import json
import re
from datetime import datetime, timedelta

import pytest

from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization
from tests.make import Make, csrf_of

PATH = "/api/org-api-keys"
GONE = {"success": False, "error": "Session is invalid, already consumed, or expired"}
PLAYER = "player-uuid-here"
UNKNOWN = "a1b2c3d4-e5f6-4890-abcd-ef1234567890"


def create(client, key, body, **extra):
    return client.post(f"{PATH}?action=create-session", json=body, headers={"x-api-key": key}, **extra)


def validate(client, token):
    return client.get(f"{PATH}?action=validate-session&token={token}")


def consume(client, body, **extra):
    return client.post(f"{PATH}?action=consume-session", json=body, **extra)


def error_of(answer, status):
    assert answer.status_code == status, answer.text
    assert set(answer.json) == {"success", "error"} and answer.json["success"] is False
    assert answer.headers["X-RateLimit-Limit"].isdigit()
    return answer.json["error"]


@pytest.fixture
def org(make: Make):
    return make.org()


@pytest.fixture
def key(make: Make, org):
    return make.key(org, "session", scopes=["sessions:create"])


@pytest.fixture
def game(make: Make, org):
    return make.game(org)


def test_the_pages_samples_in_their_order(client, make, org, key, game):
    body = {
        "game_id": game,
        "stream_id": None,
        "external_ref": "user-12345",
        "metadata": {"campaign": "summer-promo"},
        "expires_in_minutes": 60,
    }
    made = create(client, key, body)
    assert made.status_code == 200
    token, expires_at = made.json["data"]["token"], made.json["data"]["expires_at"]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", token)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", expires_at)
    assert abs(datetime.fromisoformat(expires_at) - utc_now() - timedelta(minutes=60)) < timedelta(seconds=20)
    data = {"token": token, "stream_id": None, "game_id": game, "expires_at": expires_at, "external_ref": "user-12345"}
    assert made.json == {"success": True, "data": data}

    shown = validate(client, token)
    assert shown.status_code == 200
    assert shown.json == {
        "success": True,
        "data": {
            "valid": True,
            "status": "active",
            "stream_id": None,
            "game_id": game,
            "expires_at": expires_at,
            "external_ref": "user-12345",
            "metadata": {"campaign": "summer-promo"},
        },
    }

    used = consume(client, {"token": token, "player_uuid": PLAYER})
    assert used.status_code == 200
    session_id = used.json["data"]["session_id"]
    assert isinstance(session_id, int)
    assert used.json == {
        "success": True,
        "data": {
            "session_id": session_id,
            "org_id": org.id,
            "stream_id": None,
            "game_id": game,
            "external_ref": "user-12345",
            "metadata": {"campaign": "summer-promo"},
        },
    }
    again = consume(client, {"token": token})
    assert (again.status_code, again.json) == (410, GONE)
    assert (validate(client, token).status_code, validate(client, token).json) == (410, GONE)


def test_the_key_half_in_the_pages_order(client, make, org):
    manager = make.key(org, "session", scopes=["keys:manage", "sessions:create"])
    auth = {"Authorization": f"Bearer {manager}"}
    games = [make.game(org), make.game(org)]
    body = {
        "org_id": org.id,
        "name": "Production CRM",
        "description": "Used by the CRM to issue game links",
        "allowed_game_ids": games,
        "allowed_stream_ids": None,
        "rate_limit_per_minute": 60,
        "rate_limit_per_day": 10000,
        "expires_at": "2027-01-01T00:00:00Z",
    }
    made = client.post(PATH, json=body, headers=auth)
    assert made.status_code == 200, made.text
    data = made.json["data"]
    assert set(data) == {"id", "name", "key_prefix", "key"} and isinstance(data["id"], int)
    assert re.fullmatch(r"dpk_[0-9a-f]{40}", data["key"]) and data["key_prefix"] == data["key"][:8]
    assert create(client, data["key"], {"game_id": games[0]}).status_code == 200

    listed = client.get(f"{PATH}?org_id={org.id}", headers=auth)
    assert listed.status_code == 200 and data["key"] not in listed.text
    row = next(row for row in listed.json["data"] if row["id"] == data["id"])
    assert (row["name"], row["key_prefix"], row["is_active"]) == ("Production CRM", data["key_prefix"], True)
    assert (row["allowed_game_ids"], row["allowed_stream_ids"]) == (games, None)
    assert (row["rate_limit_per_minute"], row["rate_limit_per_day"]) == (60, 10000)
    assert row["expires_at"] == "2027-01-01T00:00:00.000Z"

    switch = {"id": data["id"], "org_id": org.id}
    assert client.patch(PATH, json=switch | {"is_active": False}, headers=auth).json["data"]["is_active"] is False
    wait_a_second(lambda: create(client, data["key"], {"game_id": games[0]}).status_code == 401)
    assert client.patch(PATH, json=switch | {"is_active": True}, headers=auth).json["data"]["is_active"] is True
    wait_a_second(lambda: create(client, data["key"], {"game_id": games[0]}).status_code == 200)
    assert client.delete(f"{PATH}?id={data['id']}&org_id={org.id}", headers=auth).json["success"] is True
    wait_a_second(lambda: create(client, data["key"], {"game_id": games[0]}).status_code == 401)
    assert "no key" in error_of(client.delete(f"{PATH}?id={data['id']}&org_id={org.id}", headers=auth), 400)


def wait_a_second(true) -> None:
    """A change of a key holds everywhere within one second (RULINGS 4)."""
    import time

    deadline = time.monotonic() + 1.2
    while not true():
        assert time.monotonic() < deadline, "the change took longer than a second"
        time.sleep(0.05)


def test_links_outlive_the_key_that_made_them(client, make, org, key, game):
    token = create(client, key, {"game_id": game}).json["data"]["token"]
    manager = {"x-api-key": make.key(org, "session", scopes=["keys:manage"])}
    numbers = [row["id"] for row in client.get(f"{PATH}?org_id={org.id}", headers=manager).json["data"]]
    answer = client.delete(f"{PATH}?id={numbers[0]}&org_id={org.id}", headers=manager)
    assert answer.status_code == 200, answer.text
    assert consume(client, {"token": token}).status_code == 200


def test_the_default_is_a_day_and_null_means_the_default(client, key, game):
    for body in ({"game_id": game}, {"game_id": game, "expires_in_minutes": None, "metadata": None, "external_ref": None}):
        data = create(client, key, body).json["data"]
        assert abs(datetime.fromisoformat(data["expires_at"]) - utc_now() - timedelta(days=1)) < timedelta(seconds=20)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"game_id": True}, "game_id"),
        ({"game_id": "42"}, "game_id"),
        ({"game_id": 4.5}, "game_id"),
        ({"game_id": -1}, "game_id"),
        ({"game_id": 10**30}, "game_id"),
        ({"game_id": [1]}, "game_id"),
        ({"stream_id": {}}, "stream_id"),
        ({"external_ref": 7}, "external_ref"),
        ({"external_ref": "x" * 256}, "external_ref"),
        ({"external_ref": "a\u0000b"}, "body"),
        ({"external_ref": "a\nb"}, "external_ref"),
        ({"metadata": []}, "metadata"),
        ({"metadata": "text"}, "metadata"),
        ({"metadata": {"a": "x" * 9000}}, "metadata"),
        ({"metadata": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}}}, "metadata"),
        ({"expires_in_minutes": 0}, "expires_in_minutes"),
        ({"expires_in_minutes": 525601}, "expires_in_minutes"),
        ({"expires_in_minutes": "60"}, "expires_in_minutes"),
        ({"expires_in_minutes": 1.5}, "expires_in_minutes"),
        ({"expires_in_minutes": True}, "expires_in_minutes"),
        ({"game_ID": 1}, "game_ID"),
    ],
)
def test_a_wrong_value_is_named_with_its_field(client, key, game, change, field):
    said = error_of(create(client, key, {"game_id": game} | change), 400)
    assert field in said and len(said) > len(field) + 10


@pytest.mark.parametrize(
    "raw",
    [
        b'{"game_id": 1, "game_id": 2}',
        b'{"game_id": NaN}',
        b'{"game_id": Infinity}',
        b'{"game_id": 1',
        b"[]",
        b"null",
        b"",
        b"\xff\xfe",
        b'{"metadata": ' + b'{"a":' * 30 + b"1" + b"}" * 30 + b"}",
        b'{"metadata": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"external_ref": "\\ud800", "game_id": 1}',
    ],
)
def test_what_is_not_strict_json_is_a_bad_request(client, key, raw):
    headers = {"x-api-key": key, "Content-Type": "application/json"}
    error_of(client.post(f"{PATH}?action=create-session", data=raw, headers=headers), 400)
    error_of(client.post(f"{PATH}?action=consume-session", data=raw, headers={"Content-Type": "application/json"}), 400)


def test_a_body_over_one_megabyte_is_too_large(client, key, game):
    exactly = json.dumps({"game_id": game}).encode()
    padded = exactly[:-1] + b" " * (1_000_000 - len(exactly)) + b"}"
    headers = {"x-api-key": key, "Content-Type": "application/json"}
    assert client.post(f"{PATH}?action=create-session", data=padded, headers=headers).status_code == 200
    error_of(client.post(f"{PATH}?action=create-session", data=padded + b" ", headers=headers), 413)
    error_of(client.post(f"{PATH}?action=consume-session", data=padded + b" ", headers=headers), 413)


def test_another_content_type_is_a_bad_request(client, key):
    error_of(client.post(f"{PATH}?action=create-session", data="game_id=1", headers={"x-api-key": key}), 400)


def test_without_a_good_key_nothing_is_created(client, make, org, key, game):
    assert error_of(client.post(f"{PATH}?action=create-session", json={"game_id": game}), 401)
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    assert error_of(create(client, wrong, {"game_id": game}), 401)
    other = make.key(org, "session")
    both = {"x-api-key": key, "Authorization": f"Bearer {other}"}
    assert error_of(client.post(f"{PATH}?action=create-session", json={"game_id": game}, headers=both), 400)
    unscoped = make.key(org, "competition", scopes=["competitions:read"])
    assert "sessions:create" in error_of(create(client, unscoped, {"game_id": game}), 403)


def test_foreign_and_unknown_targets_are_told_apart_by_nobody_and_lists_are_enforced(client, make, org, key, game):
    foreign = make.game(make.org())
    said = {
        error_of(create(client, key, {"game_id": number}), 400).replace(str(number), "N") for number in (foreign, 2_000_000_000)
    }
    assert len(said) == 1
    stream = make.stream(org)
    tied = make.key(org, "session", games=[game], streams=[])
    assert create(client, tied, {"game_id": game}).status_code == 200
    for body in (
        {"game_id": make.game(org)},
        {"stream_id": stream},
        {"game_id": game, "stream_id": stream},
        {"game_id": foreign},
    ):
        error_of(create(client, tied, body), 403)
    assert create(client, key, {"stream_id": stream}).json["data"]["stream_id"] == stream
    assert "game_id" in error_of(create(client, key, {}), 400)


def test_unknown_used_expired_and_revoked_tokens_get_the_one_sentence(client, make, org):
    from portal.audit.service import SYSTEM
    from portal.session_tokens.service import revoke_many

    revoked = make.link(org)
    with unit_of_work() as session:
        revoke_many(session, session.get_one(Organization, org.id), SYSTEM, [revoked.id])
    expired = make.link(org, minutes=1, clock=lambda: utc_now() - timedelta(minutes=3))
    early = make.link(org, not_before=utc_now() + timedelta(minutes=3))
    for token in (UNKNOWN, revoked.token, expired.token, early.token):
        for answer in (validate(client, token), consume(client, {"token": token})):
            assert (answer.status_code, answer.json) == (410, GONE)


@pytest.mark.parametrize("token", ["", "abc", "a1b2c3d4e5f67890abcdef1234567890", UNKNOWN + "0", "💥", "%00"])
def test_what_is_no_uuid_is_a_bad_request(client, token):
    assert "token" in error_of(validate(client, token), 400)
    assert "token" in error_of(consume(client, {"token": token}), 400)


def test_consume_names_its_bad_fields(client):
    assert "token" in error_of(consume(client, {}), 400)
    assert "token" in error_of(consume(client, {"token": 1}), 400)
    assert "player_uuid" in error_of(consume(client, {"token": UNKNOWN, "player_uuid": "x" * 65}), 400)
    assert "player_uuid" in error_of(consume(client, {"token": UNKNOWN, "player_uuid": 7}), 400)
    assert "extra" in error_of(consume(client, {"token": UNKNOWN, "extra": 1}), 400)


def test_a_hundred_looks_leave_the_link_as_it_is(client, make, org):
    link = make.link(org)
    assert {validate(client, link.token).status_code for _ in range(100)} == {200}
    assert consume(client, {"token": link.token.upper()}).status_code == 200


def test_a_lost_answer_can_be_asked_for_again_with_the_same_idempotency_key(client, make, org):
    link = make.link(org)
    first = consume(client, {"token": link.token}, headers={"Idempotency-Key": "order-1"})
    again = consume(client, {"token": link.token}, headers={"Idempotency-Key": "order-1"})
    other = consume(client, {"token": link.token}, headers={"Idempotency-Key": "order-2"})
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 410)
    assert first.json == again.json and other.json == GONE


def test_one_token_asked_for_without_end_is_too_many_requests(client):
    token = "b1b2c3d4-e5f6-4890-abcd-ef1234567890"
    answers = [validate(client, token) for _ in range(301)]
    assert {answer.status_code for answer in answers[:300]} == {410}
    assert int(answers[0].headers["X-RateLimit-Remaining"]) == 299
    assert error_of(answers[300], 429) and int(answers[300].headers["Retry-After"]) >= 1


def test_unknown_actions_and_parameters_are_bad_requests(client, key):
    assert "action" in error_of(client.post(f"{PATH}?action=drop", json={}, headers={"x-api-key": key}), 400)
    assert "action" in error_of(client.get(f"{PATH}?action=create-session"), 400)
    assert "colour" in error_of(validate(client, UNKNOWN + "&colour=red"), 400)
    assert "twice" in error_of(validate(client, UNKNOWN + "&token=" + UNKNOWN), 400)


def test_the_key_half_takes_a_managing_key_of_the_same_organization_only(client, make, org, key):
    assert error_of(client.get(f"{PATH}?org_id={org.id}"), 401)
    assert "keys:manage" in error_of(client.get(f"{PATH}?org_id={org.id}", headers={"x-api-key": key}), 403)
    manager = {"x-api-key": make.key(org, "session", scopes=["keys:manage"])}
    other = make.org()
    said = {error_of(client.get(f"{PATH}?org_id={number}", headers=manager), 403) for number in (other.id, 2**31 - 1, 10**17)}
    assert len(said) == 1
    assert "org_id" in error_of(client.get(PATH, headers=manager), 400)
    body = {"org_id": org.id, "name": "Cannot"}
    assert "sessions:create" in error_of(client.post(PATH, json=body, headers=manager), 403)


def test_a_managing_key_hands_on_no_more_than_it_has(client, make, org, game):
    manager = make.key(org, "session", scopes=["keys:manage", "sessions:create"], games=[game])
    body = {"org_id": org.id, "name": "Narrow", "allowed_game_ids": [game, make.game(org)]}
    error_of(client.post(PATH, json=body, headers={"x-api-key": manager}), 403)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": 3}, "name"),
        ({"allowed_game_ids": ["1"]}, "allowed_game_ids"),
        ({"allowed_game_ids": [True]}, "allowed_game_ids"),
        ({"rate_limit_per_minute": 0}, "rate_limit_per_minute"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2027-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expiry"),
        ({"expires_at": 1800000000}, "expires_at"),
        ({"org_id": "1"}, "org_id"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_value_for_a_key_is_named(client, make, org, change, field):
    manager = {"x-api-key": make.key(org, "session", scopes=["keys:manage", "sessions:create"])}
    said = error_of(client.post(PATH, json={"org_id": org.id, "name": "CRM"} | change, headers=manager), 400)
    assert field in said.lower()


def test_owners_manage_keys_with_their_sign_in_and_members_do_not(make, org):
    alice, bob, charlie = (make.signed_in(person) for person in (org.alice, org.bob, org.charlie))
    body = {"org_id": org.id, "name": "From the back office"}
    token = csrf_of(alice, f"/o/{org.slug}/games/new")["csrf_token"]
    made = alice.post(PATH, json=body, headers={"X-CSRFToken": token})
    assert made.status_code == 200, made.text
    assert alice.get(f"{PATH}?org_id={org.id}").json["data"][0]["id"] == made.json["data"]["id"]
    error_of(alice.post(PATH, json=body), 403)
    error_of(alice.post(PATH, json=body, headers={"X-CSRFToken": token, "Origin": "https://evil.example"}), 403)
    error_of(bob.get(f"{PATH}?org_id={org.id}"), 403)
    error_of(charlie.get(f"{PATH}?org_id={org.id}"), 403)
