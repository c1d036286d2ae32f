"""Several series, what members may do in them, and what is counted of each question."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("qotd_series") as batch:
        batch.add_column(sa.Column("title", sa.String(), nullable=True))
        batch.add_column(sa.Column("image", sa.String(), nullable=True))
        batch.add_column(sa.Column("draw", sa.String(), nullable=False, server_default="queue"))
        for name in ("categories", "tone", "allows"):
            batch.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("qotd_series_channel", sa.Column("ping", sa.String(), nullable=True))
    with op.batch_alter_table("qotd_question") as batch:
        for name in ("place", "lot", "votes"):
            batch.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        for name in ("category", "tone"):
            batch.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("sponsor", sa.String(), nullable=True))
        batch.add_column(sa.Column("source", sa.String(), nullable=True))
        batch.add_column(sa.Column("season_from", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("season_to", sa.Integer(), nullable=True))
        batch.drop_index("ix_qotd_question_queue")
        batch.create_index("ix_qotd_question_queue", ["community_id", "series_id", "asked_at", "place", "id"])
        batch.create_index("ix_qotd_question_category", ["community_id", "series_id", "category", "asked_at"])
    with op.batch_alter_table("qotd_answer") as batch:
        batch.alter_column("member_id", existing_type=types.Id(), nullable=True)

    asked = op.create_table(
        "qotd_asked",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("activity_id", types.Id(), nullable=False),
        sa.Column("series_id", types.Id(), nullable=False),
        sa.Column("question_id", types.Id(), nullable=False),
        sa.Column("category", sa.String(), nullable=False, server_default=""),
        sa.Column("asked_at", types.Utc(), nullable=False),
        sa.Column("excused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("replies", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("best_id", types.Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id", "activity_id"],
            ["activity.community_id", "activity.id"],
            name="fk_qotd_asked_community_id_activity_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "activity_id", name="pk_qotd_asked"),
    )
    op.create_index("ix_qotd_asked_series", "qotd_asked", ["community_id", "series_id", "asked_at"], unique=False)
    op.create_table(
        "qotd_liking",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("answer_id", types.Id(), nullable=False),
        sa.Column("member_id", types.Id(), nullable=False),
        sa.Column("emoji", sa.String(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_qotd_liking_community_id"),
        sa.PrimaryKeyConstraint("community_id", "answer_id", "member_id", "emoji", name="pk_qotd_liking"),
    )
    op.create_table(
        "qotd_suggestion",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("series_id", types.Id(), nullable=False),
        sa.Column("space_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("suggested_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_qotd_suggestion_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_qotd_suggestion"),
    )
    op.create_table(
        "qotd_vote",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("series_id", types.Id(), nullable=False),
        sa.Column("member_id", types.Id(), nullable=False),
        sa.Column("question_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_qotd_vote_community_id"),
        sa.PrimaryKeyConstraint("community_id", "series_id", "member_id", name="pk_qotd_vote"),
    )
    op.create_table(
        "qotd_quiet",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("member_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_qotd_quiet_community_id"),
        sa.PrimaryKeyConstraint("community_id", "member_id", name="pk_qotd_quiet"),
    )
    op.create_table(
        "qotd_pile",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rows", types.Json, nullable=False),
        sa.Column("made_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_qotd_pile_community_id"),
        sa.PrimaryKeyConstraint("community_id", "kind", name="pk_qotd_pile"),
    )
    _remember_what_was_asked(asked)


def _remember_what_was_asked(asked: sa.Table) -> None:
    """A row for each question that was posted until now. One that nobody saw let go of its slot and waits again."""
    activity = sa.table(
        "activity",
        sa.column("community_id", types.Id()),
        sa.column("id", types.Id()),
        sa.column("plugin", sa.String()),
        sa.column("data", types.Json),
        sa.column("created_at", types.Utc()),
    )
    question = sa.table(
        "qotd_question",
        sa.column("community_id", types.Id()),
        sa.column("id", types.Id()),
        sa.column("series_id", types.Id()),
        sa.column("asked_at", types.Utc()),
    )
    connection = op.get_bind()
    posted = {
        (row.community_id, row.id.hex): row.series_id
        for row in connection.execute(sa.select(question).where(question.c.asked_at.is_not(None)))
    }
    newest = {}
    for row in connection.execute(sa.select(activity).where(activity.c.plugin == "qd").order_by(activity.c.id)):
        key = (row.community_id, row.data.get("id"))
        if key in posted:
            newest[key] = {
                "community_id": row.community_id,
                "activity_id": row.id,
                "series_id": posted[key],
                "question_id": row.data["id"],
                "asked_at": row.created_at,
            }
    many = [{**row, "question_id": UUID(row["question_id"])} for row in newest.values()]
    for start in range(0, len(many), 1000):
        connection.execute(sa.insert(asked), many[start : start + 1000])


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
