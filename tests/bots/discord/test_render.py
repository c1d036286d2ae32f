"""Messages as Discord takes them."""

from __future__ import annotations

import discord
import pytest

from bots.discord.payload import read
from bots.discord.render import MAX_CONTENT, MAX_EMBED, Rendered, render
from core.action import Action, ActionError, UnknownVersion
from core.message import Button, Choice, Image, Message, Option, Pair
from core.testing.pictures import png
from tests.bots.discord.kit import ACTION


def rows(out: Rendered) -> list[list[dict[str, object]]]:
    assert out.view is not None
    return [row["components"] for row in out.view.to_components()]


def lost(out: Rendered) -> list[str]:
    return [loss.what for loss in out.losses]


async def test_words_are_content() -> None:
    out = render(Message(title="Good morning", text="How are **you**?"))
    assert out.content == "### Good morning\nHow are **you**?"
    assert out.embed is None
    assert out.view is None
    assert not out.losses


async def test_a_long_text_moves_into_an_embed_whole() -> None:
    out = render(Message(title="Rules", text="x" * (MAX_CONTENT + 1)))
    assert out.content == "### Rules"
    assert out.embed is not None
    assert out.embed.description == "x" * (MAX_CONTENT + 1)
    assert not out.losses


async def test_a_colour_is_an_embed_s() -> None:
    out = render(Message(title="Friday music", text="Which **song**?", color=0x1A7F5A))
    assert (out.content, out.losses) == ("### Friday music", [])
    assert out.embed is not None
    assert (out.embed.description, out.embed.color) == ("Which **song**?", discord.Color(0x1A7F5A))


async def test_a_text_that_grows_by_escapes_is_cut_and_counted() -> None:
    out = render(Message(text="\\*" * 2047))
    assert out.embed is not None
    assert out.embed.description is not None
    assert len(out.embed.description) <= 4096
    assert not out.losses
    out = render(Message(text="#" * 4000))
    assert out.embed is not None
    assert out.embed.description is not None
    assert len(out.embed.description) <= 4096
    assert out.embed.description.endswith("…")
    assert lost(out) == ["text"]


async def test_pairs_and_a_picture_are_an_embed() -> None:
    image = Image("https://example.org/cat.png", "A cat")
    out = render(Message(text="Results", fields=(Pair("Yes", "3"), Pair("No", "y" * 50)), image=image))
    assert out.content == "Results"
    assert out.embed is not None
    assert [(one.name, one.value, one.inline) for one in out.embed.fields] == [
        ("Yes", "3", True),
        ("No", "y" * 50, False),
    ]
    assert out.embed.image.url == image.url
    assert out.embed.footer.text == "A cat"


async def test_a_picture_of_bytes_goes_along_once() -> None:
    image = Image(alt="A cat", data=png())
    out = render(Message(text="Results", image=image))
    first, second = out.new()["file"], out.new()["file"]
    assert (first.filename, first.description, first.fp.read()) == (image.name, "A cat", image.data)
    assert second.fp is not first.fp  # the library closes what it sent, and a repeat needs it again
    assert first.uri == out.change()["embeds"][0].image.url
    assert {"file", "attachments"}.isdisjoint(out.change())
    assert [one.filename for one in out.another()["attachments"]] == [image.name]
    assert render(Message(text="Results")).another()["attachments"] == []


async def test_an_embed_never_grows_too_large() -> None:
    pairs = tuple(Pair(f"Name {number}", "v" * 1000) for number in range(25))
    out = render(Message(title="All", fields=pairs))
    assert out.embed is not None
    assert len(out.embed) <= MAX_EMBED
    assert len(out.embed.fields) == 25
    assert "field" in lost(out)


async def test_controls_stand_in_rows() -> None:
    buttons = tuple(Button(f"B{number}", Action("qd", "b", (number,))) for number in range(6))
    few = Choice(Action("qd", "few"), tuple(Option(str(n), f"O{n}") for n in range(5)), label="Pick one")
    many = Choice(Action("qd", "many"), tuple(Option(str(n), f"O{n}") for n in range(6)), label="Pick some")
    out = render(Message(text="?", controls=(*buttons, few, many)))
    assert [len(row) for row in rows(out)] == [5, 1, 5, 1]
    assert rows(out)[3][0]["placeholder"] == "Pick some"
    assert out.content == "?\n\nPick one"
    assert out.view is not None
    assert out.view.is_finished()  # so the library keeps nothing of it


async def test_more_than_five_rows_are_a_loss() -> None:
    selects = tuple(
        Choice(Action("qd", "s", (number,)), tuple(Option(str(n), f"O{n}") for n in range(6))) for number in range(6)
    )
    out = render(Message(text="?", controls=selects))
    assert len(rows(out)) == 5
    assert lost(out) == ["controls"]


async def test_controls_say_everything() -> None:
    option = Option("an option's value: 1~2", "One")
    controls = (Button("A", ACTION), Button("B", ACTION, form=True), Choice(ACTION, (option,)), Button("C", ACTION))
    ids = [str(one["custom_id"]) for row in rows(render(Message(text="?", controls=controls))) for one in row]
    assert len(set(ids)) == 4
    payloads = [read(custom_id) for custom_id in ids]
    assert {payload.action for payload in payloads} == {ACTION}
    assert [payload.form for payload in payloads] == [False, True, False, False]
    assert [payload.value for payload in payloads] == [None, None, option.value, None]


async def test_options_that_say_too_much_for_buttons_are_a_select() -> None:
    described = Choice(ACTION, (Option("a", "A", "more about it"), Option("b", "B")))
    long = Choice(ACTION, (Option("x" * 100, "A"), Option("b", "B")))
    for choice in (described, long):
        (row,) = rows(render(Message(text="?", controls=(choice,))))
        assert [one["type"] for one in row] == [3]


@pytest.mark.parametrize("forged", ["", "zzz", "f:", "c:", "c:" + ACTION.encode(), "c::x", "~", "häh", "x" * 100])
def test_a_forged_id_is_no_action(forged: str) -> None:
    with pytest.raises(ActionError):
        read(forged)


def test_another_version_is_told_apart() -> None:
    with pytest.raises(UnknownVersion):
        read("f:AnFk")


async def test_nobody_is_pinged_but_whom_we_mention() -> None:
    everyone = render(Message(text="@everyone <@5> [Grace](member:7)")).new()["allowed_mentions"].to_dict()
    assert everyone["parse"] == []
    assert everyone["users"] == [7]


async def test_a_role_is_pinged_and_nothing_else_that_looks_like_one() -> None:
    out = render(Message(text="How are you?", ping="<@&42>"))
    assert out.content == "<@&42>\nHow are you?"
    allowed = out.new()["allowed_mentions"]
    assert [role.id for role in allowed.roles] == [42]
    assert not allowed.everyone
    assert out.change()["content"] == out.content
    assert not out.change()["allowed_mentions"].roles
    assert render(Message(text="All!", ping="here")).new()["allowed_mentions"].everyone is True
    out = render(Message(text="Hello", ping="S0123ABC"))
    assert (out.content, lost(out)) == ("Hello", ["ping"])
