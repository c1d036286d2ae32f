"""Claims that come to nothing are found by their id."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_once_claim_id", "once", ["community_id", "subject_id", "claim_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
