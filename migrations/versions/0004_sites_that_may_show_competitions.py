"""sites that may show an organization's competitions

Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # The default stays for processes of the version before, which may still run.
    op.add_column("organizations", sa.Column("embed_sites", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("organizations", "embed_sites")
