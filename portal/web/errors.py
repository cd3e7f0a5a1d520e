"""Every error becomes a Problem, and whoever owns the path words it: a contract its JSON, the players' pages and the back
office a page of their own."""

from typing import Protocol, cast

from flask import Flask, current_app, request
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.wrappers import Response

from portal.kernel.log import log
from portal.web.problems import Problem, problem_of
from portal.web.render import render
from portal.web.request_id import request_id


class Answers(Protocol):
    """How one contract, or one kind of pages, words problems. `prefixes` are the paths that it owns; where one begins with a
    parameter, `patterns` are regular expressions that its paths match, asked after every prefix."""

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Paths that begin so are its own."""

    def word(self, problem: Problem, path: str) -> Response:
        """Status, headers and body in its own form."""


TITLES = {
    400: "This request cannot be read",
    401: "Sign in first",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not that way",
    409: "This cannot be done now",
    410: "No longer there",
    413: "Too large",
    422: "This does not fit",
    429: "Too many tries",
    500: "Something failed on our side",
    503: "Busy at the moment",
}


def init_app(app: Flask, contracts: tuple[Answers, ...], pages: tuple[Answers, ...]) -> None:
    """Who owns which paths: `contracts` are APIs, `pages` those that are not the back office's. The longest prefix wins."""
    app.extensions["contracts"] = contracts
    app.extensions["answers"] = _by_prefix(contracts)
    patterns = [(pattern, one) for one in contracts for pattern in getattr(one, "patterns", ())]
    app.extensions["answers_by_pattern"] = patterns
    app.extensions["answers_of_pages"] = _by_prefix(pages)
    for code in default_exceptions:
        app.register_error_handler(code, _handle)
    app.register_error_handler(Exception, _handle)


def owner_of(path: str) -> Answers | None:
    """The contract that words the answers of `path`, or None for pages."""
    return _owner(path, "answers")


def answer_problem(problem: Problem) -> Response:
    """The problem as the owner of this request's path words it, with Retry-After and Allow where they help."""
    owner = owner_of(request.path) or _owner(request.path, "answers_of_pages")
    response = owner.word(problem, request.path) if owner is not None else _page(problem)
    if problem.retry_after:
        response.headers.setdefault("Retry-After", str(problem.retry_after))
    if problem.allow:
        response.headers.setdefault("Allow", ", ".join(problem.allow))
    return response


def _by_prefix(answers: tuple[Answers, ...]) -> tuple[tuple[str, Answers], ...]:
    return tuple(sorted(((prefix, one) for one in answers for prefix in one.prefixes), key=lambda owned: -len(owned[0])))


def _owner(path: str, among: str) -> Answers | None:
    for prefix, answers in current_app.extensions[among]:
        if path.startswith(prefix):
            return cast(Answers, answers)
    for pattern, answers in current_app.extensions.get(f"{among}_by_pattern", ()):
        if pattern.match(path):
            return cast(Answers, answers)
    return None


def _handle(error: Exception) -> Response | HTTPException:
    if isinstance(error, HTTPException) and (error.code is None or error.code < 400):
        return error  # a redirect of the router
    problem = problem_of(error)
    if problem.status >= 500:
        log.error("request failed", request_id=request_id(), route=str(request.url_rule), exc_info=error)
    return answer_problem(problem)


def _page(problem: Problem) -> Response:
    title = TITLES.get(problem.status, "This did not work")
    given = {"problem": problem, "title": title, "request_id": request_id()}
    return render("errors/page.html", "errors/_error.html", problem.status, **given)
