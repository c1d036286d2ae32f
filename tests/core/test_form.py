"""Forms are checked when made, and what people type is checked field by field, in words that help."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.action import Action
from core.form import MAX_TEXT, FieldKind, Form, FormField, Raw, Value
from core.message import Option
from core.texts import Domain, Phrase
from tests.core.kit import quick

_ = Domain("core")
ACTION = Action("qd", "ask")
OPTIONS = tuple(Option(value, value.upper()) for value in "abc")


def field(kind: FieldKind, **more: object) -> FormField:
    return FormField(kind, "x", "X", **more)  # type: ignore[arg-type]  # handed through


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12", Decimal(12)), ("1,5", Decimal("1.5")), ("1.5", Decimal("1.5")), (" 1 000 ", Decimal(1000)),
        ("-3", Decimal(-3)), ("NaN", None), ("sNaN", None), ("inf", None), ("a dozen", None), ("1,2,3", None),
        ("1e999999", None), ("1e-999999", None), ("", None),
    ],
)  # fmt: skip
def test_numbers(typed: str, value: Decimal | None) -> None:
    got, error = field(FieldKind.NUMBER).check(typed)
    assert (got, error is None) == (value, value is not None)


@pytest.mark.parametrize(
    ("made", "typed", "value", "key"),
    [
        (field(FieldKind.NUMBER, minimum=1, maximum=9), "0", None, "At least {least}, please."),
        (field(FieldKind.NUMBER, minimum=1, maximum=9), "9,1", None, "At most {most}, please."),
        (field(FieldKind.NUMBER, minimum=0), "0", Decimal(0), None),
        (field(FieldKind.DATE), "2027-03-31", date(2027, 3, 31), None),
        (field(FieldKind.DATE), "31.3.2027", None, "Write the date as year-month-day, for example 2027-03-31."),
        (field(FieldKind.DATE), "2027-02-30", None, "Write the date as year-month-day, for example 2027-03-31."),
        (field(FieldKind.TEXT), "  words  ", "words", None),
        (field(FieldKind.TEXT), "   ", None, "This is needed."),
        (field(FieldKind.TEXT, required=False), "", None, None),
        (field(FieldKind.TEXT), None, None, "This is needed."),
        (field(FieldKind.TEXT, minimum=3), "ab", None, "Too short: at least {least} characters, please."),
        (field(FieldKind.TEXT), "x" * 301, None, "Too long: {n} characters, at most {most} fit."),
        (field(FieldKind.LONG), "x" * MAX_TEXT, "x" * MAX_TEXT, None),
        (field(FieldKind.LONG), "x" * 5000, None, "Too long: {n} characters, at most {most} fit."),
        (field(FieldKind.TEXT), "a\0b\ud800c", "abc", None),
        (field(FieldKind.CONSENT), "yes", True, None),
        (field(FieldKind.CONSENT), ["true"], True, None),
        (field(FieldKind.CONSENT), "", False, "Please agree, or leave the form."),
        (field(FieldKind.CONSENT, required=False), "no", False, None),
        (field(FieldKind.CHOICE, options=OPTIONS), "a", ("a",), None),
        (field(FieldKind.CHOICE, options=OPTIONS), ["a", "a", ""], ("a",), None),
        (field(FieldKind.CHOICE, options=OPTIONS), ["a", "b"], None, "Pick at most {most}."),
        (field(FieldKind.CHOICE, options=OPTIONS, maximum=2), ["c", "a"], ("c", "a"), None),
        (field(FieldKind.CHOICE, options=OPTIONS), [], None, "Pick at least {least}."),
        (field(FieldKind.CHOICE, options=OPTIONS, required=False), None, (), None),
        (field(FieldKind.CHOICE, options=OPTIONS), "z", None, "That is not one of the options. Pick from the list."),
    ],
)
def test_what_is_typed(made: FormField, typed: Raw | None, value: Value, key: str | None) -> None:
    got, error = made.check(typed)
    assert (error.key if error else None) == key
    if key is None or made.kind is FieldKind.CONSENT:
        assert got == value


@quick
@given(
    st.sampled_from(FieldKind),
    st.one_of(st.none(), st.text(max_size=30), st.lists(st.text(max_size=5), max_size=4), st.floats().map(str)),
)
def test_a_check_never_raises_and_errors_can_be_stored(kind: FieldKind, raw: Raw | None) -> None:
    made = field(kind, options=OPTIONS if kind is FieldKind.CHOICE else ())
    _value, error = made.check(raw)
    if error is not None:
        assert Phrase.from_data(json.loads(json.dumps(error.to_data()))) == error


def test_a_form_checks_its_own_fields_alone_and_keeps_what_was_typed() -> None:
    form = Form(ACTION, _("Title"), (FormField(FieldKind.TEXT, "a", "A"), FormField(FieldKind.NUMBER, "b", "B")))
    checked = form.check({"a": "words", "b": "no", "forged": "x"})
    assert checked.values == {"a": "words"}
    assert set(checked.errors) == {"b"}
    assert [one.value for one in form.prefilled({"b": "no", "forged": "x"}).fields] == ["", "no"]


def test_the_store_gives_back_what_it_was_given() -> None:
    form = Form(
        ACTION,
        _("Title"),
        (
            FormField(FieldKind.CHOICE, "a", _("A"), False, "hint", ("a",), 0, 2, OPTIONS),
            FormField(FieldKind.LONG, "b", "B", value="before", maximum=9),
        ),
        submit=_("Send"),
        text="Words",
    )
    assert Form.from_data(json.loads(json.dumps(form.to_data()))) == form
    spoken = form.spoken(lambda words: words if isinstance(words, str) else words.key * 60)
    assert len(str(spoken.fields[0].label)) == 45


@pytest.mark.parametrize(
    "make",
    [
        lambda: Form(ACTION, "T", ()),
        lambda: Form(ACTION, "T", (field(FieldKind.TEXT),) * 2),
        lambda: Form(ACTION, "T", tuple(FormField(FieldKind.TEXT, f"x{n}", "X") for n in range(6))),
        lambda: FormField(FieldKind.TEXT, "Name", "X"),
        lambda: FormField(FieldKind.TEXT, "name\n", "X"),
        lambda: FormField(FieldKind.TEXT, "x", ""),
        lambda: FormField(FieldKind.TEXT, "x", "X" * 46),
        lambda: field(FieldKind.CHOICE),
        lambda: field(FieldKind.CHOICE, options=tuple(Option(str(n), "x") for n in range(26))),
        lambda: field(FieldKind.CHOICE, options=(OPTIONS[0], OPTIONS[0])),
        lambda: field(FieldKind.TEXT, options=OPTIONS),
        lambda: field(FieldKind.TEXT, maximum=MAX_TEXT + 1),
    ],
)
def test_what_no_platform_could_show_is_refused_when_made(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make()
