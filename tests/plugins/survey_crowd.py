"""Many who answered a survey, put into the store at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlmodel import col

from plugins.surveys.anonymous import cells_of, row_of
from plugins.surveys.definition import Given
from plugins.surveys.tables import Answer, Response, Wave
from plugins.surveys.toml_text import known
from plugins.surveys.waves import FINISHED
from storage.bulk import insert_all
from storage.engine import Store
from storage.tables import Space
from storage.tx import Tx

Sheet = Mapping[str, Given | None]


async def answered(
    store: Store, community: UUID, wave_id: UUID, sheets: Sequence[Sheet], words: Sequence[Mapping[str, str]] = ()
) -> None:
    """So many finished it, in this order; ``words`` beside “other” of the first ones."""
    async with store.session() as session:
        wave = await session.get(Wave, (community, wave_id))
        space = (await session.execute(Space.__table__.select().limit(1))).first()  # type: ignore[attr-defined]  # SQLModel says less than it has
    assert space is not None
    assert wave is not None
    definition, vault = known(wave.definition), store.vault

    def unit(tx: Tx) -> None:
        responses = [(uuid4() if wave.anonymous else tx.new_id(), sheet) for sheet in sheets]
        rows = [
            row_of(cell, response, vault, "2026-11-21" if wave.anonymous else None)
            for number, (response, sheet) in enumerate(responses)
            for cell in cells_of(definition, sheet, words[number] if number < len(words) else {})
        ]
        insert_all(tx, Answer, rows, community_id=community, wave_id=wave_id)
        if not wave.anonymous:
            people = [
                {"id": response, "member_id": uuid4(), "finished_at": tx.now + timedelta(seconds=number)}
                for number, (response, _sheet) in enumerate(responses)
            ]
            insert_all(
                tx, Response, people, community_id=community, wave_id=wave_id, account_id=uuid4(),
                space_id=space.id, state=FINISHED, seed=1, sealed=None, cells=[], reminded=False, started_at=tx.now,
            )  # fmt: skip
        here = (col(Wave.community_id) == community, col(Wave.id) == wave_id)
        count = len(sheets)
        tx.execute(
            update(Wave).where(*here).values(finished=col(Wave.finished) + count, started=col(Wave.started) + count)
        )

    await store.write(unit)
