"""Codes that link two accounts of one person, and what is owed to an account found by it."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("expires_at", types.Utc(), nullable=False),
        sa.Column("used_at", types.Utc(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name="pk_link_code"),
    )
    op.create_index("ix_link_code_account_id", "link_code", ["account_id"], unique=False)
    private = sa.text("account_id IS NOT NULL")
    op.create_index("ix_delivery_private", "delivery", ["account_id"], sqlite_where=private, postgresql_where=private)


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
