"""The Agent API's words: `{"success": …, "message": …, "data": …}`; errors add `code` (FACTS 3c, RULINGS 3, 5, 6)."""

from typing import Any, Literal

from flask import jsonify
from werkzeug.wrappers import Response

from portal.web.contract import BODY_STATUSES, DATA, EVERYWHERE, MEANINGS, Contract
from portal.web.describe import Shape
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


class AgentError(Shape):
    success: Literal[False]
    message: str
    data: None
    code: int


ABOUT = Contract(
    slug="agent",
    title="Agent API",
    sentence="Providers and games for agents and operators.",
    envelope={"success": Literal[True], "message": str, "data": DATA},
    error=AgentError,
    sections=("Providers",),
    notes=(
        "Every call carries three headers: Authorization with your key as a bearer token, Accept and Content-Type, both "
        "application/json, those without a body too.",
        "A refusal names its reason as a number in code: 1007 no key, 1009 a key that opens nothing, 1010 not allowed, "
        "1012 a header or field that is wrong, 1018 too many calls at a time.",
    ),
    statuses=EVERYWHERE | BODY_STATUSES | {406: MEANINGS[406]},
    headers={"Accept": "application/json", "Content-Type": "application/json"},
)


class AgentAnswers:
    about = ABOUT
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
