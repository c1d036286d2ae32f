"""How members come by one: press, screener and consent, address or code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.action import Action
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.markup import plain
from core.message import Button, ButtonStyle, Message
from core.moments import local
from core.plugin import Answer
from core.texts import Domain, Words
from plugins.sampling_drops import sealing
from plugins.sampling_drops.claims import About, Agreed, Is, Told, Verb, Wish, decide
from plugins.sampling_drops.definition import CODE
from plugins.sampling_drops.standing import Standing, standing
from plugins.sampling_drops.words import gone, named, product

_ = Domain("sampling_drops")

ADDRESS = ("name", "street", "postcode", "city", "country")
"""What a parcel's address is made of, in the order of a shipper's file."""
_LABELS: tuple[Words, ...] = (
    _("Name"),
    _("Street and number, with any addition"),
    _("Postcode"),
    _("City"),
    _("Country"),
)
MAX_LINE = 120
"""Characters of a line of an address."""


async def get(ctx: Context, action: Action) -> Answer:
    """Hold one, or say how it stands."""
    return await _wish(ctx, action, Verb.HOLD)


async def leave(ctx: Context, action: Action) -> Answer:
    """Give the held one back."""
    return await _wish(ctx, action, Verb.LEAVE)


async def _wish(ctx: Context, action: Action, verb: Verb, **more: Any) -> Answer:
    drop_id = named(action)
    if drop_id is None:
        return gone()
    return answer(ctx, await ctx.decide(decide, Wish(verb, drop_id, **more)))


async def screener_form(ctx: Context, action: Action) -> Form | Message:
    """The screener's questions and the consent."""
    drop = await standing(ctx, named(action))
    if drop is None:
        return gone()
    if drop.claim not in ("held", "gone"):
        return _not_now(ctx, drop)
    if drop.passed:
        give = Button(_("Give your address"), ctx.action("addr", drop.drop_id), form=True, style=ButtonStyle.PRIMARY)
        return Message(text=_("Where shall it go?"), controls=(give,))
    definition = drop.definition
    fields = [one.field(f"q{number}") for number, one in enumerate(definition.questions)]
    fields.append(FormField(FieldKind.CONSENT, "consent", _("I agree to what stands above")))
    text = _("{label}\n{consent}", label=definition.disclosure, consent=definition.consent_words)
    return Form(action, _("Your free sample"), tuple(fields), submit=_("Send"), text=text)


async def screened(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
    """The screener came back: on to the address, or here is the code."""
    drop = await standing(ctx, named(action))
    if drop is None:
        return gone()
    definition = drop.definition
    agreed = Agreed(
        ctx.say(_("Free sample: {product}", product=definition.product)),
        plain(ctx.say(definition.consent_words)),
        definition.language if definition.consent else ctx.language,
    )
    wish = Wish(Verb.SCREEN, drop.drop_id, passed=definition.passes(values), agreed=agreed)
    told = await ctx.decide(decide, wish)
    if told.what is Is.PASSED:
        return _address_form(ctx.action("addr", drop.drop_id), {})
    return answer(ctx, told)


async def address_form(ctx: Context, action: Action) -> Form | Message:
    """Where the parcel goes, holding what was said before."""
    drop = await standing(ctx, named(action))
    if drop is None:
        return gone()
    may = drop.claim in ("held", "gone") or (drop.claim == "given" and not drop.exported)
    if drop.definition.gives == CODE or not drop.passed or not may:
        return _not_now(ctx, drop)
    known: dict[str, str] = {}
    if drop.sealed is not None and drop.member_id is not None:
        known = sealing.open_address(sealing.of(ctx.vault, drop.key), drop.sealed, drop.member_id)
    return _address_form(action, known)


async def addressed(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
    """The address came: it is theirs."""
    drop = await standing(ctx, named(action))
    if drop is None or drop.member_id is None or drop.key is None:
        return gone()
    address = {name: " ".join(str(values[name]).split()) for name in ADDRESS}
    sealed = sealing.seal_address(sealing.of(ctx.vault, drop.key), address, drop.member_id)
    return await _wish(ctx, action, Verb.ADDRESS, sealed=sealed)


def answer(ctx: Context, told: Told) -> Message:
    """How it stands, in words for the member."""
    about = told.about
    if about is None:
        return Message(text=STANDS[told.what])
    match told.what:
        case Is.HELD:
            text: Words = _(
                "{product}\n_{label}_\n\n{consent}\n\nOne is held for you until {until}.",
                product=product(about.definition),
                label=about.definition.disclosure,
                consent=about.definition.consent_words,
                until=_moment(ctx, told),
            )
            return Message(
                title=_("One is held for you"),
                text=text,
                controls=(
                    Button(_("Continue"), ctx.action("go", about.drop_id), form=True, style=ButtonStyle.PRIMARY),
                    _leave_button(ctx, about),
                ),
            )
        case Is.PASSED:
            give = Button(
                _("Give your address"), ctx.action("addr", about.drop_id), form=True, style=ButtonStyle.PRIMARY
            )
            return Message(
                text=_("One is held for you until {until}. Where shall it go?", until=_moment(ctx, told)),
                controls=(give, _leave_button(ctx, about)),
            )
        case Is.CODE:
            code = sealing.open_code(sealing.of(ctx.vault, about.key), told.sealed or b"", about.drop_id)
            return Message(
                title=_("It’s yours"),
                text=_(
                    "{product}\nYour code: `{code}`\nPress again whenever you want to see it.",
                    product=product(about.definition),
                    code=code,
                ),
                secret=True,
            )
        case Is.PARCEL:
            change = Button(_("Change the address"), ctx.action("addr", about.drop_id), form=True)
            return Message(
                title=_("It’s yours"),
                text=_(
                    "{product}\nIt goes to the address that you gave. You can change that until it leaves for the "
                    "shipper.",
                    product=product(about.definition),
                ),
                controls=(change,),
            )
        case Is.EMPTY_HANDED:
            again = Button(_("Get one"), ctx.action("get", about.drop_id))
            return Message(text=STANDS[told.what], controls=(again,))
    return Message(text=STANDS[told.what])


STANDS: Mapping[Is, Words] = {
    Is.SENT: _("Yours is on its way: the address left for the shipper, and is kept here no more."),
    Is.TURNED_AWAY: _(
        "Thank you for answering. This sample looks for people in another situation, so it goes to somebody else. "
        "The next one may be for you."
    ),
    Is.OTHER_HOLDS: _("Your other account holds one right now. Go on there, or give it back there first."),
    Is.OTHER_HAD: _("It is one a person, and you had your turn already, perhaps with your other account."),
    Is.SPOKEN_FOR: _(
        "All that are left are held for others right now. Some may come back within 15 minutes: try again then."
    ),
    Is.SOLD_OUT: _("All are given away. Others were a little quicker: good luck next time."),
    Is.OVER: _("This sample is not given away now. Watch for the next one."),
    Is.EMPTY_HANDED: _("You hold none. Press here for one, while there are some left."),
    Is.PREVIEW: _("This is a preview. Members get one here once it is published."),
    Is.UNKNOWN: gone().text,
}


def _leave_button(ctx: Context, about: About) -> Button:
    return Button(_("I don’t want it"), ctx.action("leave", about.drop_id))


def _not_now(ctx: Context, drop: Standing) -> Message:
    """For a form that is not to be filled in now."""
    if drop.claim == "turned_away":
        return Message(text=STANDS[Is.TURNED_AWAY])
    if drop.exported:
        return Message(text=STANDS[Is.SENT])
    if drop.claim == "given":
        show = Button(_("Show mine"), ctx.action("get", drop.drop_id))
        return Message(text=_("You have yours already."), controls=(show,))
    again = Button(_("Get one"), ctx.action("get", drop.drop_id))
    return Message(text=STANDS[Is.EMPTY_HANDED], controls=(again,))


def _moment(ctx: Context, told: Told) -> str:
    """The end of a hold, in the reader's own zone where the platform can, else in the community's."""
    if told.until is None:
        raise ValueError(f"{told.what} has no end")
    shown = local(told.until, ctx.place.time_zone, ctx.language)
    return f"[{shown}](time:{told.until.isoformat(timespec='minutes')})"


def _address_form(action: Action, known: Mapping[str, str]) -> Form:
    fields = tuple(
        FormField(FieldKind.TEXT, name, label, value=known.get(name, ""), maximum=MAX_LINE)
        for name, label in zip(ADDRESS, _LABELS, strict=True)
    )
    return Form(action, _("Where shall it go?"), fields, submit=_("Send"))
