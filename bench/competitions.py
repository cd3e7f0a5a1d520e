"""What does a competition cost with its database? On SQLite and on PostgreSQL, through the application:

- `POST …/start` of a bracket of 1,024 against the pure build of the same matches plus one bulk insert of them through the
  same engine, both committed. Goal: within 5 x.
- `POST …/result` in a bracket of 16 and of 1,024, in SQL statements. Goal: at most 12, whatever the size.
- `GET …/standings` of a league of 20 in two legs (380 matches), in SQL statements. Goal: at most 3.
- A page of the list with 20 and with 400 competitions, in SQL statements. Goal: the same number.
"""

import contextlib
import contextvars
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select, update

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.databases import on_both  # noqa: E402
from portal.competitions.model import Competition, Entry, Match, competition_by_uid  # noqa: E402
from portal.formats import single_elimination  # noqa: E402
from portal.formats.plan import Entrant  # noqa: E402
from portal.formats.plan import Match as Played  # noqa: E402
from portal.formats.rules import Rules  # noqa: E402
from portal.kernel.clock import utc_now  # noqa: E402
from portal.kernel.db import db, unit_of_work  # noqa: E402
from portal.keys.kinds import Limits  # noqa: E402
from tests.make import Make, Org, address  # noqa: E402

ENTRANTS, ROUNDS, START_GOAL = 1024, 7, 5.0
FEW, MANY = 20, 400
RESULT_GOAL, STANDINGS_GOAL = 12, 3
URL = "/api/v1/competitions"


def main() -> int:
    """Both databases; 1 when a goal is missed."""
    return on_both(measure)


def measure(name: str, app: Flask) -> int:
    """Print what one database shows; how many goals were missed."""
    with app.app_context():
        make = Make(app)
        org = make.org("Bench")
        wide = Limits(per_minute=1_000_000, burst_10s=200_000, per_day=10_000_000)
        headers = {"Authorization": f"Bearer {make.key(org, 'competition', limits=wide)}"}
        parts = (start, results, standings, pages)
        return sum(part(name, app, make, org, headers) for part in parts)


def start(name: str, app: Flask, make: Make, org: Org, headers: dict[str, str]) -> int:
    """Started against built and inserted, in turn; the least of each counts."""
    uids = [filled(make, org) for _ in range(2 * (ROUNDS + 1))]
    client = app.test_client()
    rounds = [(bare(org, uids.pop()), started(client, uids.pop(), headers)) for _ in range(ROUNDS + 1)][1:]
    least, ours = (min(times) for times in zip(*rounds, strict=True))
    ratio = ours / least
    text = f"{ours * 1000:7.1f} ms, {ratio:4.2f} x build and insert ({least * 1000:.1f} ms; goal {START_GOAL:g})"
    print(f"  {name:<11}start of {ENTRANTS:,}: {text}{'' if ratio <= START_GOAL else '  MISSED'}")
    return ratio > START_GOAL


def filled(make: Make, org: Org) -> str:
    """The uid of a competition in registration with all of them checked in."""
    uid = make.competition(org, status="registration")
    with unit_of_work() as session:
        number, now = competition_by_uid(session, org.id, uid).id, utc_now()
        common = {"competition_id": number, "org_id": org.id, "checked_in_at": now}
        wallets = [address(place) for place in range(ENTRANTS)]
        session.execute(insert(Entry), [common | {"wallet": wallet, "entrant_key": wallet} for wallet in wallets])
    return uid


def started(client: FlaskClient, uid: str, headers: dict[str, str]) -> float:
    """Seconds of the whole request."""
    begun = time.perf_counter()
    answer = apart(client.post, f"{URL}/{uid}/start", headers=headers)
    taken = time.perf_counter() - begun
    assert answer.status_code == 200 and answer.json["data"]["matches_generated"] == ENTRANTS - 1, answer.text
    return taken


def apart(call: Any, *arguments: Any, **more: Any) -> Any:
    """A request with a session of its own, as on a server; Flask would go on with the one that is open here."""
    return contextvars.Context().run(call, *arguments, **more)


def bare(org: Org, uid: str) -> float:
    """Seconds of the pure build and one bulk insert of its matches, committed; nothing asked and nothing told."""
    with unit_of_work() as session:
        number = competition_by_uid(session, org.id, uid).id
        ids = list(session.scalars(select(Entry.id).where(Entry.competition_id == number)))
    begun = time.perf_counter()
    field = [Entrant(entry, seed) for seed, entry in enumerate(ids, 1)]
    plan = single_elimination.build(field, Rules("single_elimination"), Random(1))
    rows = [row_of(number, match) for match in plan.matches.values()]
    with unit_of_work() as session:
        session.connection().execute(insert(Match.__table__), rows)
    return time.perf_counter() - begun


def row_of(competition: int, match: Played) -> dict[str, object]:
    """The columns that a match has after the draw."""
    plain = {name: getattr(match, name) for name in ("number", "stage", "round", "position", "why")}
    sides = {"a_id": match.a, "b_id": match.b, "winner_to": match.winner_to and match.winner_to.number}
    return {"competition_id": competition, "winner_side": match.winner_to and match.winner_to.side} | plain | sides


def results(name: str, app: Flask, make: Make, org: Org, headers: dict[str, str]) -> int:
    """The most statements that one result costs: all of a small bracket, the first round of a large one as far as it shows."""
    client = app.test_client()
    small, large = make.competition(org, status="active", entrants=16), filled(make, org)
    apart(client.post, f"{URL}/{large}/start", headers=headers)
    counts = [max(played(client, uid, headers, rounds)) for uid, rounds in ((small, 4), (large, 1))]
    verdict = "" if max(counts) <= RESULT_GOAL else "  MISSED"
    print(f"  {name:<11}result of 16 and of {ENTRANTS:,}: {counts[0]} and {counts[1]} statements (goal {RESULT_GOAL}){verdict}")
    return max(counts) > RESULT_GOAL


def played(client: FlaskClient, uid: str, headers: dict[str, str], rounds: int) -> list[int]:
    """The statements of each result that is reported, at most twenty in a round."""
    counts = []
    for number in range(1, rounds + 1):
        matches = apart(client.get, f"{URL}/{uid}/matches?round={number}&limit=20", headers=headers).json["data"]["items"]
        for match in matches:
            body = {"score_a": 2, "score_b": 1, "winner": "a"}
            with statements() as seen:
                answer = apart(client.post, f"{URL}/{uid}/matches/{match['id']}/result", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            counts.append(len(seen))
    return counts


def standings(name: str, app: Flask, make: Make, org: Org, headers: dict[str, str]) -> int:
    """Statements of the table of a league of 380 matches, all but one of them played."""
    client = app.test_client()
    uid = make.competition(org, "league", status="active", entrants=20, rules={"legs": 2})
    with unit_of_work() as session:
        number, over = competition_by_uid(session, org.id, uid).id, {"winner": "a", "outcome": "played", "status": "completed"}
        session.execute(
            update(Match).where(Match.competition_id == number, Match.number < 380).values(score_a=1, score_b=0, **over)
        )
    apart(client.get, URL, headers=headers)
    begun = time.perf_counter()
    with statements() as seen:
        answer = apart(client.get, f"{URL}/{uid}/standings", headers=headers)
    taken = time.perf_counter() - begun
    assert sum(row["matches_played"] for row in answer.json["data"]["standings"]) == 2 * 379, answer.text[:300]
    verdict = "" if len(seen) <= STANDINGS_GOAL else "  MISSED"
    print(f"  {name:<11}standings of 380 matches: {len(seen)} statements (goal {STANDINGS_GOAL}), {taken * 1000:.1f} ms{verdict}")
    return len(seen) > STANDINGS_GOAL


def pages(name: str, app: Flask, make: Make, org: Org, headers: dict[str, str]) -> int:
    """Statements of one page with few and with many competitions."""
    client, counts = app.test_client(), []
    for wanted in (FEW, MANY):
        with unit_of_work() as session:
            having = len(session.scalars(select(Competition.id).where(Competition.org_id == org.id)).all())
        for _ in range(wanted - having):
            make.competition(org)
        apart(client.get, URL, headers=headers)
        with statements() as seen:
            answer = apart(client.get, f"{URL}?org_id={org.uid}&limit=200", headers=headers)
        assert answer.json["data"]["total"] == wanted, answer.text
        counts.append(len(seen))
    same = counts[0] == counts[1]
    verdict = "" if same else "  MISSED"
    print(f"  {name:<11}list of {FEW} and of {MANY}: {counts[0]} and {counts[1]} statements (goal: the same){verdict}")
    return not same


@contextlib.contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that a block sends, without what begins and ends a transaction and what other threads write meanwhile."""
    seen: list[str] = []
    here = threading.get_ident()

    def note(_connection, _cursor, statement, *_rest):
        if threading.get_ident() == here and not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


if __name__ == "__main__":
    sys.exit(main())
