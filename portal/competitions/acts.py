"""What can be done with a competition in each of its states: one table, from which the header, the rows' menus and the next
step are drawn. An act whose page does not exist is left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app

from portal.competitions.lists import Summary
from portal.competitions.model import Competition
from portal.competitions.rules import least_entrants, rules_of
from portal.formats.rules import ELIMINATION
from portal.kernel.ids import new_uid
from portal.orgs.access import Place

BEFORE, RUNNING = ("draft", "registration"), ("registration", "active")
ANY = ("draft", "registration", "active", "completed", "canceled")


@dataclass(frozen=True)
class Act:
    """`way`: page (a link), drawer, or post; `confirm` is asked before a post. `main`: a button, not an item of the menu."""

    name: str
    label: str
    endpoint: str
    icon: str
    states: tuple[str, ...]
    way: str = "page"
    kind: str = "default"
    main: bool = False
    confirm: str = ""
    role: str = "admin"


OPENING = "Participants may register from now on, and the terms can no longer be changed. There is no way back to a draft."
ACTS = (
    Act("open", "Open registration", "competitions.life.open", "door-enter", ("draft",), "post", "primary", True, OPENING),
    Act("edit", "Edit", "competitions.create.edit", "pencil", ("draft",), "drawer", main=True),
    Act("desk", "Check-in desk", "entrants.desk", "clipboard-check", ("registration",), main=True),
    Act("seeding", "Seed entrants", "entrants.seeding", "list-numbers", ("registration",)),
    Act("start", "Start", "entrants.start", "player-play", ("registration",), kind="primary", main=True),
    Act("report", "Report results", "play.matches", "swords", ("active",), kind="primary", main=True),
    Act("finalize", "Finalize", "competitions.life.finalize", "flag", ("active",), "drawer", main=True),
    Act("schedule", "Change times", "competitions.life.schedule", "clock", BEFORE, "drawer"),
    Act("places", "Change places", "competitions.life.places", "users", ("registration",), "drawer"),
    Act("visibility", "Change who sees it", "competitions.life.visibility", "eye", ANY, "drawer"),
    Act("clone", "Clone", "competitions.create.clone", "copy", ANY, "post"),
    Act("cancel", "Cancel competition", "competitions.life.cancel", "ban", RUNNING, "drawer", "danger"),
    Act("delete", "Delete draft", "competitions.life.delete", "trash", ("draft",), "drawer", "danger"),
)


def acts_of(place: Place, competition: Competition) -> list[dict[str, Any]]:
    """The acts that the person may do now, each with its address and what its form has to carry."""
    return list(_acts(place, competition))


def _acts(place: Place, competition: Competition) -> Iterator[dict[str, Any]]:
    for act in ACTS:
        if competition.status in act.states and place.may(act.role) and act.endpoint in current_app.view_functions:
            fields = {"attempt": new_uid()} if act.name == "clone" else {}
            yield {"act": act, "endpoint": act.endpoint, "fields": fields}


@dataclass(frozen=True)
class Next:
    """What to do next in a sentence. `act` is the name of the act that does it, "" where only waiting helps."""

    sentence: str
    act: str = ""


def next_step(competition: Competition, summary: Summary, now: datetime) -> Next:
    """By status, and by what is there already."""
    return _NEXT[competition.status](competition, summary, now)


def _draft(competition: Competition, _summary: Summary, now: datetime) -> Next:
    closes = competition.registration_closes
    if closes is not None and closes <= now:
        return Next("Registration would have closed already. Set a later time, then open it.", "schedule")
    if competition.registration_opens is not None and competition.registration_opens > now:
        return Next("Registration opens by itself at the hour you set. Until then you can change everything.", "edit")
    return Next("Look over the terms, then open registration: afterwards they stand.", "open")


def _registration(competition: Competition, summary: Summary, now: datetime) -> Next:
    least = least_entrants(rules_of(competition.type, competition.rules))
    if competition.start_failed_at is not None:
        return Next("It could not start at its hour. See in the activity why, mend it, and start it by hand.", "start")
    if competition.format == "leaderboard":
        return Next("Start the circuit when its season begins; it counts who registered.", "start")
    if summary.registrations < least:
        missing = least - summary.registrations
        return Next(f"{missing} more {'entrant' if missing == 1 else 'entrants'} needed before it can start.", "entrants")
    if summary.checked_in < least:
        return Next("Check entrants in: whoever is not checked in is left out at the start.", "desk")
    if summary.checked_in < summary.registrations:
        away = summary.registrations - summary.checked_in
        return Next(
            f"{summary.checked_in:,} are checked in, {away:,} are not and would be left out. Start when you are ready.", "start"
        )
    return Next("Everybody is checked in. Look at the draw and start.", "start")


def _active(competition: Competition, summary: Summary, _now: datetime) -> Next:
    if competition.format == "leaderboard":
        return Next("Places follow from the competitions of its season. Finalize it when the last one is over.", "finalize")
    if summary.matches_pending:
        left = "1 match is" if summary.matches_pending == 1 else f"{summary.matches_pending:,} matches are"
        return Next(f"{left} to be played. Report results as they come in.", "report")
    if competition.format in ELIMINATION:
        return Next("Every match is played.", "finalize")
    return Next("No match is open. Finalize it when you are done: places and prizes are fixed then.", "finalize")


def _over(competition: Competition, _summary: Summary, _now: datetime) -> Next:
    if competition.status == "completed":
        return Next("It is over. Results can still be corrected; a clone is the quickest way to the next one.", "clone")
    return Next("It was canceled. What was played stays readable; a clone begins it anew.", "clone")


_NEXT = {"draft": _draft, "registration": _registration, "active": _active, "completed": _over, "canceled": _over}
