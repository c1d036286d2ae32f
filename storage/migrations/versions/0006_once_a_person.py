"""What a person may have once."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "once",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("subject_id", types.Id(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_once_community_id"),
        sa.PrimaryKeyConstraint("community_id", "subject_id", "fingerprint", "claim_id", name="pk_once"),
    )
    op.create_index("ix_once_fingerprint", "once", ["fingerprint"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
