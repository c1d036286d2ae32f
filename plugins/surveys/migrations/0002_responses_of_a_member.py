"""A member's responses are found without reading those of all."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_survey_response_member_id", "survey_response", ["community_id", "member_id"], unique=False)
    op.create_index("ix_survey_taker_member_id", "survey_taker", ["community_id", "member_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
