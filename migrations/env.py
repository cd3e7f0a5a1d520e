"""Alembic's entry, driven by Flask-Migrate: the application's own engine and tables."""

from alembic import context
from flask import current_app

from portal.kernel.db import db


def migrate_online() -> None:
    """Run the migrations in one transaction."""
    options = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=db.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run on a database, not to a script: drop --sql.")
migrate_online()
