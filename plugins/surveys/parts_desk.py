"""What managers do with the parts of a survey: questions, sections, quotas, endings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.action import Action
from core.context import Context
from core.form import Form, Value
from core.message import Message
from core.plugin import Answer, FormErrors, Plugin, choose, form, press, submit
from core.rights import Right
from plugins.surveys import changing, endings, looking, questions, quotas, sections
from plugins.surveys.actions import named, number
from plugins.surveys.definition import Kind
from plugins.surveys.outline import KINDS
from plugins.surveys.question_form import question_form
from plugins.surveys.taking import gone

MANAGE = Right.MANAGE


class PartsDesk(Plugin):
    """The part of the plugin where surveys are put together."""

    # -- questions ---------------------------------------------------------------------------------------------------
    @press("kinds", right=MANAGE)
    async def kinds(self, ctx: Context, action: Action) -> Answer:
        """Which kind to add."""
        survey_id = named(action)
        return gone() if survey_id is None else looking.kinds_message(ctx, survey_id)

    @choose("kind", right=MANAGE)
    async def kind(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """Its form."""
        survey_id, wanted = named(action), _chosen(values)
        if survey_id is None or _kind(wanted) is None:
            return gone()
        return await self.add_form(ctx, ctx.action("addq", survey_id, wanted))

    @form("addq", right=MANAGE)
    async def add_form(self, ctx: Context, action: Action) -> Form | Message:
        """A new question's form."""
        kind = _kind(number(action))
        return gone() if kind is None else question_form(action, kind)

    @submit("addq", right=MANAGE)
    async def add(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Put it at the end."""
        kind = _kind(number(action))
        return gone() if kind is None else await questions.add(ctx, action, values, kind)

    @press("quests", right=MANAGE)
    async def questions(self, ctx: Context, action: Action) -> Answer:
        """Which question to change."""
        return await looking.questions_message(ctx, named(action), number(action))

    @choose("quest", right=MANAGE)
    async def question(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """A question."""
        return await looking.question_message(ctx, named(action), _chosen(values))

    @form("editq", right=MANAGE)
    async def edit_form(self, ctx: Context, action: Action) -> Form | Message:
        """Its form."""
        return await questions.edit_form(ctx, action)

    @submit("editq", right=MANAGE)
    async def edit_question(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Change it."""
        return await questions.edit(ctx, action, values)

    @form("moreq", right=MANAGE)
    async def more_form(self, ctx: Context, action: Action) -> Form | Message:
        """What few questions need."""
        return await questions.more_form_of(ctx, action)

    @submit("moreq", right=MANAGE)
    async def more(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Change that."""
        return await questions.change_more(ctx, action, values)

    @press("upq", right=MANAGE)
    async def move_up(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Move it up."""
        return await questions.move(ctx, action, down=False)

    @press("downq", right=MANAGE)
    async def move_down(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Move it down."""
        return await questions.move(ctx, action, down=True)

    @press("delq", right=MANAGE)
    async def take_out(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Remove it."""
        return await questions.take_out(ctx, action)

    # -- sections ----------------------------------------------------------------------------------------------------
    @form("sect", right=MANAGE)
    async def section_form(self, ctx: Context, action: Action) -> Form | Message:
        """The section that begins with a question."""
        found = await changing.read(ctx, action)
        if isinstance(found, Message):
            return found
        return sections.section_form(action, sections.begins(found.definition, number(action)))

    @submit("sect", right=MANAGE)
    async def section(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Begin it there, or change it."""
        return await questions.change_section(ctx, action, values)

    @press("nosect", right=MANAGE)
    async def no_section(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Its questions belong to the section before."""
        return await questions.join_section(ctx, action)

    # -- quotas ------------------------------------------------------------------------------------------------------
    @press("caps", right=MANAGE)
    async def quotas(self, ctx: Context, action: Action) -> Answer:
        """All of them."""
        return await quotas.quotas_message(ctx, named(action), page=number(action))

    @choose("cap", right=MANAGE)
    async def quota(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """One of them."""
        return await quotas.quota_message(ctx, named(action), _chosen(values))

    @press("capqs", right=MANAGE)
    async def counted(self, ctx: Context, action: Action) -> Answer:
        """Which question a new one counts."""
        return await quotas.counted_message(ctx, named(action), number(action))

    @choose("capq", right=MANAGE)
    async def counted_chosen(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """Its form."""
        return await quotas.chosen(ctx, named(action), _chosen(values))

    @form("capnew", right=MANAGE)
    async def quota_form(self, ctx: Context, action: Action) -> Form | Message:
        """A new one's form."""
        return await quotas.new_form(ctx, action)

    @submit("capnew", right=MANAGE)
    async def add_quota(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Add it."""
        return await quotas.add(ctx, action, values)

    @form("capedt", right=MANAGE)
    async def edit_quota_form(self, ctx: Context, action: Action) -> Form | Message:
        """Its form."""
        return await quotas.edit_form(ctx, action)

    @submit("capedt", right=MANAGE)
    async def edit_quota(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Change it."""
        return await quotas.edit(ctx, action, values)

    @press("capdel", right=MANAGE)
    async def remove_quota(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Remove it."""
        return await quotas.remove(ctx, action)

    # -- endings -----------------------------------------------------------------------------------------------------
    @press("ends", right=MANAGE)
    async def endings(self, ctx: Context, action: Action) -> Answer:
        """All of them."""
        return await endings.endings_message(ctx, named(action), page=number(action))

    @choose("end", right=MANAGE)
    async def ending(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """One of them."""
        return await endings.ending_message(ctx, named(action), _chosen(values))

    @form("endnew", right=MANAGE)
    async def ending_form(self, ctx: Context, action: Action) -> Form | Message:
        """A new one's form."""
        found = await changing.read(ctx, action)
        return found if isinstance(found, Message) else endings.ending_form(action)

    @submit("endnew", right=MANAGE)
    async def add_ending(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Add it."""
        return await endings.add(ctx, action, values)

    @form("endedt", right=MANAGE)
    async def edit_ending_form(self, ctx: Context, action: Action) -> Form | Message:
        """Its form."""
        return await endings.edit_form(ctx, action)

    @submit("endedt", right=MANAGE)
    async def edit_ending(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Change it."""
        return await endings.edit(ctx, action, values)

    @press("endup", right=MANAGE)
    async def ending_up(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Let it be looked at earlier."""
        return await endings.move_up(ctx, action)

    @press("enddel", right=MANAGE)
    async def remove_ending(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Remove it."""
        return await endings.remove(ctx, action)


def _chosen(values: Sequence[str]) -> int:
    return int(values[0]) if values and values[0].isdecimal() else -1


def _kind(place: int) -> Kind | None:
    several = list(KINDS)
    return several[place] if 0 <= place < len(several) else None
