"""How members come by one: press, screener and consent, address or code."""

from __future__ import annotations

from collections.abc import Mapping

from core.action import Action
from core.context import Context
from core.form import FieldKind, Form, FormField, Value
from core.markup import escape
from core.message import Button, ButtonStyle, Message
from core.plugin import Answer
from core.texts import Domain, Words
from plugins.sampling_drops import sealing
from plugins.sampling_drops.claims import Agreed, Is, Told, Verb, Wish, decide
from plugins.sampling_drops.definition import CODE
from plugins.sampling_drops.standing import Standing, drop_of, standing

_ = Domain("sampling_drops")

ADDRESS = ("name", "street", "postcode", "city", "country")
"""What a parcel's address is made of, in the order of a shipper's file."""
MAX_LINE = 120
"""Characters of a line of an address."""


async def get(ctx: Context, action: Action) -> Answer:
    """Hold one, or say how it stands."""
    drop = await standing(ctx, drop_of(action.args))
    if drop is None:
        return unknown()
    told = await ctx.decide(decide, Wish(Verb.HOLD, drop.drop_id))
    return answer(ctx, drop, told)


async def leave(ctx: Context, action: Action) -> Answer:
    """Give the held one back."""
    drop = await standing(ctx, drop_of(action.args))
    if drop is None:
        return unknown()
    told = await ctx.decide(decide, Wish(Verb.LEAVE, drop.drop_id))
    if told.what is Is.EMPTY_HANDED:
        return Message(
            text=_("All right, it went back to the others. You can press again while there are some left."),
            controls=(_get_button(ctx, drop),),
        )
    return answer(ctx, drop, told)


async def screener_form(ctx: Context, action: Action) -> Form | Message:
    """The screener's questions and the consent."""
    drop = await standing(ctx, drop_of(action.args))
    if drop is None:
        return unknown()
    if drop.claim not in ("held", "gone"):
        return _not_now(ctx, drop)
    definition = drop.definition
    fields = [one.field(f"q{number}") for number, one in enumerate(definition.questions)]
    fields.append(FormField(FieldKind.CONSENT, "consent", _("I agree to what stands above")))
    return Form(
        action,
        _("Your free sample"),
        tuple(fields),
        submit=_("Send"),
        text=_("{label}\n{consent}", label=definition.disclosure, consent=definition.consent_words),
    )


async def screened(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
    """The screener came back: on to the address, or here is the code."""
    drop = await standing(ctx, drop_of(action.args))
    if drop is None:
        return unknown()
    definition = drop.definition
    agreed = Agreed(
        ctx.say(_("Free sample: {product}", product=definition.product)),
        ctx.say(definition.consent_words),
        ctx.language if not definition.consent else definition.language,
    )
    wish = Wish(Verb.SCREEN, drop.drop_id, passed=definition.passes(values), agreed=agreed)
    told = await ctx.decide(decide, wish)
    if told.what is Is.PASSED:
        return _address_form(ctx.action("addr", drop.drop_id), {})
    return answer(ctx, drop, told)


async def address_form(ctx: Context, action: Action) -> Form | Message:
    """Where the parcel goes, holding what was said before."""
    drop = await standing(ctx, drop_of(action.args))
    if drop is None:
        return unknown()
    may_change = drop.claim == "given" and not drop.exported
    if drop.definition.gives == CODE or not drop.passed or not (may_change or drop.claim in ("held", "gone")):
        return _not_now(ctx, drop)
    return _address_form(action, _address_of(ctx, drop))


async def addressed(ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
    """The address came: it is theirs."""
    drop = await standing(ctx, drop_of(action.args))
    if drop is None or drop.member_id is None:
        return unknown()
    address = {name: " ".join(str(values[name]).split()) for name in ADDRESS}
    sealed = sealing.seal_address(ctx.vault, drop.key, address, drop.member_id)
    told = await ctx.decide(decide, Wish(Verb.ADDRESS, drop.drop_id, sealed=sealed))
    return answer(ctx, drop, told)


def unknown() -> Message:
    """What to tell somebody who names no drop of this community."""
    return Message(text=_("There is no such sample here any more."))


def answer(ctx: Context, drop: Standing, told: Told) -> Message:
    """How it stands, in words for the member."""
    definition = drop.definition
    match told.what:
        case Is.HELD:
            text: Words = _(
                "**{product}** from {brand}\n_{label}_\n\n{consent}\n\nOne is held for you until {until}.",
                product=escape(definition.product),
                brand=escape(definition.brand),
                label=definition.disclosure,
                consent=definition.consent_words,
                until=_moment(told),
            )
            go_on = Button(_("Continue"), ctx.action("go", drop.drop_id), form=True, style=ButtonStyle.PRIMARY)
            return Message(title=_("One is held for you"), text=text, controls=(go_on, _leave_button(ctx, drop)))
        case Is.PASSED:
            go_on = Button(
                _("Give your address"), ctx.action("addr", drop.drop_id), form=True, style=ButtonStyle.PRIMARY
            )
            return Message(
                text=_("One is held for you until {until}. Where shall it go?", until=_moment(told)),
                controls=(go_on, _leave_button(ctx, drop)),
            )
        case Is.CODE:
            code = sealing.open_code(ctx.vault, drop.key, told.sealed or b"", drop.drop_id)
            return Message(
                title=_("It's yours"),
                text=_(
                    "**{product}** from {brand}. Your code: `{code}`\nPress again whenever you want to see it.",
                    product=escape(definition.product),
                    brand=escape(definition.brand),
                    code=code.replace("`", "'"),
                ),
                secret=True,
            )
        case Is.PARCEL:
            change = Button(_("Change the address"), ctx.action("addr", drop.drop_id), form=True)
            return Message(
                title=_("It's yours"),
                text=_(
                    "**{product}** from {brand} goes to the address that you gave. You can change it until it "
                    "leaves for the shipper.",
                    product=escape(definition.product),
                    brand=escape(definition.brand),
                ),
                controls=(change,),
            )
    return Message(text=STANDS[told.what], controls=_again(ctx, drop, told.what))


STANDS: Mapping[Is, Words] = {
    Is.SENT: _("Yours is on its way: the address left for the shipper, and is kept here no more."),
    Is.TURNED_AWAY: _(
        "Thank you for answering. This sample looks for people in another situation, so it goes to somebody else. "
        "It says nothing about you, and the next one may fit."
    ),
    Is.OTHER_HOLDS: _("Your other account holds one right now. Go on there, or give it back there first."),
    Is.OTHER_HAD: _("It is one a person, and you had your turn already, perhaps with your other account."),
    Is.SPOKEN_FOR: _(
        "All that are left are held by others right now. Some may come back within 15 minutes: try again then."
    ),
    Is.SOLD_OUT: _("All are given away. You were quick, others were quicker: good luck next time."),
    Is.OVER: _("This sample is over. Watch for the next one."),
    Is.EMPTY_HANDED: _("You hold none right now. Press the button to get one."),
    Is.UNKNOWN: _("There is no such sample here any more."),
}


def _again(ctx: Context, drop: Standing, what: Is) -> tuple[Button, ...]:
    return (_get_button(ctx, drop),) if what in (Is.EMPTY_HANDED, Is.SPOKEN_FOR) else ()


def _get_button(ctx: Context, drop: Standing) -> Button:
    return Button(_("Get one"), ctx.action("get", drop.drop_id))


def _leave_button(ctx: Context, drop: Standing) -> Button:
    return Button(_("I don't want it"), ctx.action("leave", drop.drop_id))


def _not_now(ctx: Context, drop: Standing) -> Message:
    """For a form that is not to be filled in now: the press tells how it stands."""
    if drop.claim == "turned_away":
        return Message(text=STANDS[Is.TURNED_AWAY])
    if drop.exported:
        return Message(text=STANDS[Is.SENT])
    if drop.claim == "given":
        show = Button(_("Show mine"), ctx.action("get", drop.drop_id))
        return Message(text=_("You have yours already."), controls=(show,))
    return Message(text=STANDS[Is.EMPTY_HANDED], controls=(_get_button(ctx, drop),))


def _moment(told: Told) -> str:
    """The end of a hold, in the reader's own zone where the platform can."""
    if told.until is None:
        raise ValueError(f"{told.what} has no end")
    return f"[{told.until:%H:%M} UTC](time:{told.until.isoformat(timespec='minutes')})"


def _address_form(action: Action, known: Mapping[str, str]) -> Form:
    labels: tuple[Words, ...] = (
        _("Name"), _("Street and number, with any addition"), _("Postcode"), _("City"), _("Country")
    )  # fmt: skip
    fields = tuple(
        FormField(FieldKind.TEXT, name, label, value=known.get(name, ""), maximum=MAX_LINE)
        for name, label in zip(ADDRESS, labels, strict=True)
    )
    return Form(action, _("Where shall it go?"), fields, submit=_("Send"))


def _address_of(ctx: Context, drop: Standing) -> dict[str, str]:
    if drop.sealed is None or drop.member_id is None:
        return {}
    return sealing.open_address(ctx.vault, drop.key, drop.sealed, drop.member_id)
