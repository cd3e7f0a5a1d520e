"""A receiver that fills its gaps by itself: `python gaps.py PORT STATE`, with TILTYARD_WEBHOOK_SECRET, TILTYARD_URL, TILTYARD_KEY
(`webhooks:read`) and TILTYARD_TYPES, the event types that it asked for.

Deliveries to an endpoint are numbered without a gap. Whoever sees 7 after 5 has missed one, and asks the list of events for what
happened since the cursor that was kept. What comes twice, by a retry or by both ways, is known by the event's id. Deliveries are
answered at once and worked on afterwards; what was worked on is in the file STATE, which outlives the program. `GET /` shows it.
"""

import json
import os
import queue
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

PAGE = 10
webhook = Webhook(os.environ["TILTYARD_WEBHOOK_SECRET"])
url, key, types = os.environ["TILTYARD_URL"], os.environ["TILTYARD_KEY"], os.environ["TILTYARD_TYPES"].split()
arrived: queue.Queue[dict] = queue.Queue()
web = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class State:
    """`handled` are the ids of events, in the order in which they were worked on; `fills` counts the gaps that were filled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept = json.loads(path.read_text()) if path.exists() else None
        if self.kept is None:
            self.kept = {"sequence": 0, "cursor": "", "handled": [], "fills": 0}
            self.read_on(lambda _event: None, limit=500)  # what happened before is not ours to work on
            self.save()

    def take(self, delivery: dict) -> None:
        """One delivery, verified."""
        if delivery["sequence"] > self.kept["sequence"] + 1:
            self.read_on(self.handle, limit=PAGE)
            self.kept["fills"] += 1
        self.handle(delivery)
        self.kept["sequence"] = max(self.kept["sequence"], delivery["sequence"])
        self.save()

    def handle(self, event: dict) -> None:
        """Work on an event, once."""
        if event["type"] in types and event["id"] not in self.kept["handled"]:
            self.kept["handled"].append(event["id"])

    def read_on(self, work, limit: int) -> None:
        """Everything that happened after the cursor, page by page."""
        more = True
        while more:
            asked = urllib.request.Request(f"{url}/api/v1/events?after={self.kept['cursor']}&limit={limit}")
            asked.add_header("Authorization", f"Bearer {key}")
            with web.open(asked, timeout=10) as answer:
                page = json.load(answer)["data"]
            for event in page["items"]:
                work(event)
            self.kept["cursor"], more = page["next"], page["has_more"]

    def save(self) -> None:
        """Whole or not at all."""
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.kept))
        new.rename(self.path)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            webhook.verify(body, {name.lower(): value for name, value in self.headers.items()})
            self.answer(204)
            arrived.put(json.loads(body))
        except WebhookVerificationError:
            self.answer(401)

    def do_GET(self) -> None:
        self.answer(200, state.path.read_bytes())

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def work() -> None:
    while True:
        state.take(arrived.get())


state = State(Path(sys.argv[2]))
threading.Thread(target=work, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
