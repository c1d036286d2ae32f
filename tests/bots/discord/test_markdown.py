"""Our markup as Discord's Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord.markdown import LINKS, escape, fit, markdown, mentioned
from core import markup

MARKED = st.text(st.sampled_from("ab *_~`[](){}\\>-#|<@1.\n:/"), max_size=60)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**bold** and _italic_ and ~~struck~~", "**bold** and _italic_ and ~~struck~~"),
        ("**bold _both_**", "**bold _both_**"),
        ("`a*b`", "`a*b`"),
        ("> quoted\n- item", "> quoted\n- item"),
        ("[here](https://example.org/a_b)", "[here](<https://example.org/a_b>)"),
        ("[x](https://example.org/<y>)", "[x](<https://example.org/%3Cy%3E>)"),
        ("[https://example.org](https://example.org)", "https://example.org"),
        ("[Grace](member:123)", "<@123>"),
        ("[Gr\\*ce](member:abc)", "Gr\\*ce"),
        ("[noon](time:2026-11-22T09:00+00:00)", "<t:1795338000:f>"),
        ("[noon](time:2026-11-22T09:00)", "noon"),
        ("[noon](time:soon)", "noon"),
        ("[us](mailto:a_b@example.org)", "us (a\\_b@example.org)"),
        ("see https://example.org/a_b_c now", "see https://example.org/a_b_c now"),
    ],
)
def test_markup(source: str, shown: str) -> None:
    assert markdown(source) == shown


@pytest.mark.parametrize(
    "words",
    ["**no**", "__no__", "~~no~~", "||no||", "`no`", "[no](https://x.org)", "<@1>", "<t:1:f>", "# no", "a\n# no"],
)
def test_peoples_own_words_are_no_markup(words: str) -> None:
    shown = markdown(markup.escape(words))
    for mark in "*_~|`[<#":
        assert shown.count(mark) == shown.count("\\" + mark)


@pytest.mark.parametrize(
    ("words", "shown"), [("> no", "\\> no"), ("- no", "\\- no"), ("1. no", "1\\. no"), ("a - b > c", "a - b > c")]
)
def test_the_start_of_a_line_is_escaped(words: str, shown: str) -> None:
    assert escape(words, start=True) == shown


def test_every_kind_of_link_is_shown() -> None:
    assert {scheme.partition(":")[0] for scheme in markup.LINK_SCHEMES} == set(LINKS)


def test_mentions_are_ours_alone() -> None:
    assert mentioned("[a](member:1) <@2> [b](member:x)", markup.escape("[c](member:3)")) == [1]


@given(MARKED, st.integers(1, 40))
def test_what_is_cut_fits(source: str, most: int) -> None:
    shown, over = fit(source, most)
    assert len(shown) <= most
    assert (over > 0) == (len(markdown(source)) > most)


def test_a_cut_closes_what_it_opened() -> None:
    assert fit("**a long bold word**", 10) == ("**a lon…**", 10)
    assert fit("first\nsecond", 8) == ("first\ns…", 4)


@given(st.text(max_size=80))
def test_words_survive(words: str) -> None:
    """Without its backslashes the Markdown of plain words is those words."""
    source = markup.escape(words)
    shown = markdown(source)
    assert shown.replace("\\", "") == words.replace("\\", "")
