"""What a button says: at most 48 bytes, back again unchanged, and nothing else is ever believed."""

from __future__ import annotations

import base64
import re
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.action import MAX_BYTES, MAX_NUMBER, Action, ActionError, UnknownVersion
from tests.core.kit import quick

IDS = st.uuids()
BASE64 = st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
NUMBERS = st.integers(min_value=0, max_value=MAX_NUMBER)


@st.composite
def actions(draw: st.DrawFn) -> Action:
    plugin = draw(st.from_regex(r"[a-z]{2}", fullmatch=True))
    verb = draw(st.from_regex(r"[a-z]{1,6}", fullmatch=True))
    args = draw(st.lists(st.one_of(IDS, NUMBERS), max_size=4))
    community, pick = draw(st.none() | IDS), draw(st.none() | NUMBERS)
    try:
        return Action(plugin, verb, tuple(args), community, pick)
    except ActionError:
        assume(False)
        raise


@quick
@given(actions())
def test_round_trip_in_64_characters(action: Action) -> None:
    text = action.encode()
    assert Action.decode(text) == action
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text)
    assert len(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) <= MAX_BYTES
    assert action.without_pick().pick is None


@quick
@given(st.one_of(st.text(max_size=100), BASE64))
def test_anything_else_is_an_action_error_and_no_other(text: str) -> None:
    try:
        action = Action.decode(text)
    except ActionError:
        return
    assert action.encode() == text  # then it is one that we could have written


@quick
@given(st.binary(max_size=47))
def test_anything_of_our_version_as_well(raw: bytes) -> None:
    text = base64.urlsafe_b64encode(b"\x01" + raw).rstrip(b"=").decode()
    try:
        assert Action.decode(text).encode() == text
    except UnknownVersion:
        pytest.fail("it is this version")
    except ActionError:
        pass


@quick
@given(actions(), st.data())
def test_truncated_or_changed_is_never_taken_for_what_it_was(action: Action, data: st.DataObject) -> None:
    text = action.encode()
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        found = Action.decode(cut)
    except ActionError:
        return
    assert found != action


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_has_its_own_error(version: int) -> None:
    raw = bytes([version]) + b"qd\x03ask"
    with pytest.raises(UnknownVersion, match=f"version {version}"):
        Action.decode(base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


@pytest.mark.parametrize(
    "parts",
    [
        ("QD", "ask"), ("q", "ask"), ("qdx", "ask"), ("qd\n", "ask"), ("qd", ""), ("qd", "answers"), ("qd", "a-b"),
        ("qd", "go\n"), ("qd", "ask", (-1,)), ("qd", "ask", (MAX_NUMBER + 1,)),
        ("qd", "ask", (UUID(int=1), UUID(int=2), UUID(int=3))),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_is_refused_when_made(parts: tuple[object, ...]) -> None:
    with pytest.raises(ActionError):
        Action(*parts)  # type: ignore[arg-type]  # wrong on purpose


def test_two_ids_and_two_small_numbers_fit_with_the_longest_verb() -> None:
    action = Action("qd", "answer", (UUID(int=2**128 - 1),), UUID(int=2**128 - 1)).with_pick(200)
    assert len(action.encode()) <= 64
