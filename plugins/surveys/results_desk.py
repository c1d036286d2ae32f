"""What managers and members do with the results of surveys: which act goes where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from core.action import Action
from core.context import Context, Viewer
from core.files import File
from core.form import MAX_TEXT, FieldKind, Form, FormField, Value
from core.message import Message, Option
from core.plugin import Answer, FormErrors, Plugin, choose, command, download, form, press, submit
from core.rights import Right
from core.texts import Domain, Phrase
from plugins.surveys import balcony, before_after, crossing, drafts, exports, posting, showing, toml_text, trends
from plugins.surveys.actions import named, number
from plugins.surveys.changing import told as told_wrong
from plugins.surveys.definition import Definition, Seen
from plugins.surveys.drafts import Refused
from plugins.surveys.looking import SEEN
from plugins.surveys.results_page import results_overview
from plugins.surveys.showing import gone
from plugins.surveys.tables import Survey
from plugins.surveys.toml_text import Unreadable, known
from plugins.surveys.weighing import pattern

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")

MANAGE = Right.MANAGE


class ResultsDesk(Plugin):
    """The results' part of the plugin."""

    @command("results", _("What surveys came to"), right=MANAGE)
    async def results(self, ctx: Context, _text: str) -> Answer:
        """Which survey."""
        return await showing.list_message(ctx)

    @choose("qw", right=MANAGE)
    async def result_wave_chosen(self, ctx: Context, _action: Action, values: Sequence[str]) -> Answer:
        """One of the waves."""
        return await showing.wave_message(ctx, showing.chosen(values))

    @press("qw", right=MANAGE)
    async def result_wave(self, ctx: Context, action: Action) -> Answer:
        """A wave and its questions."""
        return await showing.wave_message(ctx, named(action))

    @choose("qq", right=MANAGE)
    async def result_chosen(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """One of its questions."""
        return await showing.question_message(ctx, named(action), _number(values))

    @press("qq", right=MANAGE)
    async def result(self, ctx: Context, action: Action) -> Answer:
        """A question's result."""
        return await showing.question_message(ctx, named(action), number(action), plain=number(action, 2) == 1)

    @press("qp", right=MANAGE)
    async def result_picture(self, ctx: Context, action: Action) -> Answer:
        """The same as a picture."""
        return await showing.picture_message(ctx, named(action), number(action))

    @press("qo", right=MANAGE)
    async def result_post(self, ctx: Context, action: Action) -> Answer:
        """The picture for everybody."""
        return await posting.post(ctx, named(action), number(action), number(action, 2))

    @press("ql", right=MANAGE)
    async def result_trend(self, ctx: Context, action: Action) -> Answer:
        """The question over the waves."""
        return await trends.trend_message(ctx, named(action), number(action))

    @press("qd", right=MANAGE)
    async def compare_with(self, ctx: Context, action: Action) -> Answer:
        """Which wave to compare a question with."""
        return await before_after.list_message(ctx, named(action), number(action))

    @choose("qd", right=MANAGE)
    async def compare_chosen(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """What changed."""
        return await before_after.compare_message(ctx, named(action), number(action), before_after.chosen(values))

    @press("qdd", right=MANAGE)
    async def compared(self, ctx: Context, action: Action) -> Answer:
        """What changed."""
        return await before_after.compare_message(ctx, named(action), number(action), number(action, 2))

    @press("qdp", right=MANAGE)
    async def compared_picture(self, ctx: Context, action: Action) -> Answer:
        """The same as a picture."""
        return await before_after.picture_message(ctx, named(action), number(action), number(action, 2))

    @press("qdo", right=MANAGE)
    async def compared_post(self, ctx: Context, action: Action) -> Answer:
        """The picture for everybody."""
        return await before_after.post(ctx, named(action), number(action), number(action, 2))

    @press("qx", right=MANAGE)
    async def cross_with(self, ctx: Context, action: Action) -> Answer:
        """Which question to cross it with."""
        return await crossing.cross_list(ctx, named(action), number(action))

    @choose("qx", right=MANAGE)
    async def cross_chosen(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """The two crossed."""
        return await crossing.cross_message(ctx, named(action), number(action), _number(values))

    @press("qxx", right=MANAGE)
    async def crossed(self, ctx: Context, action: Action) -> Answer:
        """The two crossed."""
        return await crossing.cross_message(ctx, named(action), number(action), number(action, 2))

    @press("qt", right=MANAGE)
    async def result_words(self, ctx: Context, action: Action) -> Answer:
        """What people wrote."""
        return await showing.words_message(ctx, named(action), max(0, number(action)))

    @form("qts", right=MANAGE)
    async def search_form(self, _ctx: Context, action: Action) -> Form:
        """What to search for."""
        field = FormField(FieldKind.TEXT, "search", _("Some words"), maximum=100)
        return Form(action, _("Search what people wrote"), (field,), submit=_("Search"))

    @submit("qts", right=MANAGE)
    async def search(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """What has it in it."""
        return await showing.words_message(ctx, named(action), 0, str(values["search"]))

    @form("qr", right=MANAGE)
    async def follows_form(self, ctx: Context, action: Action) -> Form:
        """What the store can't know."""
        return await balcony.costs_form(ctx, action)

    @submit("qr", right=MANAGE)
    async def follows(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """What follows from where members spend their time."""
        return await balcony.recommendation(ctx, named(action), values)

    # -- how results are made and who sees them ----------------------------------------------------------------------
    @form("qm", right=MANAGE)
    async def margins_form(self, ctx: Context, action: Action) -> Form | Message:
        """The known shares, as text."""
        definition = await _definition(ctx, named(action))
        if definition is None:
            return gone()
        text = toml_text.write_margins(pattern(definition))
        field = FormField(
            FieldKind.LONG,
            "margins",
            _("Known shares, by question"),
            required=False,
            value=text if len(text) <= MAX_TEXT else "",
            hint=_("Shares of all members, for each answer. Leave it empty to weigh no more."),
            maximum=MAX_TEXT,
        )
        return Form(action, _("Weigh"), (field,), submit=_("Save"))

    @submit("qm", right=MANAGE)
    async def margins(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Weigh the answers from now on."""
        try:
            margins = toml_text.read_margins(str(values["margins"] or ""))
        except Unreadable as error:
            return FormErrors({"margins": error.problems[0]})
        return await _change(
            ctx,
            named(action),
            lambda one: replace(one, margins=margins),
            _("Saved. The results are weighted by it, and say how many answers they are worth.")
            if margins
            else _("Saved. The results are not weighted any more."),
        )

    @form("qsee", right=MANAGE)
    async def seen_form(self, ctx: Context, action: Action) -> Form | Message:
        """Who sees the results."""
        definition = await _definition(ctx, named(action))
        if definition is None:
            return gone()
        options = tuple(Option(one.value, SEEN[one]) for one in Seen)
        field = FormField(
            FieldKind.CHOICE, "seen", _("Who sees the results"), options=options, value=(definition.results.value,)
        )
        return Form(action, _("Who sees the results"), (field,), submit=_("Save"))

    @submit("qsee", right=MANAGE)
    async def seen(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Let them see."""
        picked = values["seen"]
        seen = Seen(picked[0]) if isinstance(picked, tuple) else Seen.MANAGERS
        return await _change(ctx, named(action), lambda one: replace(one, results=seen), _("Saved."))

    # -- members -----------------------------------------------------------------------------------------------------
    @press("qv")
    async def results_for_all(self, ctx: Context, action: Action) -> Answer:
        """What members may see."""
        return await showing.member_message(ctx, named(action), max(0, number(action)))

    # -- the manager's page ------------------------------------------------------------------------------------------
    async def overview(self, session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
        """What else stands there, and the results' files."""
        return [*await super().overview(session, viewer), *await results_overview(session, viewer)]

    @download("qcsv")
    async def as_csv(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        """The answers as a table."""
        return await exports.csv_file(session, viewer, named(action))

    @download("qpar")
    async def as_parquet(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        """The same for other programs."""
        return await exports.parquet_file(session, viewer, named(action))

    @download("qjson")
    async def as_json(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        """Questions, results and answers."""
        return await exports.json_file(session, viewer, named(action))

    @download("qbook")
    async def codebook(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        """What the columns are."""
        return await exports.codebook_file(session, viewer, named(action))


async def _definition(ctx: Context, survey_id: UUID | None) -> Definition | None:
    if survey_id is None:
        return None
    async with ctx.session() as session:
        row = await session.get(Survey, (ctx.community_id, survey_id))
    return None if row is None else known(row.definition)


async def _change(
    ctx: Context, survey_id: UUID | None, how: Callable[[Definition], Definition], said: Phrase
) -> Answer:
    """Change what stands in the survey."""
    if survey_id is None:
        return gone()
    community_id = ctx.community_id
    try:
        await ctx.write(lambda tx: drafts.change(tx, community_id, survey_id, how))
    except Refused as error:
        return Message(text=error.words)
    except Unreadable as error:
        return Message(text=told_wrong(error))
    return Message(text=said)


def _number(values: Sequence[str]) -> int:
    return int(values[0]) if values and values[0].isdecimal() else -1
