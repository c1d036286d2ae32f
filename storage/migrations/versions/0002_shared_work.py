"""Workers, leases, paces and incidents; schedules with exceptions; deliveries that are checked."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UNDONE = sa.text("state IN ('pending', 'sending', 'checking') OR wanted_revision > shown_revision")
_STUCK = sa.text("state IN ('unknown', 'failed')")


def upgrade() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("alive_until", types.Utc(), nullable=False),
        sa.Column("started_at", types.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "pace",
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("recent", types.Json, nullable=False),
        sa.Column("used_at", types.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "place", name="pk_pace"),
    )
    op.create_index("ix_pace_used_at", "pace", ["used_at"], unique=False)
    op.create_table(
        "incident",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", types.Utc(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("schedule_id", types.Id(), nullable=True),
        sa.Column("delivery_id", types.Id(), nullable=True),
        sa.Column("slot", sa.String(), nullable=True),
        sa.Column("detail", types.Json, nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_incident_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_incident"),
    )
    with op.batch_alter_table("schedule") as batch:
        batch.drop_column("leased_by")
        batch.drop_column("leased_until")
        batch.add_column(sa.Column("until", sa.String(), nullable=True))
        batch.add_column(sa.Column("not_before", sa.String(), nullable=True))
        batch.add_column(sa.Column("days_off", types.Json, nullable=False, server_default="{}"))
        batch.add_column(sa.Column("draft", types.Json, nullable=True))
        batch.add_column(sa.Column("planned_at", types.Utc(), nullable=True))
        batch.add_column(sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("schedule") as batch:
        batch.alter_column("days_off", server_default=None)
        batch.alter_column("tries", server_default=None)
    op.drop_index("ix_delivery_due", "delivery")
    with op.batch_alter_table("delivery") as batch:
        batch.drop_column("leased_until")
        batch.add_column(sa.Column("expires_at", types.Utc(), nullable=True))
        batch.add_column(sa.Column("checks", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("delivery") as batch:
        batch.alter_column("checks", server_default=None)
    op.create_index("ix_delivery_due", "delivery", ["lane", "due_at"], sqlite_where=_UNDONE, postgresql_where=_UNDONE)
    op.create_index("ix_delivery_stuck", "delivery", ["community_id"], sqlite_where=_STUCK, postgresql_where=_STUCK)
