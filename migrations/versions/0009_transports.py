"""transports

Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from portal.kernel.db import UTCDateTime

revision = "0009"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "transports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("target", sa.String(length=500), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("role_arn", sa.String(length=200), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("setup", sa.String(length=7), nullable=False),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("alive_at", UTCDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_success_at", UTCDateTime(), nullable=True),
        sa.Column("last_failure_at", UTCDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('amqp', 'sqs')", name=op.f("ck_transports_kind")),
        sa.CheckConstraint("setup IN ('wanted', 'ready', 'removal', 'gone')", name=op.f("ck_transports_setup")),
        sa.CheckConstraint("status IN ('enabled', 'paused', 'disabled')", name=op.f("ck_transports_status")),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_transports_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transports")),
        sa.UniqueConstraint("uid", name=op.f("uq_transports_uid")),
    )
    op.create_index("ix_transports_due_at", "transports", ["due_at"], unique=False)
    op.create_index("ix_transports_org_id_created_at", "transports", ["org_id", "created_at"], unique=False)
    op.create_index(
        "uq_transports_target",
        "transports",
        ["target"],
        unique=True,
        sqlite_where=sa.text("kind = 'amqp' AND setup <> 'gone'"),
        postgresql_where=sa.text("kind = 'amqp' AND setup <> 'gone'"),
    )
    op.create_table(
        "transport_messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("transport_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("competition", sa.String(length=36), nullable=True),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_try_at", UTCDateTime(), nullable=True),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'sent', 'skipped', 'failed', 'canceled')", name=op.f("ck_transport_messages_state")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_transport_messages_event_id_events")),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_transport_messages_org_id_organizations")),
        sa.ForeignKeyConstraint(["transport_id"], ["transports.id"], name=op.f("fk_transport_messages_transport_id_transports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transport_messages")),
        sa.UniqueConstraint("event_id", "transport_id", name=op.f("uq_transport_messages_event_id_transport_id")),
        sa.UniqueConstraint("transport_id", "sequence", name=op.f("uq_transport_messages_transport_id_sequence")),
        sa.UniqueConstraint("uid", name=op.f("uq_transport_messages_uid")),
    )
    op.create_index(
        "ix_transport_messages_open",
        "transport_messages",
        ["transport_id", "sequence"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_transport_messages_org_id_id", "transport_messages", ["org_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_transport_messages_org_id_id", table_name="transport_messages")
    op.drop_index(
        "ix_transport_messages_open",
        table_name="transport_messages",
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_table("transport_messages")
    op.drop_index(
        "uq_transports_target",
        table_name="transports",
        sqlite_where=sa.text("kind = 'amqp' AND setup <> 'gone'"),
        postgresql_where=sa.text("kind = 'amqp' AND setup <> 'gone'"),
    )
    op.drop_index("ix_transports_org_id_created_at", table_name="transports")
    op.drop_index("ix_transports_due_at", table_name="transports")
    op.drop_table("transports")
