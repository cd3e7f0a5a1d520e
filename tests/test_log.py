"""No credential reaches the log, whoever writes it and wherever it hides (RELIABILITY T01, T03)."""

import io
import json
import logging

import pytest
import structlog

from portal.kernel import log as logs
from portal.keys.kinds import KINDS

KEYS = {name: kind.new_secret(sandbox=False) for name, kind in KINDS.items()}
SECRETS = KEYS | {"webhook": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "signature": "0x" + "ab" * 65}


@pytest.fixture
def written():
    """What a fresh configuration writes, line by line."""
    before = logging.getLogger().handlers[:], logging.getLogger().level, structlog.get_config()
    stream = io.StringIO()
    logs.configure("info", stream)
    structlog.configure(cache_logger_on_first_use=False)
    yield stream.getvalue
    logging.getLogger().handlers[:], level = before[0], before[1]
    logging.getLogger().setLevel(level)
    structlog.configure(**before[2])


@pytest.mark.parametrize("kind", SECRETS)  # by name: workers must collect the same tests
@pytest.mark.parametrize("place", [
    "the key {} was sent",
    "GET /cs2/v1/stream?api_key={}&x=1",
    "Authorization: Bearer {}",
    "{}",
    "'{}'",
])  # fmt: skip
def test_a_secret_in_a_text_is_blacked_out(written, kind, place):
    secret = SECRETS[kind]
    structlog.get_logger().info(place.format(secret), detail=place.format(secret), nested={"list": [place.format(secret)]})
    logging.getLogger("another.library").warning("says %s", place.format(secret))
    text = written()
    assert text.count("[redacted]") >= 4
    assert secret not in text


@pytest.mark.parametrize("text", [
    "/play/game/42?session_token=a1b2c3d4-e5f6-7890-abcd-ef1234567890",
    "/play/a1b2c3d4-e5f6-7890-abcd-ef1234567890",
    "?action=validate-session&token=a1b2c3d4-e5f6-7890-abcd-ef1234567890",
    "https://game.example/?jwt=eyJhbGciOiJFZERTQSJ9.e30.c2ln",
    "POST /p/a1b2c3d4KkLlMmNnOoPpQqRrSsTtUuVvWwXxYyZz012/check-in/x",
    "/c/acme/f47ac10b-58cc-4372-a567-0e02b2c3d479/register/a1b2c3d4KkLlMmNnOoPpQqRrSsTtUuVvWwXxYyZz012",
])  # fmt: skip
def test_one_time_tokens_and_player_tokens_are_blacked_out(written, text):
    structlog.get_logger().info("seen", url=text)
    line = written()
    assert "a1b2c3d4" not in line and "c2ln" not in line


@pytest.mark.parametrize("name", ["authorization", "X-API-Key", "password", "secret", "api_key", "cookie"])
def test_a_field_with_a_telling_name_is_blacked_out_whatever_it_holds(written, name):
    structlog.get_logger().info("seen", **{name: "plain words"})
    assert "plain words" not in written()


def test_an_exception_of_another_library_is_blacked_out_too(written):
    try:
        raise ValueError(f"cannot use {KEYS['feed']}")
    except ValueError:
        logging.getLogger("rq.worker").exception("job failed")
        structlog.get_logger().error("failed", exc_info=True)
    assert KEYS["feed"] not in written()


def test_every_line_is_one_json_object_and_request_ids_stay_readable(written):
    structlog.get_logger().info("request", request_id="0123456789abcdef0123")
    logging.getLogger("werkzeug").info("line one\nline two")
    lines = [json.loads(line) for line in written().splitlines()]
    assert lines[0]["request_id"] == "0123456789abcdef0123"
    assert lines[1]["event"] == "line one\nline two"


def test_database_errors_do_not_carry_their_parameters(app, make):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from portal.kernel.db import unit_of_work

    with pytest.raises(DBAPIError) as broken, unit_of_work() as session:
        session.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": KEYS["feed"]})
    assert KEYS["feed"] not in str(broken.value)
