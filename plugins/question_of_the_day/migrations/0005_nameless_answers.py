"""Answers without a name wait for others to be written down among, and say no space."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "qotd_nameless",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("activity_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "activity_id"],
            ["activity.community_id", "activity.id"],
            name="fk_qotd_nameless_community_id_activity_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "activity_id", "id", name="pk_qotd_nameless"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("qotd_answer") as batch:
        batch.alter_column("space_id", existing_type=types.Id(), nullable=True)
    answer = sa.table("qotd_answer", sa.column("space_id", types.Id()), sa.column("member_id", types.Id()))
    op.execute(answer.update().where(answer.c.member_id.is_(None)).values(space_id=None))


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
