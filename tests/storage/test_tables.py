"""The rules that keep the tables ready to be spread over servers."""

from __future__ import annotations

import pytest
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint

from storage.tables import CORE_TABLES, metadata

# What belongs to no community: who is who, where arrivals belong, and how processes share the work.
GLOBAL = {
    "absence",
    "account",
    "dialogue",
    "inbox",
    "join_code",
    "link_code",
    "keeper",
    "lease",
    "pace",
    "person",
    "space_route",
    "watermark",
    "worker",
}
TABLES = [table for name, table in metadata.tables.items() if name in CORE_TABLES]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_community_is_in_every_key_of_what_it_owns(table: Table) -> None:
    if table.name in GLOBAL | {"community"}:
        return
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint | ForeignKeyConstraint):
            assert "community_id" in constraint.columns.keys(), constraint.name  # noqa: SIM118  no dictionary
    assert not [index.name for index in table.indexes if index.unique and "community_id" not in index.columns]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_key_leads_from_one_community_to_another_or_sets_null(table: Table) -> None:
    for constraint in table.foreign_key_constraints:
        assert (constraint.ondelete, constraint.onupdate) == (None, None)
        for element in constraint.elements:
            if element.parent.name == "community_id":
                target = element.column
                assert (target.table.name, target.name) == ("community", "id") or target.name == "community_id"
            else:
                assert element.column.table.name not in GLOBAL or table.name in GLOBAL


def test_the_log_has_its_key_and_nothing_else() -> None:
    log = metadata.tables["participation"]
    assert list(log.primary_key.columns.keys()) == ["id", "community_id"]
    assert not log.indexes
    assert not log.foreign_key_constraints
    assert not [constraint for constraint in log.constraints if isinstance(constraint, UniqueConstraint)]
