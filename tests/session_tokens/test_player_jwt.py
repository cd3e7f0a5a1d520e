"""The player's token: signed with Ed25519, checked with what is published, never with what it says of itself."""

import base64
import json
import threading
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import func, select, update

from portal.kernel.clock import utc_now
from portal.kernel.crypto import Master
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Fault, Invalid
from portal.session_tokens import player_jwt
from portal.session_tokens.model import SigningKey
from portal.session_tokens.player_jwt import Ticket

ISSUER = "https://play.example.com"
MASTER = Master("a-key-for-the-tests-only-0123456789abcdef")


def ticket(**changes) -> Ticket:
    fields = {"issuer": ISSUER, "operator_id": "op-1", "slug": "crash", "kind": "game", "session_id": 7, "at": utc_now()}
    return Ticket(**(fields | changes))


def signed(**changes) -> str:
    with unit_of_work() as session:
        return player_jwt.sign(session, MASTER, ticket(**changes))


def keys() -> dict:
    with unit_of_work() as session:
        player_jwt.signing_key(session, MASTER)
        return player_jwt.published(session)


@pytest.fixture(autouse=True)
def inside(app):
    with app.app_context():
        yield


def test_the_claims_stand_in_both_spellings():
    token = signed(external_ref="user-1", player_uuid="p-1", display_name="Maja")
    claims = player_jwt.verify(keys(), token, issuer=ISSUER, audience="crash")
    for snake, camel in (("operator_id", "operatorId"), ("session_id", "sessionId"), ("external_user_id", "externalUserId")):
        assert claims[snake] == claims[camel]
    assert claims["internal_player_id"] == claims["playerId"] == "p-1"
    assert claims["display_name"] == claims["displayName"] == "Maja" and claims["game_slug"] == claims["gameSlug"] == "crash"
    assert (claims["iss"], claims["aud"], claims["sub"], claims["permissions"]) == (ISSUER, "crash", "user-1", ["play"])
    assert claims["exp"] - claims["iat"] == 3600
    assert not {"tournament_id", "tournamentId", "stream_slug"} & claims.keys()


def test_header_names_the_key_and_only_eddsa():
    token = signed()
    header = jwt.get_unverified_header(token)
    published = keys()["keys"]
    assert header["alg"] == "EdDSA" and header["kid"] in {key["kid"] for key in published}
    assert all(key.keys() == {"kid", "kty", "crv", "x", "use", "alg"} for key in published)


def test_a_token_altered_in_any_part_is_refused():
    header, payload, signature = signed().split(".")
    body = json.loads(base64.urlsafe_b64decode(payload + "=="))
    body["sub"] = "somebody-else"
    forged = base64.urlsafe_b64encode(json.dumps(body).encode()).rstrip(b"=").decode()
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    for token in (f"{header}.{forged}.{signature}", f"{header}.{payload}.{flipped}", f"{header}.{payload}.", "", "a.b.c", "💥"):
        with pytest.raises(Invalid):
            player_jwt.verify(keys(), token, issuer=ISSUER, audience="crash")


def test_the_algorithm_is_never_taken_from_the_token():
    found = keys()
    kid, public = found["keys"][0]["kid"], found["keys"][0]["x"]
    claims = player_jwt.claims(ticket())
    none = jwt.encode(claims, None, algorithm="none", headers={"kid": kid})
    confused = jwt.encode(claims, public + "x" * 32, algorithm="HS256", headers={"kid": kid})
    for token in (none, confused):
        with pytest.raises(Invalid):
            player_jwt.verify(found, token, issuer=ISSUER, audience="crash")


def test_another_game_another_issuer_and_an_old_token_are_refused():
    for token, issuer, audience, says in (
        (signed(), ISSUER, "other", "another game"),
        (signed(), "https://evil.example", "crash", "does not verify"),
        (signed(at=utc_now() - timedelta(hours=2)), ISSUER, "crash", "expired"),
    ):
        with pytest.raises(Invalid, match=says):
            player_jwt.verify(keys(), token, issuer=issuer, audience=audience)


def test_the_same_ticket_gives_the_same_token():
    at = utc_now()
    assert signed(at=at) == signed(at=at)


def test_after_a_change_of_keys_old_tokens_are_good_until_they_expire():
    old = signed()
    with unit_of_work() as session:
        kid = player_jwt.retire_signing_key(session, MASTER)
    new = signed()
    assert jwt.get_unverified_header(new)["kid"] == kid != jwt.get_unverified_header(old)["kid"]
    assert player_jwt.verify(keys(), old, issuer=ISSUER, audience="crash")["sub"] == "7"
    with unit_of_work() as session:
        gone = player_jwt.published(session, clock=lambda: utc_now() + timedelta(hours=2))
    with pytest.raises(Invalid, match="not published"):
        player_jwt.verify(gone, old, issuer=ISSUER, audience="crash")


def test_of_many_who_need_the_first_key_at_once_all_get_the_same(app):
    with unit_of_work() as session:
        session.execute(update(SigningKey).where(SigningKey.is_current).values(is_current=None, retired_at=utc_now()))
    made, started = [], threading.Barrier(6)

    def need() -> None:
        with app.app_context():
            started.wait()
            with unit_of_work() as session:
                made.append(player_jwt.signing_key(session, MASTER)[0])

    threads = [threading.Thread(target=need) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6 and len(set(made)) == 1
    with unit_of_work() as session:
        assert session.scalar(select(func.count()).where(SigningKey.is_current)) == 1


def test_the_private_half_is_sealed_to_its_row():
    with unit_of_work() as session:
        kid, _ = player_jwt.signing_key(session, MASTER)
        sealed = session.scalar(select(SigningKey.private).where(SigningKey.kid == kid))
    with pytest.raises(Fault):
        player_jwt._opened(MASTER, "another-row", sealed)
    with pytest.raises(Fault):
        player_jwt._opened(Master("another-secret"), kid, sealed)
