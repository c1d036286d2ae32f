"""A survey knows what it said before the last change."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("survey_survey", sa.Column("before", sa.String(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
