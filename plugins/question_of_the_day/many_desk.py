"""Many questions at once: searched, changed together, and taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from core.action import Action
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.message import Button, ButtonStyle, Message, Option
from core.plugin import Answer, FormErrors, Plugin, command, form, press, submit
from core.rights import Right
from core.texts import Domain
from plugins.question_of_the_day import piles, queue
from plugins.question_of_the_day.queue_desk import TONES, line, queue_message
from plugins.question_of_the_day.tables import Question
from storage.bulk import insert_all, update_all
from storage.tables import table_of
from storage.tx import Tx

_ = Domain("question_of_the_day")

MOST_AT_ONCE = 1000
"""Questions that one act changes: what may be taken back is kept whole."""
SHOWN_HITS = 8
KEEP = "keep"
_STAY = (
    "id", "series_id", "words", "language", "place", "lot", "category", "tone", "sponsor", "source", "season_from",
    "season_to",
)  # fmt: skip


class ManyDesk(Plugin):
    """Search, and what is done to all that it finds."""

    @command(
        "questions",
        _("The queue of questions, or those with your words in them"),
        right=Right.MANAGE,
        takes_text=True,
    )
    async def questions(self, ctx: Context, text: str) -> Answer:
        """What waits, in order; with words after it, what holds them."""
        return await self._search(ctx, text) if text.strip() else await queue_message(ctx)

    @form("find", right=Right.MANAGE)
    async def find_form(self, _ctx: Context, action: Action) -> Form:
        """Which words."""
        hint = _("Words of the question, its category, or its sponsor")
        field = FormField(FieldKind.TEXT, "words", _("Search for"), hint=hint, maximum=100)
        return Form(action, _("Search"), (field,), submit=_("Search"))

    @submit("find", right=Right.MANAGE)
    async def find(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer:
        """What holds them."""
        return await self._search(ctx, str(values["words"]))

    async def _search(self, ctx: Context, text: str) -> Message:
        """What holds these words, and the button that changes all of it that still waits."""
        kept = await ctx.read(
            lambda connection: queue.all_questions(
                connection, ctx.community_id, lambda words: ctx.say(words, ctx.place.language)
            )
        )
        hits = queue.found(kept, text)
        again = Button(_("Search"), ctx.action("find"), form=True)
        if not hits:
            return Message(text=_("No question holds these words."), controls=(again,))
        able = [one.id.hex for one in hits if one.asked_at is None][:MOST_AT_ONCE]
        number = await ctx.write(lambda tx: piles.keep(tx, ctx.community_id, piles.FOUND, able))
        lines = [f"{place}. {line(ctx, one)}" for place, one in enumerate(hits[:SHOWN_HITS], 1)]
        if len(hits) > SHOWN_HITS:
            lines.append(ctx.say(_("… and {n} more", n=len(hits) - SHOWN_HITS)))
        controls = [Button(str(n), ctx.action("look", one.id)) for n, one in enumerate(hits[:SHOWN_HITS], 1)]
        if able:
            label = _("Change the {n} that waits", "Change all {n} that wait", n=len(able))
            controls.append(Button(label, ctx.action("bulk", number), form=True))
        return Message(
            title=_("{n} question found", "{n} questions found", n=len(hits)),
            text="\n".join(lines),
            controls=(*controls, again),
        )

    @form("bulk", right=Right.MANAGE)
    async def bulk_form(self, _ctx: Context, action: Action) -> Form:
        """What to change in all that was found."""
        fields = (
            FormField(
                FieldKind.TEXT,
                "category",
                _("Category"),
                required=False,
                hint=_("Empty: each keeps its own"),
                maximum=queue.MAX_CATEGORY,
            ),
            FormField(
                FieldKind.CHOICE,
                "tone",
                _("Tone"),
                value=(KEEP,),
                options=(Option(KEEP, _("each its own")), *(Option(value, label) for value, label in TONES.items())),
            ),
            FormField(FieldKind.CONSENT, "remove", _("Take all of them out instead"), required=False),
        )
        return Form(action, _("Change all"), fields, submit=_("Change"))

    @submit("bulk", right=Right.MANAGE)
    async def bulk(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Change or remove what was found and still waits; it can be taken back for a day."""
        tone = values.get("tone")
        new: dict[str, Any] = {}
        if values.get("category"):
            new["category"] = queue.category_of(str(values["category"]))
        if isinstance(tone, tuple) and tone and tone[0] != KEEP:
            new["tone"] = tone[0]
        remove = bool(values.get("remove"))
        if not new and not remove:
            return FormErrors({"category": _("Say what to change, or leave the form.")})
        number = action.args[0] if action.args else None

        def unit(tx: Tx) -> tuple[int, int] | None:
            found = piles.take(tx, ctx.community_id, piles.FOUND, number)
            if found is None:
                return None
            before = _waiting(tx, ctx.community_id, [UUID(one) for one in found])
            ids = [one["id"] for one in before]
            if remove:
                queue.remove(tx, ctx.community_id, ids)
            else:
                update_all(
                    tx,
                    Question,
                    ("community_id", "id"),
                    [{"community_id": ctx.community_id, "id": one} for one in ids],
                    **new,
                )
            return len(ids), piles.keep(tx, ctx.community_id, piles.UNDO, [_as_data(one) for one in before])

        done = await ctx.write(unit)
        if done is None:
            return Message(text=_("That search is too old. Please search again."))
        count, undo = done
        said = (
            _("{n} question taken out.", "{n} questions taken out.", n=count)
            if remove
            else _("{n} question changed.", "{n} questions changed.", n=count)
        )
        back = Button(_("Take that back"), ctx.action("undo", undo), style=ButtonStyle.DANGER)
        return Message(text=_("{said} You can take it back for a day.", said=said), controls=(back,))

    @press("undo", right=Right.MANAGE)
    async def undo(self, ctx: Context, action: Action) -> Answer:
        """Take the last change of many back. What was asked since stays as it is."""
        number = action.args[0] if action.args else None

        def unit(tx: Tx) -> int | None:
            rows = piles.take(tx, ctx.community_id, piles.UNDO, number)
            return None if rows is None else put_back(tx, ctx.community_id, [_from_data(one) for one in rows])

        count = await ctx.write(unit)
        if count is None:
            return Message(text=_("That is over: it was taken back before, or another change came after it."))
        again = Button(_("Show the queue"), ctx.action("queue"))
        return Message(
            text=_("{n} question is as before.", "{n} questions are as before.", n=count), controls=(again,)
        )


def put_back(tx: Tx, community_id: UUID, rows: Sequence[Mapping[str, Any]]) -> int:
    """Questions as they were; how many. One that was asked meanwhile is left alone."""
    here = {row.id: row.asked_at for row in _there(tx, community_id, [row["id"] for row in rows])}
    changed = [row for row in rows if row["id"] in here and here[row["id"]] is None]
    update_all(
        tx,
        Question,
        ("community_id", "id"),
        [{"id": row["id"], "category": row["category"], "tone": row["tone"]} for row in changed],
        community_id=community_id,
    )
    missing = [row for row in rows if row["id"] not in here]
    insert_all(tx, Question, missing, community_id=community_id, votes=0, created_at=tx.now)
    return len(changed) + len(missing)


def _there(tx: Tx, community_id: UUID, ids: Sequence[UUID]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(ids), 500):
        found += tx.execute(
            select(table_of(Question)).where(
                col(Question.community_id) == community_id, col(Question.id).in_(ids[start : start + 500])
            )
        ).all()
    return found


def _waiting(tx: Tx, community_id: UUID, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The whole rows of those that still wait."""
    return [
        {name: getattr(row, name) for name in _STAY} for row in _there(tx, community_id, ids) if row.asked_at is None
    ]


def _as_data(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "id": row["id"].hex, "series_id": row["series_id"].hex}


def _from_data(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "id": UUID(row["id"]), "series_id": UUID(row["series_id"])}
