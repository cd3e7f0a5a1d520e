"""The Competition API's words: `{"ok": true, "data": …}` or `{"ok": false, "error": "…"}` (competition-api.txt)."""

import time
from typing import Any, Literal

from flask import g, jsonify
from werkzeug.wrappers import Response

from portal.web.contract import DATA, Contract
from portal.web.describe import Shape
from portal.web.problems import Problem

# One sentence for every credential that does not open the door, as the page prints it.
UNAUTHENTICATED = "Authentication required"


class CompetitionError(Shape):
    ok: Literal[False]
    error: str


ABOUT = Contract(
    slug="competition",
    title="Competition API",
    sentence="Organizations, teams, competitions from draft to final table, seasons and figures.",
    envelope={"ok": Literal[True], "data": DATA},
    error=CompetitionError,
    sections=(
        "API keys",
        "Organizations",
        "Members",
        "Teams",
        "Competitions",
        "Competition lifecycle",
        "Bracket and matches",
        "Standings and results",
        "Offers",
        "Webhooks",
        "Seasons",
        "Analytics",
        "White-label",
    ),
    notes=(
        "Send your key as a bearer token. What is public can be read without one.",
        "In a browser a wallet may sign instead: x-lc-address, x-lc-timestamp (unix milliseconds) and x-lc-signature, which is "
        "the EIP-191 signature of the text lightchallenge:{timestamp}. It is good for five minutes, and for one write.",
        "Send an Idempotency-Key with every POST and a call that you repeat has no second effect for 24 hours.",
    ),
)


class CompetitionAnswers:
    about = ABOUT
    prefixes = ("/api/v1/",)

    def word(self, problem: Problem, path: str) -> Response:
        """`{"ok": false, "error": text}` with the status of the page's table."""
        return _as({"ok": False, "error": _words(problem)}, problem.status)


ANSWERS = CompetitionAnswers()


def answer(data: Any, status: int = 200) -> Response:
    """`{"ok": true, "data": data}`."""
    return _as({"ok": True, "data": data}, status)


def _words(problem: Problem) -> str:
    if problem.status == 401:
        return UNAUTHENTICATED
    if problem.reason == "scope":
        return f"The scope {problem.message} is missing. Ask an owner to add it to this key."
    if problem.reason == "rate":
        return f"Rate limit exceeded. Retry after {_retry_at(problem)}."
    return problem.message


def _retry_at(problem: Problem) -> int:
    """Unix seconds: the moment that X-RateLimit-Reset names, where a window was full."""
    quota = g.get("quota")
    return int(quota.reset) if quota is not None else int(time.time()) + problem.retry_after


def _as(body: dict[str, Any], status: int) -> Response:
    response: Response = jsonify(body)
    response.status_code = status
    return response
