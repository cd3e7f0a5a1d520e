"""An application that may send mail, and the server that takes it."""

from dataclasses import replace

import pytest

from tests.mail.mailbox import mailbox


@pytest.fixture
def box(app):
    """A mail server of this test's own; the application sends through it."""
    before = app.config["SETTINGS"]
    with mailbox() as kept:
        app.config["SETTINGS"] = replace(before, smtp_url=f"smtp://{kept.url}", mail_from="play@tiltyard.example")
        yield kept
        app.config["SETTINGS"] = before
