from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.helpers import escape_markdown

from sandbox.telegram.entities import find, parse
from sandbox.telegram.errors import ApiError
from sandbox.telegram.views import to_html


def read(text: str, mode: str) -> tuple[str, list[dict[str, Any]]]:
    return parse(text, mode, None, lambda _: None)


def marks(text: str, mode: str) -> tuple[str, list[tuple[str, str]]]:
    plain, entities = read(text, mode)
    units = plain.encode("utf-16-le")
    cut = [units[e["offset"] * 2 : (e["offset"] + e["length"]) * 2].decode("utf-16-le") for e in entities]
    return plain, [(entity["type"], word) for entity, word in zip(entities, cut, strict=True)]


@pytest.mark.parametrize(
    ("text", "plain", "found"),
    [
        ("<b>a <i>b</i></b>", "a b", [("bold", "a b"), ("italic", "b")]),
        ("<span class='tg-spoiler'>x</span><tg-spoiler>y</tg-spoiler>", "xy", [("spoiler", "x"), ("spoiler", "y")]),
        ("<pre><code class='language-py'>1 &lt; 2</code></pre>", "1 < 2", [("pre", "1 < 2")]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", "q")]),
        ("&lt;b&gt; &#128512; &nbsp; &", "<b> 😀 &nbsp; &", []),
        ("\n  <u>x</u>  \n", "x", [("underline", "x")]),
        ("<a href='tg://user?id=1'>nobody</a>", "nobody", []),
    ],
)
def test_html(text: str, plain: str, found: list[tuple[str, str]]) -> None:
    assert marks(text, "HTML") == (plain, found)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é<h1>x</h1>", 'Unsupported start tag "h1" at byte offset 2'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<b", "Unclosed start tag at byte offset 0"),
    ],
)
def test_html_that_telegram_refuses(text: str, why: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(text, "HTML")
    assert caught.value.description == f"Bad Request: can't parse entities: {why}"


@pytest.mark.parametrize(
    ("text", "plain", "found"),
    [
        ("*a _b_*", "a b", [("bold", "a b"), ("italic", "b")]),
        ("__u__ ~s~ ||p||", "u s p", [("underline", "u"), ("strikethrough", "s"), ("spoiler", "p")]),
        ("`a*b` ```py\nx = 1```", "a*b x = 1", [("code", "a*b"), ("pre", "x = 1")]),
        (r"1\. \_x\_ \(y\)", "1. _x_ (y)", []),
        ("[a](https://x.org/\\))", "a", [("text_link", "a")]),
        (">one\n>two\nthree", "one\ntwo\nthree", [("blockquote", "one\ntwo")]),
        ("**>long||", "long", [("expandable_blockquote", "long")]),
    ],
)
def test_markdown(text: str, plain: str, found: list[tuple[str, str]]) -> None:
    assert marks(text, "MarkdownV2") == (plain, found)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Hi.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a - b", "Character '-' is reserved and must be escaped with the preceding '\\'"),
        ("é *x", "Can't find end of Bold entity at byte offset 3"),
        ("[a](x", "Can't find end of a URL at byte offset 0"),
        ("`x", "Can't find end of Code entity at byte offset 0"),
    ],
)
def test_markdown_that_telegram_refuses(text: str, why: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(text, "MarkdownV2")
    assert caught.value.description == f"Bad Request: can't parse entities: {why}"


@given(st.text(max_size=60))
def test_text_escaped_by_the_library_comes_back_as_it_was(text: str) -> None:
    assert read(escape_markdown(text, version=2), "MarkdownV2")[0] == text.strip()


def test_what_telegram_finds_by_itself() -> None:
    text = "/hall@hallkeeper_bot help @somebody #tag me@example.org https://example.org/a/b. 1/2 a/b"
    kinds = [entity["type"] for entity in find(text)]
    assert kinds == ["bot_command", "mention", "hashtag", "email", "url"]
    assert find("😀 /go")[0] == {"type": "bot_command", "offset": 3, "length": 3}


def test_html_for_people_is_escaped_and_well_nested() -> None:
    entities = [
        {"type": "bold", "offset": 0, "length": 4},
        {"type": "italic", "offset": 2, "length": 4},
        {"type": "text_link", "offset": 7, "length": 1, "url": "javascript:alert(1)"},
    ]
    assert to_html("<a>bcd\nx", entities) == "<b>&lt;a<i>&gt;b</i></b>cd<br>x"
