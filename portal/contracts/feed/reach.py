"""What a feed key may reach where one of several scopes will do."""

from portal.admission.caller import Caller
from portal.contracts.feed.answers import lacks
from portal.kernel.errors import Forbidden
from portal.markets.fields import LIST, shows


def statuses_for(caller: Caller, sport: str) -> tuple[str, ...]:
    """The statuses of matches that the key sees. Raises Forbidden where it sees none."""
    seen = shows(caller.key.scopes, sport)
    if not seen:
        raise Forbidden(lacks(f"{sport}:{LIST}"))
    return seen
