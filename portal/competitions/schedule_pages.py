"""When matches are played: one in a drawer, many at once with a preview."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, request

from portal.competitions.frame import competition_here
from portal.competitions.match_forms import TimeForm, TimesForm, aware
from portal.competitions.match_table import rounds_of
from portal.competitions.model import Competition
from portal.competitions.play import drawer, match_here, pages, url
from portal.competitions.scheduling import open_matches, schedule, schedule_many, spread
from portal.kernel.db import db
from portal.kernel.errors import Invalid, PortalError
from portal.orgs.access import Place, inside
from portal.web.forms import choices_of
from portal.web.render import finish


@pages.route("/matches/<uuid:mid>/time", methods=["GET", "POST"])
@inside("admin")
def match_time(place: Place, uid: UUID, mid: UUID) -> Response:
    competition, match = match_here(place, uid, mid)
    form = TimeForm(data={"at": match.scheduled_at})
    if form.validate_on_submit():
        try:
            at = schedule(db.session(), competition, place.actor, match.uid, form.moment())
            back = match.scheduled_at.isoformat() if match.scheduled_at else None
            undo = url(competition, "match_time_back", mid=mid, at=back)
            return finish(url(competition, "matches"), _told(match.match.number, at), undo_url=undo)
        except PortalError as error:
            form.refuse(error)
    return drawer(competition, "time", form, match=match, here=url(competition, "match_time", mid=mid))


@pages.post("/matches/<uuid:mid>/time/back")
@inside("admin")
def match_time_back(place: Place, uid: UUID, mid: UUID) -> Response:
    """Undo: the time that stood there before, or none."""
    competition, match = match_here(place, uid, mid)
    at = schedule(db.session(), competition, place.actor, match.uid, _moment(request.args.get("at", "")))
    return finish(url(competition, "matches"), _told(match.match.number, at))


@pages.route("/matches/times", methods=["GET", "POST"])
@inside("admin")
def matches_times(place: Place, uid: UUID) -> Response:
    """Spread the open matches over hours and courts; they are listed before anything is set."""
    competition = competition_here(db.session(), place, uid)
    form = TimesForm()
    groups = rounds_of(db.session(), competition).groups
    form.group.choices = choices_of([("", "All groups"), *((group, f"Group {group}") for group in groups)])
    planned: list[Any] = []
    if form.validate_on_submit():
        try:
            planned = _planned(competition, form)
            if form.step.data == "apply":
                times = {match.number: at for match, at in planned}
                count = schedule_many(db.session(), competition, place.actor, times)
                said = "1 match has its time." if count == 1 else f"{count:,} matches have their times."
                return finish(url(competition, "matches"), said)
        except PortalError as error:
            form.refuse(error)
    here = url(competition, "matches_times")
    return drawer(competition, "times", form, here=here, planned=planned, grouped=bool(groups))


def _planned(competition: Competition, form: TimesForm) -> list[tuple[Any, datetime]]:
    found = open_matches(db.session(), competition, only_without_time=form.which.data == "without", group=form.group.data or "")
    if not found:
        raise Invalid("which", "No open match is left for this. Choose all open ones to give them other times.")
    times = spread(found, form.hours())
    return sorted(((match, times[match.number]) for match in found), key=lambda pair: (pair[1], pair[0].number))


def _told(number: int, at: datetime | None) -> str:
    return f"Match {number} is to be played on {at:%d %b %Y, %H:%M} UTC." if at else f"Match {number} has no time now."


def _moment(text: str) -> datetime | None:
    """Raises Invalid for what is no moment."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("at", "That is not a moment. Set the time in the form.") from None
    return found if found.tzinfo else aware(found)
