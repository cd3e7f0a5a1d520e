"""The edge owns the transaction: a view that answers below 400 commits, everything else rolls back."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from sqlalchemy.exc import DBAPIError

from portal.kernel.db import db, unit_of_work

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# PostgreSQL: serialization failure, deadlock. The whole request is run again, which is safe because nothing was kept.
RETRIABLE = frozenset({"40001", "40P01"})
TRIES = 3


class CookieSessions(SecureCookieSessionInterface):
    """Flask's own sessions, without building a signer for requests that carry no cookie: API calls, players."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


class PortalApp(Flask):
    """Flask whose unsafe requests each run in one unit of work."""

    session_interface = CookieSessions()

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
