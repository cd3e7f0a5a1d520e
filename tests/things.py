"""One of everything that an address can name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.competitions.model import Competition, Entry, Match
from portal.kernel.db import unit_of_work
from portal.kernel.ids import new_uid
from portal.players.model import RosterEntry, Team
from tests.wallets import Wallet

if TYPE_CHECKING:
    from tests.make import Make, Org


class Things(dict[str, object]):
    """What belongs to one organization, made at the first look: `team` and the `player` on it, `running` (a competition that
    was started) with a `match` and a `registration` of it, and so on."""

    def __init__(self, make: "Make", org: "Org") -> None:
        super().__init__(org=org.uid)
        self._made_by: dict[str, Callable[[], object]] = {
            "game": lambda: make.game(org),
            "key": lambda: make.uid_of_key(make.key(org, "session")),
            "link": lambda: make.link(org).id,
            "batch": lambda: make.batch(org),
            "member": lambda: make.membership(org),
            "wallet": lambda: Wallet().address,
            "wallet_member": lambda: make.wallet_member(org),
            "team": lambda: make.team(org, players=2),
            "player": lambda: _first(RosterEntry.uid, Team, self["team"]),
            "player_key": lambda: _first(RosterEntry.wallet_key, Team, self["team"]),
            "competition": lambda: make.competition(org),
            "running": lambda: make.competition(org, status="active", entrants=4),
            "match": lambda: _first(Match.uid, Competition, self["running"]),
            "registration": lambda: _first(Entry.uid, Competition, self["running"]),
            "decision": new_uid,
            "counted": lambda: make.competition(org),
            "season": lambda: make.season(org, str(self["counted"])),
            "theme": lambda: make.theme(org),
            "transport": lambda: make.transport(org),
            "transport_message": lambda: make.transport_message(org, str(self["transport"])),
            "webhook": lambda: make.webhook(org),
            "delivery": lambda: make.delivery(org),
            "recovery": lambda: make.recovery(org),
            "offer": lambda: make.offer(org, str(self["running"]), str(self["match"])),
            "fixture": lambda: _first(Match.uid, Competition, make.competition(org, status="active", entrants=4, category="cs2")),
            "entered_team": lambda: _entered(make, org),
            "event": lambda: make.event(org),
            "saved_view": lambda: make.saved_view(org),
        }

    def __missing__(self, name: str) -> object:
        self[name] = self._made_by[name]()
        return self[name]


def _entered(make: "Make", org: "Org") -> str:
    """A team that registered for a competition of the sport that keys of the feed see."""
    team = make.team(org, players=1)
    make.enter_teams(org, make.competition(org, status="registration", category="cs2"), [team])
    return team


def _first(uid: Any, above: Any, above_uid: object) -> str:
    """The uid of the first row below the thing `above` with that uid."""
    with unit_of_work() as session:
        return session.scalars(select(uid).join(above).where(above.uid == above_uid).order_by(uid.class_.id)).first()
