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
        "survey_survey",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("closes_at", types.Utc(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("schedule_id", types.Id(), nullable=True),
        sa.Column("wave_id", types.Id(), nullable=True),
        sa.Column("waves", sa.Integer(), nullable=False),
        sa.Column("keeper_id", types.Id(), nullable=True),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_survey_survey_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_survey_survey"),
    )
    op.create_index("ix_survey_survey_schedule", "survey_survey", ["community_id", "schedule_id"], unique=False)

    op.create_table(
        "survey_wave",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("survey_id", types.Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("closes_at", types.Utc(), nullable=True),
        sa.Column("started", sa.Integer(), nullable=False),
        sa.Column("finished", sa.Integer(), nullable=False),
        sa.Column("screened", sa.Integer(), nullable=False),
        sa.Column("cells", types.Json, nullable=False),
        sa.Column("opened_at", types.Utc(), nullable=False),
        sa.Column("closed_at", types.Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id", "id"], ["activity.community_id", "activity.id"], name="fk_survey_wave_community_id_id"
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_survey_wave"),
    )
    op.create_index("ix_survey_wave_survey", "survey_wave", ["community_id", "survey_id", "number"], unique=False)

    op.create_table(
        "survey_answer",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("wave_id", types.Id(), nullable=False),
        sa.Column("response_id", types.Id(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("option", sa.String(), nullable=True),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("day", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id", "wave_id"],
            ["survey_wave.community_id", "survey_wave.id"],
            name="fk_survey_answer_community_id_wave_id",
        ),
        sa.PrimaryKeyConstraint(
            "community_id", "wave_id", "response_id", "question", "place", name="pk_survey_answer"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "survey_channel",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("survey_id", types.Id(), nullable=False),
        sa.Column("channel_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "channel_id"],
            ["channel.community_id", "channel.id"],
            name="fk_survey_channel_community_id_channel_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "survey_id", "channel_id", name="pk_survey_channel"),
    )
    op.create_table(
        "survey_response",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("wave_id", types.Id(), nullable=False),
        sa.Column("member_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("space_id", types.Id(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("cells", types.Json, nullable=False),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("started_at", types.Utc(), nullable=False),
        sa.Column("finished_at", types.Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id", "wave_id"],
            ["survey_wave.community_id", "survey_wave.id"],
            name="fk_survey_response_community_id_wave_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_survey_response"),
        sa.UniqueConstraint(
            "community_id", "wave_id", "member_id", name="uq_survey_response_community_id_wave_id_member_id"
        ),
    )
    op.create_table(
        "survey_taker",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("wave_id", types.Id(), nullable=False),
        sa.Column("member_id", types.Id(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "wave_id"],
            ["survey_wave.community_id", "survey_wave.id"],
            name="fk_survey_taker_community_id_wave_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "wave_id", "member_id", name="pk_survey_taker"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "survey_waiting",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("wave_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "wave_id"],
            ["survey_wave.community_id", "survey_wave.id"],
            name="fk_survey_waiting_community_id_wave_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "wave_id", "id", name="pk_survey_waiting"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
