"""The Agent API's words: `{"success": …, "message": …, "data": …}`; errors add `code` (FACTS 3c, RULINGS 3, 5, 6)."""

from typing import Any

from flask import jsonify
from werkzeug.wrappers import Response

from portal.web.problems import Problem

# reason -> (code, name) of the sibling's published table
CODES = {
    "missing_credential": (1007, "TOKEN_NOT_FOUND"),
    "bad_credential": (1009, "TOKEN_INVALID"),
    "key_disabled": (1009, "TOKEN_INVALID"),
    "key_revoked": (1009, "TOKEN_INVALID"),
    "key_expired": (1009, "TOKEN_INVALID"),
    "address": (1010, "PERMISSION_ERROR"),
    "scope": (1010, "PERMISSION_ERROR"),
    "resource": (1010, "PERMISSION_ERROR"),
    "forbidden": (1010, "PERMISSION_ERROR"),
    "organization_disabled": (1010, "PERMISSION_ERROR"),
    "concurrency": (1018, "SERVER_IS_BUSY"),
    "rate": (1018, "SERVER_IS_BUSY"),
    "brake": (1018, "SERVER_IS_BUSY"),
    "unavailable": (1003, "SERVICE_EXCEPTION"),
    "internal": (1001, "INTERNAL_SERVER_ERROR"),
}
OTHERWISE = (1012, "PARAMETERS_INVALID")


class AgentAnswers:
    prefixes = ("/v1/provider/", "/v1/game/", "/v1/operator/", "/v1/player/")

    def word(self, problem: Problem, path: str) -> Response:
        """Status as elsewhere, the code of the table, and a message that begins with the code's name."""
        code, name = CODES.get(problem.reason, OTHERWISE)
        text = f"the key lacks the scope {problem.message}." if problem.reason == "scope" else problem.message
        response: Response = jsonify(success=False, message=f"{name}: {text}", data=None, code=code)
        response.status_code = problem.status
        return response


ANSWERS = AgentAnswers()


def answer(data: Any) -> Response:
    """`{"success": true, "message": "OK", "data": data}`."""
    return jsonify(success=True, message="OK", data=data)
