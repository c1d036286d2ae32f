"""Who is told when a post needs a person, and when they last were."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("community") as batch:
        batch.add_column(sa.Column("keeper_id", types.Id(), nullable=True))
        batch.add_column(sa.Column("told_at", types.Utc(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
