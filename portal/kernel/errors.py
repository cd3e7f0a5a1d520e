"""What can go wrong, in two families.

A `PortalError` is something the person or program that asked can mend: its text is shown to them.
A `Fault` must never happen: its text is for the log, and the person sees a request id.
Neither knows HTTP: each contract words its own answer (see `web.errors` and `contracts/*/answers.py`).
"""


class PortalError(Exception):
    """Mendable. `message` names what is wrong, why, and what to do; it never echoes a secret."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(PortalError):
    """A value breaks a rule. `field` is the name the sender used, or "" when the whole request is meant."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Unprocessable(Invalid):
    """Well-formed, but it does not fit what is there: a draw in a bracket, a seed given twice."""


class Unauthenticated(PortalError):
    """Nobody is signed in, or the credential is not good."""


class Forbidden(PortalError):
    """Known, but not allowed. The message names the scope or role that is missing."""


class NotFound(PortalError):
    """Not there, or not yours: the two are never told apart."""


class Conflict(PortalError):
    """The present state does not allow it."""


class Gone(PortalError):
    """It was there once: used, expired or revoked."""


class TooLarge(PortalError):
    """The body is over the limit."""


class UnsupportedBody(PortalError):
    """The body is not of a type that is read here."""


class NotAcceptable(PortalError):
    """None of the answer's types is one that the caller accepts."""


class Busy(PortalError):
    """Try again after `retry_after` seconds (a whole number, at least 1)."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = max(1, retry_after)


class Fault(Exception):
    """A broken promise inside the program."""
