"""The Feed API's words: `{"data": …, "meta": …}` or `{"detail": …}`, as JSON or XML, whichever the caller accepts.

A sibling address that ends in `.xml` is XML whatever the Accept header says (FACTS 2).
"""

from typing import Any

from flask import jsonify, request
from pydantic import Field
from werkzeug.wrappers import Response

from portal.contracts.feed.sports import PATHS
from portal.kernel.errors import NotAcceptable
from portal.web import xml
from portal.web.contract import DATA, EVERYWHERE, MEANINGS, Contract
from portal.web.describe import Shape
from portal.web.problems import Problem

JSON, XML = "application/json", "application/xml"
OFFERED = (JSON, XML, "text/xml")
# A key that is known but may not: 403 here, where other contracts say 401 (RULINGS 3).
FORBIDDEN = frozenset({"bad_credential", "key_disabled", "key_revoked", "key_expired"})


# What the elements of a list are called in XML; a match by itself is a document with that root (FACTS 2).
MATCH = "fixtures_fixture"


class FeedError(Shape):
    detail: str


class Meta(Shape):
    """How much of a list this is. `total` counts everything that fits; `next_since_id` is where a log goes on."""

    count: int
    limit: int
    total: int | None = None
    next_since_id: int | None = Field(None, examples=[1042])


ABOUT = Contract(
    slug="feed",
    title="Feed API",
    sentence="What a feed key may see, as JSON or XML.",
    envelope={"data": DATA},
    beside_lists={"meta": Meta},
    error=FeedError,
    sections=("Your key", "Matches", "Settlements", "Tournaments and teams", "Recovery"),
    notes=(
        "Send your key in the header X-API-Key. A missing key is 401, one that is unknown, switched off or too narrow is 403.",
        "Accept chooses between application/json and application/xml; an address that ends in .xml is XML whatever it says.",
        "A sport is the category of competitions in lower case, with a hyphen for spaces, dots and underscores. The feed shows "
        "the competitions of the key's own organization.",
        "Fields outside the key's scopes are absent. Scopes only add: matches:finished alone shows the matches that are over, "
        "matches:list or matches:read all of them.",
        "A match is in the feed once both sides are known. It is live from its hour on until it has a result.",
    ),
    statuses=EVERYWHERE | {406: MEANINGS[406]},
    media=OFFERED,
    credential=("X-API-Key", ""),
)


class FeedAnswers:
    about = ABOUT
    prefixes = ("/v1/whoami", "/v1/alive")
    patterns = (PATHS,)

    def word(self, problem: Problem, path: str) -> Response:
        """`{"detail": text}` with the status of the page's table."""
        status = 403 if problem.reason in FORBIDDEN else problem.status
        try:
            kind = negotiated()
        except NotAcceptable:
            kind = JSON
        return _as(kind, {"detail": _words(problem)}, "error", status)


ANSWERS = FeedAnswers()


def answer(data: Any, meta: dict[str, Any] | None = None, status: int = 200, root: str = "") -> Response:
    """`{"data": data}` with `meta` where there is any, in the negotiated type. With `root` the XML is a document of the data
    alone, whose element has that name. Raises NotAcceptable."""
    kind = negotiated()
    body = {"data": data} | ({"meta": meta} if meta is not None else {})
    if kind != JSON and root:
        return _xml(kind, root, data, status)
    return _as(kind, body, "response", status)


def negotiated() -> str:
    """application/json or the XML type that the caller prefers; JSON when it does not say. Raises NotAcceptable."""
    if request.path.endswith(".xml"):
        return XML
    best = request.accept_mimetypes.best_match(OFFERED) if request.headers.get("Accept") else JSON
    if best is None:
        raise NotAcceptable("Neither JSON nor XML is accepted. Send Accept: application/json or application/xml.")
    return best


def lacks(scope: str) -> str:
    """The page's sentence about a scope that the key has not."""
    return f"Required scope '{scope}' is not granted to this API key. Contact your account manager to extend the key's scopes."


def _words(problem: Problem) -> str:
    return lacks(problem.message) if problem.reason == "scope" else problem.message


def _as(kind: str, body: dict[str, Any], root: str, status: int) -> Response:
    if kind != JSON:
        return _xml(kind, root, body, status)
    response: Response = jsonify(body)
    response.status_code = status
    response.vary.add("Accept")
    return response


def _xml(kind: str, root: str, value: Any, status: int) -> Response:
    response = Response(xml.document(root, value), status, content_type=f"{kind}; charset=utf-8")
    response.vary.add("Accept")
    return response
