"""registration pages mail and saved views

Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from portal.kernel.db import UTCDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("failed_at", UTCDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_mails_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("uid", name=op.f("uq_mails_uid")),
    )
    op.create_index("ix_mails_due_at", "mails", ["due_at"], unique=False)
    op.create_index("ix_mails_org_id_created_at", "mails", ["org_id", "created_at"], unique=False)
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("list", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_saved_views_org_id_organizations")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("org_id", "user_id", "list", "name", name=op.f("uq_saved_views_org_id_user_id_list_name")),
        sa.UniqueConstraint("uid", name=op.f("uq_saved_views_uid")),
    )
    op.create_table(
        "captain_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hint", sa.String(length=4), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_used_at", UTCDateTime(), nullable=True),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_captain_links_org_id_organizations")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_captain_links_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_captain_links")),
        sa.UniqueConstraint("digest", name=op.f("uq_captain_links_digest")),
        sa.UniqueConstraint("uid", name=op.f("uq_captain_links_uid")),
    )
    op.create_index(op.f("ix_captain_links_team_id"), "captain_links", ["team_id"], unique=False)
    op.create_table(
        "registration_applications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("open_team_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("entry_uid", sa.String(length=36), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'declined', 'withdrawn')", name=op.f("ck_registration_applications_status")
        ),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_registration_applications_competition_id_competitions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_registration_applications_org_id_organizations")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_registration_applications_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_applications")),
        sa.UniqueConstraint(
            "competition_id", "open_team_id", name=op.f("uq_registration_applications_competition_id_open_team_id")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_registration_applications_uid")),
    )
    op.create_index(
        "ix_registration_applications_competition_id_status",
        "registration_applications",
        ["competition_id", "status"],
        unique=False,
    )
    op.create_table(
        "registration_invitations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hint", sa.String(length=4), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.Column("used_by_id", sa.Integer(), nullable=True),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_registration_invitations_competition_id_competitions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_registration_invitations_org_id_organizations")),
        sa.ForeignKeyConstraint(["used_by_id"], ["teams.id"], name=op.f("fk_registration_invitations_used_by_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_invitations")),
        sa.UniqueConstraint("digest", name=op.f("uq_registration_invitations_digest")),
        sa.UniqueConstraint("uid", name=op.f("uq_registration_invitations_uid")),
    )
    op.create_index(
        "ix_registration_invitations_competition_id_id", "registration_invitations", ["competition_id", "id"], unique=False
    )
    op.create_table(
        "registration_pages",
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("access", sa.String(length=8), nullable=False),
        sa.Column("entrants", sa.String(length=8), nullable=False),
        sa.Column("approval", sa.Boolean(), nullable=False),
        sa.Column("self_check_in", sa.Boolean(), nullable=False),
        sa.Column("asks_contact", sa.Boolean(), nullable=False),
        sa.Column("welcome", sa.Text(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("access IN ('closed', 'open', 'invited')", name=op.f("ck_registration_pages_access")),
        sa.CheckConstraint("entrants IN ('players', 'teams', 'both')", name=op.f("ck_registration_pages_entrants")),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_registration_pages_competition_id_competitions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_registration_pages_org_id_organizations")),
        sa.PrimaryKeyConstraint("competition_id", name=op.f("pk_registration_pages")),
    )
    op.add_column("teams", sa.Column("solo", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("teams", sa.Column("contact", sa.String(length=254), nullable=True))


def downgrade() -> None:
    op.drop_column("teams", "contact")
    op.drop_column("teams", "solo")
    op.drop_table("registration_pages")
    op.drop_index("ix_registration_invitations_competition_id_id", table_name="registration_invitations")
    op.drop_table("registration_invitations")
    op.drop_index("ix_registration_applications_competition_id_status", table_name="registration_applications")
    op.drop_table("registration_applications")
    op.drop_index(op.f("ix_captain_links_team_id"), table_name="captain_links")
    op.drop_table("captain_links")
    op.drop_table("saved_views")
    op.drop_index("ix_mails_org_id_created_at", table_name="mails")
    op.drop_index("ix_mails_due_at", table_name="mails")
    op.drop_table("mails")
