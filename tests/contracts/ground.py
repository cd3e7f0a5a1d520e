"""What a call of the reference needs to find: real rows, made for that one call, by the names that its sample fills in."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from portal.audit.service import SYSTEM
from portal.competitions.decisions import decide
from portal.competitions.model import Competition, Entry, Match, competition_by_uid
from portal.kernel.db import unit_of_work
from portal.keys.model import ApiKey
from portal.markets.service import suspend
from tests.make import Make, Org, address, unique

Values = dict[str, Any]


def _uids(column: Any, order: Any, competition: str) -> Sequence[str]:
    """Of the registrations or the matches of a competition."""
    with unit_of_work() as session:
        return session.scalars(select(column).join(Competition).where(Competition.uid == competition).order_by(order)).all()


def _registering(make: Make, org: Org, entrants: int = 0, **terms: Any) -> Values:
    """Somebody new in a competition that is open: not there yet, or the last of `entrants`."""
    checked_in = terms.pop("checked_in", True)
    competition = make.competition(org, status="registration", **terms)
    made = make.enter(org, competition, range(1, entrants + 1), checked_in=checked_in)
    return {"uid": competition, "wallet": address(entrants or 1), "registration_id": made[-1] if made else ""}


def _running(make: Make, org: Org, kind: str = "bracket", **terms: Any) -> Values:
    """The first match and the two best seeds of a competition in play."""
    competition = make.competition(org, kind, status="active", entrants=4, **terms)
    entries = _uids(Entry.uid, Entry.seed, competition)
    match = next(iter(_uids(Match.uid, Match.id, competition)), None)
    pair = {"over": entries[0], "under": entries[1], "challenger": entries[1], "opponent": entries[0]}
    return {"uid": competition, "mid": match, "rid": entries[0]} | pair


def _decided(make: Make, org: Org, **_: Any) -> Values:
    values = _running(make, org, "league")
    with unit_of_work() as session:
        competition = competition_by_uid(session, org.id, values["uid"])
        return values | {"did": decide(session, competition, SYSTEM, values["over"], values["under"], "Fair play.").uid}


def _reported(make: Make, org: Org) -> Values:
    """A match of a group that is over, so that its result can be replaced."""
    values = _running(make, org, "league")
    make.play(org, values["uid"], lambda a, b: (1, 2))
    return values


def _offered(make: Make, org: Org, *, suspended: bool = False) -> Values:
    """An offer on an open match."""
    values = _running(make, org)
    oid = make.offer(org, values["uid"], values["mid"])
    if suspended:
        with unit_of_work() as session:
            suspend(session, competition_by_uid(session, org.id, values["uid"]), SYSTEM, oid)
    return values | {"oid": oid}


def _counted(make: Make, org: Org) -> Values:
    competition = make.competition(org)
    return {"uid": make.season(org, competition), "competition_id": competition}


def _number_of_key(make: Make, org: Org) -> Values:
    uid = make.uid_of_key(make.key(org, "session"))
    with unit_of_work() as session:
        return {"id": session.scalars(select(ApiKey.id).where(ApiKey.uid == uid)).one(), "org_id": org.id}


def _played(make: Make, org: Org) -> Values:
    """A league whose every match has a result, and a table that hangs on no draw of lots."""
    return {"uid": _reported(make, org)["uid"]}


def _teammate(make: Make, org: Org) -> Values:
    things = make.things(org)
    return {"uid": things["team"], "player_uid": things["player"]}


Ground = Callable[[Make, Org], Values]


def _of(name: str) -> Ground:
    """`uid` is that of a new thing with this name in `make.things`."""
    return lambda make, org: {"uid": make.things(org)[name]}


_bracket: Ground = lambda make, org: {"uid": make.competition(org, status="active", entrants=4)}  # noqa: E731
_link: Ground = lambda make, org: {"token": make.link(org).token}  # noqa: E731

# operation id -> its ground; `org_id` is there for all. A call that is not named needs nothing more.
GROUNDS: Mapping[str, Ground] = {
    "competition_delete_key": lambda make, org: {"id": make.uid_of_key(make.key(org, "competition"))},
    "competition_show_organization": _of("org"),
    "competition_change_organization": _of("org"),
    "competition_put_member": lambda make, org: {"uid": org.uid, "email": f"{unique('new')}@example.com"},
    "competition_list_members": _of("org"),
    "competition_remove_member": lambda make, org: {"uid": org.uid, "member_uid": make.wallet_member(org)},
    "competition_create_team": lambda make, org: {"name": unique("Team")},
    "competition_show_team": _of("team"),
    "competition_delete_team": _of("team"),
    "competition_put_player": _of("team"),
    "competition_list_roster": _of("team"),
    "competition_remove_player": _teammate,
    "competition_show_competition": _of("competition"),
    "competition_change_competition": _of("competition"),
    "competition_delete_competition": _of("competition"),
    "competition_open_competition": _of("competition"),
    "competition_register_participant": _registering,
    "competition_list_registrations": _of("running"),
    "competition_unregister": lambda make, org: _registering(make, org, 2),
    "competition_check_in": lambda make, org: _registering(make, org, 1, checked_in=False),
    "competition_undo_check_in": lambda make, org: _registering(make, org, 2),
    "competition_start_competition": lambda make, org: _registering(make, org, 4),
    "competition_cancel_competition": _of("running"),
    "competition_finalize_competition": _played,
    "competition_set_seeds": lambda make, org: _registering(make, org, 2),
    "competition_show_bracket": _bracket,
    "competition_list_matches": _bracket,
    "competition_report_result": _running,
    "competition_correct": _reported,
    "competition_schedule_match": _running,
    "competition_create_challenge": lambda make, org: _running(make, org, "ladder"),
    "competition_disqualify_participant": _running,
    "competition_show_standings": _played,
    "competition_show_results": _played,
    "competition_create_decision": lambda make, org: _running(make, org, "league"),
    "competition_list_decisions": _decided,
    "competition_delete_decision": _decided,
    "competition_show_season": _counted,
    "competition_change_season": _counted,
    "competition_add_season_competition": lambda make, org: {"uid": make.season(org), "competition_id": make.competition(org)},
    "competition_list_season_competitions": _counted,
    "competition_remove_season_competition": _counted,
    "competition_show_season_standings": _counted,
    "competition_change_offer": _offered,
    "competition_create_offer": _running,
    "competition_list_offers": _bracket,
    "competition_settle_offer": _offered,
    "competition_show_offer": _offered,
    "competition_suspend_all_offers": _bracket,
    "competition_suspend_offer": _offered,
    "competition_unsuspend_offer": lambda make, org: _offered(make, org, suspended=True),
    "competition_void_offer": _offered,
    "competition_show_webhook": _of("webhook"),
    "competition_change_webhook": _of("webhook"),
    "competition_delete_webhook": _of("webhook"),
    "competition_show_event": _of("event"),
    "competition_put_whitelabel": lambda make, org: {"custom_domain": f"{unique('play')}.example.com"},
    "competition_show_embed": lambda make, org: {"competition_id": make.competition(org, status="registration")},
    "feed_initiate_recovery": lambda make, org: {"after": int(time.time() * 1000) - 60_000, "request_id": unique("r")},
    "feed_list_settlements_of_match": lambda make, org: {"mid": make.things(org)["fixture"]},
    "feed_show_match": lambda make, org: {"mid": make.things(org)["fixture"]},
    "feed_show_team": _of("entered_team"),
    "session_tokens_create_session": lambda make, org: {"game_id": make.game(org)},
    "session_tokens_validate_session": _link,
    "session_tokens_consume_session": _link,
    "session_tokens_change_key": _number_of_key,
    "session_tokens_delete_key": _number_of_key,
}


def values_for(operation_id: str, make: Make, org: Org) -> Values:
    """What stands in the sample's place of its example values."""
    at = {"org_id": org.id if operation_id.startswith("session_tokens_") else org.uid}
    ground = GROUNDS.get(operation_id)
    return at if ground is None else at | ground(make, org)
