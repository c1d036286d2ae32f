"""Alarms."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("activity_id", types.Id(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("at", types.Utc(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_alarm_community_id"),
        sa.PrimaryKeyConstraint("community_id", "activity_id", "name", name="pk_alarm"),
    )
    op.create_index("ix_alarm_at", "alarm", ["at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
