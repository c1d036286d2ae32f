"""Where managers fill and order the queues: one question at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from core.action import Action
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.markup import escape, plain
from core.message import Button, ButtonStyle, Message, Option, cut
from core.plugin import Answer, Plugin, command, form, press, submit
from core.rights import Right
from core.texts import Domain, Words
from plugins.question_of_the_day import queue
from plugins.question_of_the_day.likeness import alike
from plugins.question_of_the_day.queue import MAX_QUESTION, MIN_QUESTION, Kept, NewQuestion, Run
from plugins.question_of_the_day.tables import Question
from storage.tx import Tx

_ = Domain("question_of_the_day")

SHOWN_QUESTIONS = 10
SHOWN_LENGTH = 150
"""Characters of a question in a list."""
TOP, UP, DOWN = 0, 1, 2
TONES: dict[str, Words] = {queue.LIGHT: _("light"), queue.SERIOUS: _("serious")}


class QueueDesk(Plugin):
    """The queues."""

    # -- adding ----------------------------------------------------------------------------------------------------
    @command("question", _("Add a question to the queue"), right=Right.MANAGE, form=True)
    async def question(self, ctx: Context, _text: str) -> Answer:
        """Open the form for a new question."""
        return await self.question_form(ctx, ctx.action("add"))

    @form("add", right=Right.MANAGE)
    async def question_form(self, ctx: Context, action: Action) -> Form:
        """The form for a new question; which series, where there are several."""
        field = FormField(
            FieldKind.LONG,
            "question",
            _("Your question"),
            hint=_("One question, in the language of your community"),
            minimum=MIN_QUESTION,
            maximum=MAX_QUESTION,
        )
        return Form(action, _("New question"), (field, *await series_field(ctx, id_of(action))), submit=_("Add"))

    @submit("add", right=Right.MANAGE)
    async def add(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """Put a question into a queue, and say which others are like it."""
        text = str(values["question"])
        community_id, language = ctx.community_id, ctx.place.language
        wanted = chosen_series(values)
        known = await ctx.read(lambda connection: queue.all_questions(connection, community_id, _say(ctx)))
        near = await asyncio.to_thread(alike, text, [one.text for one in known])

        def unit(tx: Tx) -> tuple[int, UUID]:
            series = queue.series_of(tx, community_id, series_id=wanted)
            if series is None:
                raise LookupError("a community that was set up has a series")
            left = queue.add_questions(tx, community_id, series.id, [NewQuestion(escape(text), language)])
            newest = select(col(Question.id)).where(
                col(Question.community_id) == community_id, col(Question.series_id) == series.id
            )
            return left, tx.scalar(newest.order_by(col(Question.id).desc()).limit(1))

        waiting, question_id = await ctx.write(unit)
        added = _("Added. {n} question waits.", "Added. {n} questions wait.", n=waiting)
        lines = [ctx.say(added)]
        if near:
            lines += [ctx.say(_("It is much like:")), *(f"- {line(ctx, known[one])}" for one in near)]
        return Message(
            text="\n".join(lines) if near else added,
            controls=(
                Button(_("Add another"), ctx.action("add", *([wanted] if wanted else [])), form=True),
                Button(_("Category, tone, sponsor"), ctx.action("edit", question_id), form=True),
                Button(_("Show the queue"), ctx.action("queue")),
            ),
        )

    # -- looking -----------------------------------------------------------------------------------------------------
    @press("queue", right=Right.MANAGE)
    async def show_queue(self, ctx: Context, action: Action) -> Answer:
        """The queue again, of the series and from the place that the button names."""
        start = next((one for one in action.args if isinstance(one, int)), 0)
        return await queue_message(ctx, id_of(action), start)

    @press("look", right=Right.MANAGE)
    async def look(self, ctx: Context, action: Action) -> Answer:
        """One question, and what can be done with it."""
        return await one_message(ctx, id_of(action))

    # -- changing -------------------------------------------------------------------------------------------------
    @press("move", right=Right.MANAGE)
    async def move(self, ctx: Context, action: Action) -> Answer:
        """Move a question in its queue."""
        question_id, to = id_of(action), action.args[1] if len(action.args) > 1 else TOP
        moves: dict[Any, queue.Move] = {TOP: lambda _at: 0, UP: lambda at: at - 1, DOWN: lambda at: at + 1}
        where = moves.get(to)
        if question_id is None or where is None:
            return gone()
        if not await ctx.write(lambda tx: queue.move(tx, ctx.community_id, question_id, where)):
            return gone()
        return await one_message(ctx, question_id)

    @form("edit", right=Right.MANAGE)
    async def edit_form(self, ctx: Context, action: Action) -> Form | Message:
        """A waiting question's words, category, tone and sponsor."""
        found = await one_of(ctx, id_of(action))
        if found is None or found.asked_at is not None:
            return gone()
        return edit_form(action, found)

    @submit("edit", right=Right.MANAGE)
    async def edit(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """Change a question that still waits. Words that stay as they are keep their translations."""
        question_id = id_of(action)
        found = await one_of(ctx, question_id)
        if found is None:
            return gone()
        new: dict[str, Any] = about(values)
        if str(values["question"]) != found.text:
            new |= {"words": escape(str(values["question"])), "language": ctx.place.language}

        def unit(tx: Tx) -> bool:
            changed = tx.execute(
                update(Question).where(*_waits(ctx, question_id)).values(**new).returning(col(Question.id))
            )
            return changed.first() is not None

        return await one_message(ctx, question_id) if await ctx.write(unit) else gone()

    @press("drop", right=Right.MANAGE)
    async def drop(self, ctx: Context, action: Action) -> Answer:
        """Take a question out of the queue."""
        question_id = id_of(action)
        if question_id is None:
            return gone()
        await ctx.write(lambda tx: queue.remove(tx, ctx.community_id, [question_id]))
        again = Button(_("Show the queue"), ctx.action("queue"))
        return Message(text=_("Taken out of the queue."), controls=(again,))


# -- parts -----------------------------------------------------------------------------------------------------------
async def queue_message(ctx: Context, series_id: UUID | None = None, start: int = 0) -> Message:
    """What waits in a series (the first one, where none is named), in order, a button for each."""
    series = await ctx.read(lambda connection: queue.all_series(connection, ctx.community_id))
    mine = next((one for one in series if one.id == series_id), series[0] if series else None)
    which = [mine.id] if mine is not None and len(series) > 1 else []
    add = Button(_("Add a question"), ctx.action("add", *which), form=True, style=ButtonStyle.PRIMARY)
    many = Button(_("Add many"), ctx.action("paste"), form=True)
    decks = Button(_("Decks"), ctx.action("decks"))
    suggested = await ctx.read(lambda connection: queue.suggested(connection, ctx.community_id))
    label = _("{n} suggestion waits", "{n} suggestions wait", n=suggested)
    suggestions = (Button(label, ctx.action("suggs")),) if suggested else ()
    others = tuple(
        Button(series_label(ctx, one), ctx.action("queue", one.id))
        for one in series[:8]
        if mine is not None and one.id != mine.id
    )
    waiting = []
    if mine is not None:
        kept = await ctx.read(
            lambda connection: queue.all_questions(connection, ctx.community_id, _say(ctx), series_id=mine.id)
        )
        waiting = [one for one in kept if one.asked_at is None]
    if not waiting:
        return Message(
            text=_("No question waits. Add one first."), controls=(add, many, decks, *suggestions, *others)
        )
    shown = waiting[start : start + SHOWN_QUESTIONS]
    lines = [f"{number}. {line(ctx, one)}" for number, one in enumerate(shown, start + 1)]
    left = len(waiting) - start - len(shown)
    more: tuple[Button, ...] = ()
    if left > 0:
        lines.append(ctx.say(_("… and {n} more", n=left)))
        more = (Button(_("Show the rest"), ctx.action("queue", shown[0].series_id, start + len(shown))),)
    numbers = tuple(Button(str(number), ctx.action("look", one.id)) for number, one in enumerate(shown, start + 1))
    find = Button(_("Search"), ctx.action("find"), form=True)
    return Message(
        title=_("{n} question waits", "{n} questions wait", n=len(waiting)),
        text="\n".join(lines),
        controls=(*numbers, *more, add, many, find, decks, *suggestions, *others),
    )


async def one_message(ctx: Context, question_id: UUID | None) -> Message:
    """One question with its buttons."""
    found = await one_of(ctx, question_id)
    if found is None:
        return gone()
    parts = [f"> {escape(found.text)}"]
    if found.category:
        parts.append(ctx.say(_("Category: {category}", category=escape(found.category))))
    if found.tone:
        parts.append(ctx.say(_("Tone: {tone}", tone=ctx.say(TONES.get(found.tone, found.tone)))))
    if found.sponsor:
        parts.append(ctx.say(_("Sponsored by {sponsor}", sponsor=found.sponsor)))
    if found.votes:
        parts.append(ctx.say(_("{n} vote", "{n} votes", n=found.votes)))
    if found.asked_at is not None:
        parts.append(ctx.say(_("It was asked already.")))
        return Message(text="\n".join(parts))
    controls = (
        Button(_("Post it now"), ctx.action("now", found.id)),
        Button(_("To the top"), ctx.action("move", found.id, TOP)),
        Button(_("Up"), ctx.action("move", found.id, UP)),
        Button(_("Down"), ctx.action("move", found.id, DOWN)),
        Button(_("Change"), ctx.action("edit", found.id), form=True),
        Button(_("Take it out"), ctx.action("drop", found.id), style=ButtonStyle.DANGER),
        Button(_("Show the queue"), ctx.action("queue", found.series_id)),
    )
    kept = await ctx.read(
        lambda connection: queue.all_questions(connection, ctx.community_id, _say(ctx), series_id=found.series_id)
    )
    waiting = [one.id for one in kept if one.asked_at is None]
    number = waiting.index(found.id) + 1 if found.id in waiting else 0
    return Message(title=_("{n} of {all}", n=number, all=len(waiting)), text="\n".join(parts), controls=controls)


def edit_form(action: Action, found: Kept | None = None, *, text: str = "", title: Words | None = None) -> Form:
    """The form with a question's words, category, tone and sponsor; ``text`` where it is none of the queue's yet."""
    fields = (
        FormField(
            FieldKind.LONG,
            "question",
            _("Your question"),
            value=found.text if found else text,
            minimum=MIN_QUESTION,
            maximum=MAX_QUESTION,
        ),
        FormField(
            FieldKind.TEXT,
            "category",
            _("Category"),
            required=False,
            hint=_("One word or two of your own, for example music"),
            value=found.category if found else "",
            maximum=queue.MAX_CATEGORY,
        ),
        FormField(
            FieldKind.CHOICE,
            "tone",
            _("Tone"),
            required=False,
            value=(found.tone,) if found and found.tone else (),
            options=tuple(Option(value, label) for value, label in TONES.items()),
        ),
        FormField(
            FieldKind.TEXT,
            "sponsor",
            _("Sponsored by"),
            required=False,
            hint=_("Stands above the question wherever it is posted"),
            value=plain(found.sponsor or "") if found else "",
            maximum=queue.MAX_SPONSOR,
        ),
    )
    return Form(action, title or _("Change"), fields, submit=_("Save"))


def about(values: Mapping[str, Value]) -> dict[str, Any]:
    """Category, tone and sponsor out of :func:`edit_form`."""
    tone = values.get("tone")
    return {
        "category": queue.category_of(str(values.get("category") or "")),
        "tone": tone[0] if isinstance(tone, tuple) and tone else "",
        "sponsor": escape(" ".join(str(values["sponsor"]).split())) if values.get("sponsor") else None,
    }


async def series_field(ctx: Context, wanted: UUID | None = None) -> tuple[FormField, ...]:
    """Which series, where there are several that run."""
    return series_choice(ctx, await running(ctx), wanted)


def series_choice(ctx: Context, several: Sequence[Run], wanted: UUID | None = None) -> tuple[FormField, ...]:
    """The same, of series that were read already."""
    series = [one for one in several if one.state != "ended"][:25]
    if len(series) < 2:
        return ()
    first = next((one for one in series if one.id == wanted), series[0])
    options = tuple(Option(one.id.hex, series_label(ctx, one)) for one in series)
    return (FormField(FieldKind.CHOICE, "series", _("Series"), value=(first.id.hex,), options=options),)


def chosen_series(values: Mapping[str, Value]) -> UUID | None:
    """The series out of :func:`series_field`; None where there was nothing to choose."""
    chosen = values.get("series")
    return UUID(chosen[0]) if isinstance(chosen, tuple) and chosen else None


async def running(ctx: Context) -> list[Run]:
    """The series that have not ended."""
    series = await ctx.read(lambda connection: queue.all_series(connection, ctx.community_id))
    return [one for one in series if one.state != "ended"]


def series_title(one: Run) -> Words:
    """A series' title."""
    return one.title or _("Question of the day")


def series_label(ctx: Context, one: Run) -> str:
    """A series' title on a button, where nothing is marked up."""
    return cut(plain(ctx.say(series_title(one))), 75)


async def one_of(ctx: Context, question_id: UUID | None) -> Kept | None:
    """A question of this community."""
    if question_id is None:
        return None
    kept = await ctx.read(
        lambda connection: queue.all_questions(connection, ctx.community_id, _say(ctx), question_id=question_id)
    )
    return kept[0] if kept else None


def line(ctx: Context, one: Kept) -> str:
    """A question in a list."""
    tags = [
        one.category,
        ctx.say(TONES[one.tone]) if one.tone in TONES else "",
        ctx.say(_("asked")) if one.asked_at else "",
    ]
    tail = " · ".join(escape(tag) for tag in tags if tag)
    text = escape(cut(" ".join(one.text.split()), SHOWN_LENGTH))
    return f"{text} _({tail})_" if tail else text


def gone() -> Message:
    """What to tell about a question that is not there or was asked meanwhile."""
    return Message(text=_("That question is gone."))


def _say(ctx: Context) -> Any:
    return lambda words: ctx.say(words, ctx.place.language)


def id_of(action: Action) -> UUID | None:
    """The id that a button names first."""
    return action.args[0] if action.args and isinstance(action.args[0], UUID) else None


def _waits(ctx: Context, question_id: UUID | None) -> tuple[Any, ...]:
    return (
        col(Question.community_id) == ctx.community_id,
        col(Question.id) == question_id,
        col(Question.asked_at).is_(None),
    )
