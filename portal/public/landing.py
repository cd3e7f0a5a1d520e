"""What a landing page says: where the link leads, or why it does not and what to do about it."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy.orm import Session

from portal.catalog.model import Game, Stream
from portal.kernel.errors import Gone
from portal.orgs.model import Organization
from portal.session_tokens.model import SessionToken
from portal.session_tokens.opening import peek

CARRIED_AS = "jwt"  # the query parameter of the launch address


@dataclass(frozen=True)
class Refusal:
    """Why the link does not open: a title, what to do, and from when on it opens where it is only too early."""

    title: str
    sentence: str
    opens_at: datetime | None = None


UNKNOWN = Refusal(
    "This link does not lead anywhere",
    "It may have been cut off when it was copied. Open the link in the message again, or ask the sender for a new one.",
)
REFUSALS = {
    "consumed": Refusal(
        "This link has been used",
        "Each link opens once. If your game is still open in another tab, go on there. Otherwise ask for a new link.",
    ),
    "expired": Refusal("This link has expired", "Links are good for a limited time. Ask the sender for a new one."),
    "revoked": Refusal("This link was withdrawn", "The sender has taken it back. Ask them for a new one."),
    "waiting": Refusal("This link is not open yet", "Keep it and come back when it opens. It stays good until then."),
    "closed": Refusal("This link is closed", "The sender does not run games here at the moment. Ask them when they do."),
}


@dataclass(frozen=True)
class Landing:
    """A link as its page shows it; `refusal` is None where the player may go on. `kind` is game or stream."""

    organization: Organization | None
    refusal: Refusal | None
    link: SessionToken | None = None
    kind: str = ""
    target: Game | Stream | None = None

    @property
    def status(self) -> int:
        return 200 if self.refusal is None else 410


def landing_of(session: Session, token: str, kind: str = "", number: int | None = None) -> Landing:
    """What to show for `token` at the address of game or stream `number`, or at the short address. Changes nothing."""
    try:
        seen = peek(session, token)
    except Gone:
        return Landing(None, UNKNOWN)
    targets = {"game": seen.link.game, "stream": seen.link.stream}
    kind = kind or ("game" if seen.link.game else "stream")
    target = targets[kind]
    if target is None or (number is not None and target.id != number):
        return Landing(None, UNKNOWN)
    refusal = REFUSALS.get(seen.state)
    if refusal is not None and seen.state == "waiting":
        refusal = Refusal(refusal.title, refusal.sentence, seen.link.not_before)
    return Landing(seen.organization, refusal, seen.link, kind, target)


def words_of(landing: Landing) -> str:
    """The game's sport as people read it: `table_games` as Table games, `cs2` as CS2."""
    text = str(getattr(landing.target, "category", "") or "").replace("-", " ").replace("_", " ")
    return text.upper() if any(letter.isdigit() for letter in text) else text.capitalize()


def with_token(launch_url: str, token: str) -> str:
    """The launch address with the player's token added to its query; a `jwt` that was there gives way."""
    parts = urlsplit(launch_url)
    pairs = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != CARRIED_AS]
    return urlunsplit(parts._replace(query=urlencode([*pairs, (CARRIED_AS, token)])))


def origin_of(url: str) -> str:
    """Scheme, host and port: what a content security policy names."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
