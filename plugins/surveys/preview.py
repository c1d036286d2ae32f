"""A survey as its members will see it, walked by its manager. Nothing is counted and nothing is kept of it.

What was said lies with what the manager began to say elsewhere, encrypted, and goes by itself after two days.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from core.action import Action
from core.context import Context
from core.dialogues import DRAFT, WHOSE, drafts_of
from core.form import Form, Value
from core.message import Message
from core.plugin import Answer
from core.texts import Domain
from plugins.surveys.actions import named, number
from plugins.surveys.asking import Desk, before
from plugins.surveys.definition import Question
from plugins.surveys.flow import Is, Said, Sheet, Verb, step
from plugins.surveys.looking import back, look
from plugins.surveys.paths import walk
from plugins.surveys.taking import gone, picked, typed

_ = Domain("surveys")

SEED = 1
"""The random order that a preview shows: always the same."""


async def go(ctx: Context, action: Action) -> Answer:
    """From the start."""
    return await _say(ctx, action, Said(Verb.START), anew=True)


async def pick(ctx: Context, action: Action, values: Sequence[str]) -> Answer:
    """Options were picked."""
    return await _say(ctx, action, picked(ctx, action, values))


async def act(ctx: Context, action: Action, verb: Verb) -> Answer:
    """Skip, rank anew, send."""
    return await _say(ctx, action, Said(verb, number(action)))


async def written(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
    """A form came back."""
    return await _say(ctx, action, Said(Verb.WRITE, number(action), value=typed(values)))


async def form(ctx: Context, action: Action) -> Form | Message:
    """The form of a question."""
    found = await _at(ctx, action)
    if isinstance(found, Message):
        return found
    desk, sheet = found
    walked = walk(desk.definition, sheet.answers, sheet.seed)
    question = _on_path(desk, walked.path, number(action))
    return gone() if question is None else desk.form(question, sheet, walked)


async def show(ctx: Context, action: Action, *, before_it: bool) -> Answer:
    """The question before, or another page of this one."""
    found = await _at(ctx, action)
    if isinstance(found, Message):
        return found
    desk, sheet = found
    walked = walk(desk.definition, sheet.answers, sheet.seed)
    question = (
        before(walked, desk.definition, number(action)) if before_it else _on_path(desk, walked.path, number(action))
    )
    if question is None:
        return gone()
    return _marked(ctx, desk, desk.ask(question, sheet, walked, 0 if before_it else number(action, 2)))


async def _say(ctx: Context, action: Action, said: Said, *, anew: bool = False) -> Answer:
    found = await _at(ctx, action)
    if isinstance(found, Message):
        return found
    desk, sheet = found
    if anew:
        sheet = Sheet(SEED)
    if not desk.definition.questions:
        return Message(text=_("Add a question first."))
    taken = step(desk.definition, sheet, said, {}, review=desk.definition.anonymous)
    if taken.what is Is.REVIEW and said.verb is Verb.SEND:
        taken = taken._replace(what=Is.DONE)
    await ctx.hall.dialogues.save(DRAFT, _key(ctx, desk.id), {"preview": b64encode(taken.sheet.to_bytes()).decode()})
    shown = desk.step(taken)
    return _marked(ctx, desk, shown) if isinstance(shown, Message) else shown


async def _at(ctx: Context, action: Action) -> tuple[Desk, Sheet] | Message:
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, named(action))
    if found is None:
        return gone()
    state = await ctx.hall.dialogues.load(DRAFT, _key(ctx, found.row.id))
    sheet = Sheet.of(SEED, b64decode(state["preview"]) if state else None)
    return Desk(ctx.community_id, found.row.id, found.definition, ctx.capabilities, ctx.say, preview=True), sheet


def _on_path(desk: Desk, path: Sequence[Question], wanted: int) -> Question | None:
    return next((one for one in path if desk.definition.numbers[one.name] == wanted), None)


def _marked(ctx: Context, desk: Desk, message: Message) -> Message:
    out = back(ctx, desk.id)
    return replace(message, title=_("Preview: {title}", title=message.title), controls=(*message.controls, out))


def _key(ctx: Context, survey_id: UUID) -> str:
    return f"{drafts_of(ctx.who)}{WHOSE}preview {survey_id}"
