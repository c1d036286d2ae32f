"""The one small Markdown subset: people's own words never become markup, and nothing ever raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.markup import LineKind, Span, Style, escape, mention, parse, plain
from tests.core.kit import quick

MARKS = st.text(alphabet="ab \\*_~`[]()<>-\n:/é😀#", max_size=60)


def spans(source: str) -> list[Span]:
    return [span for line in parse(source) for span in line.spans]


@quick
@given(st.one_of(MARKS, st.text(max_size=80)))
def test_escaped_words_come_back_as_they_were_and_are_plain(text: str) -> None:
    assert plain(escape(text)) == text
    assert all(line.kind is LineKind.TEXT for line in parse(escape(text)))
    assert all((span.style, span.link) == (Style.PLAIN, "") for span in spans(escape(text)))


@quick
@given(MARKS)
def test_any_text_is_parsed_without_an_error_and_line_by_line(text: str) -> None:
    assert len(parse(text)) == text.count("\n") + 1
    assert all(span.text for span in spans(text))


@quick
@given(st.text(min_size=1, max_size=30), st.integers(min_value=1, max_value=2**60))
def test_whoever_is_mentioned_is_found_whatever_they_call_themselves(name: str, number: int) -> None:
    (span,) = spans(f"by {mention(name, str(number))}")[1:]
    assert span.link == f"member:{number}"
    assert span.text == (" ".join(name.split()) or str(number))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("**b**", [Span("b", Style.BOLD)]),
        ("_i_ x", [Span("i", Style.ITALIC), Span(" x")]),
        ("~~s~~", [Span("s", Style.STRUCK)]),
        ("`a*b`", [Span("a*b", Style.CODE)]),
        ("**_both_**", [Span("both", Style.BOLD | Style.ITALIC)]),
        ("snake_case_name", [Span("snake_case_name")]),
        ("**open", [Span("**open")]),
        ("2 * 3 * 4", [Span("2 * 3 * 4")]),
        ("[a](https://x.org/y)", [Span("a", Style.PLAIN, "https://x.org/y")]),
        ("[a\\]b](https://x.org)", [Span("a]b", Style.PLAIN, "https://x.org")]),
        ("[a](javascript:x)", [Span("[a](javascript:x)")]),
        ("[soon](time:2026-11-22T09:00+00:00)", [Span("soon", Style.PLAIN, "time:2026-11-22T09:00+00:00")]),
        ("\\*\\*not\\*\\*", [Span("**not**")]),
    ],
)
def test_the_marks(source: str, expected: list[Span]) -> None:
    assert spans(source) == expected


def test_lines_of_their_own_kind() -> None:
    lines = parse("> quoted\n- item\ntext > here - too")
    assert [line.kind for line in lines] == [LineKind.QUOTE, LineKind.ITEM, LineKind.TEXT]
    assert plain("> quoted\n- item") == "> quoted\n• item"
