"""The Session API's words: `{"success": true, "data": …}` or `{"success": false, "error": "…"}`."""

from typing import Any, Literal

from flask import jsonify
from werkzeug.wrappers import Response

from portal.web.contract import BODY_STATUSES, DATA, EVERYWHERE, Contract
from portal.web.describe import Shape
from portal.web.problems import Problem

# The page knows 200, 400, 401, 403, 410, 429 and 500. What has no place there is a bad request.
AS_BAD_REQUEST = frozenset({"not_found", "conflict", "not_acceptable", "unsupported_media", "unprocessable"})


class SessionError(Shape):
    success: Literal[False]
    error: str


ABOUT = Contract(
    slug="session-tokens",
    title="Session API",
    sentence="One-time links that take a player into a game or a stream, and the keys that make them.",
    envelope={"success": Literal[True], "data": DATA},
    error=SessionError,
    sections=("Sessions", "API keys"),
    notes=(
        "Every call has the one address /api/org-api-keys; the method and the parameter action tell them apart.",
        "Send your key in the header x-api-key. Checking and consuming a token need none: the token is the credential.",
        "Whatever has no status of its own here (an unknown thing, a conflict) is 400 with a sentence that says what it is.",
    ),
    statuses={status: words for status, words in EVERYWHERE.items() if status != 404},
    body_statuses={413: BODY_STATUSES[413]},
    post_statuses={},
    credential=("x-api-key", ""),
)


class SessionAnswers:
    about = ABOUT
    prefixes = ("/api/org-api-keys",)

    def word(self, problem: Problem, path: str) -> Response:
        """One sentence; a missing scope is named."""
        text = f"This key lacks the scope {problem.message}." if problem.reason == "scope" else problem.message
        response: Response = jsonify(success=False, error=text)
        response.status_code = 400 if problem.reason in AS_BAD_REQUEST else problem.status
        return response


ANSWERS = SessionAnswers()


def answer(data: Any) -> Response:
    """`{"success": true, "data": data}` with status 200, creations too."""
    response: Response = jsonify(success=True, data=data)
    return response
