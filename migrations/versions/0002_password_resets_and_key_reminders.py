"""links that reset a password, reminders of keys that expire, session links by the moment of their making

Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from portal.kernel.db import UTCDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # SQLite rebuilds the table; nothing points at it, and it holds a few rows. The default stays for processes of the
    # version before, which may still run.
    with op.batch_alter_table("password_links") as links:
        links.add_column(sa.Column("kind", sa.String(length=8), nullable=False, server_default="first"))
        links.add_column(sa.Column("made_by_id", sa.Integer(), nullable=True))
        links.alter_column("org_id", existing_type=sa.Integer(), nullable=True)
        links.create_foreign_key(op.f("fk_password_links_made_by_id_users"), "users", ["made_by_id"], ["id"])
        links.create_check_constraint(op.f("ck_password_links_kind"), "kind IN ('first', 'reset')")
    op.create_table(
        "key_reminders",
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("told_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("fk_key_reminders_key_id_api_keys"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_id", "expires_at", "days", name=op.f("pk_key_reminders")),
    )
    op.create_index("ix_session_tokens_org_id_created_at", "session_tokens", ["org_id", "created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_session_tokens_org_id_created_at", table_name="session_tokens")
    op.drop_table("key_reminders")
    # A reset that belongs to no organization, or that a newer page would have to answer, has no place in the old table.
    op.execute("DELETE FROM password_links WHERE org_id IS NULL OR kind = 'reset'")
    with op.batch_alter_table("password_links") as links:
        links.drop_constraint(op.f("ck_password_links_kind"), type_="check")
        links.drop_constraint(op.f("fk_password_links_made_by_id_users"), type_="foreignkey")
        links.drop_column("made_by_id")
        links.drop_column("kind")
        links.alter_column("org_id", existing_type=sa.Integer(), nullable=False)
