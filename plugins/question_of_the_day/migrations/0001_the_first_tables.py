"""the first tables."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "qotd_question",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("series_id", types.Id(), nullable=False),
        sa.Column("words", types.Json, nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("asked_at", types.Utc(), nullable=True),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_qotd_question_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_qotd_question"),
    )
    op.create_index(
        "ix_qotd_question_queue", "qotd_question", ["community_id", "series_id", "asked_at"], unique=False
    )

    op.create_table(
        "qotd_series",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("schedule_id", types.Id(), nullable=False),
        sa.Column("keeper_id", types.Id(), nullable=True),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_qotd_series_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_qotd_series"),
    )
    op.create_index("ix_qotd_series_schedule", "qotd_series", ["community_id", "schedule_id"], unique=False)

    op.create_table(
        "qotd_answer",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("activity_id", types.Id(), nullable=False),
        sa.Column("space_id", types.Id(), nullable=False),
        sa.Column("member_id", types.Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("answered_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "activity_id"],
            ["activity.community_id", "activity.id"],
            name="fk_qotd_answer_community_id_activity_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_qotd_answer"),
        sa.UniqueConstraint(
            "community_id", "activity_id", "member_id", name="uq_qotd_answer_community_id_activity_id_member_id"
        ),
    )
    op.create_index("ix_qotd_answer_message", "qotd_answer", ["community_id", "space_id", "message"], unique=False)

    op.create_table(
        "qotd_reaction",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("activity_id", types.Id(), nullable=False),
        sa.Column("member_id", types.Id(), nullable=False),
        sa.Column("emoji", sa.String(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "activity_id"],
            ["activity.community_id", "activity.id"],
            name="fk_qotd_reaction_community_id_activity_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "activity_id", "member_id", "emoji", name="pk_qotd_reaction"),
    )
    op.create_table(
        "qotd_series_channel",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("series_id", types.Id(), nullable=False),
        sa.Column("channel_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "channel_id"],
            ["channel.community_id", "channel.id"],
            name="fk_qotd_series_channel_community_id_channel_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "series_id", "channel_id", name="pk_qotd_series_channel"),
    )


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
