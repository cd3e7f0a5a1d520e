"""themes and custom domains

Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from portal.kernel.db import UTCDateTime

revision = "0005"
down_revision = "0004"


_LIVE, _PROVEN = sa.text("released_at IS NULL"), sa.text("released_at IS NULL AND verified_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "brand_images",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_brand_images_org_id_organizations")),
        sa.PrimaryKeyConstraint("org_id", "digest", name=op.f("pk_brand_images")),
    )
    op.create_table(
        "custom_domains",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("verified_at", UTCDateTime(), nullable=True),
        sa.Column("checked_at", UTCDateTime(), nullable=True),
        sa.Column("failing_since", UTCDateTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("released_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_custom_domains_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_domains")),
    )
    op.create_index(
        "uq_custom_domains_host", "custom_domains", ["host"], unique=True, sqlite_where=_PROVEN, postgresql_where=_PROVEN
    )
    op.create_index(
        "uq_custom_domains_org_id", "custom_domains", ["org_id"], unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE
    )
    op.create_table(
        "theme_drafts",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("look", sa.JSON(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_theme_drafts_org_id_organizations")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_theme_drafts")),
    )
    op.create_table(
        "theme_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("look", sa.JSON(), nullable=False),
        sa.Column("css", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=20), nullable=False),
        sa.Column("restores", sa.Integer(), nullable=True),
        sa.Column("published_at", UTCDateTime(), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_theme_versions_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_versions")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_theme_versions_org_id_number")),
    )
    op.create_index(op.f("ix_theme_versions_digest"), "theme_versions", ["digest"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_theme_versions_digest"), table_name="theme_versions")
    op.drop_table("theme_versions")
    op.drop_table("theme_drafts")
    op.drop_index("uq_custom_domains_org_id", table_name="custom_domains")
    op.drop_index("uq_custom_domains_host", table_name="custom_domains")
    op.drop_table("custom_domains")
    op.drop_table("brand_images")
