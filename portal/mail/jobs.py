"""Taking messages to the server. Nothing is held in the database while the network is waited for."""

import time
from datetime import timedelta
from email.message import EmailMessage
from smtplib import SMTP

from flask import current_app
from sqlalchemy import delete, select

from portal.kernel.clock import utc_now
from portal.kernel.db import reading, unit_of_work
from portal.kernel.log import log
from portal.kernel.queue import ring
from portal.mail.model import Mail, due
from portal.mail.posting import NotSent, connected, post
from portal.mail.rendering import message
from portal.mail.service import LEASE, SEND_DUE, Claimed, can_send, claim, note_failed, note_sent
from portal.orgs.model import Organization

AT_ONCE, AT_MOST = 10, 200  # in one claim, in one run; then another job has its turn
ENOUGH = LEASE.total_seconds() / 2  # half of the lease: what is not sent by then waits for the next claim
KEPT = timedelta(days=30)


def send_due() -> int:
    """Send what is due, a few at a time over one connection; how many left."""
    left = 0
    while can_send() and left < AT_MOST:
        with unit_of_work() as session:
            taken = claim(session, AT_ONCE)
        if not taken:
            break
        sent = _send(taken)
        left += sent
        if not sent:
            break  # the server has trouble: what else is due waits for the next run
    return left


def sweep() -> None:
    """Periodic: wake a worker for what is due; without Redis there is none, and the clock sends."""
    with reading() as connection:
        waiting = connection.scalar(select(due(1).subquery().c.id))
    if waiting is not None and not ring(current_app.config["SETTINGS"].queue_url, SEND_DUE):
        send_due()


def forget() -> None:
    """Periodic: remove the rows of messages that went, or were given up, a month ago."""
    old = Mail.due_at.is_(None), Mail.created_at < utc_now() - KEPT
    with unit_of_work() as session:
        session.execute(delete(Mail).where(*old))


def _send(taken: list[Claimed]) -> int:
    """Send these, each noted by itself; how many left. What there was no time for is free again when the lease ends."""
    waiting, until, left = _written(taken), time.monotonic() + ENOUGH, 0
    try:
        with connected(current_app.config["SETTINGS"].smtp_url) as server:
            while waiting and time.monotonic() < until:
                left += _delivered(server, *waiting.pop(0))
    except NotSent as error:
        for mail, _ in waiting:
            _put_off(mail, error)
    return left


def _delivered(server: SMTP, mail: Claimed, made: EmailMessage) -> bool:
    try:
        post(server, made)
    except NotSent as error:
        _put_off(mail, error)
        return False
    with unit_of_work() as session:
        note_sent(session, mail)
    return True


def _put_off(mail: Claimed, error: NotSent) -> None:
    log.warning("message not sent", mail=mail.uid, attempt=mail.attempt, error=error.why)
    with unit_of_work() as session:
        note_failed(session, mail, error.why, for_good=error.for_good)


def _written(taken: list[Claimed]) -> list[tuple[Claimed, EmailMessage]]:
    with unit_of_work() as session:
        return [(mail, message(session, session.get_one(Organization, mail.org_id), mail)) for mail in taken]
