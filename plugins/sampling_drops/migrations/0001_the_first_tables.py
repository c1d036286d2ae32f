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
        "drop_sample",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("gives", sa.String(), nullable=False),
        sa.Column("definition", types.Json, nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("opens_at", types.Utc(), nullable=True),
        sa.Column("closes_at", types.Utc(), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("pressed", sa.Integer(), nullable=False),
        sa.Column("screened", sa.Integer(), nullable=False),
        sa.Column("turned_away", sa.Integer(), nullable=False),
        sa.Column("exported", sa.Integer(), nullable=False),
        sa.Column("activity_id", types.Id(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("keeper_id", types.Id(), nullable=True),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_drop_sample_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_drop_sample"),
    )
    op.create_table(
        "drop_channel",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("drop_id", types.Id(), nullable=False),
        sa.Column("channel_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "channel_id"],
            ["channel.community_id", "channel.id"],
            name="fk_drop_channel_community_id_channel_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "drop_id", "channel_id", name="pk_drop_channel"),
    )
    op.create_table(
        "drop_claim",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("drop_id", types.Id(), nullable=False),
        sa.Column("space_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("member_id", types.Id(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("held_until", types.Utc(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("consent_id", types.Id(), nullable=True),
        sa.Column("code_id", types.Id(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("exported", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "drop_id"],
            ["drop_sample.community_id", "drop_sample.id"],
            name="fk_drop_claim_community_id_drop_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_drop_claim"),
        sa.UniqueConstraint(
            "community_id", "drop_id", "account_id", name="uq_drop_claim_community_id_drop_id_account_id"
        ),
    )
    op.create_index("ix_drop_claim_state", "drop_claim", ["community_id", "drop_id", "state", "held_until"])
    op.create_table(
        "drop_code",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("drop_id", types.Id(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("claim_id", types.Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id", "drop_id"],
            ["drop_sample.community_id", "drop_sample.id"],
            name="fk_drop_code_community_id_drop_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_drop_code"),
        sa.UniqueConstraint(
            "community_id", "drop_id", "fingerprint", name="uq_drop_code_community_id_drop_id_fingerprint"
        ),
    )
    op.create_index("ix_drop_code_free", "drop_code", ["community_id", "drop_id", "claim_id", "id"])
    op.create_table(
        "drop_export",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("drop_id", types.Id(), nullable=False),
        sa.Column("parcels", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "drop_id"],
            ["drop_sample.community_id", "drop_sample.id"],
            name="fk_drop_export_community_id_drop_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_drop_export"),
    )


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
