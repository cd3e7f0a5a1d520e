"""competitions, teams and seasons

Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from portal.kernel.db import UTCDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_answers")),
        sa.UniqueConstraint("owner", "key_digest", name=op.f("uq_kept_answers_owner_key_digest")),
    )
    op.create_index(op.f("ix_kept_answers_created_at"), "kept_answers", ["created_at"], unique=False)
    op.create_table(
        "spent_signatures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wallet", sa.String(length=42), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spent_signatures")),
        sa.UniqueConstraint("wallet", "timestamp", name=op.f("uq_spent_signatures_wallet_timestamp")),
    )
    op.create_index(op.f("ix_spent_signatures_spent_at"), "spent_signatures", ["spent_at"], unique=False)
    op.create_table(
        "competitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=True),
        sa.Column("visibility", sa.String(length=8), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=True),
        sa.Column("max_participants", sa.Integer(), nullable=True),
        sa.Column("waiting_list", sa.Boolean(), nullable=False),
        sa.Column("registration_opens", UTCDateTime(), nullable=True),
        sa.Column("registration_closes", UTCDateTime(), nullable=True),
        sa.Column("starts_at", UTCDateTime(), nullable=True),
        sa.Column("ends_at", UTCDateTime(), nullable=True),
        sa.Column("entry_fee_wei", sa.String(length=78), nullable=True),
        sa.Column("prize_pool_wei", sa.String(length=78), nullable=True),
        sa.Column("draw_seed", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=True),
        sa.Column("started_at", UTCDateTime(), nullable=True),
        sa.Column("start_failed_at", UTCDateTime(), nullable=True),
        sa.Column("completed_at", UTCDateTime(), nullable=True),
        sa.Column("canceled_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "status IN ('draft', 'registration', 'active', 'completed', 'canceled')", name=op.f("ck_competitions_status")
        ),
        sa.CheckConstraint("visibility IN ('public', 'unlisted', 'private')", name=op.f("ck_competitions_visibility")),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_competitions_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competitions")),
        sa.UniqueConstraint("uid", name=op.f("uq_competitions_uid")),
    )
    op.create_index(op.f("ix_competitions_category"), "competitions", ["category"], unique=False)
    op.create_index("ix_competitions_org_id_created_at", "competitions", ["org_id", "created_at"], unique=False)
    op.create_index("ix_competitions_status_starts_at", "competitions", ["status", "starts_at"], unique=False)
    op.create_table(
        "seasons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=True),
        sa.Column("ends_at", UTCDateTime(), nullable=True),
        sa.Column("scoring_config", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'completed')", name=op.f("ck_seasons_status")),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_seasons_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seasons")),
        sa.UniqueConstraint("uid", name=op.f("uq_seasons_uid")),
    )
    op.create_index("ix_seasons_org_id_created_at", "seasons", ["org_id", "created_at"], unique=False)
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("tag", sa.String(length=6), nullable=True),
        sa.Column("logo_url", sa.String(length=500), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_teams_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("uid", name=op.f("uq_teams_uid")),
    )
    op.create_index("ix_teams_org_id_name", "teams", ["org_id", "name"], unique=False)
    op.create_table(
        "wallet_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("wallet", sa.String(length=42), nullable=False),
        sa.Column("wallet_key", sa.String(length=42), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("role IN ('member', 'admin', 'owner')", name=op.f("ck_wallet_members_role")),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_wallet_members_org_id_organizations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_members")),
        sa.UniqueConstraint("org_id", "wallet_key", name=op.f("uq_wallet_members_org_id_wallet_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_wallet_members_uid")),
    )
    op.create_index(op.f("ix_wallet_members_wallet_key"), "wallet_members", ["wallet_key"], unique=False)
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("wallet", sa.String(length=42), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("entrant_key", sa.String(length=42), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=True),
        sa.Column("grp", sa.String(length=2), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("prize_wei", sa.String(length=78), nullable=True),
        sa.Column("registered_at", UTCDateTime(), nullable=False),
        sa.Column("checked_in_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "status IN ('registered', 'waiting', 'withdrawn', 'dropped', 'disqualified')", name=op.f("ck_entries_status")
        ),
        sa.CheckConstraint("(wallet IS NULL) <> (team_id IS NULL)", name=op.f("ck_entries_entrant")),
        sa.ForeignKeyConstraint(["competition_id"], ["competitions.id"], name=op.f("fk_entries_competition_id_competitions")),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_entries_org_id_organizations")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_entries_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("competition_id", "entrant_key", name=op.f("uq_entries_competition_id_entrant_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_entries_uid")),
    )
    op.create_index("ix_entries_competition_id_status", "entries", ["competition_id", "status"], unique=False)
    op.create_index("ix_entries_org_id_registered_at", "entries", ["org_id", "registered_at"], unique=False)
    op.create_index(op.f("ix_entries_team_id"), "entries", ["team_id"], unique=False)
    op.create_index(op.f("ix_entries_wallet"), "entries", ["wallet"], unique=False)
    op.create_table(
        "roster_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("wallet", sa.String(length=42), nullable=False),
        sa.Column("wallet_key", sa.String(length=42), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("joined_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("role IN ('captain', 'player', 'substitute')", name=op.f("ck_roster_entries_role")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_roster_entries_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_entries")),
        sa.UniqueConstraint("team_id", "wallet_key", name=op.f("uq_roster_entries_team_id_wallet_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_roster_entries_uid")),
    )
    op.create_index(op.f("ix_roster_entries_wallet_key"), "roster_entries", ["wallet_key"], unique=False)
    op.create_table(
        "season_competitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("season_id", sa.Integer(), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("weight > 0", name=op.f("ck_season_competitions_weight")),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_season_competitions_competition_id_competitions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_season_competitions_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_season_competitions")),
        sa.UniqueConstraint("season_id", "competition_id", name=op.f("uq_season_competitions_season_id_competition_id")),
    )
    op.create_index(op.f("ix_season_competitions_competition_id"), "season_competitions", ["competition_id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("over_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("under_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("over_id <> under_id", name=op.f("ck_decisions_two")),
        sa.ForeignKeyConstraint(["competition_id"], ["competitions.id"], name=op.f("fk_decisions_competition_id_competitions")),
        sa.ForeignKeyConstraint(["over_id"], ["entries.id"], name=op.f("fk_decisions_over_id_entries")),
        sa.ForeignKeyConstraint(["under_id"], ["entries.id"], name=op.f("fk_decisions_under_id_entries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("competition_id", "over_id", "under_id", name=op.f("uq_decisions_competition_id_over_id_under_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_decisions_uid")),
    )
    op.create_table(
        "ladder_drops",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"], ["competitions.id"], name=op.f("fk_ladder_drops_competition_id_competitions")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_ladder_drops_entry_id_entries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladder_drops")),
        sa.UniqueConstraint("competition_id", "entry_id", "until", name=op.f("uq_ladder_drops_competition_id_entry_id_until")),
    )
    op.create_table(
        "matches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("grp", sa.String(length=2), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("a_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("b_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("a_empty", sa.Boolean(), nullable=False),
        sa.Column("b_empty", sa.Boolean(), nullable=False),
        sa.Column("winner_to", sa.Integer(), nullable=True),
        sa.Column("winner_side", sa.String(length=1), nullable=True),
        sa.Column("loser_to", sa.Integer(), nullable=True),
        sa.Column("loser_side", sa.String(length=1), nullable=True),
        sa.Column("score_a", sa.Integer(), nullable=True),
        sa.Column("score_b", sa.Integer(), nullable=True),
        sa.Column("winner", sa.String(length=4), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("scheduled_at", UTCDateTime(), nullable=True),
        sa.Column("completed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["a_id"], ["entries.id"], name=op.f("fk_matches_a_id_entries")),
        sa.ForeignKeyConstraint(["b_id"], ["entries.id"], name=op.f("fk_matches_b_id_entries")),
        sa.ForeignKeyConstraint(["competition_id"], ["competitions.id"], name=op.f("fk_matches_competition_id_competitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matches")),
        sa.UniqueConstraint("competition_id", "number", name=op.f("uq_matches_competition_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_matches_uid")),
    )
    op.create_index("ix_matches_a_id", "matches", ["a_id"], unique=False)
    op.create_index("ix_matches_b_id", "matches", ["b_id"], unique=False)
    op.create_index("ix_matches_competition_id_status", "matches", ["competition_id", "status"], unique=False)
    op.create_table(
        "match_reports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("match_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("score_a", sa.Integer(), nullable=True),
        sa.Column("score_b", sa.Integer(), nullable=True),
        sa.Column("winner", sa.String(length=4), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("reported_by", sa.String(length=200), nullable=False),
        sa.Column("reported_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name=op.f("fk_match_reports_match_id_matches"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_reports")),
        sa.UniqueConstraint("uid", name=op.f("uq_match_reports_uid")),
    )
    op.create_index("ix_match_reports_match_id", "match_reports", ["match_id"], unique=False)
    op.add_column("organizations", sa.Column("theme", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("organizations", sa.Column("founder", sa.String(length=42), nullable=True))
    op.create_index(op.f("ix_organizations_founder"), "organizations", ["founder"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_organizations_founder"), table_name="organizations")
    op.drop_column("organizations", "founder")
    op.drop_column("organizations", "theme")
    op.drop_index("ix_match_reports_match_id", table_name="match_reports")
    op.drop_table("match_reports")
    op.drop_index("ix_matches_competition_id_status", table_name="matches")
    op.drop_index("ix_matches_b_id", table_name="matches")
    op.drop_index("ix_matches_a_id", table_name="matches")
    op.drop_table("matches")
    op.drop_table("ladder_drops")
    op.drop_table("decisions")
    op.drop_index(op.f("ix_season_competitions_competition_id"), table_name="season_competitions")
    op.drop_table("season_competitions")
    op.drop_index(op.f("ix_roster_entries_wallet_key"), table_name="roster_entries")
    op.drop_table("roster_entries")
    op.drop_index(op.f("ix_entries_wallet"), table_name="entries")
    op.drop_index(op.f("ix_entries_team_id"), table_name="entries")
    op.drop_index("ix_entries_org_id_registered_at", table_name="entries")
    op.drop_index("ix_entries_competition_id_status", table_name="entries")
    op.drop_table("entries")
    op.drop_index(op.f("ix_wallet_members_wallet_key"), table_name="wallet_members")
    op.drop_table("wallet_members")
    op.drop_index("ix_teams_org_id_name", table_name="teams")
    op.drop_table("teams")
    op.drop_index("ix_seasons_org_id_created_at", table_name="seasons")
    op.drop_table("seasons")
    op.drop_index("ix_competitions_status_starts_at", table_name="competitions")
    op.drop_index("ix_competitions_org_id_created_at", table_name="competitions")
    op.drop_index(op.f("ix_competitions_category"), table_name="competitions")
    op.drop_table("competitions")
    op.drop_index(op.f("ix_spent_signatures_spent_at"), table_name="spent_signatures")
    op.drop_table("spent_signatures")
    op.drop_index(op.f("ix_kept_answers_created_at"), table_name="kept_answers")
    op.drop_table("kept_answers")
