"""One address, told apart by method and `action` (session-tokens.txt)."""

from collections.abc import Callable

from flask import Blueprint, request
from werkzeug.wrappers import Response

from portal.contracts.session_tokens import keys, sessions
from portal.kernel.errors import Invalid
from portal.web import csrf
from portal.web.throttle import limiter

api = Blueprint("session_api", __name__)
csrf.exempt(api)  # the key half asks for the token itself where it takes a cookie

CALLS: dict[tuple[str, str], Callable[[], Response]] = {
    ("POST", "create-session"): sessions.create,
    ("GET", "validate-session"): sessions.validate,
    ("POST", "consume-session"): sessions.consume,
    ("GET", ""): keys.list_keys,
    ("POST", ""): keys.create_key,
    ("PATCH", ""): keys.change_key,
    ("DELETE", ""): keys.delete_key,
}


@api.route("/api/org-api-keys", methods=["GET", "POST", "PATCH", "DELETE"])
@limiter.limit(sessions.PER_ADDRESS, exempt_when=sessions.needs_key)
@limiter.limit(sessions.PER_TOKEN, key_func=sessions.token_key, exempt_when=sessions.needs_key)
def call() -> Response:
    """Raises Invalid for an action that this method does not have."""
    method = "GET" if request.method == "HEAD" else request.method
    found = CALLS.get((method, request.args.get("action", "")))
    if found is None:
        offered = ", ".join(action for verb, action in CALLS if verb == method and action)
        raise Invalid("action", f"This action is not known. {method} takes {offered or 'no action'}.")
    return found()


call.calls = CALLS  # what the reference describes one by one
