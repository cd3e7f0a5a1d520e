"""Competition API, "Competition Lifecycle", and the seeds that are set before the start (competition-api.txt)."""

from typing import Any, Literal

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.guard import admit
from portal.admission.wallet import is_address
from portal.competitions import entries, seeding, service, starting
from portal.competitions.entries import Participant
from portal.competitions.lists import registrations_of
from portal.competitions.model import Competition, Entry
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.reach import entering, managed, readable
from portal.contracts.competition.who import Who
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import Invalid
from portal.kernel.ids import parse_uid
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query

SECTION = "Competition Lifecycle"
EntryStatus = Literal["registered", "waiting", "withdrawn", "dropped", "disqualified"]


class Someone(Body):
    """Provide either wallet or team_id."""

    wallet: str | None = Field(
        None,
        description="Participant wallet address: 0x and 40 hex digits.",
        examples=["0x95a4ce3c93dfb0af79c1e8b0d72a4f8ee31d8c06"],
    )
    team_id: str | None = Field(None, description="Team ID. Provide either wallet or team_id.")


class NewRegistration(Someone):
    seed: int | None = Field(None, description="Manual seed number (admin only).", examples=[1])


class StartOptions(Body):
    seed_order: Literal["random", "manual"] | None = Field(
        None, description="random (default) or manual (uses registration seed values).", examples=["random"]
    )


class SeedLine(Body):
    registration_id: str = Field(description="Whose seed it is.")
    seed: int = Field(description="1 is the best.", examples=[1])
    group: str | None = Field(None, max_length=2, description="The group, where the rules have groups.")


class Seeds(Body):
    seeds: list[SeedLine] = Field(
        min_length=1,
        max_length=4_096,
        description="The registrations and their seeds.",
        examples=[[{"registration_id": "b7e1f0c2-2f6f-4b5e-9f63-0f3a8c1d2e3f", "seed": 1}]],
    )


class RegistrationQuery(Query):
    registration_id: str | None = Field(
        None, description="The registration that is meant.", examples=["b7e1f0c2-2f6f-4b5e-9f63-0f3a8c1d2e3f"]
    )


class RegistrationShape(Shape):
    id: str
    competition_id: str
    wallet: str | None
    team_id: str | None
    seed: int | None
    checked_in: bool
    registered_at: str
    status: EntryStatus


class ListedShape(Shape):
    id: str
    wallet: str | None
    team_id: str | None
    team_name: str | None
    seed: int | None
    checked_in: bool
    registered_at: str
    status: EntryStatus


class LeftShape(Shape):
    id: str
    removed: bool
    promoted_id: str | None


class CheckedInShape(Shape):
    id: str
    checked_in: bool
    checked_in_at: str | None


class OpenedShape(Shape):
    competition_id: str
    status: Literal["registration"]
    opened_at: str


class StartedShape(Shape):
    competition_id: str
    status: Literal["active"]
    matches_generated: int
    byes_advanced: int
    started_at: str


class CanceledShape(Shape):
    competition_id: str
    status: Literal["canceled"]
    canceled_at: str


class SeededShape(Shape):
    seeded: int


@api.post("/api/v1/competitions/<uid>/open")
@admit("competitions:write", signed=True)
@describe("Open registration", SECTION, data=OpenedShape, errors=(404, 409))
def open_competition(who: Who, uid: str) -> Response:
    """Participants may register from now on."""
    session = db.session()
    competition, standing = managed(session, who, uid)
    service.open_registration(session, competition, standing.actor)
    return answer(_now(competition, "opened_at"))


@api.post("/api/v1/competitions/<uid>/register")
@admit("competitions:write", signed=True)
@describe("Register a participant", SECTION, body=NewRegistration, data=RegistrationShape, status=201, errors=(404, 409, 422))
def register_participant(who: Who, uid: str) -> Response:
    """201 with the registration; `status` is waiting where it is on the waiting list."""
    session, body = db.session(), read_json(NewRegistration)
    competition, by = entering(session, who, uid)
    meant = _meant(competition, body)
    entry = entries.register(session, competition, by, meant, body.seed)
    shown = _entry(entry, meant.team.uid if meant.team else None)
    return answer({"id": entry.uid, "competition_id": competition.uid} | shown, 201)


@api.get("/api/v1/competitions/<uid>/register")
@admit(None, signed=True, public=True)
@describe("List registrations", SECTION, data=list[ListedShape], errors=(404,))
def list_registrations(who: Who, uid: str) -> Response:
    """In the order of registration, those on the waiting list among them."""
    session = db.session()
    rows = registrations_of(session, readable(session, who, uid))
    return answer([{"id": entry.uid} | _entry(entry, team, {"team_name": name}) for entry, team, name in rows])


@api.delete("/api/v1/competitions/<uid>/register")
@admit("competitions:write", signed=True)
@describe("Leave a competition before it starts", SECTION, query=RegistrationQuery, data=LeftShape, errors=(404, 409))
def unregister(who: Who, uid: str) -> Response:
    """The place goes to whoever waits longest, `promoted_id`."""
    competition, by = entering(db.session(), who, uid)
    meant = _registration()
    promoted = entries.leave(db.session(), competition, by, meant)
    return answer({"id": meant, "removed": True, "promoted_id": promoted.uid if promoted else None})


@api.post("/api/v1/competitions/<uid>/check-in")
@admit("competitions:write", signed=True)
@describe("Check a participant in", SECTION, body=Someone, data=CheckedInShape, errors=(404, 409))
def check_in(who: Who, uid: str) -> Response:
    """Doing it twice changes nothing."""
    body = read_json(Someone)
    competition, by = entering(db.session(), who, uid)
    return answer(_checked(entries.check_in(db.session(), competition, by, _meant(competition, body))))


@api.delete("/api/v1/competitions/<uid>/check-in")
@admit("competitions:write", signed=True)
@describe("Take a check-in back", SECTION, query=RegistrationQuery, data=CheckedInShape, errors=(404, 409))
def undo_check_in(who: Who, uid: str) -> Response:
    competition, by = entering(db.session(), who, uid)
    return answer(_checked(entries.undo_check_in(db.session(), competition, by, _registration())))


@api.post("/api/v1/competitions/<uid>/start")
@admit("competitions:write", signed=True)
@describe("Start a competition", SECTION, body=StartOptions, data=StartedShape, errors=(404, 409, 422))
def start_competition(who: Who, uid: str) -> Response:
    """Draw the matches for those who are checked in. The body may be left out."""
    session, body = db.session(), read_json(StartOptions, optional=True)
    competition, standing = managed(session, who, uid)
    started = starting.start(session, competition, standing.actor, body.seed_order or "random")
    counts = {"matches_generated": started.matches, "byes_advanced": started.byes}
    return answer({"competition_id": competition.uid, "status": "active"} | counts | {"started_at": iso(started.at)})


@api.post("/api/v1/competitions/<uid>/cancel")
@admit("competitions:write", signed=True)
@describe("Cancel a competition", SECTION, data=CanceledShape, errors=(404, 409))
def cancel_competition(who: Who, uid: str) -> Response:
    """What was played stays readable."""
    session = db.session()
    competition, standing = managed(session, who, uid)
    service.cancel_competition(session, competition, standing.actor)
    return answer(_now(competition, "canceled_at"))


@api.post("/api/v1/competitions/<uid>/bracket/seed")
@admit("competitions:write", signed=True)
@describe("Set seeds by hand", "Bracket & Matches", body=Seeds, data=SeededShape, errors=(404, 409, 422))
def set_seeds(who: Who, uid: str) -> Response:
    """Before the start only; registrations that are not named keep their seed."""
    session, body = db.session(), read_json(Seeds)
    competition, standing = managed(session, who, uid)
    lines = [seeding.Seed(line.registration_id, line.seed, line.group) for line in body.seeds]
    return answer({"seeded": seeding.set_seeds(session, competition, standing.actor, lines)})


def _meant(competition: Competition, body: Someone) -> Participant:
    """The participant that a body names. Raises Invalid for what is no address and no id."""
    if body.wallet is not None and not is_address(body.wallet):
        raise Invalid("wallet", "wallet must be 0x and 40 hex digits, in one case or with its checksum.")
    team = body.team_id if body.team_id is None else parse_uid("team_id", body.team_id)
    return entries.participant(db.session(), competition, body.wallet, team)


def _registration() -> str:
    asked = read_query(RegistrationQuery).registration_id
    if asked is None:
        raise Invalid("registration_id", "registration_id is missing. Add ?registration_id=… to the address.")
    return parse_uid("registration_id", asked)


def _entry(entry: Entry, team_uid: str | None, named: dict[str, Any] | None = None) -> dict[str, Any]:
    whose = {"wallet": entry.wallet, "team_id": team_uid} | (named or {})
    state = {"seed": entry.seed, "checked_in": entry.checked_in_at is not None}
    return whose | state | {"registered_at": iso(entry.registered_at), "status": entry.status}


def _checked(entry: Entry) -> dict[str, Any]:
    return {"id": entry.uid, "checked_in": entry.checked_in_at is not None, "checked_in_at": iso(entry.checked_in_at)}


def _now(competition: Competition, moment: str) -> dict[str, Any]:
    return {"competition_id": competition.uid, "status": competition.status, moment: iso(getattr(competition, moment))}
