"""Everything that can be answered instead of a result, as one value that each contract words in its own way."""

from dataclasses import dataclass

from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from portal.kernel import errors
from portal.kernel.constraints import sentence_for
from portal.web.throttle import seconds_left

# reason -> status where a contract says nothing else
STATUS = {
    "invalid": 400,
    "two_credentials": 400,
    "missing_credential": 401,
    "bad_credential": 401,
    "key_disabled": 401,
    "key_revoked": 401,
    "key_expired": 401,
    "forbidden": 403,
    "scope": 403,
    "resource": 403,
    "address": 403,
    "organization_disabled": 403,
    "cross_site": 403,
    "not_found": 404,
    "method": 405,
    "not_acceptable": 406,
    "conflict": 409,
    "gone": 410,
    "too_large": 413,
    "unsupported_media": 415,
    "unprocessable": 422,
    "rate": 429,
    "concurrency": 429,
    "brake": 429,
    "internal": 500,
    "unavailable": 503,
}

_BY_ERROR: tuple[tuple[type[errors.PortalError], str], ...] = (
    (errors.Unprocessable, "unprocessable"),
    (errors.Invalid, "invalid"),
    (errors.Unauthenticated, "missing_credential"),
    (errors.Forbidden, "forbidden"),
    (errors.NotFound, "not_found"),
    (errors.Conflict, "conflict"),
    (errors.Gone, "gone"),
    (errors.TooLarge, "too_large"),
    (errors.UnsupportedBody, "unsupported_media"),
    (errors.NotAcceptable, "not_acceptable"),
    (errors.Busy, "rate"),
)

_BY_STATUS = {
    400: ("invalid", "The request cannot be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method", "This address does not take that method."),
    406: ("not_acceptable", "None of the accepted types can be produced."),
    413: ("too_large", "The body is larger than 1 MB. Send less."),
    415: ("unsupported_media", "Send the body as application/json."),
    429: ("rate", "Too many requests. Wait before you try again."),
}


@dataclass(frozen=True)
class Problem:
    """Why there is no result. `retry_after` in seconds, 0 where waiting does not help."""

    reason: str
    message: str
    field: str = ""
    retry_after: int = 0
    allow: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        return STATUS[self.reason]


def problem_of(error: Exception) -> Problem:
    """The Problem that an exception stands for. What nobody foresaw becomes `internal` without a word of its text."""
    if isinstance(error, errors.PortalError):
        return _of_portal_error(error)
    if isinstance(error, CSRFError):
        return Problem("cross_site", "This form was opened too long ago or elsewhere. Reload the page and send it again.")
    if isinstance(error, HTTPException):
        reason, message = _BY_STATUS.get(error.code or 500, ("internal", INTERNAL))
        allow = tuple(sorted(getattr(error, "valid_methods", None) or ()))
        return Problem(reason, message, retry_after=seconds_left() if reason == "rate" else 0, allow=allow)
    if isinstance(error, IntegrityError):
        field, sentence = sentence_for(error)
        return Problem("conflict", sentence, field=field) if sentence else Problem("internal", INTERNAL)
    if isinstance(error, OperationalError | PoolTimeout):
        return Problem("unavailable", "The database is busy or away. Try again shortly.", retry_after=1)
    return Problem("internal", INTERNAL)


INTERNAL = "Something failed on our side. Nothing was changed. Quote the request id if you report it."


def _of_portal_error(error: errors.PortalError) -> Problem:
    reason = next((reason for kind, reason in _BY_ERROR if isinstance(error, kind)), "invalid")
    return Problem(reason, error.message, field=getattr(error, "field", ""), retry_after=getattr(error, "retry_after", 0))
