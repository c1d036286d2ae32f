"""What a survey says at the end, as a manager makes it: to whom it fits, or to everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from core.action import Action
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.markup import escape
from core.message import MAX_BUTTON_LABEL, Button, ButtonStyle, Message, Option, Pair, cut
from core.plugin import Answer, FormErrors
from core.texts import Domain, Words
from plugins.surveys import conditions
from plugins.surveys.actions import number
from plugins.surveys.changing import Beside, Mistake, change, read
from plugins.surveys.definition import MAX_INTRO, Definition, Ending
from plugins.surveys.drafts import Refused
from plugins.surveys.looking import back, look, paged
from plugins.surveys.outline import ending_line, fitting
from plugins.surveys.sections import tag
from plugins.surveys.taking import gone

_ = Domain("surveys")

BESIDE = Beside("when")


def tag_of(ending: Ending) -> int:
    """An ending in a button, by what it says to whom."""
    return tag(f"{ending.when}\0{ending.text}")


# -- looking ---------------------------------------------------------------------------------------------------------
async def endings_message(ctx: Context, survey_id: UUID | None, said: Words = "", page: int = 0) -> Message:
    """All endings."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, survey_id)
    if found is None or survey_id is None:
        return gone()
    endings, say = found.definition.endings, ctx.say
    options = [
        Option(str(place), cut(f"{place + 1}. {' '.join(one.text.split())}", MAX_BUTTON_LABEL))
        for place, one in enumerate(endings)
    ]
    lines = [say(said), ""] if said else []
    lines += fitting([f"{place}. {ending_line(one, say)}" for place, one in enumerate(endings, 1)], say)
    if any(one.when for one in endings):
        lines.append(f"_{say(_('The first that fits is said.'))}_")
    if not any(not one.when for one in endings):
        lines.append(say(_("Everybody else reads our thanks.") if endings else _("Everybody reads our thanks.")))
    new = Button(_("Add an ending"), ctx.action("endnew", survey_id), form=True, style=ButtonStyle.PRIMARY)
    return Message(
        title=_("Endings"),
        text="\n".join(lines),
        controls=(*paged(ctx, "end", "ends", survey_id, options, page), new, back(ctx, survey_id)),
    )


async def endings_shown(ctx: Context, survey_id: UUID, said: Words) -> Message:
    """All of them after a change."""
    return await endings_message(ctx, survey_id, said)


async def ending_message(ctx: Context, survey_id: UUID | None, place: int) -> Message:
    """One ending, by its number, with what can be done about it."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, survey_id)
    if found is None or survey_id is None:
        return gone()
    if not 0 <= place < len(found.definition.endings):
        return await endings_message(ctx, survey_id)
    one = found.definition.endings[place]
    about = (survey_id, tag_of(one))
    controls = [Button(_("Change"), ctx.action("endedt", *about), form=True, style=ButtonStyle.PRIMARY)]
    if place and one.when:
        controls.append(Button(_("Move up"), ctx.action("endup", *about)))
    controls.append(Button(_("Remove"), ctx.action("enddel", *about), style=ButtonStyle.DANGER))
    return Message(
        title=_("Ending {n}", n=place + 1),
        text=escape(one.text),
        fields=(Pair(_("Only if"), escape(one.when) or _("everybody else")),),
        controls=(*controls, Button(_("All endings"), ctx.action("ends", survey_id)), back(ctx, survey_id)),
    )


# -- the form --------------------------------------------------------------------------------------------------------
def ending_form(action: Action, known: Ending | None = None) -> Form:
    """The form, empty or holding what is there."""
    known = known or Ending("")
    fields = (
        FormField(
            FieldKind.LONG,
            "text",
            _("What is said at the end"),
            hint=_("An earlier answer in it: {name}", name="{q1}"),
            value=known.text,
            maximum=MAX_INTRO,
        ),
        FormField(
            FieldKind.TEXT,
            "when",
            _("Only if"),
            required=False,
            hint=_("Empty: to everybody else. For example {condition}", condition="q1 = 'No'"),
            value=known.when,
            maximum=conditions.MAX_CONDITION,
        ),
    )
    return Form(action, _("Ending"), fields, submit=_("Save"))


def taken(values: Mapping[str, Value]) -> Ending:
    """The ending that the form says."""
    return Ending(str(values["text"]), " ".join(str(values.get("when") or "").split()))


# -- changes ---------------------------------------------------------------------------------------------------------
def put(definition: Definition, known: Ending | None, ending: Ending) -> Definition:
    """With an ending instead of one that is there, or beside them; the one for everybody else is the last.

    Raises :class:`Mistake`.
    """
    several = [ending if one is known else one for one in definition.endings]
    if known is None:
        several.append(ending)
    if sum(not one.when for one in several) > 1:
        raise Mistake("when", _("there is an ending for everybody else already: say to whom this one fits"))
    return replace(definition, endings=tuple(sorted(several, key=lambda one: not one.when)))


def raised(definition: Definition, wanted: int) -> Definition:
    """With an ending one place further up."""
    several = list(definition.endings)
    at = next((at for at, one in enumerate(several) if tag_of(one) == wanted), 0)
    if at:
        several[at - 1], several[at] = several[at], several[at - 1]
    return replace(definition, endings=tuple(several))


async def add(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Add one."""
    return await change(
        ctx, action, lambda definition: put(definition, None, taken(values)), BESIDE, _("Saved."), endings_shown
    )


async def edit_form(ctx: Context, action: Action) -> Form | Message:
    """The form of one that is there."""
    found = await read(ctx, action)
    if isinstance(found, Message):
        return found
    ending = _ending(found.definition, number(action))
    return Message(text=_("That ending is gone.")) if ending is None else ending_form(action, ending)


async def edit(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change one."""

    def how(definition: Definition) -> Definition:
        known = _ending(definition, number(action))
        if known is None:
            raise Refused(_("That ending is gone."))
        return put(definition, known, taken(values))

    return await change(ctx, action, how, BESIDE, _("Saved."), endings_shown)


async def move_up(ctx: Context, action: Action) -> Answer | FormErrors:
    """Let one be looked at earlier."""
    return await change(ctx, action, lambda one: raised(one, number(action)), then=endings_shown)


async def remove(ctx: Context, action: Action) -> Answer | FormErrors:
    """Take one away."""

    def how(definition: Definition) -> Definition:
        known = _ending(definition, number(action))
        return replace(definition, endings=tuple(one for one in definition.endings if one is not known))

    return await change(ctx, action, how, said=_("Removed."), then=endings_shown)


def _ending(definition: Definition, wanted: int) -> Ending | None:
    return next((one for one in definition.endings if tag_of(one) == wanted), None)
