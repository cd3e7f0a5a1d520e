"""The Feed API's words: `{"data": …, "meta": …}` or `{"detail": …}`, as JSON or XML, whichever the caller accepts.

A sibling address that ends in `.xml` is XML whatever the Accept header says (FACTS 2).
"""

from typing import Any
from xml.etree import ElementTree

from flask import jsonify, request
from werkzeug.wrappers import Response

from portal.kernel.errors import NotAcceptable
from portal.web.contract import DATA, EVERYWHERE, MEANINGS, Contract
from portal.web.describe import Shape
from portal.web.problems import Problem

JSON, XML = "application/json", "application/xml"
OFFERED = (JSON, XML, "text/xml")
# A key that is known but may not: 403 here, where other contracts say 401 (RULINGS 3).
FORBIDDEN = frozenset({"bad_credential", "key_disabled", "key_revoked", "key_expired"})


class FeedError(Shape):
    detail: str


ABOUT = Contract(
    slug="feed",
    title="Feed API",
    sentence="What a feed key may see, as JSON or XML.",
    envelope={"data": DATA},
    error=FeedError,
    sections=("Your key",),
    notes=(
        "Send your key in the header X-API-Key. A missing key is 401, one that is unknown, switched off or too narrow is 403.",
        "Accept chooses between application/json and application/xml; an address that ends in .xml is XML whatever it says.",
    ),
    statuses=EVERYWHERE | {406: MEANINGS[406]},
    media=OFFERED,
    credential=("X-API-Key", ""),
)


class FeedAnswers:
    about = ABOUT
    prefixes = ("/v1/whoami", "/v1/alive")

    def word(self, problem: Problem, path: str) -> Response:
        """`{"detail": text}` with the status of the page's table."""
        status = 403 if problem.reason in FORBIDDEN else problem.status
        try:
            kind = negotiated()
        except NotAcceptable:
            kind = JSON
        return _as(kind, {"detail": _words(problem)}, "error", status)


ANSWERS = FeedAnswers()


def answer(data: Any, meta: dict[str, Any] | None = None) -> Response:
    """`{"data": data}` with `meta` where there is any, in the negotiated type. Raises NotAcceptable."""
    body = {"data": data} | ({"meta": meta} if meta is not None else {})
    return _as(negotiated(), body, "response", 200)


def negotiated() -> str:
    """application/json or the XML type that the caller prefers; JSON when it does not say. Raises NotAcceptable."""
    if request.path.endswith(".xml"):
        return XML
    best = request.accept_mimetypes.best_match(OFFERED) if request.headers.get("Accept") else JSON
    if best is None:
        raise NotAcceptable("Neither JSON nor XML is accepted. Send Accept: application/json or application/xml.")
    return best


def _words(problem: Problem) -> str:
    if problem.reason == "scope":
        return (
            f"Required scope '{problem.message}' is not granted to this API key. "
            "Contact your account manager to extend the key's scopes."
        )
    return problem.message


def _as(kind: str, body: dict[str, Any], root: str, status: int) -> Response:
    if kind == JSON:
        response: Response = jsonify(body)
        response.status_code = status
    else:
        text = ElementTree.tostring(_element(root, body), encoding="utf-8", xml_declaration=True)
        response = Response(text, status, content_type=f"{kind}; charset=utf-8")
    response.vary.add("Accept")
    return response


def _element(name: str, value: Any) -> ElementTree.Element:
    """A dict becomes child elements, a list repeated `item` elements, everything else text; None an empty element."""
    element = ElementTree.Element(name)
    if isinstance(value, dict):
        element.extend(_element(key, item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        element.extend(_element("item", item) for item in value)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = str(value)
    return element
