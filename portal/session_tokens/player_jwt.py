"""The token that a player carries into a game: EdDSA, short-lived, checked with the keys at /.well-known/jwks.json.

Claims stand in both spellings that game platforms know (`game_slug` and `gameSlug`). The algorithm is never taken from
the token (RFC 8725 3.1), and a verifier finds the key by the header's `kid` among the published ones.
"""

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.kernel.clock import Clock, utc_now
from portal.kernel.crypto import Master, base64url, seal, unseal
from portal.kernel.errors import Invalid
from portal.session_tokens.model import SessionToken, SigningKey

ALGORITHM = "EdDSA"
LIFETIME = timedelta(hours=1)
REQUIRED = ("iss", "aud", "sub", "jti", "iat", "exp", "permissions")
# A retired key stays published until the last token that it signed has expired, and a little longer for slow clocks.
PUBLISHED_AFTER_RETIREMENT = LIFETIME + timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a player token says. `slug` is the game's (or stream's), `at` the moment of consumption."""

    issuer: str
    operator_id: str
    slug: str
    kind: str  # game or stream
    session_id: int
    at: datetime
    player_uuid: str | None = None
    external_ref: str | None = None
    display_name: str | None = None


def ticket_of(link: SessionToken, at: datetime, kind: str, *, issuer: str, operator_id: str) -> Ticket:
    """The ticket of a consumed link. A `display_name` in its metadata is the player's name."""
    name = (link.details or {}).get("display_name")
    target = link.game if kind == "game" else link.stream
    assert target is not None
    return Ticket(
        issuer=issuer,
        operator_id=operator_id,
        slug=target.slug,
        kind=kind,
        session_id=link.id,
        at=at,
        player_uuid=link.player_uuid,
        external_ref=link.external_ref,
        display_name=name[:100] if isinstance(name, str) else None,
    )


def sign(session: Session, master: Master, ticket: Ticket) -> str:
    """The token. The same ticket gives the same token, so that a repeated answer is the same answer."""
    kid, private = signing_key(session, master)
    return jwt.encode(claims(ticket), private, algorithm=ALGORITHM, headers={"kid": kid})


def claims(ticket: Ticket) -> dict[str, Any]:
    """The payload. Names that are absent do not apply: a session link belongs to no tournament."""
    player = ticket.player_uuid or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{ticket.issuer}/players/{ticket.session_id}"))
    issued = int(ticket.at.timestamp())
    both = {
        "operator_id": ticket.operator_id,
        "session_id": ticket.session_id,
        "internal_player_id": player,
        "player_id": player,
        "external_user_id": ticket.external_ref,
        "display_name": ticket.display_name,
        f"{ticket.kind}_slug": ticket.slug,
    }
    payload = {name: value for snake, value in both.items() if value is not None for name in (snake, _camel(snake))}
    return payload | {
        "iss": ticket.issuer,
        "aud": ticket.slug,
        "sub": ticket.external_ref or str(ticket.session_id),
        "jti": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{ticket.issuer}/sessions/{ticket.session_id}")),
        "permissions": ["play"],
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
    }


def verify(keys: dict[str, Any], token: str, *, issuer: str, audience: str | None = None) -> dict[str, Any]:
    """The claims of a token signed with one of `keys` (a JWK set). Raises Invalid saying what is wrong.

    `audience` is the slug of the game that asks; a game must give its own. None is for showing a token, not for playing.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        found = next((key for key in keys["keys"] if key["kid"] == kid), None)
        if found is None:
            raise Invalid("jwt", "The token is signed with a key that is not published here.")
        options = {"require": list(REQUIRED), "verify_aud": audience is not None}
        public = jwt.PyJWK(found, algorithm=ALGORITHM)
        return jwt.decode(token, public, algorithms=[ALGORITHM], issuer=issuer, audience=audience, options=options)  # type: ignore[arg-type]
    except jwt.ExpiredSignatureError:
        raise Invalid("jwt", "The token has expired. Open the game from a new link.") from None
    except jwt.InvalidAudienceError:
        raise Invalid("jwt", "The token is for another game.") from None
    except jwt.PyJWTError:
        raise Invalid("jwt", "The token does not verify: it is cut off, altered, or not from here.") from None


def published(session: Session, clock: Clock = utc_now) -> dict[str, Any]:
    """The JWK set: the key in use and those retired a short while ago, as RFC 8037 prints Ed25519 keys."""
    fresh = SigningKey.retired_at > clock() - PUBLISHED_AFTER_RETIREMENT
    query = select(SigningKey).where(or_(SigningKey.retired_at.is_(None), fresh)).order_by(SigningKey.id.desc())
    return {"keys": [_jwk(key.public) | {"kid": key.kid, "use": "sig", "alg": ALGORITHM} for key in session.scalars(query)]}


def signing_key(session: Session, master: Master) -> tuple[str, Ed25519PrivateKey]:
    """The key in use and its id; made when there is none. Of several processes that make the first one, one succeeds."""
    query = select(SigningKey.kid, SigningKey.private).where(SigningKey.is_current.is_(True))
    row = session.execute(query).first()
    if row is None:
        try:
            with session.begin_nested():
                _make(session, master)
        except IntegrityError:
            pass  # another process was first
        row = session.execute(query).one()
    return row.kid, _opened(master, row.kid, row.private)


def retire_signing_key(session: Session, master: Master, clock: Clock = utc_now) -> str:
    """Sign with a new key from now on; tokens of the old one stay good until they expire. The new key's id."""
    change = update(SigningKey).where(SigningKey.is_current.is_(True)).values(is_current=None, retired_at=clock())
    session.execute(change)
    return signing_key(session, master)[0]


def _make(session: Session, master: Master) -> None:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    kid = _thumbprint(public)
    sealed = seal(master, raw, bound_to(kid))
    session.execute(insert(SigningKey).values(kid=kid, public=public, private=sealed, is_current=True, created_at=utc_now()))


@lru_cache(maxsize=8)
def _opened(master: Master, kid: str, sealed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(unseal(master, sealed, bound_to(kid)))


def bound_to(kid: str) -> str:
    """The row that a private key opens in."""
    return f"signing_keys:{kid}"


def _jwk(public: bytes) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": base64url(public)}


def _thumbprint(public: bytes) -> str:
    """RFC 7638: the digest of the key's required members in alphabetical order, without white space."""
    return base64url(hashlib.sha256(json.dumps(_jwk(public), separators=(",", ":"), sort_keys=True).encode()).digest())


def _camel(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word.capitalize() for word in rest)
