"""What the pages of a team and of a player have in common: what was played, against whom, and how it went."""

from dataclasses import dataclass
from typing import Any

from flask import Response, g, request, url_for
from sqlalchemy import Select, String, column
from sqlalchemy.orm import Session

from portal.competitions import history
from portal.competitions.frame import STATES as COMPETITION_STATES
from portal.players.names import shortened
from portal.web.render import render
from portal.web.tables import Badge, Choice, Column, Search, Table

ENTRIES = {
    "registered": Badge("Registered", "open"),
    "waiting": Badge("Waiting list", "warning"),
    "withdrawn": Badge("Withdrawn", "draft"),
    "dropped": Badge("Not checked in", "draft"),
    "disqualified": Badge("Disqualified", "failing"),
}
RESULTS = {
    "win": Badge("Won", "live"),
    "draw": Badge("Drawn", "open"),
    "loss": Badge("Lost", "failing"),
    "open": Badge("To play", "draft"),
    "none": Badge("No result", "done"),
}
OUTCOMES = {"walkover": "Walkover", "no_show": "No-show", "double_no_show": "Nobody came", "not_played": "Not played"}
STAGES = {"losers": "Lower bracket", "grand_final": "Grand final", "third_place": "Third place"}
WALLET = "0x"


def person_url(key: str) -> str:
    """The page of a player (its wallet) or of a team (its uid)."""
    slug = g.place.organization.slug
    if key.startswith(WALLET):
        return url_for("players.show", org_slug=slug, key=key)
    return url_for("teams.show", org_slug=slug, uid=key)


def competition_url(uid: str) -> str:
    return url_for("competitions.show", org_slug=g.place.organization.slug, uid=uid)


def match_url(competition_uid: str, uid: str) -> str:
    """The match in the list of its competition, where it is reported and corrected."""
    return url_for("play.matches", org_slug=g.place.organization.slug, uid=competition_uid, q=uid)


def result_of(row: Any) -> Badge:
    """How a match of `history.matches` ended for the one whose page it is."""
    return RESULTS[row.credit or ("open" if row.outcome is None else "none")]


def score_of(row: Any) -> str:
    """`2 – 1`, one's own first; how it ended where nothing was scored."""
    if row.scored is not None and row.against is not None:
        return f"{row.scored} – {row.against}"
    return OUTCOMES.get(row.outcome or "", "")


def round_of(row: Any) -> str:
    stage = STAGES.get(row.stage)
    return f"{stage}, round {row.round}" if stage == "Lower bracket" else stage or f"Round {row.round}"


def record_words(row: Any) -> str:
    """`3–1–0`: won, drawn, lost."""
    return f"{row.wins}–{row.draws}–{row.losses}"


def place_words(row: Any) -> str:
    return f"{row.place} of {row.entrants}" if row.place else ""


HISTORY = Table(
    "history",
    [
        Column("title", "Competition", sort=column("title"), pinned=True, link=lambda row: competition_url(row.competition_uid)),
        Column("status", "Status", value=lambda row: COMPETITION_STATES[row.status], sort=column("status"), kind="badge"),
        Column("entry", "Entry", value=lambda row: ENTRIES[row.entry_status], sort=column("entry_status"), kind="badge"),
        Column("as_name", "As", value=lambda row: row.as_name or shortened(row.wallet or ""), sort=column("as_name")),
        Column("place", "Place", value=place_words, sort=column("place"), csv=lambda row: row.place),
        Column("record", "Won–drawn–lost", value=record_words, sort=column("wins")),
        Column("registered_at", "Registered", sort=column("registered_at"), kind="time"),
        Column("last_at", "Last played", sort=column("last_at"), kind="time"),
        Column("prize_wei", "Prize (wei)", kind="id", shown=False),
        Column("seed", "Seed", sort=column("seed"), kind="number", shown=False),
        Column("uid", "Registration", kind="id", shown=False),
    ],
    filters=[
        Search([column("title", String), column("as_name", String)], label="Competition"),
        Choice(
            "status",
            "Status",
            [(name, badge.word) for name, badge in COMPETITION_STATES.items()],
            column=column("status", String),
        ),
        Choice("entry", "Entry", [(name, badge.word) for name, badge in ENTRIES.items()], column=column("entry_status", String)),
    ],
    order="-registered_at",
    noun=("competition", "competitions"),
    unique=column("id"),
)

MATCHES = Table(
    "matches",
    [
        Column("title", "Competition", sort=column("title"), pinned=True, link=lambda row: competition_url(row.competition_uid)),
        Column("round", "Match", value=round_of, sort=column("round"), link=lambda row: match_url(row.competition_uid, row.uid)),
        Column("foe", "Opponent", value=lambda row: shortened(row.foe_name or ""), sort=column("foe_name"), pinned=True),
        Column("result", "Result", value=result_of, sort=column("credit"), kind="badge"),
        Column("score", "Score", value=score_of),
        Column("completed_at", "Played", sort=column("completed_at"), kind="time"),
        Column("scheduled_at", "Scheduled", sort=column("scheduled_at"), kind="time", shown=False),
        Column("number", "Number", sort=column("number"), kind="number", shown=False),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([column("title", String), column("foe_name", String), column("foe_key", String)], label="Competition or opponent"),
        Choice(
            "result",
            "Result",
            [(name, badge.word) for name, badge in RESULTS.items()],
            criteria_of={
                "win": column("credit", String) == "win",
                "draw": column("credit", String) == "draw",
                "loss": column("credit", String) == "loss",
                "open": column("outcome").is_(None),
                "none": column("outcome").is_not(None) & column("credit").is_(None),
            },
        ),
    ],
    order="-completed_at",
    noun=("match", "matches"),
    unique=column("id"),
)

OPPONENTS = Table(
    "opponents",
    [
        Column("foe", "Opponent", value=lambda row: shortened(row.foe_name), sort=column("foe_name"), pinned=True,
               link=lambda row: person_url(row.foe_key), csv=lambda row: row.foe_name),
        Column("met", "Matches", sort=column("met"), kind="number"),
        Column("wins", "Won", sort=column("wins"), kind="number"),
        Column("draws", "Drawn", sort=column("draws"), kind="number"),
        Column("losses", "Lost", sort=column("losses"), kind="number"),
        Column("last_at", "Last met", sort=column("last_at"), kind="time"),
    ],
    filters=[Search([column("foe_name", String), column("foe_key", String)], label="Team or wallet")],
    order="-met",
    noun=("opponent", "opponents"),
    unique=column("foe_key"),
)  # fmt: skip


@dataclass(frozen=True)
class Tab:
    """One of the lists: what it is drawn from, and the words of an empty one."""

    table: Table
    query: Any
    caption: str
    empty_title: str
    empty_sentence: str


TABS = {
    "competitions": Tab(
        HISTORY, history.competitions, "Competitions", "No competitions yet", "Every competition that is entered is listed here."
    ),
    "matches": Tab(MATCHES, history.matches, "Matches", "No matches yet", "They are drawn when a competition starts."),
    "opponents": Tab(
        OPPONENTS, history.opponents, "Opponents", "No opponents yet", "Whoever was met is listed here, with how it ended."
    ),
}


def answer(session: Session, which: str, entries: Select[int], page: str, /, **context: Any) -> Response:
    """One of the lists, inside the page of the team or player."""
    tab = TABS[which]
    table = tab.table.page(session, tab.query(entries), request.args)
    return table.csv() if table.wants_csv else render(page, "people/_played.html", table=table, tab=tab, **context)


def places_finding(places: list[history.Place]) -> str:
    """What the chart of places says in a sentence."""
    best = min(places, key=lambda one: (one.place, -one.entrants))
    front = sum(one.share > 0.5 for one in places)
    times = "it" if len(places) == 1 else f"{front} of {len(places)} competitions"
    half = f"; in the front half of the field in {times}" if front else ""
    return f"Best place: {best.place} of {best.entrants}{half}"


def words() -> dict[str, Any]:
    """What the templates of both rooms say with."""
    return {
        "person_url": person_url,
        "competition_url": competition_url,
        "shortened": shortened,
        "places_finding": places_finding,
    }
