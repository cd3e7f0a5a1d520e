"""The way out: one SMTP server, its certificate checked, nothing waited for longer than fifteen seconds."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

SECONDS = 15
PORTS = {"smtp": 587, "smtps": 465}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class NotSent(Exception):
    """`for_good`: the server refuses this very message, so sending it again is of no use. The text is for the log."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.why, self.for_good = why, for_good


@contextmanager
def connected(url: str) -> Iterator[smtplib.SMTP]:
    """A server that takes messages. Raises NotSent where it cannot be reached, proves to be another, or does not let us in."""
    try:
        server = _opened(url)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(_said(error)) from error
    try:
        yield server
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()


def post(server: smtplib.SMTP, message: EmailMessage) -> None:
    """Send one message. Raises NotSent."""
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise NotSent(f"{code} {_text(text)}", for_good=code >= 500) from error
    except smtplib.SMTPDataError as error:
        raise NotSent(_said(error), for_good=error.smtp_code >= 500) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(_said(error)) from error


def _opened(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, port, context = str(parts.hostname), parts.port or PORTS[parts.scheme], ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=SECONDS)
    try:
        if parts.scheme == "smtp":
            _secured(server, context, optional=parts.query == "tls=none" or host in LOOPBACK)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _secured(server: smtplib.SMTP, context: ssl.SSLContext, *, optional: bool) -> None:
    """STARTTLS; messages hold private links, so a server beyond this machine has to offer it."""
    server.ehlo_or_helo_if_needed()
    if server.has_extn("starttls"):
        server.starttls(context=context)
    elif not optional:
        raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS, and messages are not sent in the clear")


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
