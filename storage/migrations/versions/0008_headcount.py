"""How many could see a post."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("headcount", sa.Integer(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
