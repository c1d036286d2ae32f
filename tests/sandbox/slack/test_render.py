"""What people see of Slack's markup; nothing that a bot writes reaches a page as its own html."""

from __future__ import annotations

import pytest

from sandbox.slack.render import Renderer
from sandbox.slack.world import World


@pytest.fixture
def world() -> World:
    return World("hallkeeper")


@pytest.mark.parametrize(
    ("text", "plain", "html"),
    [
        ("*bold* _it_ ~no~", "bold it no", "<b>bold</b> <i>it</i> <s>no</s>"),
        ("*_both_*", "both", "<b><i>both</i></b>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("`*code*`", "*code*", "<code>*code*</code>"),
        ("```a\n<b>```", "a\n<b>", "<pre>a\n&lt;b&gt;</pre>"),
        ("a &lt;b&gt; &amp;amp;", "a <b> &amp;", "a &lt;b&gt; &amp;amp;"),
        ("<script>alert(1)</script>", "scriptalert(1)/script", "scriptalert(1)/script"),
        ("<https://example.org/?a=1&amp;b=2|here>", "here",
         '<a href="https://example.org/?a=1&amp;b=2" rel="noopener noreferrer">here</a>'),
        ("<javascript:alert(1)|here>", "here", "here"),
        ("<!here> <!date^1^{x}|then>", "@here then", "@here then"),
        (":tada: :unknown_one:", "🎉 :unknown_one:", "🎉 :unknown_one:"),
        ("&gt; said\nafter", "said\nafter", "<blockquote>said</blockquote>after"),
        ("a\nb", "a\nb", "a<br>b"),
    ],
)  # fmt: skip
def test_slacks_own_markup(world: World, text: str, plain: str, html: str) -> None:
    assert Renderer(world).mrkdwn(text) == (plain, html)


def test_people_and_channels_are_called_by_name(world: World) -> None:
    user = world.add_user("Mia <3", "member", "de")
    channel = world.add_channel("general", creator=user.id, writable=True)
    plain, html = Renderer(world).mrkdwn(f"<@{user.id}> in <#{channel.id}|x>")
    assert (plain, html) == ("@Mia <3 in #general", "<b>@Mia &lt;3</b> in #general")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold** *it* ~~no~~", "<b>bold</b> <i>it</i> <s>no</s>"),
        ("# Title\n- one", "<b>Title</b><br>• one"),
        ("[here](https://example.org)", '<a href="https://example.org" rel="noopener noreferrer">here</a>'),
        ("<img src=x>", "&lt;img src=x&gt;"),
    ],
)
def test_a_markdown_block(world: World, text: str, html: str) -> None:
    assert Renderer(world).block({"type": "markdown", "text": text})[1] == html


def test_rich_text(world: World) -> None:
    block = {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [
                {"type": "text", "text": "<b>", "style": {"bold": True}}, {"type": "emoji", "name": "tada"},
            ]},
            {"type": "rich_text_list", "style": "bullet", "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]},
            ]},
        ],
    }  # fmt: skip
    plain, html = Renderer(world).block(block)
    assert plain == "<b>🎉\n• one"
    assert html == "<div><b>&lt;b&gt;</b>🎉</div><div><ul><li>one</li></ul></div>"


def test_other_blocks(world: World) -> None:
    plain, html = Renderer(world).blocks(
        [
            {"type": "header", "text": {"type": "plain_text", "text": "A <day> :tada:"}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "*small*"}]},
            {"type": "divider"},
        ]
    )
    assert plain == "A <day> 🎉\nsmall"
    assert html == "<div><h3>A &lt;day&gt; 🎉</h3></div><div><small><b>small</b></small></div><div><hr></div>"
