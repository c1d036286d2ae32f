"""Answers without a name: one a member, kept as :mod:`core.anonymous` does.

That somebody gave theirs is known, by :mod:`core.once`, until the question is over and the last ones are written;
then nothing tells who took part in that way. It is over some hours after it closed: until then it goes on when the
next one is withdrawn before anybody saw it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, literal_column, select
from sqlmodel import col

from core import once
from core.activity import OPEN, touch_card
from core.alarms import Ring, set_alarm
from core.anonymous import LEAST, WRITE, Waiting, shuffled, some_of
from core.claims import WINDOW
from core.context import Context
from plugins.question_of_the_day.queue import CODE
from plugins.question_of_the_day.tables import Answer, Nameless
from storage.bulk import insert_all
from storage.people import is_acting
from storage.prepared import Prepared, PreparedForAll
from storage.tables import Account, Activity, Member, table_of
from storage.tx import Tx
from storage.types import Id
from storage.vault import Vault

NOBODY = UUID(int=0)
"""Under whose pseudonym an answer without a name is counted: everybody's."""
WAITING = Waiting(CODE, Nameless, "activity_id")

Key = tuple[UUID, UUID]
"""A community and an activity of it."""


class Became(Enum):
    """What became of an answer."""

    TAKEN = auto()
    CLOSED = auto()
    HAD = auto()
    """They answered without their name before."""
    NAMED = auto()
    """They answered with their name before."""


def keep(ctx: Context, tx: Tx, activity_id: UUID, text: str) -> Became:
    """Take an answer, one of each person.

    It makes nobody known to the store, and nothing that it writes beside the sealed words outlives the question and
    leads to a member.
    """
    key = (ctx.community_id, activity_id)
    if [row[2] for row in tx.run_all(_LOCK, [key])] != [OPEN]:
        return Became.CLOSED
    if tx.run(_NAMED, activity=activity_id, **ctx.acting):
        return Became.NAMED
    mine = _once(ctx, tx, activity_id)
    if mine.had:
        return Became.HAD
    mine.note()
    insert_all(tx, Nameless, [WAITING.row(ctx.vault, text)], community_id=key[0], activity_id=key[1])
    WAITING.look_soon(tx, *key)
    touch_card(tx, *key)
    tx.participate(
        ctx.community_id,
        ctx.space_id,
        NOBODY,
        CODE,
        "answer",
        activity_id=activity_id,
        conversation=True,
        at=_day(tx),
        at_source="received",
        features=None,
    )
    return Became.TAKEN


def had(ctx: Context, tx: Tx, activity_id: UUID) -> bool:
    """Whether the acting member answered without their name. No such answer is taken until the unit ends."""
    tx.run_all(_LOCK, [(ctx.community_id, activity_id)])
    return _once(ctx, tx, activity_id).had


def _once(ctx: Context, tx: Tx, activity_id: UUID) -> once.Silent:
    return once.Silent(tx, ctx.vault, activity_id, ctx.acting)


def _day(tx: Tx) -> datetime:
    return tx.now.replace(hour=0, minute=0, second=0, microsecond=0)


def close(tx: Tx, several: Collection[Key]) -> None:
    """These questions were just closed: what waits of them is written down once they can't go on any more."""
    for key in once.begun(tx, list(several)):  # few: most are answered with a name, or by nobody
        set_alarm(tx, *key, CODE, WRITE, tx.now + WINDOW)


def ring(tx: Tx, rings: Sequence[Ring]) -> None:
    """Write down what waits: once it is enough, or the question closed."""
    states = {(row[0], row[1]): row[2] for row in tx.run_all(_LOCK, sorted({one[:2] for one in rings}))}
    for one in rings:
        key, over = one[:2], states.get(one[:2]) != OPEN
        _write_down(tx, one.vault, *key, over=over)
        if over:
            once.over(tx, *key)


def _write_down(tx: Tx, vault: Vault, community_id: UUID, activity_id: UUID, *, over: bool) -> None:
    texts = WAITING.take(tx, vault, community_id, activity_id, over=over)
    if not texts:
        return
    if len(texts) < LEAST:
        texts += _taken_out(tx, vault, community_id, activity_id)
    rows = [{"id": new_id, "sealed": vault.seal(text.encode(), new_id.bytes)} for new_id, text in shuffled(texts)]
    insert_all(tx, Answer, rows, community_id=community_id, activity_id=activity_id, answered_at=_day(tx))


def _taken_out(tx: Tx, vault: Vault, community_id: UUID, activity_id: UUID) -> list[str]:
    """Some answers that were written before, out of the store."""
    here = (
        col(Answer.community_id) == community_id,
        col(Answer.activity_id) == activity_id,
        col(Answer.member_id).is_(None),
    )
    some = some_of(tx.execute(select(col(Answer.id)).where(*here)).scalars())
    gone = delete(Answer).where(*here, col(Answer.id).in_(some)).returning(col(Answer.id), col(Answer.sealed))
    return [vault.open(row.sealed, row.id.bytes).decode() for row in tx.execute(gone)]


def _locked(wanted: Any) -> Any:
    return (
        select(col(Activity.community_id), col(Activity.id), col(Activity.state))
        .select_from(
            wanted.join(
                Activity,
                and_(col(Activity.community_id) == wanted.c.community_id, col(Activity.id) == wanted.c.activity_id),
            )
        )
        .order_by(col(Activity.id))
        .with_for_update(of=Activity, key_share=True)  # answers with a name, which refer to it, need not wait
    )


_LOCK = PreparedForAll({"community_id": Id(), "activity_id": Id()}, _locked)
_OWN = table_of(Account).alias()
_NAMED = Prepared(
    select(literal_column("1"))
    .select_from(_OWN)
    .join(Account, col(Account.person_id) == _OWN.c.person_id)
    .join(Member, col(Member.account_id) == col(Account.id))
    .join(
        Answer,
        and_(col(Answer.community_id) == col(Member.community_id), col(Answer.member_id) == col(Member.id)),
    )
    .where(
        is_acting(_OWN),
        col(Member.community_id) == bindparam("community_id"),
        col(Answer.activity_id) == bindparam("activity"),
    )
)
