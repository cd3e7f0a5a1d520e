"""Issuing a key in a test's own unit of work, as alice, with nothing held back."""

from portal.audit.service import Actor
from portal.kernel.crypto import digest
from portal.keys import service as keys
from portal.keys.book import Book

ALICE = Actor("user", "alice", "alice@example.com")


def issue(session, org, **wish):
    """A session key called CI pipeline, or what `wish` says."""
    fields = {"name": "CI pipeline", "kind": "session", "scopes": ["sessions:create"], "grantable": None} | wish
    return keys.issue_key(session, org, ALICE, **fields)


def state_of(app, secret):
    """live, disabled, revoked or retired, as admission sees it; None for a key that never was."""
    record = Book(app).find(digest(secret))
    return record.state if record else None
