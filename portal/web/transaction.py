"""The edge owns the transaction: a view that answers below 400 commits, everything else rolls back."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from sqlalchemy.exc import DBAPIError

from portal.kernel.db import db, unit_of_work

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# PostgreSQL: serialization failure, deadlock. The whole request is run again, which is safe because nothing was kept.
RETRIABLE = frozenset({"40001", "40P01"})
TRIES = 3
CALL, PAGE = "call", "page"


class CookieSessions(SecureCookieSessionInterface):
    """Flask's own sessions, without building a signer for requests that carry no cookie: API calls, players."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if "HTTP_COOKIE" not in request.environ or self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Nothing to save, and nothing that the answer varies by, where no cookie came and nothing was put in."""
        if session or session.modified or self.get_cookie_name(app) in request.cookies:
            super().save_session(app, session, response)


def for_all(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a page that is the same for everybody: it takes no cookie and changes nothing."""
    view.for_all = True  # type: ignore[attr-defined]
    return view


class PortalApp(Flask):
    """Flask whose unsafe requests each run in one unit of work, and whose API calls skip what serves browsers.

    A call that admission guards takes no cookie, so sessions, sign-ins, CSRF, toasts and the limits of public pages have
    no part in it: only `before_call`, what its blueprint asks first, `after_call` and `end_of_call` run. Pages `for_all`
    take none either: only `before_page` and `after_page` run.
    """

    session_interface = CookieSessions()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.before_call: list[Callable[[], None]] = []
        self.after_call: list[Callable[[Response], Response]] = []
        self.end_of_call: list[Callable[[], None]] = []
        self.before_page: list[Callable[[], Any]] = []
        self.after_page: list[Callable[[Response], Response]] = []  # the last one first, as Flask has it
        self._kinds: dict[str, str] = {}

    def preprocess_request(self) -> Any:
        kind = self._kind()
        if kind == PAGE:
            return next((answer for hook in self.before_page if (answer := hook()) is not None), None)
        if kind != CALL:
            return super().preprocess_request()
        for hook in self.before_call:
            hook()
        for name in request.blueprints:
            for own in self.before_request_funcs.get(name, ()):
                answer = own()
                if answer is not None:
                    return answer
        return None

    def process_response(self, response: Response) -> Response:
        kind = self._kind()
        if not kind:
            return super().process_response(response)
        for hook in self.after_call if kind == CALL else reversed(self.after_page):
            response = hook(response)
        return response

    def do_teardown_request(self, *args: Any) -> None:
        kind = self._kind()
        if not kind:
            super().do_teardown_request(*args)
        elif kind == CALL:
            for hook in self.end_of_call:
                hook()

    def _kind(self) -> str:
        """CALL for a view behind `admission.guard.admit`, PAGE for one that is `for_all`, else ""."""
        rule = request.url_rule
        if rule is None:
            return ""
        known = self._kinds.get(rule.endpoint)
        if known is None:
            view = self.view_functions[rule.endpoint]
            known = CALL if hasattr(view, "required_scope") else PAGE if hasattr(view, "for_all") else ""
            self._kinds[rule.endpoint] = known
        return known

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view or hook here is async, and asking each of them on every request takes its time."""
        return func

    def dispatch_request(self) -> Response:
        if request.method in SAFE_METHODS or getattr(self.view_functions.get(request.endpoint or ""), "own_work", False):
            return super().dispatch_request()  # type: ignore[return-value]
        for left in reversed(range(TRIES)):
            try:
                return self._dispatch_in_one_work()
            except DBAPIError as error:
                if not left or getattr(error.orig, "sqlstate", None) not in RETRIABLE:
                    raise
        raise AssertionError("unreachable")

    def _dispatch_in_one_work(self) -> Response:
        session = db.session()
        with unit_of_work(session):
            response = self.make_response(super().dispatch_request())
            if response.status_code >= 400:
                session.rollback()
                session.info.pop("after_commit", None)
        return response
