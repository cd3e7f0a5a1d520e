"""A competition played through the API: what tests of results need to say in one line."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from portal.kernel.db import unit_of_work
from portal.keys.kinds import Limits
from portal.outbox.model import Event
from tests.make import Make, Org

URL = "/api/v1/competitions"
WIDE = Limits(per_minute=100_000, burst_10s=None)


class Organizer:
    """An organization and its calls with a key of its own that no rate stops."""

    def __init__(self, make: Make, client: FlaskClient, org: Org | None = None) -> None:
        self.make, self.client = make, client
        self.org = make.org() if org is None else org
        self.headers = {"Authorization": f"Bearer {make.key(self.org, 'competition', limits=WIDE)}"}

    def call(self, method: str, path: str, body: Any = None, status: int | None = 200) -> Any:
        """The `data` of the answer, or the text of a refusal; any status passes where `status` is None."""
        url = path if path.startswith("/api/") else f"{URL}/{path}"
        sent = {"json": body} if body is not None else {}
        answer = self.client.open(url, method=method, headers=self.headers, **sent)
        assert status in (None, answer.status_code), (answer.status_code, answer.text[:600])
        return answer.json.get("data", answer.json.get("error"))

    def matches(self, uid: str, **wanted: Any) -> list[dict[str, Any]]:
        """Every match, in order of play."""
        found: list[dict[str, Any]] = []
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        while True:
            page = self.call("GET", f"{uid}/matches?limit=200&offset={len(found)}&{query}")
            found += page["items"]
            if len(found) >= page["total"]:
                return found

    def ready(self, uid: str) -> list[dict[str, Any]]:
        """The matches that can be reported now."""
        return [match for match in self.matches(uid, status="pending") if match["participant_a"] and match["participant_b"]]

    def report(
        self, uid: str, match: dict[str, Any], a: int | None = 1, b: int | None = 0, status: int | None = 200, **more: Any
    ) -> Any:
        """Report `a` to `b`; the winner follows from the scores unless it is said."""
        return self.call("POST", f"{uid}/matches/{match['id']}/result", sent(a, b, more), status)

    def correct(
        self,
        uid: str,
        match: dict[str, Any],
        a: int | None,
        b: int | None,
        query: str = "",
        status: int | None = 200,
        **more: Any,
    ) -> Any:
        return self.call("PUT", f"{uid}/matches/{match['id']}/result?{query}", sent(a, b, more), status)

    def play_out(self, uid: str) -> None:
        """Side a wins every match 2 to 1 until none is left."""
        while ready := self.ready(uid):
            for match in ready:
                self.report(uid, match, 2, 1)

    def events(self, *names: str) -> list[tuple[str, dict[str, Any]]]:
        """What was told so far, in order; only these names when given."""
        with unit_of_work() as session:
            query = select(Event.type, Event.data).where(Event.org_id == self.org.id).order_by(Event.id)
            return [(name, data) for name, data in session.execute(query) if not names or name in names]


def sent(a: int | None, b: int | None, more: dict[str, Any]) -> dict[str, Any]:
    """The body of a report."""
    if a is None or b is None:
        return more
    winner = "draw" if a == b else "a" if a > b else "b"
    return {"score_a": a, "score_b": b, "winner": winner} | more
