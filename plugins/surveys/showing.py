"""Results in chat: a list of waves, a wave, a question, and what people wrote."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from core.charts import picture
from core.context import Context
from core.crowds import Crowd, crowds, crowds_of, response
from core.figures.privacy import TEAM
from core.figures.shares import share
from core.markup import escape
from core.message import MAX_BUTTON_LABEL, Button, ButtonStyle, Choice, Control, Image, Message, Option, Pair, cut
from core.numbers import percent
from core.texts import Domain, Phrase
from plugins.surveys.actions import action as action_of
from plugins.surveys.answered import Looked, enough, has_words, look, newest, readable, result_of, words_of
from plugins.surveys.definition import Definition, Kind, Question, Seen
from plugins.surveys.groups import GROUPED, is_intent
from plugins.surveys.looking import SEEN, STATES, long, short
from plugins.surveys.result_words import Teller, told_words
from plugins.surveys.standing import standing
from plugins.surveys.tally import Result
from plugins.surveys.toml_text import known
from plugins.surveys.waves import FINISHED, OPEN, PURGE_AFTER
from plugins.surveys.weighing import weigh

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")

MOST_WAVES = 25
"""In a list: what one choice holds on every platform."""
MOST_WORDS = 15
"""Texts in a message."""


class Told(NamedTuple):
    """A question's result with what it is shown by."""

    found: Looked
    question: Question
    result: Result
    note: Phrase | None = None
    """Why it is not weighted though it should be."""


def gone() -> Message:
    """For a button of what is no more."""
    return Message(text=_("That survey is gone."))


async def list_message(ctx: Context) -> Message:
    """Which survey's results; the only one at once."""
    async with ctx.session() as session:
        waves = await newest(session, ctx.community_id, MOST_WAVES)
    if not waves:
        return Message(text=_("No survey ran yet. `/hall survey` makes one."))
    if len(waves) == 1:
        return await wave_message(ctx, waves[0].wave.id)
    options = tuple(Option(short(one.wave.id), _wave_label(ctx, one)) for one in waves)
    return Message(
        title=_("Results"),
        text=_("Choose a survey. Pulses have a line for each wave."),
        controls=(Choice(ctx.action("qw"), options),),
    )


async def wave_message(ctx: Context, wave_id: UUID | None) -> Message:
    """A wave: how many took part, and its questions."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, wave_id)
        if found is None:
            return gone()
        rates = await response_rates(session, ctx.community_id, [found], ctx.language)
    wave, survey = found.wave, known(found.survey.definition)
    rate = share(min(wave.finished, wave.started), wave.started)
    done = f"{wave.finished}" + (f" ({percent(rate.value, ctx.language)})" if rate else "")
    fields = (
        Pair(_("Began"), str(wave.started)),
        Pair(_("Finished"), done),
        Pair(_("Response rate"), rates[wave.id]),
        Pair(_("Seen by"), SEEN[survey.results]),
    )
    title = _("{title}: {state}", title=escape(found.definition.title), state=STATES[wave.state])
    here = wave.id
    see = Button(_("Who sees them"), ctx.action("qsee", found.survey.id), form=True)
    if not enough(found):
        return Message(title=title, text=why_not(found), fields=fields, controls=(see,))
    questions = found.definition.questions
    options = [
        Option(str(number), cut(f"{number + 1}. {one.plain}", MAX_BUTTON_LABEL))
        for number, one in enumerate(questions)
    ]
    controls: list[Control] = [
        Choice(ctx.action("qq", here, start // MOST_WAVES), tuple(options[start : start + MOST_WAVES]))
        for start in range(0, len(options), MOST_WAVES)
    ]
    if has_words(found.definition):
        controls.append(Button(_("What people wrote"), ctx.action("qt", here)))
    intent = next((number for number, one in enumerate(questions) if is_intent(one)), None)
    if intent is not None:
        controls.append(Button(_("Before and after"), ctx.action("qd", here, intent), style=ButtonStyle.PRIMARY))
    if is_platforms(found.definition):
        label = _("What follows from it")
        controls.append(Button(label, ctx.action("qr", here), form=True, style=ButtonStyle.PRIMARY))
    controls += [Button(_("Weigh"), ctx.action("qm", found.survey.id), form=True), see]
    return Message(
        title=title,
        text=_("Choose a question. The answers as files are on your page: `/hall page`."),
        fields=fields,
        controls=tuple(controls),
    )


async def response_rates(
    session: AsyncSession, community_id: UUID, several: Sequence[Looked], language: str
) -> dict[UUID, Phrase]:
    """By wave, which part of those who could see its posts finished it, or why that is not known."""
    rows = await session.execute(crowds_of(community_id, [one.wave.id for one in several]))
    found = crowds(rows)
    return {one.wave.id: response(one.wave.finished, found.get(one.wave.id, Crowd()), language) for one in several}


def why_not(found: Looked) -> Phrase:
    """Why nothing is told of a wave."""
    if found.wave.anonymous and not found.open and found.wave.finished < TEAM:
        return _(
            "This survey is anonymous, and fewer than {n} people answered: their answers stay sealed, and are erased "
            "{days} days after it closed. Until then its last wave can be opened again, to wait for more.",
            n=TEAM,
            days=PURGE_AFTER.days,
        )
    if found.waits:
        return _(
            "This survey is anonymous: its results are told once it is closed. Who looked twice while it runs could "
            "else see what the few between said."
        )
    return _("Fewer than {n} people answered so far, so nothing is told yet.", n=TEAM)


async def told(
    ctx: Context, wave_id: UUID | None, number: int, *, everything: bool = True, plain: bool = False
) -> Told | Message:
    """What came of a question, weighted if the survey says so, or why nothing is told."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, wave_id)
        if found is None or not 0 <= number < len(found.definition.questions):
            return gone()
        if not enough(found):
            return Message(text=why_not(found))
        question = found.definition.questions[number]
        weighed = None if plain else await weigh(session, found)
        weights = weighed.weights if weighed else None
        result = await result_of(session, found, question.name, everything=everything, weights=weights)
    return Told(found, question, result, weighed.why if weighed else None)


async def question_message(ctx: Context, wave_id: UUID | None, number: int, *, plain: bool = False) -> Message:
    """A question's result with what can be done about it."""
    one = await told(ctx, wave_id, number, plain=plain)
    if isinstance(one, Message):
        return one
    found, here = one.found, one.found.wave.id
    controls: list[Control] = []
    teller = Teller(ctx.say, ctx.language)
    if teller.chart(one.result) is not None:
        controls.append(Button(_("Picture"), ctx.action("qp", here, number), style=ButtonStyle.PRIMARY))
    if one.result.rows and not one.result.hidden:
        controls.append(Button(_("Cross it with …"), ctx.action("qx", here, number)))
    if one.question.kind in GROUPED | {Kind.MULTIPLE} and not one.result.hidden:
        controls.append(Button(_("Before and after"), ctx.action("qd", here, number)))
    if found.wave.number > 1:
        controls.append(Button(_("Over the waves"), ctx.action("ql", here, number)))
    if known(found.survey.definition).margins:
        label = _("Weighted") if plain else _("Not weighted")
        controls.append(Button(label, ctx.action("qq", here, number, 0 if plain else 1)))
    if number > 0:
        controls.append(Button(_("Before"), ctx.action("qq", here, number - 1)))
    if number < len(found.definition.questions) - 1:
        controls.append(Button(_("Next"), ctx.action("qq", here, number + 1)))
    controls.append(Button(_("All questions"), ctx.action("qw", here)))
    lines = teller.lines(one.result)
    if one.note is not None:
        lines.append(f"⚠️ {ctx.say(one.note)}")
    return Message(title=ask_of(one.question), text="\n".join(lines), controls=tuple(controls))


async def picture_message(ctx: Context, wave_id: UUID | None, number: int) -> Message:
    """The result as a picture, only for who asked, and the button that posts it."""
    one = await told(ctx, wave_id, number)
    if isinstance(one, Message):
        return one
    image = await drawn(ctx, one, ctx.language)
    if image is None:
        return Message(text=_("There is nothing to draw of this."))
    here = one.found.wave.id
    back = Button(_("Back"), ctx.action("qq", here, number))
    if one.found.open:
        note = _("You can post it once the survey is closed.")
        return Message(text=note, image=image, controls=(back,))
    stamp = int(ctx.now.timestamp()) % 2**16
    post = Button(_("Post it"), ctx.action("qo", here, number, stamp), style=ButtonStyle.PRIMARY)
    return Message(
        text=_("Only you see this. “Post it” puts it where the survey stood."), image=image, controls=(post, back)
    )


async def drawn(ctx: Context, one: Told, language: str) -> Image | None:
    """The picture of a result in a language."""
    chart = Teller(lambda words: ctx.say(words, language), language).chart(one.result)
    return None if chart is None else await picture(chart)


async def words_message(ctx: Context, wave_id: UUID | None, page: int = 0, search: str = "") -> Message:
    """What people wrote, a page of it, or what of it has some words in it."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, wave_id)
        if found is None:
            return gone()
        if not enough(found):
            return Message(text=why_not(found))
        wanted, skip, more = search.casefold(), page * MOST_WORDS, False
        several: list[tuple[str, str]] = []
        names = await readable(session, found)
        async with aclosing(words_of(session, ctx.vault, found.wave, names)) as words:
            async for one in words:
                if wanted and wanted not in one.text.casefold():
                    continue
                if skip:
                    skip -= 1
                elif len(several) == MOST_WORDS:
                    more = True
                    break
                else:
                    several.append((found.definition.by_name[one.question].plain, one.text))
    here = found.wave.id
    controls: list[Control] = [Button(_("Search"), ctx.action("qts", here), form=True)]
    if page and not search:
        controls.append(Button(_("Before"), ctx.action("qt", here, page - 1)))
    if more and not search:
        controls.append(Button(_("Next"), ctx.action("qt", here, page + 1)))
    controls.append(Button(_("All questions"), ctx.action("qw", here)))
    lines = told_words(several, ctx.say)
    if more and search:
        lines.append(ctx.say(_("… and more. Search for something rarer.")))
    return Message(title=_("What people wrote"), text="\n".join(lines), controls=tuple(controls))


async def member_message(ctx: Context, wave_id: UUID | None, number: int) -> Message:
    """What members see of the results, question by question."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, wave_id)
    if found is None:
        return gone()
    seen = known(found.survey.definition).results
    if seen is Seen.MANAGERS:
        return Message(text=_("The results of this survey are for its managers."))
    if seen is Seen.AFTER and found.open:
        mine = await standing(ctx, found.wave.id)
        if mine is None or mine.state != FINISHED:
            go = Button(_("Answer"), action_of("go", ctx.community_id, found.wave.id), style=ButtonStyle.PRIMARY)
            return Message(text=_("Answer first, then you see what the others said."), controls=(go,))
    one = await told(ctx, found.wave.id, max(0, number), everything=False, plain=True)
    if isinstance(one, Message):
        return one
    controls = []
    if number > 0:
        controls.append(Button(_("Before"), ctx.action("qv", found.wave.id, number - 1)))
    if number < len(found.definition.questions) - 1:
        controls.append(Button(_("Next"), ctx.action("qv", found.wave.id, number + 1)))
    lines = Teller(ctx.say, ctx.language).lines(one.result)
    return Message(title=ask_of(one.question), text="\n".join(lines), controls=tuple(controls))


def ask_of(question: Question) -> str:
    """A question as the title of its result."""
    return escape(cut(question.plain, 200))


def is_platforms(definition: Definition) -> bool:
    """Whether it is the survey of where members spend their time, whatever was changed in its words."""
    keys = {name: {one.key for one in question.options} for name, question in definition.by_name.items()}
    return {"hall", "balcony"} <= keys.get("most", set()) and len(keys.get("meet", ())) > 1


def chosen(values: Sequence[str]) -> UUID | None:
    """The wave that was chosen from a list."""
    return long(values[0]) if values else None


def _wave_label(ctx: Context, one: Looked) -> str:
    number = f" {one.wave.number}" if one.survey.waves > 1 else ""
    state = f" · {ctx.say(STATES[OPEN])}" if one.open else ""
    return f"{cut(one.definition.title, 45)}{number} · {one.wave.finished}{state}"
