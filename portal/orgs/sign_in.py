"""Signing in and out: argon2 passwords, one row per signed-in browser, ended at once wherever the row goes."""

import secrets
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.kernel.clock import Clock, utc_now
from portal.kernel.crypto import digest
from portal.kernel.errors import Invalid, Unauthenticated
from portal.orgs.model import SignIn, User

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=14)
SEEN_EVERY = timedelta(minutes=5)
PASSWORD_LENGTH = (12, 200)

_hasher = PasswordHasher()
# Verified when the account is unknown, so that the answer takes as long as for a wrong password.
_DECOY = _hasher.hash(secrets.token_urlsafe(16))
WRONG = "The e-mail address and the password do not match. Check both and try again."


def hash_password(password: str, field: str = "password") -> str:
    """Raises Invalid naming `field` outside 12 to 200 characters, and for one that everybody tries first."""
    low, high = PASSWORD_LENGTH
    if not low <= len(password) <= high:
        raise Invalid(field, f"The password has {len(password)} characters. Use {low} to {high}.")
    if len(set(password.lower())) < 5:
        raise Invalid(field, "This password repeats few characters and is quickly guessed. Use several words.")
    return _hasher.hash(password)


def check_password(session: Session, email: str, password: str) -> User:
    """The person; raises Unauthenticated with one sentence, after the same time, for every reason."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if not _fits(user.password_hash if user else _DECOY, password) or user is None or user.disabled_at:
        raise Unauthenticated(WRONG)
    return user


def open_sign_in(session: Session, user_id: int, *, address: str, user_agent: str, clock: Clock = utc_now) -> str:
    """Sign a browser in whose person was checked; the token for its cookie."""
    token = secrets.token_urlsafe(32)
    now = clock()
    row = SignIn(digest=digest(token), user_id=user_id, expires_at=now + ABSOLUTE, seen_at=now, created_at=now)
    row.address, row.user_agent = address[:45], user_agent[:200]
    session.add(row)
    session.flush()
    return token


def find_sign_in(session: Session, token: str, clock: Clock = utc_now) -> SignIn | None:
    """The living sign-in behind a cookie's token, or None when it ended, idled out or expired."""
    now = clock()
    query = select(SignIn).where(SignIn.digest == digest(token), SignIn.expires_at > now, SignIn.seen_at > now - IDLE)
    row = session.scalar(query)
    return row if row is not None and row.user.disabled_at is None else None


def keep_alive(session: Session, sign_in_id: int, clock: Clock = utc_now) -> None:
    """Note that the browser is still there."""
    session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(seen_at=clock()))


def sign_out(session: Session, user_id: int, sign_in_id: int) -> bool:
    """End one of the person's sign-ins; False when there is none of that number."""
    ended = session.execute(delete(SignIn).where(SignIn.user_id == user_id, SignIn.id == sign_in_id).returning(SignIn.id))
    return ended.first() is not None


def sign_out_everywhere(session: Session, user_id: int) -> int:
    """End every sign-in of a person; the number ended."""
    count = session.scalar(select(func.count()).select_from(SignIn).where(SignIn.user_id == user_id)) or 0
    session.execute(delete(SignIn).where(SignIn.user_id == user_id))
    return count


def change_password(session: Session, user: User, old: str, new: str) -> None:
    """Set a new password and end every sign-in of the person. Raises Invalid naming the field."""
    if not _fits(user.password_hash, old):
        raise Invalid("current_password", "This is not your current password.")
    user.password_hash = hash_password(new, "new_password")
    sign_out_everywhere(session, user.id)


def password_fits(user: User, password: str) -> bool:
    """Takes a twentieth of a second, whatever the answer."""
    return _fits(user.password_hash, password)


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password[: PASSWORD_LENGTH[1] + 1])
    except (VerificationError, InvalidHashError):
        return False
