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
        "party_party",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("host_account_id", types.Id(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("starts_at", types.Utc(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("announced_at", types.Utc(), nullable=True),
        sa.Column("announced_id", types.Id(), nullable=True),
        sa.Column("reminder_id", types.Id(), nullable=True),
        sa.Column("live_id", types.Id(), nullable=True),
        sa.Column("recap_id", types.Id(), nullable=True),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("track_id", types.Id(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("began_at", types.Utc(), nullable=True),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("took_part", sa.Integer(), nullable=False),
        sa.Column("ended_at", types.Utc(), nullable=True),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_party_party_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_party_party"),
    )
    op.create_index("ix_party_party_state", "party_party", ["community_id", "state"], unique=False)

    op.create_table(
        "party_channel",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("party_id", types.Id(), nullable=False),
        sa.Column("channel_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "channel_id"],
            ["channel.community_id", "channel.id"],
            name="fk_party_channel_community_id_channel_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "party_id", "channel_id", name="pk_party_channel"),
    )

    op.create_table(
        "party_guest",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("party_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("seen_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_party_guest_community_id"),
        sa.PrimaryKeyConstraint("community_id", "party_id", "account_id", name="pk_party_guest"),
    )
    op.create_index("ix_party_guest_account", "party_guest", ["account_id"], unique=False)

    op.create_table(
        "party_coming",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("party_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_party_coming_community_id"),
        sa.PrimaryKeyConstraint("community_id", "party_id", "account_id", name="pk_party_coming"),
    )
    op.create_index("ix_party_coming_account", "party_coming", ["account_id"], unique=False)

    op.create_table(
        "party_dj",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("party_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("space_id", types.Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("played", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_party_dj_community_id"),
        sa.PrimaryKeyConstraint("community_id", "party_id", "account_id", name="pk_party_dj"),
    )
    op.create_index("ix_party_dj_account", "party_dj", ["account_id"], unique=False)

    op.create_table(
        "party_track",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("party_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("ups", sa.Integer(), nullable=False),
        sa.Column("downs", sa.Integer(), nullable=False),
        sa.Column("played_at", types.Utc(), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_party_track_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_party_track"),
    )
    op.create_index("ix_party_track_party", "party_track", ["community_id", "party_id", "state"], unique=False)
    op.create_index("ix_party_track_account", "party_track", ["account_id"], unique=False)

    op.create_table(
        "party_vote",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("track_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("up", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_party_vote_community_id"),
        sa.PrimaryKeyConstraint("community_id", "track_id", "account_id", name="pk_party_vote"),
    )
    op.create_index("ix_party_vote_account", "party_vote", ["account_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
