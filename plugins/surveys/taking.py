"""How members answer: press by press, each shown only to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.action import Action
from core.context import Context
from core.form import Form, Value
from core.message import Button, ButtonStyle, Message
from core.plugin import Answer
from core.texts import Domain, Words
from plugins.surveys.actions import named, number
from plugins.surveys.asking import Desk, before
from plugins.surveys.definition import Definition
from plugins.surveys.flow import Is, Said, Verb
from plugins.surveys.paths import walk
from plugins.surveys.responses import Stands, Told, Wish, decide
from plugins.surveys.standing import Standing, standing
from plugins.surveys.waves import FINISHED, SCREENED

_ = Domain("surveys")


async def go(ctx: Context, action: Action) -> Answer:
    """Begin, or go on where it was left."""
    return await _say(ctx, action, Said(Verb.START))


async def pick(ctx: Context, action: Action, values: Sequence[str]) -> Answer:
    """An option was picked, or several."""
    return await _say(ctx, action, picked(ctx, action, values))


async def skip(ctx: Context, action: Action) -> Answer:
    """A question is passed over."""
    return await _say(ctx, action, Said(Verb.SKIP, number(action)))


async def anew(ctx: Context, action: Action) -> Answer:
    """A ranking begins anew."""
    return await _say(ctx, action, Said(Verb.ANEW, number(action)))


async def send(ctx: Context, action: Action) -> Answer:
    """Anonymous answers are sent."""
    return await _say(ctx, action, Said(Verb.SEND))


async def later(ctx: Context, action: Action) -> Answer:
    """Remind me."""
    return await _say(ctx, action, Said(Verb.LATER))


async def written(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
    """A form came back."""
    return await _say(ctx, action, Said(Verb.WRITE, number(action), value=typed(values)))


async def form(ctx: Context, action: Action) -> Form | Message:
    """The form of a question."""
    found = await _standing(ctx, action)
    if isinstance(found, Message):
        return found
    walked = walk(found.definition, found.sheet.answers, found.sheet.seed)
    question = next((one for one in walked.path if found.definition.numbers[one.name] == number(action)), None)
    desk = _desk(ctx, found.wave_id, found.definition)
    if question is None or (question.choices and not question.other):
        return (
            desk.ask(walked.next, found.sheet, walked, not_asked=True) if walked.next else _again(ctx, found.wave_id)
        )
    return desk.form(question, found.sheet, walked)


async def back(ctx: Context, action: Action) -> Answer:
    """The question before."""
    found = await _standing(ctx, action)
    if isinstance(found, Message):
        return found
    walked = walk(found.definition, found.sheet.answers, found.sheet.seed)
    question = before(walked, found.definition, number(action))
    if question is None:
        return _again(ctx, found.wave_id)
    return _desk(ctx, found.wave_id, found.definition).ask(question, found.sheet, walked)


async def page(ctx: Context, action: Action) -> Answer:
    """Other options of a question."""
    found = await _standing(ctx, action)
    if isinstance(found, Message):
        return found
    walked = walk(found.definition, found.sheet.answers, found.sheet.seed)
    question = next((one for one in walked.path if found.definition.numbers[one.name] == number(action)), None)
    if question is None:
        return _again(ctx, found.wave_id)
    return _desk(ctx, found.wave_id, found.definition).ask(question, found.sheet, walked, number(action, 2))


async def change(ctx: Context, action: Action) -> Answer:
    """Which answer to change."""
    found = await _standing(ctx, action)
    if isinstance(found, Message):
        return found
    if found.state != FINISHED:
        return _again(ctx, found.wave_id)
    walked = walk(found.definition, found.sheet.answers, found.sheet.seed)
    return _desk(ctx, found.wave_id, found.definition).changes(found.sheet, walked, max(number(action), 0))


async def edit(ctx: Context, action: Action, values: Sequence[str]) -> Answer:
    """That answer."""
    found = await _standing(ctx, action)
    if isinstance(found, Message):
        return found
    walked = walk(found.definition, found.sheet.answers, found.sheet.seed)
    wanted = values[0] if values else ""
    if action.pick is not None:  # by its place among those that were shown
        wanted = (
            str(found.definition.numbers[walked.path[action.pick].name]) if action.pick < len(walked.path) else ""
        )
    question = next((one for one in walked.path if str(found.definition.numbers[one.name]) == wanted), None)
    if question is None:
        return _again(ctx, found.wave_id)
    return _desk(ctx, found.wave_id, found.definition).ask(question, found.sheet, walked)


def picked(ctx: Context, action: Action, values: Sequence[str]) -> Said:
    """What was picked, by the options' numbers."""
    numbers = tuple(int(one) if one.isdecimal() and len(one) < 6 else -1 for one in values)
    place = max(number(action, 2), 0)
    return Said(Verb.PICK, number(action), numbers, page=place, page_size=ctx.capabilities.max_options)


def typed(values: Mapping[str, Value]) -> str | Decimal | date | None:
    """What was typed into the one field."""
    value = values.get("answer")
    return value if isinstance(value, (str, Decimal, date)) else None


def gone() -> Message:
    """For a button whose survey there is no more."""
    return Message(text=_("This survey was removed."))


async def _say(ctx: Context, action: Action, said: Said) -> Answer:
    wave_id = named(action)
    if wave_id is None:
        return gone()
    return answer(ctx, await ctx.decide(decide, Wish(wave_id, said)))


def answer(ctx: Context, told: Told) -> Message | Form:
    """How it stands, in words for the member."""
    definition = told.definition
    if definition is None:
        return gone()
    desk = _desk(ctx, told.wave_id, definition)
    match told.stands:
        case Stands.STEP if told.step is not None:
            if told.finished and told.step.what is Is.FULL:
                return _told(
                    ctx, told.wave_id, _("We have heard enough people with that answer. Yours stays as it was.")
                )
            if told.finished and told.step.what is Is.DONE:
                return _told(ctx, told.wave_id, _("Changed. Your answers count as they stand now."))
            return desk.step(told.step)
        case Stands.FINISHED:
            return _told(
                ctx, told.wave_id, _("You have answered already, thank you. Until it closes you can change it.")
            )
        case Stands.NOTED:
            start = Button(_("Start now"), ctx.action("go", told.wave_id), style=ButtonStyle.PRIMARY)
            return Message(text=_("I’ll remind you before it closes, in private."), controls=(start,))
        case Stands.HAD if definition.anonymous:
            return Message(
                text=_("You have taken part already, thank you. Nobody knows which answers are yours, so they stay.")
            )
        case Stands.HAD:
            return Message(text=_("You have taken part already, perhaps with your other account. Thank you!"))
        case Stands.SCREENED:
            return Message(
                text=definition.full
                or _("You were here before, thank you. We have heard enough people in your situation.")
            )
    return closed()


def closed() -> Message:
    """For who comes too late."""
    return Message(text=_("This survey is closed and takes no more answers."))


def _told(ctx: Context, wave_id: UUID, text: Words) -> Message:
    return Message(text=text, controls=(Button(_("Change my answers"), ctx.action("change", wave_id)),))


def _again(ctx: Context, wave_id: UUID) -> Message:
    """For a button that fits no more."""
    start = Button(_("Go on"), ctx.action("go", wave_id), style=ButtonStyle.PRIMARY)
    return Message(text=_("That question is not asked of you now."), controls=(start,))


async def _standing(ctx: Context, action: Action) -> Standing | Message:
    """The wave and the member's answers, or what to tell them where there is nothing to answer."""
    found = await standing(ctx, named(action))
    if found is None:
        return gone()
    if not found.takes:
        return closed()
    if found.state in ("", SCREENED):
        return _again(ctx, found.wave_id)
    return found


def _desk(ctx: Context, wave_id: UUID, definition: Definition) -> Desk:
    return Desk(ctx.community_id, wave_id, definition, ctx.capabilities, ctx.say)
