"""flask-login over our own rows: the cookie holds a token, the row decides. See `orgs.sign_in`."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user
from sqlalchemy.exc import DBAPIError, OperationalError
from wtforms import PasswordField

from portal.audit.service import Actor, record
from portal.kernel.clock import utc_now
from portal.kernel.db import db, unit_of_work
from portal.kernel.log import log
from portal.orgs import sign_in
from portal.orgs.model import SignIn, User
from portal.web.forms import Length, Required
from portal.web.render import redirect_to

LONGEST_PATH = 2000
PASSWORD_RULE = "At least 12 characters. Several words are easier to remember than signs."  # noqa: S105


class NewPassword:
    """Mixin: the field for a password that is chosen now."""

    password = PasswordField(
        "Password",
        [Required("Choose a password."), Length(200)],
        description=PASSWORD_RULE,
        render_kw={"autocomplete": "new-password"},
    )


class Browser(UserMixin):
    """What flask-login calls the user: one signed-in browser. `user` is the person."""

    def __init__(self, token: str, row: SignIn) -> None:
        self._token = token
        self.sign_in_id = row.id
        self.user: User = row.user

    def get_id(self) -> str:
        """What the cookie keeps."""
        return self._token


def init_app(app: Flask) -> None:
    """The loader, how long the cookie lives, and where those who are not signed in are sent."""
    app.config["PERMANENT_SESSION_LIFETIME"] = sign_in.ABSOLUTE
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    manager = LoginManager()
    manager.session_protection = None  # the row is the sign-in; a changed user agent is no reason to end it
    manager.user_loader(_load)
    manager.unauthorized_handler(_send_to_sign_in)
    manager.init_app(app)
    app.after_request(_keep_alive)
    app.after_request(_remember_place)


def begin(token: str) -> None:
    """Sign this browser in, after the sign-in was committed. Whatever its cookie held before is forgotten, so a planted
    one gains nothing."""
    db.session().rollback()  # look at what is there now, not at the snapshot from before the sign-in
    row = sign_in.find_sign_in(db.session(), token)
    if row is None:
        raise RuntimeError("the sign-in was just made and is not there")
    session.clear()
    session.permanent = True
    login_user(Browser(token, row))


def in_own_work(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view that opens its own unit of work, see `web.transaction`."""
    view.own_work = True  # type: ignore[attr-defined]
    return view


def failed(response: Response) -> bool:
    """For limits that count only what went wrong."""
    return response.status_code >= 400


def actor_of(user: User) -> Actor:
    """The signed-in person outside of any organization."""
    return Actor("user", user.uid, user.email, g.address, g.request_id)


def visitor(label: str) -> Actor:
    """Whoever asks, before they have shown who they are."""
    return Actor("visitor", "", label, g.address, g.request_id)


def unshared(response: Response) -> Response:
    """The address holds a secret: it goes to nobody."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def go_in(user_id: int, wanted: str) -> Response:
    """Sign this browser in as a person who was checked, and send it to `wanted` or the first page."""
    with unit_of_work() as work:
        token = sign_in.open_sign_in(work, user_id, address=g.address, user_agent=request.user_agent.string)
        user = work.get_one(User, user_id)
        record(work, None, actor_of(user), "sign_in.succeeded", ("user", user.uid, user.email))
    begin(token)
    return redirect_to(safe_path(wanted) or "/")


def safe_path(text: str | None) -> str:
    """`text` when it is a path of this site, else "": no scheme or host in any spelling that a browser would follow."""
    if not text or len(text) > LONGEST_PATH or not text.startswith("/") or text.startswith("//"):
        return ""
    if "\\" in text or any(letter <= " " or letter == "\x7f" or "\ud800" <= letter <= "\udfff" for letter in text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return "" if parts.scheme or parts.netloc else text


def _load(token: str) -> Browser | None:
    row = sign_in.find_sign_in(db.session(), token)
    if row is None:
        return None
    if row.seen_at < utc_now() - sign_in.SEEN_EVERY:
        g.seen_sign_in = row.id
    return Browser(token, row)


def _send_to_sign_in() -> Response:
    """To the sign-in, and back to this page after it. A fragment is no page: htmx says which page it stands on."""
    if request.headers.get("HX-Request"):
        here = urlsplit(request.headers.get("HX-Current-URL", ""))
        path = here.path + (f"?{here.query}" if here.query else "")
    else:
        path = request.full_path.rstrip("?") if request.method == "GET" else ""
    wanted = safe_path(path)
    return redirect_to(url_for("sign_in.sign_in", next=wanted if wanted and wanted != "/" else None))


def _keep_alive(response: Response) -> Response:
    """After the request's own work, in a short one of its own. A database too busy for it is no reason to fail."""
    seen = g.pop("seen_sign_in", None)
    if seen is not None:
        try:
            with unit_of_work() as work:
                sign_in.keep_alive(work, seen)
        except (OperationalError, DBAPIError) as error:
            log.warning("sign-in not kept alive", reason=type(error).__name__)
    return response


def _remember_place(response: Response) -> Response:
    """`/` leads to the organization used last."""
    place = g.get("place")
    if place is not None and current_user.is_authenticated and session.get("org") != place.organization.slug:
        session["org"] = place.organization.slug
    return response
