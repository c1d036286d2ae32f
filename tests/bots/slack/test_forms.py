"""Forms as modals, field by field, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from bots.slack import forms
from bots.slack.forms import Spot, metadata, modal, spot_of, values_of
from core.action import Action
from core.bot import Answering
from core.degrade import Loss
from core.event import Pressed, Submitted
from core.form import FieldKind, Form, FormField
from core.message import Audience, Button, Message, Option
from sandbox.control import FormView, Outcome, OutcomeKind
from sandbox.slack.checks import check_view
from tests.bots.slack.kit import ACTION, Place

OPTIONS = tuple(Option(f"o{number}", f"Option {number}", "why") for number in range(12))
LARGEST = Action("qd", "answer", (UUID(int=2**128 - 1), 7), UUID(int=2**128 - 1))


def form(*fields: FormField, **more: Any) -> Form:
    return Form(ACTION, more.pop("title", "Title"), fields, **more)


async def opened(place: Place, made: Form) -> FormView:
    async def answer(event: object, answering: Answering) -> None:
        if not isinstance(event, Submitted):
            await answering.form(made, "de")

    place.receiver.answer = answer
    message = await place.post(Message(text="?", controls=(Button("Open", ACTION, form=True),)))
    outcome = await place.press(message)
    assert outcome.kind is OutcomeKind.FORM, outcome
    assert outcome.form is not None
    return outcome.form


async def sent(place: Place, made: Form, values: dict[str, str | list[str]]) -> Submitted:
    view = await opened(place, made)
    outcome: Outcome = await place.sandbox.fill(place.member, view.id, values, wait=0.1)
    assert outcome.kind is OutcomeKind.ACKNOWLEDGED, outcome
    return await place.receiver.hear(Submitted)


async def test_the_window_speaks_the_members_language(place: Place) -> None:
    view = await opened(place, form(FormField(FieldKind.CONSENT, "ok", "Ich mache mit")))
    assert view.submit == "Senden"
    assert view.fields[0].options == (("yes", "Ich stimme zu"),)


async def test_each_kind_of_field(place: Place) -> None:
    made = form(
        FormField(FieldKind.TEXT, "text", "Text", hint="A hint", value="before", minimum=2, maximum=50),
        FormField(FieldKind.LONG, "long", "Long", required=False),
        FormField(FieldKind.NUMBER, "number", "Number", value="3,5", minimum=1, maximum=9),
        FormField(FieldKind.DATE, "date", "Date", value="2027-03-31"),
        FormField(FieldKind.CONSENT, "ok", "Agree?", value="yes"),
        text="An **introduction**",
        submit="Save",
    )
    view = await opened(place, made)
    fields = {one.id: one for one in view.fields}
    assert [one.kind for one in view.fields] == ["text", "long", "number", "date", "checkbox"]
    assert (fields["text"].value, fields["text"].minimum, fields["text"].maximum) == ("before", 2, 50)
    assert fields["text"].hint == "An introduction\nA hint"
    assert [one.required for one in view.fields] == [True, False, True, True, True]
    assert (fields["number"].value, fields["number"].minimum, fields["number"].maximum) == ("3.5", 1, 9)
    assert (fields["date"].value, fields["ok"].value, view.submit) == ("2027-03-31", "yes", "Save")
    event = await sent(place, made, {"long": "a\nb"})
    assert event.values == {"text": "before", "long": "a\nb", "number": "3.5", "date": "2027-03-31", "ok": ["yes"]}
    checked = made.check(event.values)
    assert checked.errors == {}


@pytest.mark.parametrize(
    ("count", "maximum", "required", "kind"),
    [
        (3, None, True, "radio"),
        (3, None, False, "select"),
        (12, None, True, "select"),
        (3, 2, True, "checkbox"),
        (12, 3, True, "select"),
    ],
)
async def test_choices(place: Place, count: int, maximum: int | None, required: bool, kind: str) -> None:
    field = FormField(
        FieldKind.CHOICE, "pick", "Pick", required, value=("o1",), maximum=maximum, options=OPTIONS[:count]
    )
    view = await opened(place, form(field))
    assert (view.fields[0].kind, view.fields[0].value) == (kind, "o1")
    event = await sent(place, form(field), {"pick": ["o0", "o2"] if maximum else ["o2"]})
    assert form(field).check(event.values).values == {"pick": ("o0", "o2") if maximum else ("o2",)}


async def test_what_was_left_open_is_empty(place: Place) -> None:
    made = form(
        FormField(FieldKind.TEXT, "text", "Text", required=False),
        FormField(FieldKind.NUMBER, "number", "Number", required=False),
        FormField(FieldKind.DATE, "date", "Date", required=False),
        FormField(FieldKind.CHOICE, "one", "One", required=False, options=OPTIONS),
        FormField(FieldKind.CHOICE, "many", "Many", required=False, maximum=2, options=OPTIONS),
    )
    event = await sent(place, made, {})
    assert event.values == {"text": "", "number": "", "date": "", "one": "", "many": []}
    assert made.check(event.values).errors == {}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldKind.NUMBER, "a dozen"),
        (FieldKind.NUMBER, "NaN"),
        (FieldKind.DATE, "tomorrow"),
        (FieldKind.CHOICE, ("gone",)),
        (FieldKind.TEXT, "x" * 5000),
        (FieldKind.LONG, "x"),
    ],
)
async def test_what_was_typed_wrong_opens_all_the_same(place: Place, kind: FieldKind, value: Any) -> None:
    options = OPTIONS if kind is FieldKind.CHOICE else ()
    minimum = 3 if kind is FieldKind.LONG else None
    view = await opened(place, form(FormField(kind, "f", "F", value=value, options=options, minimum=minimum)))
    if kind in (FieldKind.TEXT, FieldKind.LONG):
        assert view.fields[0].value == value[:3000]
    else:
        assert view.fields[0].value == ""


async def test_a_long_title_stands_whole_above_the_fields(place: Place) -> None:
    title = "What was the best thing of all that you saw?"
    view = await opened(place, form(FormField(FieldKind.TEXT, "f", "F"), title=title, text="Tell us"))
    assert len(view.title) == 24
    assert view.fields[0].hint == f"{title}\nTell us"
    assert place.bot.health.losses == {}


def test_limits_hold_and_losses_are_told() -> None:
    losses: list[Loss] = []
    options = tuple(Option(str(number), "L" * 100, "D" * 100) for number in range(25))
    made = Form(
        LARGEST,
        "T" * 500,
        (
            FormField(FieldKind.CHOICE, "a", "L" * 45, hint="h" * 3000, options=options),
            FormField(FieldKind.CHOICE, "b", "L", maximum=25, options=options),
        ),
        submit="S" * 50,
        text="&" * 9000,
    )
    spot = Spot("C" * 20, "1" * 20, True, "https://hooks.slack.com/" + "a" * 300, True)
    view = modal(made, spot, agree="A" * 100, send="s", cancel="C" * 30, losses=losses)
    assert check_view(view) == []
    assert {loss.what for loss in losses} == {"form text", "label", "description"}


@pytest.mark.parametrize(
    "spot",
    [Spot(), Spot("C1"), Spot("D1", private=True), Spot("C1", "1.2", False, "https://hooks.slack.com/x", True)],
)
def test_what_a_form_is_for_rides_along(spot: Spot) -> None:
    text = metadata(LARGEST, spot)
    encoded, back = spot_of(text)
    assert (forms.action_of(encoded), back) == (LARGEST, spot)
    assert len(text) < 300


def test_errors_stand_beside_fields_alone() -> None:
    view = {"blocks": [{"type": "section", "block_id": "s"}, {"type": "input", "block_id": "f"}]}
    assert forms.shown_errors({"s": "no", "f": "no", "gone": "no"}, view) == {"f": "no"}


def test_elements_that_say_nothing_are_empty() -> None:
    state: Any = {
        "a": {"value": {"type": "plain_text_input", "value": None}},
        "b": {"value": {"selected_option": None}},
    }
    assert values_of(state) == {"a": "", "b": ""}


AGE = FormField(FieldKind.NUMBER, "age", "Your answer", maximum=99)
ASKED = Message(
    text="How old are you?",
    controls=(Button("Answer", ACTION, form=True, typed=True),),
    audience=Audience.MEMBER,
)


async def asked(place: Place) -> tuple[str, str]:
    """Somebody asks for help and gets a question: its message and the field in it."""
    shown = await place.sandbox.command(place.member, place.channel, "/hall help")
    assert shown.message is not None, shown
    return shown.message.id, next(one.id for one in shown.message.controls if one.kind == "text")


async def test_what_one_member_sees_is_answered_by_writing_in_it(place: Place) -> None:
    async def answer(event: object, answering: Answering) -> None:
        match event:
            case Pressed(form=True):
                await answering.form(form(AGE), "en")
            case Submitted(values={"age": age}):
                await answering.say(Message(text=f"So you are {age}"))
            case _:
                await answering.say(ASKED)

    place.receiver.answer = answer
    told = await place.sandbox.pick(place.member, *(await asked(place)), ["41"])
    assert told.message is not None
    assert told.message.text == "So you are 41"
    pressed, submitted = await place.receiver.hear(Pressed), await place.receiver.hear(Submitted)
    assert submitted.id == pressed.id
    assert "views.open" not in place.sandbox.record.calls
    posted = place.seen(await place.post(replace(ASKED, audience=Audience.EVERYONE)))
    assert [one.kind for one in posted.controls] == ["button"]


async def test_a_field_whose_form_is_no_more_says_why(place: Place) -> None:
    async def answer(event: object, answering: Answering) -> None:
        await answering.say(Message(text="It is closed") if isinstance(event, Pressed) else ASKED)

    place.receiver.answer = answer
    told = await place.sandbox.pick(place.member, *(await asked(place)), ["41"])
    assert told.message is not None
    assert told.message.text == "It is closed"
