"""The plugin itself: what managers and members do with drops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.action import Action
from core.activity import Activity
from core.alarms import Ring
from core.context import Context
from core.form import Form, Value
from core.message import Message
from core.plugin import Answer, Plugin, form, press, submit
from core.texts import Domain
from plugins.sampling_drops import card, drops, taking
from plugins.sampling_drops.tables import PREFIX, Claim, Code, Export, Sample, SampleChannel
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("sampling_drops")


class SamplingDrops(Plugin):
    """Free samples."""

    name = "sampling_drops"
    code = drops.PLUGIN
    title = _("Sampling drop")
    prefix = PREFIX
    tables = (Sample, SampleChannel, Claim, Code, Export)
    migrations = Path(__file__).parent / "migrations"
    locale = Path(__file__).parent / "locale"

    # -- members -----------------------------------------------------------------------------------------------------
    @press("get")
    async def get(self, ctx: Context, action: Action) -> Answer:
        """Hold one for whoever pressed, or tell how it stands for them."""
        return await taking.get(ctx, action)

    @press("leave")
    async def leave(self, ctx: Context, action: Action) -> Answer:
        """Give the held one back."""
        return await taking.leave(ctx, action)

    @form("go")
    async def screener(self, ctx: Context, action: Action) -> Form | Message:
        """The screener and the consent."""
        return await taking.screener_form(ctx, action)

    @submit("go")
    async def screened(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """They came back."""
        return await taking.screened(ctx, action, values)

    @form("addr")
    async def address(self, ctx: Context, action: Action) -> Form | Message:
        """Where the parcel goes."""
        return await taking.address_form(ctx, action)

    @submit("addr")
    async def addressed(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """It came."""
        return await taking.addressed(ctx, action, values)

    # -- what runs by itself -----------------------------------------------------------------------------------------
    def ring(self, tx: Tx, rings: Sequence[Ring]) -> None:
        """A window opens or closes, holds run out."""
        drops.ring(tx, rings)

    async def card(self, session: AsyncSession, activity: Activity) -> Message | None:
        """The post, as the drop stands now."""
        return await card.card(session, activity)
