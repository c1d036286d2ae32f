"""The plugin itself: which act goes where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.action import Action
from core.activity import Activity
from core.alarms import Ring
from core.context import Context, Owner
from core.form import Form, Value
from core.markup import escape
from core.message import Message
from core.plugin import Answer, choose, form, press, submit
from core.schedule import Due
from core.texts import Domain, Words
from plugins.surveys import kept, taking, waves
from plugins.surveys.actions import CODE
from plugins.surveys.card import card
from plugins.surveys.desk import ManagersDesk
from plugins.surveys.parts_desk import PartsDesk
from plugins.surveys.results_desk import ResultsDesk
from plugins.surveys.tables import PREFIX, Response, Survey, SurveyChannel, Taker, Waiting, Wave
from plugins.surveys.tables import Answer as StoredAnswer
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")


class Surveys(ResultsDesk, PartsDesk, ManagersDesk):
    """Surveys, with names or without."""

    name = "surveys"
    code = CODE
    title = _("Surveys")
    prefix = PREFIX
    tables = (Survey, SurveyChannel, Wave, Response, StoredAnswer, Taker, Waiting)
    migrations = Path(__file__).parent / "migrations"
    locale = Path(__file__).parent / "locale"
    keeps = (
        _("Your answers to surveys, your own words encrypted, until you erase them."),
        _(
            "Of anonymous surveys: that you took part, and on which day, until 30 days after it closed. Your answers "
            "lie apart, and nothing leads from them to you, so they can’t be shown or erased."
        ),
        _("A keyed mark that you had your turn, until 30 days after a survey closed, also when you erase the rest."),
    )
    personal = (Survey, Response, StoredAnswer, Taker)

    # -- members -------------------------------------------------------------------------------------------------
    @press("go")
    async def go(self, ctx: Context, action: Action) -> Answer:
        """Begin, or go on where it was left."""
        return await taking.go(ctx, action)

    @choose("a")
    async def pick(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """Options were picked."""
        return await taking.pick(ctx, action, values)

    @press("d")
    async def enough(self, ctx: Context, action: Action) -> Answer:
        """None of the last options, but those before."""
        return await taking.pick(ctx, action, ())

    @press("s")
    async def skip(self, ctx: Context, action: Action) -> Answer:
        """Pass over a question."""
        return await taking.skip(ctx, action)

    @press("r")
    async def anew(self, ctx: Context, action: Action) -> Answer:
        """Rank anew."""
        return await taking.anew(ctx, action)

    @press("send")
    async def send(self, ctx: Context, action: Action) -> Answer:
        """Send anonymous answers."""
        return await taking.send(ctx, action)

    @press("later")
    async def later(self, ctx: Context, action: Action) -> Answer:
        """Be reminded."""
        return await taking.later(ctx, action)

    @press("b")
    async def back(self, ctx: Context, action: Action) -> Answer:
        """The question before."""
        return await taking.back(ctx, action)

    @press("p")
    async def page(self, ctx: Context, action: Action) -> Answer:
        """More options."""
        return await taking.page(ctx, action)

    @press("change")
    async def change(self, ctx: Context, action: Action) -> Answer:
        """Which answer to change."""
        return await taking.change(ctx, action)

    @choose("edit")
    async def edit(self, ctx: Context, action: Action, values: Sequence[str]) -> Answer:
        """Change an answer."""
        return await taking.edit(ctx, action, values)

    @form("w")
    async def write_form(self, ctx: Context, action: Action) -> Form | Message:
        """The form of a question."""
        return await taking.form(ctx, action)

    @submit("w")
    async def written(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """Keep what was written."""
        return await taking.written(ctx, action, values)

    # -- the route of a wave -------------------------------------------------------------------------------------
    def due(self, tx: Tx, dues: Sequence[Due]) -> None:
        """Open the next wave of pulses."""
        waves.due(tx, dues)

    def ring(self, tx: Tx, rings: Sequence[Ring]) -> None:
        """Close, remind, write down, purge."""
        waves.ring(tx, rings)

    def withdraw(self, tx: Tx, community_id: UUID, activity_id: UUID) -> None:
        """A wave that nobody saw never was."""
        waves.withdraw(tx, community_id, activity_id)

    def label(self, data: Mapping[str, Any]) -> Words:
        """The survey's title."""
        return escape(str(data.get("title", "")))

    async def card(self, session: AsyncSession, activity: Activity) -> Message | None:
        """The post."""
        return await card(session, activity)

    # -- what a member may ask for -------------------------------------------------------------------------------
    async def export(self, session: AsyncSession, owner: Owner) -> dict[str, Any]:
        """A member's answers, and where they took part."""
        return await kept.exported(session, owner)

    def forget(self, tx: Tx, owner: Owner) -> None:
        """Erase them."""
        kept.forgotten(tx, owner)
