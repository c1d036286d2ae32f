"""Members' suggestions, and what managers make of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlmodel import col

from core.action import Action
from core.activity import owe_private
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.markup import escape
from core.message import Button, ButtonStyle, Message, cut
from core.plugin import Answer, Plugin, command, form, press, submit
from core.rights import Right
from core.texts import Domain, Words
from plugins.question_of_the_day import queue
from plugins.question_of_the_day.asking import tell_keeper
from plugins.question_of_the_day.likeness import alike
from plugins.question_of_the_day.queue import MAX_QUESTION, MIN_QUESTION, NewQuestion
from plugins.question_of_the_day.queue_desk import about, chosen_series, edit_form, line, series_field
from plugins.question_of_the_day.tables import Suggestion
from storage.tables import table_of
from storage.tx import Tx

_ = Domain("question_of_the_day")

MOST_WAITING = 5
"""Suggestions of one member that may wait: a manager reads them all."""
SHOWN = 10


class TooMany(Exception):
    """So many of the member's suggestions wait already."""


class Suggesting(Plugin):
    """Suggestions."""

    # -- members -----------------------------------------------------------------------------------------------------
    @command("suggest", _("Suggest a question"), form=True)
    async def suggest(self, ctx: Context, _text: str) -> Answer:
        """Open the form."""
        return await self.suggest_form(ctx, ctx.action("sugg"))

    @form("sugg")
    async def suggest_form(self, ctx: Context, action: Action) -> Form:
        """A question; of which series, where there are several and no post says which."""
        field = FormField(
            FieldKind.LONG,
            "question",
            _("Your question"),
            hint=_("A manager reads it before it is asked"),
            minimum=MIN_QUESTION,
            maximum=MAX_QUESTION,
        )
        more = () if action.args else await series_field(ctx)
        return Form(action, _("Suggest a question"), (field, *more), submit=_("Send"))

    @submit("sugg")
    async def take_suggestion(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """Keep it for the managers. Whoever set the series up is told when it is the first that waits."""
        text = str(values["question"])
        named = action.args[0] if action.args and isinstance(action.args[0], UUID) else None

        def unit(tx: Tx) -> bool:
            series = queue.series_of(tx, ctx.community_id, series_id=named or chosen_series(values))
            if series is None:
                return False
            account_id, new_id = ctx.account(tx), tx.new_id()
            waiting = tx.execute(
                select(col(Suggestion.account_id), func.count())
                .where(col(Suggestion.community_id) == ctx.community_id)
                .group_by(col(Suggestion.account_id))
            ).all()
            if any(row[0] == account_id and row[1] >= MOST_WAITING for row in waiting):
                raise TooMany
            tx.add(
                Suggestion(
                    community_id=ctx.community_id,
                    id=new_id,
                    series_id=series.id,
                    space_id=ctx.space_id,
                    account_id=account_id,
                    lane=ctx.place.platform,
                    sealed=ctx.seal(text, new_id),
                    suggested_at=ctx.now,
                )
            )
            ctx.participate(tx, "suggestion", conversation=True)
            if not waiting and series.keeper_id is not None:
                word = Message(text=_("A member suggests a question: `/hall questions` shows it."))
                tell_keeper(tx, ctx.community_id, series.id, series.keeper_id, word, now=ctx.now)
            return True

        try:
            if not await ctx.write(unit):
                return Message(text=_("There are no questions here yet. Start with `/hall setup`."))
        except TooMany:
            return Message(
                text=_("{n} of your suggestions wait already. Please wait until they are read.", n=MOST_WAITING)
            )
        return Message(text=_("Thank you! You hear from me in private what becomes of it."))

    # -- managers ----------------------------------------------------------------------------------------------------
    @press("suggs", right=Right.MANAGE)
    async def suggestions(self, ctx: Context, _action: Action) -> Answer:
        """What waits to be decided, the oldest first."""
        rows = await _waiting(ctx)
        if not rows:
            return Message(text=_("No suggestion waits."))
        texts = [" ".join(ctx.unseal(row.sealed, row.id).split()) for row in rows[:SHOWN]]
        lines = [f"{number}. {escape(cut(text, 150))}" for number, text in enumerate(texts, 1)]
        if len(rows) > SHOWN:
            lines.append(ctx.say(_("… and {n} more", n=len(rows) - SHOWN)))
        controls = tuple(Button(str(n), ctx.action("seen", row.id)) for n, row in enumerate(rows[:SHOWN], 1))
        title = _("{n} suggestion waits", "{n} suggestions wait", n=len(rows))
        return Message(title=title, text="\n".join(lines), controls=controls)

    @press("seen", right=Right.MANAGE)
    async def one_suggestion(self, ctx: Context, action: Action) -> Answer:
        """One suggestion, with what was asked or waits that is like it."""
        row = next((one for one in await _waiting(ctx) if one.id in action.args), None)
        if row is None:
            return _decided()
        text = ctx.unseal(row.sealed, row.id)
        known = await ctx.read(
            lambda connection: queue.all_questions(
                connection, ctx.community_id, lambda words: ctx.say(words, ctx.place.language)
            )
        )
        near = await asyncio.to_thread(alike, text, [one.text for one in known])
        lines = [f"> {escape(one)}" for one in text.split("\n")]
        if near:
            lines += [ctx.say(_("It is much like:")), *(f"- {line(ctx, known[one])}" for one in near)]
        else:
            lines.append(ctx.say(_("_Nothing like it was asked or waits._")))
        controls = (
            Button(_("Take it"), ctx.action("yes", row.id), style=ButtonStyle.PRIMARY),
            Button(_("Change and take"), ctx.action("reword", row.id), form=True),
            Button(_("Decline"), ctx.action("no", row.id), form=True, style=ButtonStyle.DANGER),
            Button(_("All suggestions"), ctx.action("suggs")),
        )
        return Message(title=_("A member suggests"), text="\n".join(lines), controls=controls)

    @press("yes", right=Right.MANAGE)
    async def approve(self, ctx: Context, action: Action) -> Answer:
        """Take it as it is."""
        return await self._decide(ctx, action, lambda text: NewQuestion(escape(text), ctx.place.language))

    @form("reword", right=Right.MANAGE)
    async def reword_form(self, ctx: Context, action: Action) -> Form | Message:
        """The suggestion, to be changed."""
        row = next((one for one in await _waiting(ctx) if one.id in action.args), None)
        if row is None:
            return _decided()
        return edit_form(action, text=ctx.unseal(row.sealed, row.id), title=_("Change and take"))

    @submit("reword", right=Right.MANAGE)
    async def reword(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """Take it in other words."""
        new = NewQuestion(escape(str(values["question"])), ctx.place.language, **about(values))
        return await self._decide(ctx, action, lambda _text: new)

    @form("no", right=Right.MANAGE)
    async def decline_form(self, _ctx: Context, action: Action) -> Form:
        """Why not."""
        hint = _("The member is told it in private, in your words")
        field = FormField(FieldKind.LONG, "reason", _("Why not?"), hint=hint, maximum=500)
        return Form(action, _("Decline"), (field,), submit=_("Decline"))

    @submit("no", right=Right.MANAGE)
    async def decline(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """Decline, and tell the member why."""
        return await self._decide(ctx, action, None, str(values["reason"]))

    async def _decide(self, ctx: Context, action: Action, made: Any, reason: str = "") -> Message:
        """Take a suggestion away, for good: into the queue, or declined. Its member is told in private."""

        def unit(tx: Tx) -> int | None:
            row = tx.execute(
                delete(Suggestion)
                .where(
                    col(Suggestion.community_id) == ctx.community_id,
                    col(Suggestion.id) == (action.args[0] if action.args else None),
                )
                .returning(*table_of(Suggestion).columns)
            ).first()
            if row is None:
                return None
            text = ctx.unseal(row.sealed, row.id)
            quoted = f"> {escape(cut(' '.join(text.split()), 300))}"
            said: Words
            if made is not None:
                waiting = queue.add_questions(tx, ctx.community_id, row.series_id, [made(text)])
                said = _(
                    "Your question was taken, thank you! It waits in the queue now.\n{question}", question=quoted
                )
            else:
                waiting = 0
                said = _(
                    "Your question was not taken this time.\n{question}\nWhy: {reason}",
                    question=quoted,
                    reason=escape(reason),
                )
            owe_private(
                tx,
                community_id=ctx.community_id,
                space_id=row.space_id,
                lane=row.lane,
                account_id=row.account_id,
                message=Message(text=said, language=ctx.place.language if reason else ""),
                now=ctx.now,
            )
            return waiting

        waiting = await ctx.write(unit)
        if waiting is None:
            return _decided()
        more = Button(_("All suggestions"), ctx.action("suggs"))
        if made is None:
            return Message(text=_("Declined. The member is told why, in private."), controls=(more,))
        added = _("Added. {n} question waits.", "Added. {n} questions wait.", n=waiting)
        return Message(text=added, controls=(more,))


async def _waiting(ctx: Context) -> list[Any]:
    async with ctx.session() as session:
        rows = await session.scalars(
            select(Suggestion).where(col(Suggestion.community_id) == ctx.community_id).order_by(col(Suggestion.id))
        )
        return list(rows.all())


def _decided() -> Message:
    return Message(text=_("That suggestion was decided already, or taken back."))
