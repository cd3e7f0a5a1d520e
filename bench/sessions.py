"""What do a session link's rules cost? Creating and consuming through the service, each in a unit of work of its own,
against a bare INSERT and a bare conditional UPDATE of the same row through the same engine. Goal: within 2 x.

Both sides commit each time. The service also writes the audit row and the event in the same transaction.
"""

import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import bindparam, insert, update

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.databases import on_both  # noqa: E402
from portal.audit.service import Actor  # noqa: E402
from portal.kernel.clock import utc_now  # noqa: E402
from portal.kernel.db import database_now, unit_of_work  # noqa: E402
from portal.session_tokens import opening, service  # noqa: E402
from portal.session_tokens.model import SessionToken  # noqa: E402
from tests.make import Make  # noqa: E402

ROUNDS, EACH = 5, 300
GOAL = 2.0
ACTOR = Actor("key", "bench", "bench", "127.0.0.1", "0" * 20)


def main() -> int:
    """Both databases; 1 when a goal is missed."""
    return on_both(compare)


def compare(name: str, app: Flask) -> int:
    """Print the two ratios of one database; how many missed the goal."""
    with app.app_context():
        org, game = tenant(app)
        pairs = {
            "create": (lambda: bare_insert(org, game), lambda: created(org, game)),
            "consume": (lambda: bare_update(made(org, game)), lambda: consumed(made(org, game))),
        }
        missed = 0
        for verb, (bare, ours) in pairs.items():
            plain, full = least(bare, ours)
            ratio = full / plain
            missed += ratio > GOAL
            print(f"  {name:<11}{verb:<8} {ratio:5.2f} x the bare statement (goal {GOAL:g}){'' if ratio <= GOAL else '  MISSED'}")
        return missed


def tenant(app: Flask) -> tuple[int, int]:
    make = Make(app)
    org = make.org("Bench")
    return org.id, make.game(org)


def least(bare: Callable[[], float], ours: Callable[[], float]) -> tuple[float, float]:
    """The least time of each over several rounds in turn, so that a noisy moment hits both and counts for neither."""
    bare(), ours()
    rounds = [(bare(), ours()) for _ in range(ROUNDS)]
    return min(first for first, _ in rounds), min(second for _, second in rounds)


def timed(each: Callable[[int], object]) -> float:
    begun = time.perf_counter()
    for number in range(EACH):
        each(number)
    return time.perf_counter() - begun


def created(org: int, game: int) -> float:
    def one(_number: int) -> None:
        with unit_of_work() as session:
            service.create_session(session, org, ACTOR, game_id=game, external_ref="user-12345", metadata={"campaign": "summer"})

    return timed(one)


def bare_insert(org: int, game: int) -> float:
    """The same row, nothing asked and nothing told."""
    statement = insert(SessionToken.__table__)
    values = {"org_id": org, "game_id": game, "external_ref": "user-12345", "metadata": {"campaign": "summer"}, "created_by": "b"}

    def one(_number: int) -> None:
        row = values | row_times() | service.fingerprint(str(uuid.uuid4()))
        with unit_of_work() as session:
            session.execute(statement, row)

    return timed(one)


def row_times() -> dict[str, object]:
    now = utc_now()
    return {"created_at": now, "expires_at": now.replace(year=now.year + 1)}


def made(org: int, game: int) -> list[str]:
    """Tokens to be consumed, outside the measured time."""
    with unit_of_work() as session:
        return [service.create_session(session, org, ACTOR, game_id=game).token for _ in range(EACH)]


def consumed(tokens: list[str]) -> float:
    def one(number: int) -> None:
        with unit_of_work() as session:
            opening.consume(session, tokens[number], address="127.0.0.1", request_id="0" * 20)

    return timed(one)


def bare_update(tokens: list[str]) -> float:
    """The same condition, nothing told."""
    table = SessionToken.__table__
    usable = (table.c.consumed_at.is_(None), table.c.revoked_at.is_(None), table.c.expires_at > database_now())
    mine = table.c.digest == bindparam("asked")
    statement = update(table).where(mine, *usable).values(consumed_at=bindparam("at")).returning(table.c.id)

    def one(number: int) -> None:
        with unit_of_work() as session:
            asked = service.fingerprint(tokens[number])["digest"]
            assert session.execute(statement, {"asked": asked, "at": utc_now()}).scalar()

    return timed(one)


if __name__ == "__main__":
    sys.exit(main())
