"""markets and settlements

Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from portal.kernel.db import UTCDateTime
from portal.kernel.triggers import append_only, drop_append_only

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("competitions", sa.Column("has_offers", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "market_settlement_heads",
        sa.Column("org_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_market_settlement_heads_org_id_organizations")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_market_settlement_heads")),
    )
    op.create_table(
        "recovery_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("sport", sa.String(length=60), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("after", UTCDateTime(), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_recovery_requests_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_requests")),
        sa.UniqueConstraint("uid", name=op.f("uq_recovery_requests_uid")),
    )
    op.create_index("ix_recovery_requests_org_id_id", "recovery_requests", ["org_id", "id"], unique=False)
    op.create_table(
        "market_offers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("match_uid", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("outcomes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("winner", sa.String(length=40), nullable=True),
        sa.Column("settled_by", sa.String(length=8), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("(winner IS NOT NULL) = (status = 'settled')", name=op.f("ck_market_offers_winner")),
        sa.CheckConstraint("status IN ('open', 'suspended', 'settled', 'voided')", name=op.f("ck_market_offers_status")),
        sa.ForeignKeyConstraint(
            ["competition_id"], ["competitions.id"], name=op.f("fk_market_offers_competition_id_competitions")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_market_offers_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_offers")),
        sa.UniqueConstraint("uid", name=op.f("uq_market_offers_uid")),
    )
    op.create_index("ix_market_offers_competition_id_id", "market_offers", ["competition_id", "id"], unique=False)
    op.create_index("ix_market_offers_match_uid", "market_offers", ["match_uid"], unique=False)
    op.create_index(op.f("ix_market_offers_org_id"), "market_offers", ["org_id"], unique=False)
    op.create_index(
        "uq_market_offers_match_uid_type_label",
        "market_offers",
        ["match_uid", "type", "label"],
        unique=True,
        sqlite_where=sa.text("status <> 'voided'"),
        postgresql_where=sa.text("status <> 'voided'"),
    )
    op.create_table(
        "market_settlements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("match_uid", sa.String(length=36), nullable=False),
        sa.Column("previous_status", sa.String(length=10), nullable=False),
        sa.Column("new_status", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("settled_by", sa.String(length=8), nullable=False),
        sa.Column("is_resettlement", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("settled_by IN ('engine', 'system', 'admin')", name=op.f("ck_market_settlements_settled_by")),
        sa.ForeignKeyConstraint(
            ["competition_id"], ["competitions.id"], name=op.f("fk_market_settlements_competition_id_competitions")
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["market_offers.id"], name=op.f("fk_market_settlements_offer_id_market_offers")),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_market_settlements_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_settlements")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_market_settlements_org_id_number")),
    )
    op.create_index(
        "ix_market_settlements_competition_id_number", "market_settlements", ["competition_id", "number"], unique=False
    )
    op.create_index("ix_market_settlements_match_uid", "market_settlements", ["match_uid"], unique=False)
    op.create_index("ix_market_settlements_offer_id", "market_settlements", ["offer_id"], unique=False)
    append_only(op, "market_settlements")


def downgrade() -> None:
    drop_append_only(op, "market_settlements")
    op.drop_index("ix_market_settlements_offer_id", table_name="market_settlements")
    op.drop_index("ix_market_settlements_match_uid", table_name="market_settlements")
    op.drop_index("ix_market_settlements_competition_id_number", table_name="market_settlements")
    op.drop_table("market_settlements")
    op.drop_index(
        "uq_market_offers_match_uid_type_label",
        table_name="market_offers",
        sqlite_where=sa.text("status <> 'voided'"),
        postgresql_where=sa.text("status <> 'voided'"),
    )
    op.drop_index(op.f("ix_market_offers_org_id"), table_name="market_offers")
    op.drop_index("ix_market_offers_match_uid", table_name="market_offers")
    op.drop_index("ix_market_offers_competition_id_id", table_name="market_offers")
    op.drop_table("market_offers")
    op.drop_index("ix_recovery_requests_org_id_id", table_name="recovery_requests")
    op.drop_table("recovery_requests")
    op.drop_table("market_settlement_heads")
    op.drop_column("competitions", "has_offers")
