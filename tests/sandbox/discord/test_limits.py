"""What Discord refuses: each limit, one step beyond it, with Discord's error at the right field."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.discord import rules
from tests.sandbox.discord.kit import Bot, Town, buttons, text_channel

Json = dict[str, Any]


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def button(custom_id: str = "b", **more: Any) -> Json:
    return {"type": 2, "style": 1, "label": "B", "custom_id": custom_id, **more}


def select(count: int, **more: Any) -> Json:
    options = [{"label": f"o{n}", "value": str(n)} for n in range(count)]
    return {"type": 3, "custom_id": "s", "options": options, **more}


def embed(**fields: Any) -> Json:
    return {"embeds": [fields]}


def field(name: str = "n", value: str = "v") -> Json:
    return {"name": name, "value": value}


def v2(*components: Json) -> Json:
    return {"flags": 1 << 15, "components": list(components)}


def text(content: str) -> Json:
    return {"type": 10, "content": content}


FITS: list[Json] = [
    {"content": "x" * 2000},
    {"embeds": [{"title": "t"}] * 10},
    embed(title="x" * 256),
    embed(description="x" * 4096, fields=[field("x" * 256, "x" * 1024)]),
    embed(fields=[field()] * 25),
    {"components": [row(*(button(f"{r}{c}", label="x" * 80) for c in range(5))) for r in range(5)]},
    {"components": [row(select(25, placeholder="x" * 150, max_values=25))]},
    {"components": [row(button("x" * 100))]},
    v2(*(text("x" * 100) for _ in range(40))),
    v2({"type": 17, "components": [text("x"), row(button())]}),
    {"content": "x", "nonce": "x" * 25, "enforce_nonce": True},
]
REFUSED: list[tuple[Json, str]] = [
    ({"content": "x" * 2001}, "content"),
    ({"embeds": [{"title": "t"}] * 11}, "embeds"),
    ({"embeds": [{"description": "x" * 3001}, {"description": "x" * 3000}]}, "embeds"),
    (embed(title="x" * 257), "embeds.0.title"),
    (embed(description="x" * 4097), "embeds.0.description"),
    (embed(fields=[field()] * 26), "embeds.0.fields"),
    (embed(fields=[field(name="x" * 257)]), "embeds.0.fields.0.name"),
    (embed(fields=[field(value="x" * 1025)]), "embeds.0.fields.0.value"),
    (embed(fields=[field(value="")]), "embeds.0.fields.0.value"),
    (embed(title="t", footer={"text": "x" * 2049}), "embeds.0.footer.text"),
    (embed(title="t", author={"name": "x" * 257}), "embeds.0.author.name"),
    (embed(title="t", image={"url": "ftp://example.org/a.png"}), "embeds.0.image.url"),
    ({"components": [row(button(str(n))) for n in range(6)]}, "components"),
    ({"components": [row(*(button(str(n)) for n in range(6)))]}, "components.0.components"),
    ({"components": [row()]}, "components.0.components"),
    ({"components": [row(button()), row(button())]}, "components.1.components.0.custom_id"),
    ({"components": [row(button("x" * 101))]}, "components.0.components.0.custom_id"),
    ({"components": [row(button(""))]}, "components.0.components.0.custom_id"),
    ({"components": [row(button(label="x" * 81))]}, "components.0.components.0.label"),
    ({"components": [row(button(label=""))]}, "components.0.components.0"),
    ({"components": [row(button(style=9))]}, "components.0.components.0.style"),
    ({"components": [row(button(url="https://example.org"))]}, "components.0.components.0.url"),
    ({"components": [row({"type": 2, "style": 5, "label": "L"})]}, "components.0.components.0.url"),
    ({"components": [row(button(emoji={"name": "thumbsup"}))]}, "components.0.components.0.emoji.name"),
    ({"components": [row(select(26))]}, "components.0.components.0.options"),
    ({"components": [row(select(0))]}, "components.0.components.0.options"),
    ({"components": [row(select(2, max_values=3))]}, "components.0.components.0.max_values"),
    ({"components": [row(select(2, placeholder="x" * 151))]}, "components.0.components.0.placeholder"),
    ({"components": [row(select(2), select(2, custom_id="t"))]}, "components.0.components.1"),
    (
        {"components": [row({"type": 3, "custom_id": "s", "options": [{"label": "x" * 101, "value": "v"}]})]},
        "components.0.components.0.options.0.label",
    ),
    (
        {"components": [row({"type": 3, "custom_id": "s", "options": [{"label": "l", "value": "x" * 101}]})]},
        "components.0.components.0.options.0.value",
    ),
    (
        {"components": [row({"type": 3, "custom_id": "s", "options": [{"label": "l", "value": "v"}] * 2})]},
        "components.0.components.0.options.1.value",
    ),
    ({"components": [text("needs the flag")]}, "components.0.type"),
    (v2(*(text("x") for _ in range(41))), "components"),
    (v2({"type": 17, "components": [text("x") for _ in range(40)]}), "components"),
    (v2(text("x" * 2000), text("x" * 2001)), "components"),
    (v2(text("x")) | {"content": "both"}, "content"),
    (v2(text("x")) | embed(title="both"), "embeds"),
    (v2({"type": 9, "components": [text("x")] * 4, "accessory": button()}), "components.0.components"),
    (v2({"type": 9, "components": [text("x")]}), "components.0.accessory"),
    (v2({"type": 12, "items": []}), "components.0.items"),
    (v2({"type": 13, "file": {"url": "attachment://nowhere.txt"}}), "components.0.file.url"),
    ({"content": "x", "nonce": "x" * 26, "enforce_nonce": True}, "nonce"),
    ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
    ({"content": "x", "message_reference": {"message_id": "1"}}, "message_reference"),
]


async def post(place: Town, path: str, body: Any) -> tuple[int, Any]:
    """A call as any client could make it: the library refuses some of these by itself."""
    headers = {"Authorization": f"Bot {place.sandbox.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{place.sandbox.url}/api/v10{path}", json=body, headers=headers) as response,
    ):
        assert response.headers["Content-Type"] == "application/json"
        return response.status, await response.json()


def at(errors: Json, path: str) -> list[Json]:
    """The errors of one field."""
    node: Any = errors
    for part in path.split("."):
        node = node.get(part, {})
    found: list[Json] = node.get("_errors", [])
    return found


@pytest.mark.parametrize("body", FITS, ids=range(len(FITS)))
async def test_what_fits_is_taken(place: Town, body: Json) -> None:
    status, answer = await post(place, f"/channels/{place.channel}/messages", body)
    assert status == 200, answer


@pytest.mark.parametrize(("body", "where"), REFUSED, ids=[f"{n}-{where}" for n, (_, where) in enumerate(REFUSED)])
async def test_what_is_refused_says_where(place: Town, body: Json, where: str) -> None:
    status, answer = await post(place, f"/channels/{place.channel}/messages", body)
    assert (status, answer["code"], answer["message"]) == (400, 50035, "Invalid Form Body")
    errors = at(answer["errors"], where)
    assert errors, answer["errors"]
    assert errors[0]["code"]
    assert errors[0]["message"]
    assert place.sandbox.record.taken == []


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": "  \n "}, {"embeds": []}], ids=range(4))
async def test_an_empty_message_is_refused(place: Town, body: Json) -> None:
    status, answer = await post(place, f"/channels/{place.channel}/messages", body)
    assert (status, answer["code"]) == (400, 50006)


async def test_a_file_that_is_too_large(place: Town, bot: Bot) -> None:
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"content": "big"}')
    form.add_field("files[0]", io.BytesIO(bytes(10 * 1024 * 1024 + 1)), filename="big.bin")
    headers = {"Authorization": f"Bot {place.sandbox.token}"}
    url = f"{place.sandbox.url}/api/v10/channels/{place.channel}/messages"
    async with aiohttp.ClientSession() as session, session.post(url, data=form, headers=headers) as response:
        assert response.status == 413
        assert (await response.json())["code"] == 40005


def title(modal: Json) -> None:
    modal["title"] = "x" * 46


def custom_id(modal: Json) -> None:
    modal["custom_id"] = "x" * 101


def parts(modal: Json) -> None:
    modal["components"] = [labelled(str(n)) for n in range(6)]


def no_parts(modal: Json) -> None:
    modal["components"] = []


def label(modal: Json) -> None:
    modal["components"][0]["label"] = "x" * 46


def twice(modal: Json) -> None:
    modal["components"] = [labelled("a"), labelled("a")]


def too_long(modal: Json) -> None:
    modal["components"][0]["component"]["max_length"] = 4001


def prefilled(modal: Json) -> None:
    modal["components"][0]["component"] |= {"max_length": 5, "value": "x" * 6}


def pressed(modal: Json) -> None:
    modal["components"] = [row(button())]


def one_radio(modal: Json) -> None:
    options = [{"label": "l", "value": "v"}]
    modal["components"][0]["component"] = {"type": 21, "custom_id": "r", "options": options}


def labelled(name: str) -> Json:
    return {"type": 18, "label": "Label", "component": {"type": 4, "custom_id": name, "style": 1}}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (title, "data.title"),
        (custom_id, "data.custom_id"),
        (parts, "data.components"),
        (no_parts, "data.components"),
        (label, "data.components.0.label"),
        (twice, "data.components.1.component.custom_id"),
        (too_long, "data.components.0.component.max_length"),
        (prefilled, "data.components.0.component.value"),
        (pressed, "data.components.0.components.0.type"),
        (one_radio, "data.components.0.component.options"),
    ],
)
async def test_forms_that_are_refused(place: Town, bot: Bot, change: Callable[[Json], None], where: str) -> None:
    data: Json = {"custom_id": "m", "title": "Form", "components": [labelled("a")]}
    answers: list[tuple[int, Any]] = []
    done = asyncio.Event()

    async def answer(interaction: discord.Interaction[Any]) -> None:
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        wrong: Json = {**data, "components": [labelled("a")]}
        change(wrong)
        answers.append(await post(place, path, {"type": 9, "data": wrong}))
        answers.append(await post(place, path + "?with_response=1", {"type": 9, "data": data}))
        done.set()

    bot.answer = answer
    message = await text_channel(bot, place.channel).send("Go", view=buttons("Go"))
    outcome = await place.sandbox.press(place.member, str(message.id), "go")
    assert outcome.form is not None
    await done.wait()
    (status, refused), (taken, _) = answers
    assert (status, refused["code"]) == (400, 50035)
    assert at(refused["errors"], where), refused["errors"]
    assert taken == 200


async def test_what_the_sandbox_does_not_keep_is_not_found(place: Town) -> None:
    status, answer = await post(place, f"/channels/{place.channel}/webhooks", {})
    assert (status, answer) == (404, {"message": "404: Not Found", "code": 0})
    assert place.sandbox.record.refused[-1].call == f"POST /channels/{place.channel}/webhooks"


def test_every_rule_names_its_source() -> None:
    found = [value for value in vars(rules).values() if isinstance(value, rules.Rule)]
    assert len(found) > 30
    assert {rule.source for rule in found} <= {rules.DOCUMENTED, rules.LIBRARY, rules.REPORTED}
