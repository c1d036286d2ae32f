"""Discord's Markdown as people see it: safe, and with names for mentions."""

from __future__ import annotations

import pytest

from sandbox.discord.markdown import as_html, as_text


def names(sign: str, number: int) -> str:
    return {"@": "Grace <3", "#": "general", "&": "Admin"}[sign]


@pytest.mark.parametrize(
    ("source", "html", "text"),
    [
        ("**a** *b* _c_ __d__ ~~e~~", "<strong>a</strong> <em>b</em> <em>c</em> <u>d</u> <s>e</s>", "a b c d e"),
        ("`**x**`", "<code>**x**</code>", "**x**"),
        ("```py\na < b\n```", "<pre><code>a &lt; b\n</code></pre>", "a < b\n"),
        ("<@1>", '<span class="mention">@Grace &lt;3</span>', "@Grace <3"),
        (
            "<#1> <@&1>",
            '<span class="mention">#general</span> <span class="mention">@Admin</span>',
            "#general @Admin",
        ),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        (
            '[x](https://example.org/"onclick=1)',
            '<a href="https://example.org/&quot;onclick=1" rel="noopener noreferrer">x</a>',
            "x",
        ),
        ("[x](javascript:alert)", "[x](javascript:alert)", "[x](javascript:alert)"),
        ("> a\n> b\nc", "<blockquote>a<br>b</blockquote>c", "a\nb\nc"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("## Head\ntext", "<h4>Head</h4>text", "Head\ntext"),
        ("<t:0:d>", "<time>1970-01-01</time>", "1970-01-01"),
        (r"\*not\*", "*not*", "*not*"),
        ("a\nb", "a<br>b", "a\nb"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
    ],
)
def test_markdown(source: str, html: str, text: str) -> None:
    assert as_html(source, names) == html
    assert as_text(source, names) == text
