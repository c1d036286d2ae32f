"""How often members are asked."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("community", sa.Column("asks_a_week", sa.Integer(), nullable=False, server_default="3"))
    op.add_column("delivery", sa.Column("asked_at", types.Utc(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
