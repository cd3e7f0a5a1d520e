"""Migrations in process. Imported only where they run: Alembic costs a web process ten megabytes for nothing."""

import flask_migrate
from flask import Flask

from portal.kernel.db import db
from portal.paths import MIGRATIONS


def attach(app: Flask) -> None:
    """What the `flask db` commands look for."""
    flask_migrate.Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=False)


def upgrade(app: Flask) -> None:
    """Bring the database to the newest revision; leaves no connection open."""
    attach(app)
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        db.engine.dispose()
