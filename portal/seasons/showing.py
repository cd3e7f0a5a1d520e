"""What the season pages show: the lists, the words for a scoring, and the chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import g, url_for
from sqlalchemy import String, column

from portal.audit.activity import activity_table
from portal.competitions.frame import STATES as COMPETITION_STATES
from portal.competitions.words import FORMAT_WORDS
from portal.players.names import shortened
from portal.seasons.scoring import DEFAULTS
from portal.seasons.table import Participant, Ranked
from portal.web.sheets import Find, Sheet
from portal.web.tables import Badge, Choice, Column, Search, Table

STATES = {"active": Badge("Active", "live"), "upcoming": Badge("Upcoming", "open"), "completed": Badge("Completed", "done")}
TONES = ("live", "open", "warning", "failing", "done")  # of the lines of a chart, the leader first


def plain(number: Any) -> str:
    """`1.50` → `1.5`, `3.0` → `3`, with commas between thousands."""
    found = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    text = f"{found:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def scoring_words(config: Mapping[str, Any]) -> str:
    """What brings how many points, in a sentence."""
    places = config.get("place_points")
    if places is None:
        return "{win} for a win, {draw} for a draw, {loss} for a loss".format(**{k: plain(config[k]) for k in DEFAULTS})
    shown = ", ".join(f"{points:,}" for points in places[:10])
    more = f" and so on, {len(places)} places in all" if len(places) > 10 else ""
    return f"By final place, first place first: {shown}{more}"


def name_of(person: Participant) -> str:
    """What people call somebody: a team by its name, a wallet shortened."""
    return person.team_name or shortened(person.wallet or "")


def leader_words(ranked: Sequence[Ranked]) -> str:
    """Who stands first, with the points; empty while nobody has any."""
    first = [line.participant for line in ranked if line.rank == 1]
    if not first or not first[0].total:
        return ""
    others = f" and {len(first) - 1} more" if len(first) > 1 else ""
    return f"{name_of(first[0])}{others}, {plain(first[0].total)}"


def url_of(view: str, uid: object, **more: Any) -> str:
    return url_for(f"seasons.{view}", org_slug=g.place.organization.slug, uid=uid, **more)


def person_url(person: Participant) -> str:
    """The page of a team or of a wallet."""
    slug = g.place.organization.slug
    if person.team_uid:
        return url_for("teams.show", org_slug=slug, uid=person.team_uid)
    return url_for("players.show", org_slug=slug, key=(person.wallet or "").lower())


SEASONS = Table(
    "seasons",
    [
        Column("name", "Name", sort=column("name"), pinned=True, link=lambda row: url_of("show", row.uid)),
        Column("state", "Status", value=lambda row: STATES[row.state], sort=column("state"), kind="badge"),
        Column("leader", "Leader", value=lambda row: leader_words(g.season_leaders.get(row.id, ()))),
        Column("competitions", "Competitions", sort=column("competitions"), kind="number"),
        Column("participants", "Participants", sort=column("participants"), kind="number"),
        Column("scoring", "Points", value=lambda row: scoring_words(row.scoring_config), shown=False),
        Column("starts_at", "Starts", sort=column("starts_at"), kind="time"),
        Column("ends_at", "Ends", sort=column("ends_at"), kind="time"),
        Column("created_at", "Created", sort=column("created_at"), kind="time", shown=False),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([column("name", String), column("uid", String)], label="Name or id"),
        Choice("state", "Status", [(name, badge.word) for name, badge in STATES.items()], column=column("state", String)),
    ],
    order="-created_at",
    noun=("season", "seasons"),
    unique=column("id"),
)

LINES = Table(
    "counted",
    [
        Column("title", "Competition", sort=column("title"), pinned=True, link=lambda row: competition_url(row.uid)),
        Column("status", "Status", value=lambda row: COMPETITION_STATES[row.status], sort=column("status"), kind="badge"),
        Column("format", "Format", value=lambda row: FORMAT_WORDS[row.format], sort=column("format")),
        Column("weight", "Weight", value=lambda row: f"× {plain(row.weight)}", sort=column("weight"), csv=lambda row: row.weight),
        Column("entrants", "Entrants", sort=column("entrants"), kind="number"),
        Column("started_at", "Started", sort=column("started_at"), kind="time"),
        Column("completed_at", "Completed", sort=column("completed_at"), kind="time", shown=False),
        Column("added_at", "Added", sort=column("id"), kind="time"),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[Search([column("title", String), column("uid", String)], label="Title or id")],
    order="added_at",
    noun=("competition", "competitions"),
    unique=column("id"),
)

STANDINGS = Sheet(
    "standings",
    [
        Column("rank", "Rank", value=lambda row: row.rank, sort=lambda row: row.rank, kind="number", pinned=True),
        Column(
            "name", "Participant", value=lambda row: name_of(row.participant), pinned=True,
            sort=lambda row: name_of(row.participant).casefold(),
            csv=lambda row: row.participant.team_name or row.participant.wallet,
        ),
        Column(
            "points", "Points", value=lambda row: plain(row.participant.total), sort=lambda row: row.participant.total,
            kind="number", csv=lambda row: plain(row.participant.total).replace(",", ""),
        ),
        Column(
            "record", "Won–drawn–lost", value=lambda row: record_words(row.participant), sort=lambda row: row.participant.wins
        ),
        Column(
            "wins", "Won", value=lambda row: row.participant.wins, sort=lambda row: row.participant.wins, kind="number",
            shown=False,
        ),
        Column(
            "draws", "Drawn", value=lambda row: row.participant.draws, sort=lambda row: row.participant.draws, kind="number",
            shown=False,
        ),
        Column(
            "losses", "Lost", value=lambda row: row.participant.losses, sort=lambda row: row.participant.losses, kind="number",
            shown=False,
        ),
        Column(
            "entered", "Entered", value=lambda row: row.participant.entered, sort=lambda row: row.participant.entered,
            kind="number", shown=False,
        ),
        Column(
            "breakdown", "From", value=lambda row: row.participant.lines,
            csv=lambda row: "; ".join(line_words(line) for line in row.participant.lines),
        ),
        Column("wallet", "Wallet", value=lambda row: row.participant.wallet, kind="id", shown=False),
        Column("team", "Team id", value=lambda row: row.participant.team_uid, kind="id", shown=False),
    ],
    filters=[Find(lambda row: f"{row.participant.team_name or ''} {row.participant.wallet or ''}", label="Team or wallet")],
    order="rank",
    sizes=(50, 100, 200),
    noun=("participant", "participants"),
)  # fmt: skip

ACTIVITY = activity_table("activity")


def record_words(person: Participant) -> str:
    """`28–5–5`: won, drawn, lost."""
    return f"{person.wins}–{person.draws}–{person.losses}"


def line_words(line: Any) -> str:
    """`World Cup: 12 × 2 = 24`."""
    return f"{line.title}: {plain(line.points)} × {plain(line.weight)} = {plain(line.weighted)}"


def competition_url(uid: str) -> str:
    return url_for("competitions.show", org_slug=g.place.organization.slug, uid=uid)


@dataclass(frozen=True, slots=True)
class Chart:
    """Points after each competition, for the best. `rows` are (competition, sums so far in the order of `series`)."""

    finding: str
    series: list[dict[str, Any]]
    rows: list[tuple[str, list[str]]]


def chart_of(ranked: Sequence[Ranked], counted: Sequence[Any]) -> Chart | None:
    """`counted` are the rows of `lists.competitions_in`. None while there are not two competitions to compare."""
    people = [line.participant for line in ranked[: len(TONES)] if line.participant.total]
    scored = {line.competition_uid for one in ranked for line in one.participant.lines if line.points}
    events = sorted((one for one in counted if one.uid in scored), key=lambda one: (_moment(one), one.id))
    if len(events) < 2:
        return None
    sums = [_running([one.uid for one in events], person) for person in people]
    series = [
        {"label": name_of(person), "tone": tone, "values": [float(total) for total in line]}
        for person, tone, line in zip(people, TONES, sums, strict=False)
    ]
    rows = [(event.title, [plain(line[at]) for line in sums]) for at, event in enumerate(events)]
    first = [name_of(line.participant) for line in ranked if line.rank == 1]
    who = f"{first[0]} leads" if len(first) == 1 else f"{first[0]} and {len(first) - 1} more lead"
    return Chart(f"{who} with {plain(people[0].total)} points", series, rows)


def _running(uids: Sequence[str], person: Participant) -> list[Decimal]:
    brought = {line.competition_uid: line.weighted for line in person.lines}
    total, sums = Decimal(0), []
    for uid in uids:
        total += brought.get(uid, Decimal(0))
        sums.append(total)
    return sums


def _moment(row: Any) -> datetime:
    moment: datetime = row.completed_at or row.started_at or row.added_at
    return moment
