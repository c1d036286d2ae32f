"""What managers do with surveys in chat and on their page; what they do with the parts of one is beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.action import Action
from core.context import Context, Viewer
from core.files import Desk as PageDesk
from core.files import File
from core.form import Form, Value
from core.message import Button, ButtonStyle, Choice, Message, Option
from core.plugin import Answer, FormErrors, Plugin, choose, command, download, form, press, submit, upload
from core.rights import Right
from core.texts import Domain
from plugins.surveys import changing, drafts, looking, making, page, preview
from plugins.surveys.actions import named
from plugins.surveys.flow import Verb
from plugins.surveys.taking import gone
from plugins.surveys.templates import TEMPLATES, template

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")

MANAGE = Right.MANAGE


class ManagersDesk(Plugin):
    """The managers' half of the plugin."""

    # -- making ------------------------------------------------------------------------------------------------------
    @command("survey", _("Make a survey"), right=MANAGE)
    async def survey(self, ctx: Context, _text: str) -> Answer:
        """From a template, from a text, or empty."""
        return self._start(ctx)

    @press("start", right=MANAGE)
    async def start(self, ctx: Context, _action: Action) -> Answer:
        """The same by a button."""
        return self._start(ctx)

    def _start(self, ctx: Context) -> Message:
        ready = tuple(Option(name, title) for name, title in TEMPLATES.items())
        return Message(
            title=_("New survey"),
            text=_("Begin with one that is ready, and change what you like; or with an empty one."),
            controls=(
                Choice(ctx.action("tmpl"), ready, label=_("Ready to run")),
                Button(_("Empty"), ctx.action("new"), form=True, style=ButtonStyle.PRIMARY),
                Button(_("Paste a text"), ctx.action("paste"), form=True),
            ),
        )

    @choose("tmpl", right=MANAGE)
    async def from_template(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """One of ours."""
        wanted = values[0] if values else ""
        if action.pick is not None and action.pick < len(TEMPLATES):
            wanted = list(TEMPLATES)[action.pick]
        if wanted not in TEMPLATES:
            return self._start(ctx)
        return await making.begin(ctx, template(wanted, ctx.place.language))

    @form("new", right=MANAGE)
    async def new_form(self, ctx: Context, action: Action) -> Form:
        """An empty survey's words."""
        return making.new_form(action, ctx.place.language)

    @submit("new", right=MANAGE)
    async def new(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer:
        """Begin it."""
        return await making.create(ctx, values)

    @form("paste", right=MANAGE)
    async def paste_form(self, ctx: Context, action: Action) -> Form:
        """A whole survey as text."""
        return making.text_form(action, making.EXAMPLE)

    @submit("paste", right=MANAGE)
    async def paste(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Begin it."""
        return await making.take_text(ctx, values)

    # -- looking -----------------------------------------------------------------------------------------------------
    @command("surveys", _("Your surveys"), right=MANAGE)
    async def surveys(self, ctx: Context, _text: str) -> Answer:
        """All of them."""
        return await looking.list_message(ctx)

    @choose("pick", right=MANAGE)
    async def pick_one(self, ctx: Context, _action: Action, values: Sequence[str]) -> Answer:
        """One of them."""
        return await looking.survey_message(ctx, looking.long(values[0]) if values else None)

    @press("show", right=MANAGE)
    async def show(self, ctx: Context, action: Action) -> Answer:
        """A survey with all that can be done about it."""
        return await looking.survey_message(ctx, named(action))

    # -- how it runs -------------------------------------------------------------------------------------------------
    @form("words", right=MANAGE)
    async def words_form(self, ctx: Context, action: Action) -> Form | Message:
        """Title and words."""
        found = await changing.read(ctx, action)
        return found if isinstance(found, Message) else making.words_form(action, found.definition)

    @submit("words", right=MANAGE)
    async def words(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Change them."""
        return await making.change_words(ctx, action, values)

    @form("limits", right=MANAGE)
    async def limits_form(self, ctx: Context, action: Action) -> Form | Message:
        """Until when, how many."""
        found = await changing.read(ctx, action)
        return found if isinstance(found, Message) else making.limits_form(action, found, ctx.place.time_zone)

    @submit("limits", right=MANAGE)
    async def limits(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Change that."""
        return await making.change_limits(ctx, action, values)

    @form("chans", right=MANAGE)
    async def channels_form(self, ctx: Context, action: Action) -> Form | Message:
        """Where it is posted."""
        return await making.channels_form(ctx, action)

    @submit("chans", right=MANAGE)
    async def channels(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Change that."""
        return await making.change_channels(ctx, action, values)

    @form("repeat", right=MANAGE)
    async def repeat_form(self, ctx: Context, action: Action) -> Form | Message:
        """How often it opens anew."""
        return await making.repeat_form(ctx, action)

    @submit("repeat", right=MANAGE)
    async def repeat(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Change that."""
        return await making.change_repeat(ctx, action, values)

    @form("toml", right=MANAGE)
    async def text_form(self, ctx: Context, action: Action) -> Form | Message:
        """The survey as text."""
        return await making.text_form_of(ctx, action)

    @submit("toml", right=MANAGE)
    async def text(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Change it."""
        return await making.change_text(ctx, action, values)

    @press("undo", right=MANAGE)
    async def undo(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Take the last change back."""
        survey_id, community_id = named(action), ctx.community_id
        if survey_id is None:
            return gone()
        return await changing.attempt(
            ctx,
            lambda tx: drafts.undo(tx, community_id, survey_id),
            survey_id,
            _("Taken back. Pressed again, it is done again."),
        )

    @press("open", right=MANAGE)
    async def open(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Open a wave, once however often it is pressed."""
        survey_id, community_id = named(action), ctx.community_id
        if survey_id is None:
            return gone()
        return await changing.attempt(
            ctx, lambda tx: drafts.open_now(tx, community_id, survey_id), survey_id, _("Open. It is on its way.")
        )

    @press("close", right=MANAGE)
    async def close(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Close it."""
        survey_id, community_id = named(action), ctx.community_id
        if survey_id is None:
            return gone()
        return await changing.attempt(
            ctx, lambda tx: drafts.close_now(tx, community_id, survey_id), survey_id, _("Closed.")
        )

    @press("reopen", right=MANAGE)
    async def reopen(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Let its last wave take answers again."""
        survey_id, community_id = named(action), ctx.community_id
        if survey_id is None:
            return gone()
        return await changing.attempt(
            ctx, lambda tx: drafts.reopen(tx, community_id, survey_id), survey_id, _("Open again.")
        )

    @press("sure", right=MANAGE)
    async def sure(self, ctx: Context, action: Action) -> Answer:
        """Ask before all is erased."""
        survey_id = named(action)
        if survey_id is None:
            return gone()
        return Message(
            text=_("Erase this survey with all its answers? This can’t be undone."),
            controls=(
                Button(_("Erase it"), ctx.action("remove", survey_id), style=ButtonStyle.DANGER),
                Button(_("Back to the survey"), ctx.action("show", survey_id)),
            ),
        )

    @press("remove", right=MANAGE)
    async def remove(self, ctx: Context, action: Action) -> Answer | FormErrors:
        """Erase it."""
        survey_id, community_id = named(action), ctx.community_id
        if survey_id is None:
            return gone()
        try:
            await ctx.write(lambda tx: drafts.remove(tx, community_id, survey_id))
        except drafts.Refused as error:
            return Message(text=error.words)
        return Message(text=_("Erased."))

    # -- preview -----------------------------------------------------------------------------------------------------
    @press("xgo", right=MANAGE)
    async def preview(self, ctx: Context, action: Action) -> Answer:
        """See it as members do."""
        return await preview.go(ctx, action)

    @choose("xa", right=MANAGE)
    async def preview_pick(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """Options were picked."""
        return await preview.pick(ctx, action, values)

    @press("xd", right=MANAGE)
    async def preview_enough(self, ctx: Context, action: Action) -> Answer:
        """None of the last options."""
        return await preview.pick(ctx, action, ())

    @press("xs", right=MANAGE)
    async def preview_skip(self, ctx: Context, action: Action) -> Answer:
        """Pass over a question."""
        return await preview.act(ctx, action, Verb.SKIP)

    @press("xr", right=MANAGE)
    async def preview_anew(self, ctx: Context, action: Action) -> Answer:
        """Rank anew."""
        return await preview.act(ctx, action, Verb.ANEW)

    @press("xsend", right=MANAGE)
    async def preview_send(self, ctx: Context, action: Action) -> Answer:
        """Send what goes nowhere."""
        return await preview.act(ctx, action, Verb.SEND)

    @press("xb", right=MANAGE)
    async def preview_back(self, ctx: Context, action: Action) -> Answer:
        """The question before."""
        return await preview.show(ctx, action, before_it=True)

    @press("xp", right=MANAGE)
    async def preview_page(self, ctx: Context, action: Action) -> Answer:
        """More options."""
        return await preview.show(ctx, action, before_it=False)

    @form("xw", right=MANAGE)
    async def preview_form(self, ctx: Context, action: Action) -> Form | Message:
        """The form of a question."""
        return await preview.form(ctx, action)

    @submit("xw", right=MANAGE)
    async def preview_written(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """What was written."""
        return await preview.written(ctx, action, values)

    # -- the page ----------------------------------------------------------------------------------------------------
    async def overview(self, session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
        """The newest surveys and their files."""
        return await page.overview(session, viewer)

    @download("file")
    async def text_file(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        """A survey as TOML."""
        return await page.text_file(session, viewer, action)

    @upload("put")
    async def take_file(self, desk: PageDesk, action: Action, file: File) -> Message:
        """A new survey, or another text for one."""
        return await page.take_text(desk, action, file)
