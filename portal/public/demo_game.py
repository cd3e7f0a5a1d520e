"""The smallest game there is: it checks the token that a player arrives with, and shows what it found."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from portal.kernel.errors import Invalid
from portal.session_tokens.player_jwt import verify

LONGEST_TOKEN = 8000


@dataclass(frozen=True)
class Examined:
    """`claims` as (name, printed value); `trouble` is empty where the token verified. `operator`: uid of whose link it was."""

    trouble: str = ""
    player: str = ""
    game: str = ""
    until: datetime | None = None
    claims: list[tuple[str, str]] = field(default_factory=list)
    operator: str = ""

    @property
    def good(self) -> bool:
        return not self.trouble


def examined(keys: dict[str, Any], token: str, *, issuer: str) -> Examined:
    """Check `token` against the published keys. A real game gives its own slug as the audience; this one takes any."""
    if not token or len(token) > LONGEST_TOKEN:
        return Examined("There is no player token in the address. Open the game from a link.")
    try:
        claims = verify(keys, token, issuer=issuer)
    except Invalid as error:
        return Examined(error.message)
    printed = [(name, json.dumps(value, ensure_ascii=False)) for name, value in claims.items()]
    player = str(claims.get("display_name") or claims.get("external_user_id") or "Player")
    return Examined(
        "", player, str(claims["aud"]), datetime.fromtimestamp(claims["exp"], UTC), printed, str(claims.get("operator_id", ""))
    )
