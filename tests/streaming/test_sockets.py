"""The WebSocket of the feed against a real process: who gets in, what is told, and how it ends."""

import json
import time
from itertools import pairwise

import pytest
from websockets.exceptions import ConnectionClosed

from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.keys.model import key_by_uid
from portal.keys.service import change_key, revoke_key, rotate_key, set_active
from portal.orgs.model import Organization
from portal.streaming.frames import MATCHES
from tests.streaming.stage import closed, frame, frames

pytestmark = pytest.mark.processes
ONLY_MATCHES = (f"cs2:{MATCHES}",)


@pytest.fixture
def key(make, org) -> str:
    return make.key(org, "feed")


def changed(make, org, key, verb) -> float:
    """Do something with the key; the moment at which it was committed."""
    uid = make.uid_of_key(key)
    with unit_of_work() as session:
        owner = session.get_one(Organization, org.id)
        verb(session, owner, key_by_uid(session, owner, uid))
    return time.monotonic()


def test_a_match_is_followed_from_the_snapshot_to_its_result(make, org, cup, key, stream, relay):
    make.start(org, cup)
    with stream.connect(key) as socket:
        first = frame(socket)
        assert first["type"] == "snapshot"
        assert [row["status"] for row in first["data"]] == ["upcoming", "upcoming"]
        begun = time.monotonic()
        make.play(org, cup, lambda a, b: (2, 0))
        told = [frame(socket)]
        assert time.monotonic() - begun < 5
        told += frames(socket, 2)
    finished = [each for each in told if each["type"] == "match.finished"]
    assert len(finished) + sum(each["type"] == "match.created" for each in told) >= 3
    assert {each["data"]["score_a"] for each in finished} == {2}
    every = [first, *told]
    numbers = [each["meta"]["seq"] for each in every]
    assert numbers[0] == 1
    assert all(0 < after - before <= 2 for before, after in pairwise(numbers)), numbers  # a sign of life may stand between
    assert all(each["meta"]["ts"].endswith("Z") for each in every)


def test_one_match_has_the_shape_of_its_rest_resource(app, make, org, cup, key, stream, relay):
    make.start(org, cup)
    with stream.connect(key) as socket:
        uid = frame(socket)["data"][0]["id"]
    rest = app.test_client().get(f"/cs2/v1/matches/{uid}", headers={"X-API-Key": key})
    with stream.connect(key, f"/cs2/v1/stream/{uid}") as socket:
        assert frame(socket)["data"] == rest.json["data"]
        make.play(org, cup, lambda a, b: (2, 1))
        told = frame(socket)
        assert told["type"] == "match.finished"
        assert told["data"]["id"] == uid
        assert "finished_at" in told["data"]
        assert [each["type"] for each in frames(socket, 1.5)] == ["scoreboard.frame"]


def test_nothing_is_told_of_foreign_matches_or_of_other_sports(make, org, cup, key, stream, relay):
    stranger = make.org()
    foreign = make.competition(stranger, category="CS2", status="active", entrants=2)
    other = make.competition(org, category="dota2", status="active", entrants=2)
    with stream.connect(key) as socket:
        assert frame(socket)["data"] == []
        for owner, uid in ((stranger, foreign), (org, other)):
            make.play(owner, uid, lambda a, b: (1, 0))
        assert frames(socket, 2) == []
    with stream.connect(make.key(stranger, "feed")) as socket:
        uid = frame(socket)["data"][0]["id"]
    assert stream.refusal(key, f"/cs2/v1/stream/{uid}") == (404, "Match not found.")


def test_fields_and_frames_outside_the_scopes_are_absent(make, org, cup, stream, relay):
    make.start(org, cup)
    narrow, boards = make.key(org, "feed", scopes=ONLY_MATCHES), make.key(org, "feed", scopes=["cs2:stream:scoreboard"])
    with stream.connect(narrow) as socket, stream.connect(boards) as other:
        uid = frame(socket)["data"][0]["id"]
        assert [set(row) for row in frame(other)["data"]] == [{"id"}, {"id"}]
        with stream.connect(narrow, f"/cs2/v1/stream/{uid}") as single:
            assert not {"markets", "finished_at", "scoreboard"} & set(frame(single)["data"])
        make.play(org, cup, lambda a, b: (2, 0))
        assert {each["type"].partition(".")[0] for each in frames(socket, 2)} == {"match"}
        boarded = frames(other, 0.5)
        assert {each["type"] for each in boarded} == {"scoreboard.frame"}
        assert {"id", "scoreboard"} == set(boarded[0]["data"])


def test_a_sign_of_life_comes_every_ten_seconds(make, org, key, stream):
    with stream.connect(key) as socket:
        came = [json.loads(socket.recv(11)) for _ in range(3)]
    assert [each["type"] for each in came] == ["snapshot", "alive", "alive"]
    assert [each["meta"]["seq"] for each in came] == [1, 2, 3]


REFUSED = [
    ("", {}, 401, "Send an API key"),
    ("vbk_nonsense", {}, 403, "not a key"),
    ("other sport", {}, 403, "sport_allowlist"),
    ("no stream", {}, 403, "Required scope 'cs2:stream:matches' is not granted"),
    ("revoked", {}, 403, "revoked"),
    ("elsewhere", {}, 403, "not on the allowlist"),
    ("good", {"additional_headers": {"X-API-Key": "vbk_another"}}, 400, "two different credentials"),
]


@pytest.mark.parametrize("which, options, status, words", REFUSED, ids=[each[0] or "missing" for each in REFUSED])
def test_a_handshake_is_refused_in_the_words_of_the_feed(make, org, stream, which, options, status, words):
    keys = {
        "": lambda: "",
        "vbk_nonsense": lambda: "vbk_nonsense",
        "other sport": lambda: make.key(org, "feed", sports=["dota2"]),
        "no stream": lambda: make.key(org, "feed", scopes=["cs2:matches:list"]),
        "revoked": lambda: revoked(make, org),
        "elsewhere": lambda: make.key(org, "feed", allowed_addresses="10.9.8.7"),
        "good": lambda: make.key(org, "feed"),
    }
    found = stream.refusal(keys[which](), **options)
    assert found[0] == status
    assert words in found[1]


def revoked(make, org) -> str:
    key = make.key(org, "feed")
    changed(make, org, key, lambda session, owner, found: revoke_key(session, owner, found, SYSTEM))
    return key


def test_a_key_revoked_a_moment_ago_opens_nothing_although_the_process_remembers_it(make, org, key, stream):
    with stream.connect(key) as socket:
        frame(socket)
    changed(make, org, key, lambda session, owner, found: revoke_key(session, owner, found, SYSTEM))
    assert stream.refusal(key) == (403, "This key was revoked. Issue a new one.")


def test_a_query_without_end_is_refused_by_name(key, stream):
    status, words = stream.refusal(key + "&x=1" * 30)
    assert (status, words) == (400, "The query has more than 20 parameters. Send api_key alone.")


def test_a_key_in_a_header_opens_the_stream_too(key, stream):
    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        with stream.connect(additional_headers=headers) as socket:
            assert frame(socket)["type"] == "snapshot"


ENDS = {
    "revoked": lambda session, owner, key: revoke_key(session, owner, key, SYSTEM),
    "switched off": lambda session, owner, key: set_active(session, owner, key, False, SYSTEM),
    "rotated": lambda session, owner, key: rotate_key(session, owner, key, SYSTEM, grantable=None),
    "organization off": lambda session, owner, key: setattr(owner, "disabled_at", utc_now()),
    "scopes changed": lambda session, owner, key: change_key(
        session, owner, key, SYSTEM, scopes=["cs2:stream:matches"], grantable=None
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_key_that_may_no_longer_closes_its_connections_within_a_second(make, stream, how):
    """The best of three: a look every 0.6 s leaves a busy machine little of the second."""

    def seconds() -> float:
        org = make.org()
        key = make.key(org, "feed")
        with stream.connect(key) as socket, stream.connect(make.key(org, "feed")) as other:
            frame(socket), frame(other)
            changed(make, org, key, ENDS[how])
            code, reason, took = closed(socket)
            assert (code, bool(reason)) == (4003, True)
            if how != "organization off":
                assert frames(other, 0.5) == []
        return took

    assert any(seconds() < 1 for _ in range(3))


def test_whoever_sends_junk_is_shown_out_and_others_do_not_notice(make, org, cup, key, stream, relay):
    make.start(org, cup)
    with stream.connect(key) as socket, stream.connect(key) as other:
        frame(socket), frame(other)
        with pytest.raises(ConnectionClosed):
            for number in range(10_000):
                socket.send("junk" if number % 2 else b"\x00\xff")
            closed(socket)
        assert socket.close_code in (1006, 1008)
        make.play(org, cup, lambda a, b: (2, 0))
        assert frame(other)["type"].startswith("match.")


def test_a_message_that_is_too_large_ends_the_connection(key, stream):
    with stream.connect(key) as socket:
        frame(socket)
        socket.send("x" * 2_000)
        assert closed(socket)[0] == 1009


def test_the_key_in_the_address_reaches_no_log(make, org, key, stream):
    with stream.connect(key) as socket:
        frame(socket)
    stream.refusal(key, "/cs2/v1/stream/nothing")
    stream.refusal(key[:-1] + ("a" if key[-1] != "a" else "b"))
    text = stream.log.read_text()
    assert key not in text
    assert key[4:20] not in text
