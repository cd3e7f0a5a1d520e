"""What the pictures of webhooks, offers and event feeds show: a real receiver, a real queue, and a match that is played."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.browser.camera import RUNNING, Camera
from tests.browser.demo import DemoServer
from tests.browser.office import call
from tests.transports.sqs_server import KEY_ID, SECRET, SqsServer
from tests.webhooks.receiver import Receiver, receiving, status

LOCKED = json.dumps({"error": "the ledger is locked for the night"}).encode()
HOOKS = (
    ("/scores", "Scoreboard in the arena", ["match.*", "competition.*", "standings.updated"]),
    ("/ledger", "Settlement ledger", ["bet_settlement", "market.*", "match.completed"]),
    ("/crm", "Player CRM", ["registration.*", "session.*"]),
    ("/archive", "Season archive", ["season.*", "team.created"]),
)


class Stage:
    """Set up with `set_up(camera)` while it is entered; the demo must allow addresses of this machine."""

    def __init__(self, demo: DemoServer, directory: Path) -> None:
        self.demo, self._open = demo, ExitStack()
        self._directory = directory

    def __enter__(self) -> Self:
        self.receiver: Receiver = self._open.enter_context(receiving())
        self.sqs: SqsServer = self._open.enter_context(SqsServer(self._directory))
        self.receiver.answers["/ledger"] = status(500, "Content-Type: application/json", body=LOCKED)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def set_up(self, camera: Camera) -> None:
        """Webhooks and feeds, then offers and results; all of it has arrived, or failed, when this ends."""
        for path, description, events in HOOKS:
            hook = {"url": self.receiver.url(path), "description": description, "events": events, "competition_id": None}
            self._api("POST", "/webhooks", hook | {"org_id": self.demo.facts()["org_id"]}, 201)
        self._feed(camera, "Odds desk", self.sqs.queue("odds-desk"))
        self._feed(camera, "Data warehouse", f"{self.sqs.url}/123456789012/warehouse.fifo")
        camera.recover("Season archive")
        self._play()
        self.receiver.wait(6, "/scores")
        self._press(camera, "/webhooks", "Player CRM", "Pause")
        for name, state in (("Odds desk", "Sent"), ("Data warehouse", "Retrying")):
            self._press(camera, "/feeds", name, "Send test")
            camera.page.locator("tbody tr", has_text="transport.test").locator(".state", has_text=state).wait_for()

    def _play(self) -> None:
        (cup,) = [each for each in self._api("GET", "/competitions?limit=100")["items"] if each["title"] == RUNNING]
        matches = self._api("GET", f"/competitions/{cup['id']}/matches?limit=100")["items"]
        ready = [
            each["id"] for each in matches if each["status"] == "pending" and each["participant_a"] and each["participant_b"]
        ]
        offers = [
            self._offer(cup["id"], match, a, b) for match, a, b in zip(ready, ("1.55", "1.90"), ("2.45", "1.90"), strict=False)
        ]
        maps = [{"key": "over", "label": "Over 2.5", "price": "1.85"}, {"key": "under", "label": "Under 2.5", "price": "1.95"}]
        market = {"type": "total_maps", "label": "Maps played", "outcomes": maps}
        (more, void) = (self._api("POST", f"/competitions/{cup['id']}/matches/{ready[0]}/offers", market | extra, 201)["id"]
                        for extra in ({}, {"type": "first_map", "label": "First map"}))  # fmt: skip
        self._verb(cup["id"], void, "void", {"reason": "Technical fault"})
        self._report(cup["id"], ready[0], "POST", {"score_a": 2, "score_b": 1, "winner": "a"}, 200)
        wrong = {"score_a": 1, "score_b": 2, "winner": "b", "reason": "Entered the wrong way round."}
        self._report(cup["id"], ready[0], "PUT", wrong, 200)
        self._verb(cup["id"], more, "settle", {"outcome": "over", "reason": "Three maps were played"})
        self._verb(cup["id"], offers[1], "suspend", {})

    def _offer(self, cup: str, match: str, a: str, b: str) -> str:
        outcomes = [{"key": "a", "price": a}, {"key": "b", "price": b}]
        return str(self._api("POST", f"/competitions/{cup}/matches/{match}/offers", {"outcomes": outcomes}, 201)["id"])

    def _verb(self, cup: str, offer: str, verb: str, body: dict[str, str]) -> None:
        self._api("POST", f"/competitions/{cup}/offers/{offer}/{verb}", body, 200)

    def _report(self, cup: str, match: str, method: str, body: dict[str, Any], expected: int) -> None:
        self._api(method, f"/competitions/{cup}/matches/{match}/result", body, expected)

    def _feed(self, camera: Camera, name: str, queue: str) -> None:
        camera.at("/feeds/new?kind=sqs")
        for field, value in (("name", name), ("queue_url", queue), ("access_key_id", KEY_ID), ("secret_access_key", SECRET)):
            camera.page.locator(f"#{field}").fill(value)
        camera.page.get_by_role("button", name="Switch on", exact=True).click()
        camera.page.get_by_role("heading", level=1, name=name).wait_for()

    def _press(self, camera: Camera, path: str, name: str, button: str) -> None:
        camera.followed(path, name)
        camera.page.get_by_role("button", name=button, exact=True).click()
        camera.page.locator(".toast-box").first.wait_for()

    def _api(self, method: str, path: str, body: object = None, expected: int = 200) -> Any:
        key = self.demo.facts()["keys"]["competition"]
        answered, found = call(self.demo.url, method, f"/api/v1{path}", key, body)
        assert answered == expected, (method, path, answered, found)
        return found["data"]
