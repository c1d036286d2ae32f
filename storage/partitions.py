"""The log's monthly partitions on PostgreSQL, made ahead of time."""

from __future__ import annotations

import logging
from datetime import UTC, timedelta

from sqlalchemy.exc import DBAPIError

from storage.tx import Tx
from storage.types import uuid7_floor

logger = logging.getLogger(__name__)

MONTHS_AHEAD = 3
"""So that a store whose chores stand still has a quarter of a year."""


def make_partitions(tx: Tx) -> list[str]:
    """Make the log's partitions for this month and the coming ones (PostgreSQL). The names of those that are new."""
    if tx.dialect != "postgresql":
        return []
    made: list[str] = []
    month = tx.now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(MONTHS_AHEAD + 1):
        following = (month + timedelta(days=31)).replace(day=1)
        name = f"participation_{month:%Y_%m}"
        if tx.scalar("SELECT to_regclass(:name)", {"name": name}) is None:
            try:
                with tx.nested():
                    tx.execute(
                        f"CREATE TABLE {name} PARTITION OF participation "
                        f"FOR VALUES FROM ('{uuid7_floor(month)}') TO ('{uuid7_floor(following)}')"
                    )
                made.append(name)
            except DBAPIError as error:
                # The default partition holds rows of that month already (the chores stood still, or another process
                # was first). It goes on holding them: nothing is lost, only archiving that month takes longer.
                logger.warning("No partition %s was made: %s", name, error.orig)
        month = following
    return made
