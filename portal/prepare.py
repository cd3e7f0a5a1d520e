"""What has to stand before the first request on one machine: the tables and, outside production, a demo tenant."""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from portal import create_app
from portal.config import Settings
from portal.demo import seed
from portal.kernel.db import db
from portal.migrating import upgrade


def prepare(settings: Settings, say: Callable[[str], None]) -> Mapping[str, Any]:
    """Migrate and seed; gives the demo facts, none in production, where neither is done unasked.

    `say` is told each step. Raises sqlalchemy.exc.OperationalError where the database cannot be reached.
    """
    app = create_app(settings)
    if settings.production:
        return {}
    say(f"Database: {make_url(settings.database_url).render_as_string(hide_password=True)}")
    upgrade(app)
    with app.app_context():
        facts = seed(app)
        db.engine.dispose()
    _write_privately(settings.data_dir / "demo.json", json.dumps(facts, indent=2) + "\n")
    return facts


def welcome(settings: Settings, facts: Mapping[str, Any]) -> str:
    """What the person at the terminal needs to begin, once everything answers."""
    lines = [f"Tiltyard is ready at {settings.base_url}"]
    if facts:
        keys = [f"     {kind.replace('_', ' '):<15}{key}" for kind, key in facts["keys"].items()]
        lines += [
            f"   Sign in          {facts['operator']['email']}",
            f"   Password         {facts['operator']['password']}",
            "   Keys",
            *keys,
            f"   Also written to  {settings.data_dir / 'demo.json'}",
        ]
    return "\n".join([*lines, "   Stop with        Ctrl-C"])


def _write_privately(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it, from the first moment on."""
    handle, aside = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(aside).replace(path)
