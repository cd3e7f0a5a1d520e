"""A real mail server in this process: it keeps what it is given, or refuses as it is told."""

import contextlib
import ssl
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

PASSWORD = "a password of the mail server"


class Mailbox:
    """What came in, in order. `refuse` maps an address to the answer it gets, "" to the answer after the data."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.refuse: dict[str, str] = {}
        self.url = ""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if "" in self.refuse:
            return self.refuse[""]
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """Messages to that address: the server is shared by every test of a run."""
        return [message for message, (_, to) in zip(self.messages, self.envelopes, strict=True) if to == [address]]


class _AnyPort(Controller):
    """aiosmtpd greets its own port as soon as it listens, and would greet port 0."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def _let_in(server, session, envelope, mechanism, data) -> AuthResult:
    return AuthResult(success=data.login == b"us@er" and data.password == PASSWORD.encode(), handled=False)


@contextlib.contextmanager
def mailbox(context: ssl.SSLContext | None = None, *, starttls: bool = False) -> Iterator[Mailbox]:
    """A server on a free port; with `context` over TLS from the start, or after STARTTLS, and then only with a password."""
    kept = Mailbox()
    tls = {"tls_context": context, "require_starttls": True} if starttls else {"ssl_context": context} if context else {}
    auth = {"authenticator": _let_in, "auth_required": True} if context else {}
    if context and not starttls:
        auth["auth_require_tls"] = False
    controller = _AnyPort(kept, hostname="127.0.0.1", port=0, server_hostname="mailbox.test", **tls, **auth)
    controller.start()
    try:
        kept.url = f"127.0.0.1:{controller.port}"
        yield kept
    finally:
        controller.stop()
