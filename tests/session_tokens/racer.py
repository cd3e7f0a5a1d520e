"""One process of a race for tokens: `python racer.py MODE` with the facts as JSON on standard input, then a line to go.

MODE `real` uses what the application uses. `naive` is its wrong twin, kept to show that the race would find it: SELECT,
then UPDATE, with SQLAlchemy's own transactions. `dying` is `real`, killed after the commit and before the answer.
"""

import json
import os
import sys
from datetime import UTC, datetime


def naive(facts: dict) -> list[str]:
    """Nothing of the application is imported here, as it sets up every SQLite connection of its process."""
    from sqlalchemy import create_engine, text

    engine = create_engine(facts["environ"]["TILTYARD_DATABASE_URL"])
    won = []
    for number, token in facts["tokens"].items():
        with engine.begin() as connection:
            seen = connection.execute(text("SELECT consumed_at FROM session_tokens WHERE id = :id"), {"id": int(number)}).scalar()
            if seen is None:
                change = text("UPDATE session_tokens SET consumed_at = :now WHERE id = :id")
                connection.execute(change, {"now": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}", "id": int(number)})
                won.append(token)
    return won


def real(facts: dict, *, dying: bool = False) -> list[str]:
    from portal import create_app
    from portal.config import Settings
    from portal.kernel.db import unit_of_work
    from portal.kernel.errors import Gone
    from portal.session_tokens import opening

    with create_app(Settings.from_env(facts["environ"])).app_context():
        ready()
        won = []
        for token in facts["tokens"].values():
            try:
                with unit_of_work() as session:
                    opening.consume(session, token, attempt="dying" if dying else "")
                won.append(token)
            except Gone:
                pass
            if dying:
                os.kill(os.getpid(), 9)
        return won


def ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    mode, given = sys.argv[1], json.loads(sys.stdin.readline())
    if mode == "naive":
        ready()
    print(json.dumps(naive(given) if mode == "naive" else real(given, dying=mode == "dying")), flush=True)
