"""Answers without a name: one a member, kept as :mod:`core.anonymous` does.

That somebody gave theirs is known, by :mod:`core.once`, until the question closes and the last ones are written down;
then nothing tells who took part in that way.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, delete, select
from sqlmodel import col

from core import once
from core.activity import OPEN, touch_card
from core.alarms import Ring, set_alarm
from core.anonymous import LEAST, WRITE, Waiting, shuffled, some_of
from core.context import Context
from core.deciding import Request
from plugins.question_of_the_day.queue import CODE
from plugins.question_of_the_day.tables import Answer, Nameless
from storage.bulk import insert_all
from storage.log import Act
from storage.prepared import PreparedForAll
from storage.tables import Account, Activity, Member
from storage.tx import Tx
from storage.types import Id
from storage.vault import Vault

NOBODY = UUID(int=0)
"""Under whose pseudonym an answer without a name is counted: everybody's."""
WAITING = Waiting(CODE, Nameless, "activity_id")

Key = tuple[UUID, UUID]
"""A community and an activity of it."""


class Given(NamedTuple):
    """What a member says, and about which question."""

    activity_id: UUID
    text: str


class Became(Enum):
    """What became of an answer."""

    TAKEN = auto()
    CLOSED = auto()
    HAD = auto()
    """They answered without their name before."""
    NAMED = auto()
    """They answered with their name before."""


def decide(tx: Tx, requests: Sequence[Request]) -> list[Became]:
    """Take one answer of each person: a decider for :meth:`core.context.Context.decide`.

    Nothing that it writes beside the sealed words outlives the question and leads to a member.
    """
    keys = {(one.community_id, one.said.activity_id) for one in requests}
    states = {(row[0], row[1]): row[2] for row in tx.run_all(_LOCK, sorted(keys))}
    people = {(one.community_id, one.said.activity_id, one.person_id) for one in requests}
    named = {tuple(row) for row in tx.run_all(_NAMED, list(people))}
    became: dict[int, Became] = {}
    acts: list[Act] = []
    for key in sorted(keys):
        mine = [place for place, one in enumerate(requests) if (one.community_id, one.said.activity_id) == key]
        if states.get(key) != OPEN:
            became |= dict.fromkeys(mine, Became.CLOSED)
            continue
        had = once.Once(tx, *key, [requests[place] for place in mine])
        taken = []
        for place in mine:
            one = requests[place]
            if had.had(one) is not None:
                became[place] = Became.HAD
            elif (*key, one.person_id) in named:
                became[place] = Became.NAMED
            else:
                became[place] = Became.TAKEN
                had.note(one, tx.new_id())
                taken.append(one)
        _keep(tx, key, taken)
        had.write()
        acts += [_act(tx, one) for one in taken]
    tx.participate_all(acts)
    return [became[place] for place in range(len(requests))]


def _keep(tx: Tx, key: Key, taken: Sequence[Request]) -> None:
    if taken:
        rows = [WAITING.row(one.vault, one.said.text) for one in taken]
        insert_all(tx, Nameless, rows, community_id=key[0], activity_id=key[1])
        WAITING.look_soon(tx, *key)
        touch_card(tx, *key)


def _act(tx: Tx, one: Request) -> Act:
    """That somebody answered on that day."""
    day = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    act = one.act("answer", activity_id=one.said.activity_id, conversation=True)
    return act._replace(member=NOBODY, at=day, at_source="received")


def had(ctx: Context, tx: Tx, activity_id: UUID) -> bool:
    """Whether the acting member answered without their name. No such answer is taken until the unit ends."""
    key = (ctx.community_id, activity_id)
    tx.run_all(_LOCK, [key])
    asker = _Asker(ctx.account(tx), ctx.vault)
    return once.Once(tx, *key, [asker]).had(asker) is not None


class _Asker(NamedTuple):
    account_id: UUID
    vault: Vault


def close(tx: Tx, several: Collection[Key]) -> None:
    """These questions were just closed: what waits of them is written down at the next look."""
    for key in once.begun(tx, list(several)):  # few: most are answered with a name, or by nobody
        set_alarm(tx, *key, CODE, WRITE, tx.now)


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
    day = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    insert_all(tx, Answer, rows, community_id=community_id, activity_id=activity_id, answered_at=day)


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
_NAMED = PreparedForAll(
    {"community_id": Id(), "activity_id": Id(), "person_id": Id()},
    lambda wanted: select(wanted.c.community_id, wanted.c.activity_id, wanted.c.person_id).select_from(
        wanted.join(Account, col(Account.person_id) == wanted.c.person_id)
        .join(
            Member,
            and_(col(Member.account_id) == col(Account.id), col(Member.community_id) == wanted.c.community_id),
        )
        .join(
            Answer,
            and_(
                col(Answer.community_id) == wanted.c.community_id,
                col(Answer.activity_id) == wanted.c.activity_id,
                col(Answer.member_id) == col(Member.id),
            ),
        )
    ),
)
