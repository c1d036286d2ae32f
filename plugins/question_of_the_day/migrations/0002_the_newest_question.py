"""A series knows its newest activity."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("qotd_series", sa.Column("activity_id", types.Id(), nullable=True))
    # Until now a community had one series, and one open question at most.
    op.execute(
        "UPDATE qotd_series SET activity_id = (SELECT a.id FROM activity a WHERE a.plugin = 'qd' "
        "AND a.state = 'open' AND a.community_id = qotd_series.community_id ORDER BY a.id DESC LIMIT 1)"
    )
