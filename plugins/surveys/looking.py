"""What managers see of their surveys in chat."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from core.context import Context
from core.markup import escape
from core.message import MAX_BUTTON_LABEL, Button, ButtonStyle, Choice, Control, Message, Option, Pair, cut
from core.moments import dated
from core.posted_in import choosing, count_spaces
from core.texts import Domain, Words
from plugins.surveys.definition import Definition, Question, Seen
from plugins.surveys.drafts import missing, over_for_good
from plugins.surveys.outline import KINDS, outline, section_line
from plugins.surveys.sections import begins, tag
from plugins.surveys.tables import Survey, SurveyChannel, Wave
from plugins.surveys.taking import gone
from plugins.surveys.toml_text import known
from plugins.surveys.waves import CLOSED, DRAFT, OPEN
from storage.tables import Channel, Schedule, Space

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")

MOST_SHOWN = 25
"""Surveys in a list."""
LISTED_QUESTIONS = 25
"""Questions in a list: what one choice holds on every platform."""
STATES = {DRAFT: _("draft"), OPEN: _("open"), CLOSED: _("closed")}
SEEN = {
    Seen.MANAGERS: _("Managers alone"),
    Seen.AFTER: _("Who answered; everybody once it is closed"),
    Seen.LIVE: _("Everybody, while it runs"),
}


class Look(NamedTuple):
    """A survey with what stands around it."""

    row: Survey
    definition: Definition
    wave: Wave | None
    channels: Sequence[str]
    spaces: int
    schedule: Schedule | None


async def look(session: AsyncSession, community_id: UUID, survey_id: UUID | None) -> Look | None:
    """A survey; None for any other id."""
    row = await session.get(Survey, (community_id, survey_id)) if survey_id is not None else None
    if row is None:
        return None
    wave = await session.get(Wave, (community_id, row.wave_id)) if row.wave_id is not None else None
    channels = await session.execute(
        select(col(Channel.name), col(Space.name))
        .join(
            SurveyChannel,
            (col(SurveyChannel.community_id) == col(Channel.community_id))
            & (col(SurveyChannel.channel_id) == col(Channel.id)),
        )
        .join(
            Space, (col(Space.community_id) == col(Channel.community_id)) & (col(Space.id) == col(Channel.space_id))
        )
        .where(
            col(SurveyChannel.community_id) == community_id,
            col(SurveyChannel.survey_id) == survey_id,
            col(Space.removed_at).is_(None),
        )
        .order_by(col(Space.id), col(Channel.id))
    )
    spaces = await count_spaces(session, community_id)
    schedule = await session.get(Schedule, (community_id, row.schedule_id)) if row.schedule_id is not None else None
    names = [f"#{channel} ({space})" if channel else space for channel, space in channels]
    return Look(row, known(row.definition), wave, names, spaces, schedule)


async def newest(session: AsyncSession, community_id: UUID) -> list[Survey]:
    """The newest surveys."""
    found = await session.scalars(
        select(Survey)
        .where(col(Survey.community_id) == community_id)
        .order_by(col(Survey.id).desc())
        .limit(MOST_SHOWN)
    )
    return list(found.all())


async def list_message(ctx: Context) -> Message:
    """All surveys."""
    async with ctx.session() as session:
        rows = await newest(session, ctx.community_id)
    new = Button(_("New survey"), ctx.action("start"), style=ButtonStyle.PRIMARY)
    if not rows:
        return Message(text=_("There is no survey yet."), controls=(new,))
    options = tuple(
        Option(short(row.id), f"{cut(known(row.definition).title, 50)} · {ctx.say(STATES[row.state])}")
        for row in rows
    )
    return Message(
        title=_("Surveys"),
        text=_("Choose one to look at it."),
        controls=(Choice(ctx.action("pick"), options), new),
    )


async def survey_message(ctx: Context, survey_id: UUID | None, said: Words = "") -> Message:
    """A survey with all that can be done about it."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, survey_id)
    if found is None:
        return gone()
    row, definition = found.row, found.definition
    say = ctx.say
    lines = [say(said), ""] if said else []
    lines += outline(definition, say)
    if row.state != OPEN:
        wanting = missing(definition, len(found.channels), row.closes_at, ctx.now)
        lines += [f"⚠️ {say(one)}" for one in wanting]
    else:
        wanting = []
    return Message(
        title=_("{title}: {state}", title=escape(definition.title), state=STATES[row.state]),
        text="\n".join(lines) or say(_("No question yet.")),
        fields=_facts(ctx, found),
        controls=tuple(_controls(ctx, found, ready=not wanting)),
    )


def _facts(ctx: Context, found: Look) -> tuple[Pair, ...]:
    row = found.row
    facts = [
        Pair(_("Answers"), _("anonymous") if found.definition.anonymous else _("with names")),
        Pair(_("Posted in"), cut(", ".join(found.channels), 200) or "–"),
        Pair(
            _("Closes"),
            dated(row.closes_at, ctx.place.time_zone, ctx.language) if row.closes_at else _("when you close it"),
        ),
    ]
    if row.most is not None:
        facts.append(Pair(_("Responses at most"), str(row.most)))
    if found.schedule is not None and found.schedule.next_at is not None:
        facts.append(Pair(_("Next wave"), dated(found.schedule.next_at, ctx.place.time_zone, ctx.language)))
    if found.wave is not None:
        facts.append(
            Pair(
                _("Wave {n}", n=found.wave.number),
                _(
                    "{started} began, {finished} finished, {screened} let go by a quota",
                    started=found.wave.started,
                    finished=found.wave.finished,
                    screened=found.wave.screened,
                ),
            )
        )
    return tuple(facts)


def _controls(ctx: Context, found: Look, *, ready: bool) -> list[Control]:
    row = found.row
    about = row.id
    controls: list[Control] = []
    if row.state == OPEN:
        controls.append(Button(_("Close it"), ctx.action("close", about), style=ButtonStyle.DANGER))
    elif ready:
        again = _("Open it") if row.state == DRAFT else _("Open a new wave")
        controls.append(Button(again, ctx.action("open", about), style=ButtonStyle.PRIMARY))
        if row.state == CLOSED and found.wave is not None and over_for_good(found.wave, ctx.now) is None:
            controls.append(Button(_("Open the last wave again"), ctx.action("reopen", about)))
    if found.definition.questions:
        controls.append(Button(_("Preview"), ctx.action("xgo", about)))
    controls.append(Button(_("Add a question"), ctx.action("kinds", about)))
    if found.definition.questions:
        controls.append(Button(_("Change a question"), ctx.action("quests", about)))
        controls.append(Button(_("Quotas"), ctx.action("caps", about)))
        controls.append(Button(_("Endings"), ctx.action("ends", about)))
    controls.append(Button(_("Title and words"), ctx.action("words", about), form=True))
    controls.append(Button(_("Until when, how many"), ctx.action("limits", about), form=True))
    controls += choosing(ctx, "chans", about, found.spaces)
    controls.append(Button(_("Repeat"), ctx.action("repeat", about), form=True))
    controls.append(Button(_("As text"), ctx.action("toml", about), form=True))
    if row.before is not None:
        controls.append(Button(_("Undo the last change"), ctx.action("undo", about)))
    if row.state != OPEN:
        controls.append(Button(_("Remove"), ctx.action("sure", about), style=ButtonStyle.DANGER))
    return controls


async def questions_message(ctx: Context, survey_id: UUID | None, page: int = 0) -> Message:
    """Which question to change."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, survey_id)
    if found is None or survey_id is None:
        return gone()
    questions = found.definition.questions
    if not questions:
        return await survey_message(ctx, survey_id)
    options = question_options(questions)
    return Message(
        title=_("Which question?"),
        text=_("Change it, move it, or begin a section with it."),
        controls=(*paged(ctx, "quest", "quests", survey_id, options, page), back(ctx, survey_id)),
    )


def question_options(questions: Sequence[Question]) -> list[Option]:
    """Questions to choose from, by their number."""
    return [
        Option(str(number), cut(f"{number + 1}. {one.plain}", MAX_BUTTON_LABEL))
        for number, one in enumerate(questions)
    ]


def paged(
    ctx: Context, chosen: str, more: str, survey_id: UUID, options: Sequence[Option], page: int = 0
) -> list[Control]:
    """A choice out of many, and the button to the next part of them. ``chosen`` and ``more`` are their verbs."""
    page = max(0, min(page, (len(options) - 1) // LISTED_QUESTIONS))
    start = page * LISTED_QUESTIONS
    shown = tuple(options[start : start + LISTED_QUESTIONS])
    controls: list[Control] = [Choice(ctx.action(chosen, survey_id), shown)] if shown else []
    if len(options) > start + LISTED_QUESTIONS:
        controls.append(Button(_("More of them"), ctx.action(more, survey_id, page + 1)))
    return controls


async def question_message(ctx: Context, survey_id: UUID | None, wanted: int, *, by_tag: bool = False) -> Message:
    """A question with what can be done about it. ``wanted`` is its number, or its tag."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, survey_id)
    if found is None or survey_id is None:
        return gone()
    question = next(
        (
            one
            for number, one in enumerate(found.definition.questions)
            if (tag(one.name) == wanted if by_tag else number == wanted)
        ),
        None,
    )
    if question is None:
        return await questions_message(ctx, survey_id)
    facts = [Pair(_("Name"), escape(question.name)), Pair(_("Kind"), KINDS[question.kind])]
    if question.options:
        shown = ", ".join(str(one.label) for one in question.choices)
        facts.append(Pair(_("Options"), escape(cut(shown, 300))))
    if question.when:
        facts.append(Pair(_("Only if"), escape(question.when)))
    facts.append(Pair(_("Needed"), _("yes") if question.required else _("no")))
    about = (survey_id, tag(question.name))
    begun = begins(found.definition, tag(question.name))
    if begun is not None:
        facts.append(Pair(_("Begins a section"), section_line(begun, ctx.say)))
    label = _("Begin a section here") if begun is None else _("Change the section")
    controls = [
        Button(_("Change"), ctx.action("editq", *about), form=True, style=ButtonStyle.PRIMARY),
        Button(_("More about it"), ctx.action("moreq", *about), form=True),
        Button(_("Move up"), ctx.action("upq", *about)),
        Button(_("Move down"), ctx.action("downq", *about)),
        Button(label, ctx.action("sect", *about), form=True),
    ]
    if begun is not None:
        controls.append(Button(_("No section here"), ctx.action("nosect", *about)))
    controls.append(Button(_("Remove"), ctx.action("delq", *about), style=ButtonStyle.DANGER))
    return Message(
        title=_("Question {n}", n=found.definition.numbers[question.name] + 1),
        text=escape(question.ask),
        fields=tuple(facts),
        controls=(*controls, back(ctx, survey_id)),
    )


def kinds_message(ctx: Context, survey_id: UUID) -> Message:
    """Which kind of question to add."""
    options = tuple(Option(str(number), label) for number, label in enumerate(KINDS.values()))
    controls = (Choice(ctx.action("kind", survey_id), options), back(ctx, survey_id))
    return Message(text=_("What kind of question?"), controls=controls)


def short(survey_id: UUID) -> str:
    """An id in 22 characters, which fit into an option's button on every platform."""
    return urlsafe_b64encode(survey_id.bytes).decode().rstrip("=")


def long(text: str) -> UUID | None:
    """Back from :func:`short`; None for anything else."""
    try:
        return UUID(bytes=urlsafe_b64decode(text + "=="))
    except ValueError:
        return None


def back(ctx: Context, survey_id: UUID) -> Button:
    """The way back to it."""
    return Button(_("Back to the survey"), ctx.action("show", survey_id))
