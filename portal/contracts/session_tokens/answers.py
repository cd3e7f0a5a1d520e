"""The Session API's words: `{"success": true, "data": …}` or `{"success": false, "error": "…"}`."""

from typing import Any

from flask import jsonify
from werkzeug.wrappers import Response

from portal.web.problems import Problem

# The page knows 200, 400, 401, 403, 410, 429 and 500. What has no place there is a bad request.
AS_BAD_REQUEST = frozenset({"not_found", "conflict", "not_acceptable", "unsupported_media", "unprocessable"})


class SessionAnswers:
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
