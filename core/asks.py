"""What members are asked of our own accord: reminders and invitations in private, within a budget over all plugins.

A member is told at most so many things a week that they did not just ask for; the community's manager says how many.
What is over the budget is left out, not put off: nobody wants Tuesday's reminder on Friday.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, func, select, update
from sqlmodel import col

from core.action import Action
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.message import Message
from core.plugin import Answer, Plugin, command, form, submit
from core.rights import Right
from core.texts import Domain
from storage.bulk import insert_all
from storage.prepared import PreparedForAll
from storage.tables import Community, Delivery
from storage.tx import Tx
from storage.types import Id

_ = Domain("core")

BUDGET = timedelta(days=7)
"""The time over which asks are counted."""
MOST_ASKS = 50
"""The most that a manager may allow in that time."""


class Ask(NamedTuple):
    """Something to ask one account in private."""

    community_id: UUID
    space_id: UUID
    lane: str
    account_id: UUID
    message: Message
    activity_id: UUID | None = None


def ask_all(tx: Tx, asks: Sequence[Ask], now: datetime) -> list[bool]:
    """Owe these messages, but for those that are more than their member's budget. Which are owed, in order."""
    tx.guard(_ASKS)
    allowed: Mapping[UUID, int] = dict(tx.run_all(_BUDGETS, list({(one.community_id,) for one in asks})))
    whose = {(one.community_id, one.account_id) for one in asks}
    asked = Counter({tuple(key): count for *key, count in tx.run_all(_ASKED, list(whose), since=now - BUDGET)})
    rows, owed = [], []
    for one, new_id in zip(asks, tx.new_ids(len(asks)), strict=True):
        key = (one.community_id, one.account_id)
        owed.append(asked[key] < allowed.get(one.community_id, 0))
        if owed[-1]:
            asked[key] += 1
            row = {
                name: getattr(one, name) for name in ("community_id", "space_id", "lane", "account_id", "activity_id")
            }
            rows.append({**row, "id": new_id, "message": one.message.to_data()})
    insert_all(
        tx,
        Delivery,
        rows,
        state="pending",
        due_at=now,
        asked_at=now,
        wanted_revision=0,
        shown_revision=0,
        attempts=0,
        checks=0,
        created_at=now,
    )
    return owed


class Asking(Plugin):
    """How often members are asked."""

    name = "asking"
    code = "ak"
    title = _("How often members are asked")

    @command("asks", _("How often members are reminded and invited"), right=Right.MANAGE, form=True)
    async def asks(self, ctx: Context, _text: str) -> Answer:
        """Open the form for the budget."""
        return await self.asks_form(ctx, ctx.action("asks"))

    @form("asks", right=Right.MANAGE)
    async def asks_form(self, ctx: Context, action: Action) -> Form:
        """The form, holding what is set now."""
        query = select(col(Community.asks_a_week)).where(col(Community.id) == ctx.community_id)
        now = await ctx.read(lambda connection: connection.scalar(query))
        field = FormField(
            FieldKind.NUMBER,
            "most",
            _("At most so often a week"),
            hint=_("Over all plugins together; 0 for never"),
            value=str(now),
            minimum=0,
            maximum=MOST_ASKS,
        )
        text = _("Reminders and invitations that a member gets from me in private. What is more is left out.")
        return Form(action, _("How often members are asked"), (field,), submit=_("Save"), text=text)

    @submit("asks", right=Right.MANAGE)
    async def set_asks(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer:
        """Keep the budget."""
        most, community_id = int(str(values["most"])), ctx.community_id
        change = update(Community).where(col(Community.id) == community_id).values(asks_a_week=most)

        def unit(tx: Tx) -> None:
            tx.execute(change)

        await ctx.write(unit)
        return Message(
            text=_(
                "Saved: each member gets at most {n} reminder or invitation a week from me.",
                "Saved: each member gets at most {n} reminders and invitations a week from me.",
                n=most,
            )
        )


_ASKS = 0x61736B73
"""“asks”: two processes don't count at the same moment."""
_BUDGETS = PreparedForAll(
    {"community_id": Id()},
    lambda wanted: select(wanted.c.community_id, col(Community.asks_a_week)).join(
        Community, col(Community.id) == wanted.c.community_id
    ),
)
_ASKED = PreparedForAll(
    {"community_id": Id(), "account_id": Id()},
    lambda wanted: (
        select(wanted.c.community_id, wanted.c.account_id, func.count())
        .join(
            Delivery,
            and_(
                col(Delivery.account_id) == wanted.c.account_id,
                col(Delivery.community_id) == wanted.c.community_id,
                col(Delivery.asked_at) > bindparam("since"),
            ),
        )
        .group_by(wanted.c.community_id, wanted.c.account_id)
    ),
)
