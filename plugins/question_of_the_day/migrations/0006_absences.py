"""Which questions break no streak follows from when we were away."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("qotd_asked") as batch:
        batch.drop_column("excused")


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
