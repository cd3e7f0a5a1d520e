"""reminders to check in

Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from portal.kernel.db import UTCDateTime

revision = "0011"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("registration_pages", sa.Column("remind_hours", sa.Integer(), nullable=True))
    op.add_column("registration_pages", sa.Column("reminded_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("registration_pages", "reminded_at")
    op.drop_column("registration_pages", "remind_hours")
