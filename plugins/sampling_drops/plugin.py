"""The plugin itself: what managers and members do with drops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.action import Action
from core.activity import Activity
from core.alarms import Ring
from core.context import Context, Owner, Viewer
from core.files import Desk, File
from core.form import Form, Value
from core.markup import escape
from core.message import Message
from core.plugin import Answer, FormErrors, Plugin, command, download, form, press, submit, upload
from core.rights import Right
from core.texts import Domain, Words
from plugins.sampling_drops import card, drops, kept, looking, making, page, parcels, preview, running, taking
from plugins.sampling_drops.tables import PREFIX, Claim, Code, Export, Sample, SampleChannel
from plugins.sampling_drops.words import named
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("sampling_drops")

MANAGE = Right.MANAGE


class SamplingDrops(Plugin):
    """Free samples, each given once."""

    name = "sampling_drops"
    code = drops.PLUGIN
    title = _("Sampling drop")
    prefix = PREFIX
    tables = (Sample, SampleChannel, Claim, Code, Export)
    migrations = Path(__file__).parent / "migrations"
    locale = Path(__file__).parent / "locale"
    keeps = (
        _("Samples: which you asked for, under a pseudonym, and how it stands; drops that you made yourself."),
        _(
            "The address of a parcel, encrypted with a key of its own, until it is handed on, encrypted, to whoever "
            "sends it; that file is kept for 7 days. A code that you got, encrypted. All of it goes 90 days after a "
            "drop is over, at the latest."
        ),
        _(
            "That you, with all accounts that you linked, had your turn at a sample: as a fingerprint that nobody "
            "can read back, until the drop is over. It stays so long even when you erase your data, as a sample is "
            "one a person; only a parcel that has not left yet goes back, and you may ask again."
        ),
    )
    personal = (Claim, Sample)

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

    # -- managers: making one ----------------------------------------------------------------------------------------
    @command("drop", _("Make a sampling drop"), right=MANAGE, form=True)
    async def drop(self, ctx: Context, _text: str) -> Answer:
        """Begin one by its essentials."""
        return making.base_form(ctx.action("new"))

    @form("new", right=MANAGE)
    async def new_form(self, ctx: Context, action: Action) -> Form:
        """The essentials of a new one."""
        return making.base_form(action)

    @submit("new", right=MANAGE)
    async def new(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """A draft."""
        return await making.create(ctx, values)

    @form("paste", right=MANAGE)
    async def paste_form(self, ctx: Context, action: Action) -> Form:
        """A new one as TOML."""
        return making.text_form(action, making.EXAMPLE)

    @submit("paste", right=MANAGE)
    async def paste(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """A draft."""
        return await making.take_text(ctx, values)

    @form("base", right=MANAGE)
    async def base_form(self, ctx: Context, action: Action) -> Form | Message:
        """The essentials of a draft."""
        found = await making.draft(ctx, action)
        if isinstance(found, Message):
            return found
        return making.base_form(action, found.definition, found.row.stock)

    @submit("base", right=MANAGE)
    async def base(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Changed."""
        return await making.change_base(ctx, action, values)

    @form("texts", right=MANAGE)
    async def texts_form(self, ctx: Context, action: Action) -> Form | Message:
        """Label and consent."""
        found = await making.draft(ctx, action)
        return found if isinstance(found, Message) else making.texts_form(action, found.definition)

    @submit("texts", right=MANAGE)
    async def texts(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Changed."""
        return await making.change_texts(ctx, action, values)

    @form("when", right=MANAGE)
    async def window_form(self, ctx: Context, action: Action) -> Form | Message:
        """The window."""
        found = await making.draft(ctx, action)
        return found if isinstance(found, Message) else making.window_form(action, found, ctx.place.time_zone)

    @submit("when", right=MANAGE)
    async def window(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Changed."""
        return await making.change_window(ctx, action, values)

    @form("ask", right=MANAGE)
    async def questions_form(self, ctx: Context, action: Action) -> Form | Message:
        """The screener's questions."""
        found = await making.draft(ctx, action)
        return found if isinstance(found, Message) else making.screener_form(action, found.definition)

    @submit("ask", right=MANAGE)
    async def questions(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Changed."""
        return await making.change_screener(ctx, action, values)

    @form("where", right=MANAGE)
    async def channels_form(self, ctx: Context, action: Action) -> Form | Message:
        """The channels of up to five spaces."""
        found = await making.draft(ctx, action)
        return found if isinstance(found, Message) else await making.channels_form(ctx, action)

    @submit("where", right=MANAGE)
    async def channels(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Changed."""
        return await making.change_channels(ctx, action, values)

    @form("text", right=MANAGE)
    async def text_form(self, ctx: Context, action: Action) -> Form | Message:
        """A draft as TOML."""
        found = await making.draft(ctx, action)
        return found if isinstance(found, Message) else making.text_form_of(ctx, action, found)

    @submit("text", right=MANAGE)
    async def text(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Changed."""
        return await making.change_text(ctx, action, values)

    @form("codes", right=MANAGE)
    async def codes_form(self, ctx: Context, action: Action) -> Form:
        """A list of codes."""
        return running.codes_form(action)

    @submit("codes", right=MANAGE)
    async def add_codes(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Added."""
        return await running.add_codes(ctx, action, values)

    # -- managers: looking at one, and publishing it -----------------------------------------------------------------
    @command("drops", _("Your sampling drops"), right=MANAGE)
    async def all_drops(self, ctx: Context, _text: str) -> Answer:
        """The newest drops."""
        return await looking.list_message(ctx)

    @press("list", right=MANAGE)
    async def listed(self, ctx: Context, _action: Action) -> Answer:
        """The same, for a button."""
        return await looking.list_message(ctx)

    @press("show", right=MANAGE)
    async def show(self, ctx: Context, action: Action) -> Answer:
        """One drop, with what can be done about it."""
        return await looking.drop_message(ctx, named(action))

    @press("view", right=MANAGE)
    async def view(self, ctx: Context, action: Action) -> Answer:
        """As members will see it."""
        return await preview.preview(ctx, named(action))

    @press("mine", right=MANAGE)
    async def mine(self, ctx: Context, action: Action) -> Answer:
        """The real card, in private."""
        return await preview.send_to_me(ctx, named(action))

    @press("ready", right=MANAGE)
    async def ready(self, ctx: Context, action: Action) -> Answer:
        """What publishing does."""
        return await preview.confirm(ctx, named(action))

    @press("pub", right=MANAGE)
    async def publish(self, ctx: Context, action: Action) -> Answer:
        """Publish it."""
        return await running.publish(ctx, action)

    # -- managers: while it runs, and after --------------------------------------------------------------------------
    @form("stock", right=MANAGE)
    async def stock_form(self, ctx: Context, action: Action) -> Form | Message:
        """How many parcels there are."""
        found = await making.read(ctx, action)
        return found if isinstance(found, Message) else running.stock_form(action, found)

    @submit("stock", right=MANAGE)
    async def stock(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """More or fewer."""
        return await running.change_stock(ctx, action, values)

    @form("edit", right=MANAGE)
    async def edit_form(self, ctx: Context, action: Action) -> Form | Message:
        """What may change while it runs."""
        found = await making.read(ctx, action)
        return found if isinstance(found, Message) else running.edit_form(action, found, ctx.place.time_zone)

    @submit("edit", right=MANAGE)
    async def edit(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Changed."""
        return await running.change_running(ctx, action, values)

    @press("end", right=MANAGE)
    async def ask_end(self, ctx: Context, action: Action) -> Answer:
        """What ending does."""
        return await looking.ask_end(ctx, named(action))

    @press("ended", right=MANAGE)
    async def end(self, ctx: Context, action: Action) -> Answer:
        """End it."""
        return await running.end(ctx, action)

    @form("ship", right=MANAGE)
    async def shipper_form(self, ctx: Context, action: Action) -> Form | Message:
        """Whose key the addresses are encrypted to."""
        found = await making.read(ctx, action)
        return found if isinstance(found, Message) else running.shipper_form(action, found)

    @submit("ship", right=MANAGE)
    async def shipper(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """What exporting does."""
        return await running.take_shipper(ctx, action, values)

    @press("export", right=MANAGE)
    async def export_parcels(self, ctx: Context, action: Action) -> Answer:
        """Export, once."""
        return await running.export(ctx, action)

    @press("del", right=MANAGE)
    async def ask_delete(self, ctx: Context, action: Action) -> Answer:
        """What deleting does."""
        return await looking.ask_delete(ctx, named(action))

    @press("delete", right=MANAGE)
    async def delete(self, ctx: Context, action: Action) -> Answer:
        """Delete it."""
        return await running.delete(ctx, action)

    # -- the manager's page ------------------------------------------------------------------------------------------
    async def overview(self, session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
        """The newest drops, with figures and files."""
        return await page.overview(session, viewer)

    @download("file")
    async def parcels_file(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        """An export as it was made."""
        return await parcels.file_of(session, viewer, action.args[0] if action.args else None)

    @download("toml")
    async def text_file(self, session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
        """A drop as TOML."""
        return await page.text_file(session, viewer, action)

    @upload("new")
    async def take_text(self, desk: Desk, _action: Action, file: File) -> Message:
        """A new draft as TOML."""
        return await page.take_text(desk, file)

    @upload("codes")
    async def take_codes(self, desk: Desk, action: Action, file: File) -> Message:
        """A list of codes."""
        return await page.take_codes(desk, action, file)

    # -- what runs by itself -----------------------------------------------------------------------------------------
    def ring(self, tx: Tx, rings: Sequence[Ring]) -> None:
        """A window opens or closes, holds run out, a file was kept long enough."""
        drops.ring(tx, rings)
        parcels.purge(tx, [one for one in rings if one.name == drops.PURGE])

    async def card(self, session: AsyncSession, activity: Activity) -> Message | None:
        """The post, as the drop stands now."""
        return await card.card(session, activity)

    def label(self, data: Mapping[str, Any]) -> Words:
        """The product."""
        return escape(str(data.get("product", "")))

    # -- what a member may ask for -----------------------------------------------------------------------------------
    async def export(self, session: AsyncSession, owner: Owner) -> dict[str, Any]:
        """A member's samples, and the drops that they made."""
        return await kept.exported(session, owner)

    def forget(self, tx: Tx, owner: Owner) -> None:
        """Erase a member's part; what had not left yet goes back to the stock."""
        kept.forget(tx, owner)
