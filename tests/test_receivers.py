"""Receivers and clients that others wrote, or could have, against everything as `python app.py` starts it."""

import json
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from portal.webhooks.signing import new_secret
from tests.make import address
from tests.receivers.running import HERE, SECONDS, SECRET, Api, Operator, Platform, Program, until

pytestmark = pytest.mark.processes
PAGE = Path(__file__).parent / "contracts" / "competition-api.txt"
SIGNATURE, NEXT = "x-lightchallenge-signature", "x-lightchallenge-signature-next"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("platform")) as server:
        yield server


@pytest.fixture(scope="module")
def org(platform) -> str:
    return platform.facts()["org_id"]


@pytest.fixture(scope="module")
def api(platform) -> Api:
    """With the key that was printed."""
    return Api(platform.url, platform.facts()["keys"]["competition"])


def drawn(api: Api, org: str, entrants: int = 4, **terms: Any) -> str:
    """The id of a new bracket with so many checked in, not started yet."""
    cup = api.call("POST", "competitions", {"org_id": org, "title": "Night Cup", "type": "bracket"} | terms, 201)["id"]
    api.call("POST", f"competitions/{cup}/open")
    for number in range(1, entrants + 1):
        api.call("POST", f"competitions/{cup}/register", {"wallet": address(number)}, 201)
        api.call("POST", f"competitions/{cup}/check-in", {"wallet": address(number)})
    return cup


def play(api: Api, cup: str) -> list[str]:
    """Start it and report every match; their ids."""
    api.call("POST", f"competitions/{cup}/start")
    played = []
    while ready := open_matches(api, cup):
        for match in ready:
            report(api, cup, match["id"])
            played.append(match["id"])
    return played


def open_matches(api: Api, cup: str) -> list[dict[str, Any]]:
    """Those that can be reported."""
    pending = api.call("GET", f"competitions/{cup}/matches?status=pending")["items"]
    return [match for match in pending if match["participant_a"] and match["participant_b"]]


def report(api: Api, cup: str, match: str, method: str = "POST", score_b: int = 1) -> None:
    """Side a has won."""
    result = {"winner": "a", "score_a": 2, "score_b": score_b}
    api.call(method, f"competitions/{cup}/matches/{match}/result", result)


def subscribe(api: Api, org: str, program: Program, *events: str, **terms: Any) -> dict[str, Any]:
    """A new webhook to a receiver, as the API answers."""
    return api.call("POST", "webhooks", {"org_id": org, "url": program.url, "events": events} | terms, 201)


# ---- Two receivers


def standard(directory: Path, secret: str) -> Program:
    """Written with the public library."""
    return Program(directory, [sys.executable, HERE / "standard.py"], **{SECRET: secret})


def sample(directory: Path, secret: str) -> Program:
    """The page's own sample, word for word."""
    text = re.search(r"const crypto = .*?\n}(?=Retry)", PAGE.read_text(), re.S)[0]
    verifier = directory / "verify.js"
    verifier.write_text(f"{text}\nmodule.exports = verifyWebhook;\n")
    return Program(directory, ["node", HERE / "sample.js"], verifier, **{SECRET: secret})


@dataclass
class Played:
    """A receiver to which everything about one cup has come, and another with a secret that is not its webhook's."""

    make: Any
    cup: str
    final: str
    hook: dict[str, Any]
    receiver: Program
    wrong: Program
    wrong_hook: dict[str, Any]
    told: list[dict[str, Any]]

    @property
    def genuine(self) -> tuple[dict[str, str], str]:
        """One delivery as it came."""
        return self.receiver.told()[0]["headers"], self.receiver.told()[0]["body"]


NO_NODE = pytest.mark.skipif(not shutil.which("node"), reason="the page's sample is for Node, and there is none here")


@pytest.fixture(scope="module", params=[standard, pytest.param(sample, marks=NO_NODE)], ids=["library", "sample"])
def played(request, platform, api, org, tmp_path_factory) -> Iterator[Played]:
    directory = tmp_path_factory.mktemp("receivers")
    _, before = api.events()
    cup = drawn(api, org)
    known = len(until(lambda: told_of(api, cup, before, "registration.checked_in", 4), "four check-ins, and what came before"))
    receiver, wrong = (request.param(directory, "") for _ in range(2))
    families = "match.*", "competition.*"
    hook, wrong_hook = (subscribe(api, org, each, *families, competition_id=cup) for each in (receiver, wrong))
    receiver.environ[SECRET], wrong.environ[SECRET] = hook["secret"], new_secret()
    with receiver, wrong:
        final = play(api, cup)[-1]
        told = until(lambda: told_of(api, cup, before, "competition.completed", 1), "the end of the competition")[known:]
        told = [each for each in told if each["type"].partition(".")[0] in ("match", "competition")]
        until(lambda: len(receiver.told()) >= len(told), f"{len(told)} deliveries")
        yield Played(request.param, cup, final, hook, receiver, wrong, wrong_hook, told)


def told_of(api: Api, cup: str, after: str, last: str, count: int) -> list[dict[str, Any]]:
    """The events about a cup, once there are `count` of the type `last` among them."""
    mine = [each for each in api.events(after)[0] if each["data"].get("competition_id") == cup]
    return mine if sum(each["type"] == last for each in mine) >= count else []


def test_a_match_played_through_the_api_is_told_whole_once_and_verified(played):
    came = played.receiver.told()
    assert [each["status"] for each in came] == [204] * len(came)
    bodies = sorted((json.loads(each["body"]) for each in came), key=lambda body: body["sequence"])
    assert [body["sequence"] for body in bodies] == list(range(1, len(played.told) + 1))
    assert [body["id"] for body in bodies] == [event["id"] for event in played.told]
    assert {"competition.started", "match.completed", "match.advanced", "competition.completed"} <= {b["type"] for b in bodies}
    for each, body in zip(came, map(json.loads, (each["body"] for each in came)), strict=True):
        assert each["headers"]["x-lightchallenge-event"] == body["type"]
        assert each["headers"]["x-lightchallenge-delivery"] == each["headers"]["webhook-id"]


def test_a_delivery_that_somebody_changed_is_refused(played):
    headers, body = played.genuine
    assert played.receiver.post(headers, body) == 204
    for changed in (body + " ", body[:-1], body.replace('"score_a":2', '"score_a":9').replace(played.cup, played.hook["id"]), ""):
        assert played.receiver.post(headers, changed) == 401
    for name in ("webhook-signature", SIGNATURE):
        without = {key: value for key, value in headers.items() if key not in ("webhook-signature", SIGNATURE)}
        assert played.receiver.post(without | {name: headers[name][:-4]}, body) == 401
        assert played.receiver.post(without, body) == 401


def test_a_delivery_of_another_time_is_refused_where_the_time_is_signed(played):
    """The page's header covers the body alone, so its sample cannot tell; the docs say so."""
    headers, body = played.genuine
    moment = datetime.fromtimestamp(int(time.time()) - 600, UTC)
    old = {"webhook-timestamp": str(int(moment.timestamp()))}
    signed = {"webhook-signature": Webhook(played.hook["secret"]).sign(headers["webhook-id"], moment, body)}
    can_tell = played.make is standard
    for replayed in (old, old | signed):
        assert played.receiver.post(headers | replayed, body) == (401 if can_tell else 204)


def test_a_receiver_with_another_secret_refuses_and_the_api_says_so(played, api):
    assert played.wrong.post(*played.genuine) == 401
    assert {each["status"] for each in played.wrong.told()} == {401}
    recent = api.call("GET", f"webhooks/{played.wrong_hook['id']}")["recent_deliveries"]
    assert {(each["response_code"], each["status"]) for each in recent if each["response_code"]} == {(401, "pending")}


def test_while_a_secret_is_rotated_both_receive_and_afterwards_the_new_one_alone(played, platform, api, tmp_path):
    facts = platform.facts()
    operator = Operator(platform.url, **facts["operator"])
    here = f"/o/{facts['org_slug']}/webhooks/{played.hook['id']}"
    page = operator.send(f"{here}/rotate", {"overlap": "24 hours"})
    secret = re.search(r"whsec_[A-Za-z0-9+/]{43}=", page)[0]
    assert secret != played.hook["secret"]
    with played.make(tmp_path, secret) as new:
        headers, body = next_delivery(played, api, 0)
        assert played.receiver.told()[-1]["status"] == 204, "the old secret"
        assert new.post(headers | ({SIGNATURE: headers[NEXT]} if played.make is sample else {}), body) == 204
        operator.send(f"{here}/end-overlap", {}, page=f"{here}/rotate")
        headers, body = next_delivery(played, api, 1)
        assert NEXT not in headers
        assert played.receiver.told()[-1]["status"] == 401, "the old secret"
        assert new.post(headers, body) == 204


def next_delivery(played: Played, api: Api, score: int) -> tuple[dict[str, str], str]:
    """Correct the score of the loser of the final; the request that tells of it."""
    count = len(played.receiver.told())
    report(api, played.cup, played.final, "PUT", score)
    came = until(lambda: played.receiver.told()[count:], "the delivery of a correction")[-1]
    return came["headers"], came["body"]


# ---- A receiver that fills its gaps


def test_a_receiver_that_was_down_sees_the_gap_and_fills_it_by_itself(platform, api, org, tmp_path):
    environ = {"TILTYARD_URL": platform.url, "TILTYARD_KEY": api.key, "TILTYARD_TYPES": "team.created"}
    program = Program(tmp_path, [sys.executable, HERE / "gaps.py"], tmp_path / "state.json", **environ)
    hook = subscribe(api, org, program, "team.created")
    _, before = api.events()

    def create(count: int) -> None:
        for number in range(count):
            api.call("POST", "teams", {"org_id": org, "name": f"Team {time.time_ns()} {number}"}, 201)

    program.environ[SECRET] = hook["secret"]
    with program:
        create(1)
        until(lambda: len(program.told()["handled"]) == 1, "the first event")
        program.kill()
        create(30)
        until(lambda: failures(api, org, hook["id"]), "a try that failed")
        program.start()
        create(1)
        until(lambda: len(program.told()["handled"]) >= 32, "the gap is filled")
        expected = [event["id"] for event in api.events(before)[0] if event["type"] == "team.created"]
        state = program.told()
    assert state["handled"] == expected and len(set(expected)) == 32, "all, each once, in order"
    assert state["fills"] >= 1


def failures(api: Api, org: str, hook: str) -> int:
    """Tries to a webhook that failed in a row."""
    return next(each["failure_count"] for each in api.call("GET", f"webhooks?org_id={org}") if each["id"] == hook)


# ---- A client of the live stream


class Follower:
    """`came` are the frames until now."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.came = socket, []

    def until(self, kind: str, seconds: float = SECONDS, match: str = "") -> dict[str, Any]:
        """The next frame of a kind, about a match where one is named."""
        deadline = time.monotonic() + seconds
        while True:
            frame = json.loads(self.socket.recv(max(0, deadline - time.monotonic())))
            self.came.append(frame)
            if frame["type"] == kind and (not match or frame["data"]["id"] == match):
                return frame


def test_a_websocket_follows_a_match_played_through_the_api_until_its_key_is_revoked(platform, api, org):
    key = platform.facts()["keys"]["feed"]
    uid = next(each["id"] for each in api.call("GET", f"auth/api-keys?org_id={org}") if each["label"] == "Demo feed key")
    cup = drawn(api, org, entrants=2, category="cs2")
    stream = f"ws://127.0.0.1:{platform.stream_port}/cs2/v1/stream?api_key={key}"
    with connect(stream, compression=None, proxy=None) as socket:
        follower = Follower(socket)
        before = follower.until("snapshot")
        api.call("POST", f"competitions/{cup}/start")
        match = open_matches(api, cup)[0]["id"]
        created = follower.until("match.created", match=match)
        report(api, cup, match)
        finished = follower.until("match.finished", match=match)
        follower.until("alive")
        api.call("DELETE", f"auth/api-keys?id={uid}")
        revoked = time.monotonic()
        with pytest.raises(ConnectionClosed) as end:
            follower.until("the end")
        assert time.monotonic() - revoked < 5, "within a second is shown in tests/streaming"
    assert end.value.rcvd.code == 4003 and "revoked" in end.value.rcvd.reason
    assert match not in {row["id"] for row in before["data"]}
    assert (created["data"]["status"], created["data"]["score_a"]) == ("upcoming", None)
    assert (finished["data"]["status"], finished["data"]["score_a"], finished["data"]["score_b"]) == ("finished", 2, 1)
    assert [each["meta"]["seq"] for each in follower.came] == list(range(1, len(follower.came) + 1))
    assert all(each["meta"]["ts"].endswith("Z") for each in follower.came)
