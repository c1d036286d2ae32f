"""When no process worked on the store."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("since", types.Utc(), nullable=False),
        sa.Column("until", types.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("since", name="pk_absence"),
    )


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
