"""The first tables."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "community",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_community"),
    )
    op.create_table(
        "dialogue",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", types.Utc(), nullable=False),
        sa.Column("updated_at", types.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "key", name="pk_dialogue"),
    )
    op.create_table(
        "inbox",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("received_at", types.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("source", "event_id", name="pk_inbox"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"], unique=False)
    op.create_table(
        "join_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("expires_at", types.Utc(), nullable=False),
        sa.Column("used_at", types.Utc(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name="pk_join_code"),
    )
    op.create_table(
        "keeper",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_keeper"),
    )
    op.create_table(
        "participation",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("space_id", types.Id(), nullable=False),
        sa.Column("activity_id", types.Id(), nullable=True),
        sa.Column("member", types.Id(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("conversation", sa.Boolean(), nullable=False),
        sa.Column("at", types.Utc(), nullable=False),
        sa.Column("at_source", sa.String(), nullable=False),
        sa.Column("features", types.Json, nullable=True),
        sa.PrimaryKeyConstraint("id", "community_id", name="pk_participation"),
        postgresql_partition_by="RANGE (id)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "participation_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("conversations", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "community_id", "plugin", "kind", name="pk_participation_day"),
        postgresql_with={"fillfactor": 50},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "person", sa.Column("id", types.Id(), nullable=False), sa.PrimaryKeyConstraint("id", name="pk_person")
    )
    op.create_table(
        "space_route",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("community_id", types.Id(), nullable=True),
        sa.Column("space_id", types.Id(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("installed_by", sa.LargeBinary(), nullable=True),
        sa.Column("removed_at", types.Utc(), nullable=True),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "external_id", name="pk_space_route"),
    )
    op.create_index("ix_space_route_space_id", "space_route", ["space_id"], unique=False)
    op.create_table(
        "watermark",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_watermark"),
    )
    op.create_table(
        "account",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", types.Id(), nullable=False),
        sa.Column("locale", sa.String(), nullable=True),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_account_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("platform", "scope", "lookup", name="uq_account_platform_scope_lookup"),
    )
    op.create_index("ix_account_person_id", "account", ["person_id"], unique=False)

    op.create_table(
        "activity",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("space_id", types.Id(), nullable=True),
        sa.Column("schedule_id", types.Id(), nullable=True),
        sa.Column("slot", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("data", types.Json, nullable=False),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.Column("closed_at", types.Utc(), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_activity_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_activity"),
        sa.UniqueConstraint("community_id", "schedule_id", "slot", name="uq_activity_community_id_schedule_id_slot"),
    )
    op.create_table(
        "consent",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("given_at", types.Utc(), nullable=False),
        sa.Column("withdrawn_at", types.Utc(), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_consent_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_consent"),
    )
    op.create_index("ix_consent_account_id", "consent", ["account_id"], unique=False)

    op.create_table(
        "member",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_member_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_member"),
        sa.UniqueConstraint("community_id", "account_id", name="uq_member_community_id_account_id"),
    )
    op.create_index("ix_member_account_id", "member", ["account_id"], unique=False)

    op.create_table(
        "schedule",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("spec", types.Json, nullable=False),
        sa.Column("time_zone", sa.String(), nullable=True),
        sa.Column("next_at", types.Utc(), nullable=True),
        sa.Column("next_slot", sa.String(), nullable=True),
        sa.Column("catch_up_seconds", sa.Integer(), nullable=False),
        sa.Column("paused_at", types.Utc(), nullable=True),
        sa.Column("ended_at", types.Utc(), nullable=True),
        sa.Column("leased_by", sa.String(), nullable=True),
        sa.Column("leased_until", types.Utc(), nullable=True),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_schedule_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_schedule"),
    )
    op.create_index("ix_schedule_due", "schedule", ["next_at"], unique=False)

    op.create_table(
        "space",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("removed_at", types.Utc(), nullable=True),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name="fk_space_community_id"),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_space"),
        sa.UniqueConstraint(
            "community_id", "platform", "external_id", name="uq_space_community_id_platform_external_id"
        ),
    )
    op.create_table(
        "channel",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("space_id", types.Id(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "space_id"], ["space.community_id", "space.id"], name="fk_channel_community_id_space_id"
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_channel"),
        sa.UniqueConstraint(
            "community_id", "space_id", "external_id", name="uq_channel_community_id_space_id_external_id"
        ),
    )
    op.create_table(
        "delivery",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("activity_id", types.Id(), nullable=True),
        sa.Column("space_id", types.Id(), nullable=False),
        sa.Column("channel_id", types.Id(), nullable=True),
        sa.Column("account_id", types.Id(), nullable=True),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", types.Utc(), nullable=False),
        sa.Column("message", types.Json, nullable=False),
        sa.Column("card_plugin", sa.String(), nullable=True),
        sa.Column("wanted_revision", sa.Integer(), nullable=False),
        sa.Column("shown_revision", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("leased_by", sa.String(), nullable=True),
        sa.Column("leased_until", types.Utc(), nullable=True),
        sa.Column("sent_at", types.Utc(), nullable=True),
        sa.Column("created_at", types.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "space_id"], ["space.community_id", "space.id"], name="fk_delivery_community_id_space_id"
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name="pk_delivery"),
        sa.UniqueConstraint(
            "community_id", "activity_id", "channel_id", name="uq_delivery_community_id_activity_id_channel_id"
        ),
    )
    undone = sa.text("state IN ('pending', 'sending') OR wanted_revision > shown_revision")
    op.create_index(
        "ix_delivery_due", "delivery", ["lane", "due_at"], unique=False, sqlite_where=undone, postgresql_where=undone
    )
    op.create_index("ix_delivery_external", "delivery", ["community_id", "space_id", "external_id"], unique=False)

    op.create_table(
        "role_grant",
        sa.Column("community_id", types.Id(), nullable=False),
        sa.Column("space_id", types.Id(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("right", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "space_id"],
            ["space.community_id", "space.id"],
            name="fk_role_grant_community_id_space_id",
        ),
        sa.PrimaryKeyConstraint("community_id", "space_id", "role", "right", name="pk_role_grant"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # What no month's partition takes; storage.retention makes those.
        op.execute("CREATE TABLE participation_default PARTITION OF participation DEFAULT")
    else:
        op.execute(
            """
            CREATE VIEW participation_legible AS
            SELECT lower(hex(id)) AS id, lower(hex(community_id)) AS community_id, lower(hex(space_id)) AS space_id,
                   lower(hex(activity_id)) AS activity_id, lower(hex(member)) AS member,
                   plugin, kind, conversation, at, at_source, features
            FROM participation
            """
        )


def downgrade() -> None:
    raise NotImplementedError("Go back by restoring the backup made before the upgrade.")
