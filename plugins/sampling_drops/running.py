"""The forms about codes, and about a drop that runs: stock, looks, end, export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.action import Action
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.message import Message
from core.plugin import Answer, FormErrors
from core.texts import Domain
from plugins.sampling_drops import codes, drafts, drops, parcels, toml_text
from plugins.sampling_drops.drafts import Refused
from plugins.sampling_drops.looking import Look, confirm_export, drop_message, list_message
from plugins.sampling_drops.making import attempt, base_form, closing_fields, moments_of, read, texts_form
from plugins.sampling_drops.toml_text import MAX_STOCK
from plugins.sampling_drops.words import gone, named
from storage.tx import Tx

_ = Domain("sampling_drops")


# -- codes -----------------------------------------------------------------------------------------------------------
def codes_form(action: Action) -> Form:
    """A list of codes."""
    field = FormField(
        FieldKind.LONG, "codes", _("Codes, one a line"), hint=_("More than fit here: on your page, as a file")
    )
    return Form(action, _("Add codes"), (field,), submit=_("Add"))


async def add_codes(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Take them in."""
    found = await read(ctx, action)
    if isinstance(found, Message):
        return found
    row = found.row
    try:
        ready = await codes.sealed(ctx.vault, row.key, str(values["codes"]), row.id)
        taken = await ctx.write(lambda tx: codes.keep(tx, ctx.community_id, row.id, ready))
    except Refused as error:
        return FormErrors({"codes": error.words})
    return await drop_message(ctx, row.id, taken.words)


# -- while it runs ---------------------------------------------------------------------------------------------------
async def publish(ctx: Context, action: Action) -> Answer:
    """Post it, or let it wait for its moment."""
    drop_id = named(action)
    if drop_id is None:
        return gone()
    try:
        at_once = await ctx.write(lambda tx: drafts.publish(tx, ctx.community_id, drop_id))
    except Refused as error:
        return Message(text=error.words)
    said = _("On its way to the channels.") if at_once else _("It goes out by itself when it opens.")
    return await drop_message(ctx, drop_id, said)


async def end(ctx: Context, action: Action) -> Answer:
    """Take no new holds."""
    drop_id = named(action)
    if drop_id is None:
        return gone()
    key = (ctx.community_id, drop_id)

    def unit(tx: Tx) -> int | None:
        drop = drops.lock(tx, [key]).get(key)
        if drop is None or drop.state not in (drops.WAITING, drops.OPEN):
            return None
        drops.lapse(tx, [drop])
        drops.end(tx, [drop])
        drops.save(tx, [drop])
        return drop.held

    held = await ctx.write(unit)
    if held is None:
        return Message(text=_("It has ended already, or is gone."))
    said = _("Ended.")
    if held:
        said = _(
            "Ended. {n} person may still finish the form, for 15 minutes at most.",
            "Ended. {n} people may still finish the form, for 15 minutes at most.",
            n=held,
        )
    return await drop_message(ctx, drop_id, said)


async def delete(ctx: Context, action: Action) -> Answer:
    """Erase it."""
    drop_id = named(action)
    if drop_id is None:
        return gone()
    try:
        await ctx.write(lambda tx: drafts.remove(tx, ctx.community_id, drop_id))
    except Refused as error:
        return Message(text=error.words)
    return await list_message(ctx, _("Deleted."))


def stock_form(action: Action, found: Look) -> Form:
    """How many parcels there are."""
    field = FormField(
        FieldKind.NUMBER, "stock", _("How many parcels"), value=str(found.row.stock), minimum=0, maximum=MAX_STOCK
    )
    return Form(action, _("Change the stock"), (field,), submit=_("Save"))


async def change_stock(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Have more or fewer."""
    drop_id, stock = named(action), values["stock"]
    if drop_id is None:
        return gone()
    if not isinstance(stock, Decimal) or stock != int(stock):
        return FormErrors({"stock": _("Write a whole number, please.")})
    return await attempt(ctx, lambda tx: drafts.restock(tx, ctx.community_id, drop_id, int(stock)), drop_id)


def edit_form(action: Action, found: Look, time_zone: str) -> Form:
    """What may change while it runs."""
    definition = found.definition
    label, picture = texts_form(action, definition).fields[0], base_form(action, definition).fields[4]
    closing = closing_fields(found.row.closes_at, ZoneInfo(time_zone))
    return Form(action, _("Look and closing time"), (label, picture, *closing), submit=_("Save"))


async def change_running(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Change it."""
    found = await read(ctx, action)
    if isinstance(found, Message):
        return found
    moments = moments_of(ctx, values)
    if isinstance(moments, FormErrors):
        return moments
    picture = str(values.get("picture") or "")
    if picture and not toml_text.is_link(picture):
        return FormErrors({"picture": toml_text.not_a_link()})
    label = " ".join(str(values.get("label") or "").split())
    definition = replace(found.definition, label=label, picture=picture)
    closes = moments["closes"]
    drop_id = found.row.id
    return await attempt(ctx, lambda tx: drafts.adjust(tx, ctx.community_id, drop_id, definition, closes), drop_id)


# -- export ----------------------------------------------------------------------------------------------------------
def shipper_form(action: Action, found: Look) -> Form:
    """Whose key the addresses are encrypted to."""
    field = FormField(
        FieldKind.TEXT,
        "key",
        _("The shipper’s public key"),
        hint=_("It begins with age1: whoever sends the parcels makes it with age-keygen"),
        value=found.row.recipient,
        maximum=200,
    )
    return Form(action, _("Export parcels"), (field,), submit=_("Go on"))


async def take_shipper(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
    """Keep the key, and ask whether to export."""
    drop_id = named(action)
    if drop_id is None:
        return gone()
    typed = str(values["key"]).strip()
    recipient = parcels.recipient_of(typed)
    if recipient is None:
        secret = typed.upper().startswith("AGE-SECRET-KEY")
        return FormErrors(
            {
                "key": _(
                    "That is the shipper’s secret key: nobody else should have it. The public one begins with age1."
                )
                if secret
                else _(
                    "That is no age public key. It begins with age1 and has 62 characters: ask the shipper for it."
                )
            }
        )
    community_id = ctx.community_id
    await ctx.write(lambda tx: drops.set_in(tx, community_id, drop_id, recipient=recipient))
    return await confirm_export(ctx, drop_id)


async def export(ctx: Context, action: Action) -> Answer:
    """Make the file and erase the addresses, in one."""
    drop_id = named(action)
    if drop_id is None:
        return gone()

    def unit(tx: Tx) -> int:
        count, activity_id = parcels.export(tx, ctx.vault, ctx.community_id, drop_id)
        # By the manager, who hands them on: not an act of those whose parcels they are.
        ctx.participate(tx, "export", activity_id=activity_id, features={"parcels": count})
        return count

    try:
        count = await ctx.write(unit)
    except Refused as error:
        return Message(text=error.words)
    said = _(
        "{n} address left. Fetch the file from your page (`/hall page`) within 7 days and send it to the shipper.",
        "{n} addresses left. Fetch the file from your page (`/hall page`) within 7 days and send it to the shipper.",
        n=count,
    )
    return await drop_message(ctx, drop_id, said)
