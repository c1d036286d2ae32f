"""Our markup as Slack's, and nothing of people's own as markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack.mrkdwn import LINKS, fit, mrkdwn, sections
from core.markup import LINK_SCHEMES, escape, mention, plain
from sandbox.slack.render import Renderer
from sandbox.slack.world import World


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**bold** _italic_ ~~struck~~ `code`", "*bold* _italic_ ~struck~ `code`"),
        ("**bold _both_**", "*bold* *_both_*"),
        ("**a**b", "*a*\u200bb"),
        ("**Name:** Grace", "*Name:* Grace"),
        ("**wide ** gap", "*wide*  gap"),
        ("> quoted\n- item", "> quoted\n• item"),
        ("5 < 6 & 7 > 3", "5 &lt; 6 &amp; 7 &gt; 3"),
        ("<!channel> <@U1> &lt;", "&lt;!channel&gt; &lt;@U1&gt; &amp;lt;"),
        ("`<b> & *x*`", "`&lt;b&gt; &amp; *x*`"),
        ("[page](https://e.org/?a=1&b=<c>|d)", "<https://e.org/?a=1&amp;b=&lt;c&gt;%7Cd|page>"),
        ("[a > b](https://e.org)", "<https://e.org|a &gt; b>"),
        ("[https://e.org](https://e.org)", "<https://e.org>"),
        ("see https://e.org/a_b_c?x=1&y=2.", "see <https://e.org/a_b_c?x=1&amp;y=2>."),
        ("[mail](mailto:a@b.example)", "<mailto:a@b.example|mail>"),
        ("[Grace](member:U123)", "<@U123>"),
        ("[Grace](member:u1>evil)", "Grace"),
        ("[noon](time:2026-11-22T12:00+00:00)", "<!date^1795348800^{date_short_pretty} {time}|noon>"),
        ("[noon](time:2026-11-22T12:00)", "noon"),
        ("[noon](time:never)", "noon"),
    ],
)
def test_what_slack_gets(source: str, shown: str) -> None:
    assert mrkdwn(source) == shown


def test_every_kind_of_link_is_shown() -> None:
    assert {scheme.partition(":")[0] for scheme in LINK_SCHEMES} == set(LINKS)


SEEN = Renderer(World("hallkeeper"))
ALIKE = str.maketrans({"\u2217": "*", "\u02cd": "_", "\u223c": "~", "\u02cb": "`", "\u200b": None})


@pytest.mark.parametrize(
    "words",
    [
        "*loud*",
        "_x_ ~y~ `z`",
        "~$5 to ~$6",
        "> no quote",
        "a\n> b",
        "**",
        "<@U1>",
        "&amp;",
        "snake_case_name",
        "2*3*4",
    ],
)
def test_peoples_own_words_are_words(words: str) -> None:
    """Read as the sandbox shows it: nothing is formatted, and what is read is what was written."""
    text, html = SEEN.mrkdwn(mrkdwn(escape(words)))
    assert "<b>" not in html
    assert "<i>" not in html
    assert "<s>" not in html
    assert "<code>" not in html
    assert "blockquote" not in html
    assert text.translate(ALIKE) == words


@pytest.mark.parametrize("words", ["*loud* and _soft_", "5* hotel", "~x~ y", "`z` end", "snake_case_name"])
def test_peoples_own_words_end_no_style(words: str) -> None:
    text, html = SEEN.mrkdwn(mrkdwn(f"**You said {escape(words)} here**"))
    assert html.startswith("<b>") and html.endswith("</b>") and html.count("<") == 2  # noqa: PT018  one thing
    assert text.translate(ALIKE) == f"You said {words} here"


@pytest.mark.parametrize("name", ["Grace", "<!channel>", "a|b"])
def test_a_mention_is_by_id(name: str) -> None:
    assert mrkdwn(mention(name, "U123")) == "<@U123>"


MARKED = st.text(st.sampled_from("ab *_~`[]()<>&\\\n-"), max_size=80) | st.lists(
    st.sampled_from(["**b**", "_i_", "[l](https://e.org)", "`c`", "\n", "> q\n", "words and words ", "&<>"]),
    max_size=20,
).map("".join)


@given(MARKED, st.integers(1, 60))
def test_what_is_cut_fits(source: str, most: int) -> None:
    text, over = fit(source, most)
    assert len(text) <= most
    if len(mrkdwn(source)) <= most:
        assert (text, over) == (mrkdwn(source).strip("\n") if mrkdwn(source).strip() else "", 0)
    elif source.strip():
        assert over > 0 or not mrkdwn(source)[most:].strip()


@given(MARKED, st.integers(20, 60))
def test_parts_fit_and_lose_nothing(source: str, each: int) -> None:
    parts, over = sections(source, each, 100_000)
    assert over == 0
    assert all(0 < len(part) <= each and part.strip() for part in parts)
    read = "".join(SEEN.mrkdwn(part)[0] for part in parts)
    assert _letters(read) == _letters(plain(source))


def _letters(text: str) -> str:
    return "".join(one for one in text if one.isascii() and one.isalnum())


def test_a_cut_closes_its_marks() -> None:
    assert fit("**one two three**", 10) == ("*one two…*", 5)
    assert fit("first\n**second**", 8) == ("first\n…", 7)


def test_a_long_line_becomes_parts() -> None:
    parts, over = sections("**" + "word " * 1000 + "**", 3000, 9000)
    assert over == 0
    assert len(parts) > 1
    assert all(part.strip().startswith("*") and part.strip().endswith("*") and len(part) <= 3000 for part in parts)
