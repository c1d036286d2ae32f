"""Presses, choices, forms and commands, and the bot's answers in every allowed and refused order."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands

from sandbox.control import ControlError, OutcomeKind
from tests.sandbox.discord.kit import Bot, Town, buttons, text_channel

Interaction = discord.Interaction[Any]


def modal(title: str = "Your answer") -> discord.ui.Modal:
    form = discord.ui.Modal(title=title, custom_id="answer", timeout=None)
    form.add_item(
        discord.ui.Label(
            text="What do you say?",
            description="A few words",
            component=discord.ui.TextInput(custom_id="words", max_length=20, style=discord.TextStyle.paragraph),
        )
    )
    options = [discord.SelectOption(label=text, value=text.lower()) for text in ("Red", "Blue")]
    form.add_item(
        discord.ui.Label(
            text="Colour", component=discord.ui.Select(custom_id="colour", options=options, required=False)
        )
    )
    return form


def walk(components: list[dict[str, Any]]) -> dict[str, Any]:
    """Values of a submission by custom_id."""
    found = {}
    for component in components:
        inner = [component["component"]] if "component" in component else component.get("components", [])
        for field in inner:
            found[field["custom_id"]] = field.get("value", field.get("values"))
    return found


async def test_button_form_and_only_you_answer(place: Town, bot: Bot) -> None:
    async def answer(interaction: Interaction) -> None:
        data: Any = interaction.data
        if interaction.type is discord.InteractionType.component:
            await interaction.response.send_modal(modal())
        else:
            assert interaction.locale is discord.Locale.german
            words = walk(data["components"])
            await interaction.response.send_message(f"You said {words['words']}, {words['colour']}", ephemeral=True)

    bot.answer = answer
    message = await text_channel(bot, place.channel).send("Question", view=buttons("Answer"))
    opened = await place.sandbox.press(place.member, str(message.id), "answer")
    assert opened.kind is OutcomeKind.FORM
    assert opened.form is not None
    words, colour = opened.form.fields
    assert (words.id, words.kind, words.label, words.hint, words.maximum) == (
        "words", "long", "What do you say?", "A few words", 20,
    )  # fmt: skip
    assert colour.options == (("red", "Red"), ("blue", "Blue"))
    assert not colour.required

    refused = await place.sandbox.fill(place.member, opened.form.id, {"words": "x" * 21})
    assert refused.kind is OutcomeKind.INVALID
    assert refused.form is not None
    assert refused.form.fields[0].error
    assert refused.form.fields[0].value == "x" * 21

    sent = await place.sandbox.fill(place.member, opened.form.id, {"words": "Yes", "colour": ["blue"]})
    assert sent.kind is OutcomeKind.MESSAGE
    assert sent.message is not None
    assert sent.text == "You said Yes, ['blue']"
    assert sent.message.only_for == place.member
    with pytest.raises(ControlError):
        await place.sandbox.fill(place.member, opened.form.id, {"words": "again"})
    with pytest.raises(discord.NotFound):
        await text_channel(bot, place.channel).fetch_message(int(sent.message.id))


async def test_a_press_can_change_the_message(place: Town, bot: Bot) -> None:
    async def answer(interaction: Interaction) -> None:
        await interaction.response.edit_message(content="Answered: 1", view=buttons("Go", "More"))

    bot.answer = answer
    message = await text_channel(bot, place.channel).send("Answered: 0", view=buttons("Go"))
    outcome = await place.sandbox.press(place.member, str(message.id), "go")
    assert outcome.kind is OutcomeKind.MESSAGE
    assert outcome.message is not None
    assert (outcome.message.id, outcome.text, outcome.message.edits) == (str(message.id), "Answered: 1", 1)
    assert [c.label for c in outcome.message.controls] == ["Go", "More"]
    assert (await bot.hear("message_edit"))[1].content == "Answered: 1"


async def test_deferrals_and_what_follows_them(place: Town, bot: Bot) -> None:
    async def answer(interaction: Interaction) -> None:
        which = interaction.data["custom_id"]  # type: ignore[index, typeddict-item]  # a component's data
        if which == "thinking":
            await interaction.response.defer(ephemeral=True, thinking=True)
            original = await interaction.original_response()
            assert original.flags.loading
            await interaction.followup.send("thought")
            another = await interaction.followup.send("and more", ephemeral=True, wait=True)
            await another.edit(content="and more still")
            await interaction.delete_original_response()
        elif which == "quiet":
            await interaction.response.defer()
        elif which == "later":
            await interaction.response.defer(thinking=True)
        elif which == "edit":
            await interaction.response.defer(thinking=True)
            await interaction.edit_original_response(content="edited in")

    bot.answer = answer
    message = await text_channel(bot, place.channel).send("Go", view=buttons("Thinking", "Quiet", "Later", "Edit"))
    press = place.sandbox.press
    thought = await press(place.member, str(message.id), "thinking")
    assert (thought.kind, thought.text) == (OutcomeKind.MESSAGE, "thought")
    assert thought.message is not None
    assert thought.message.only_for == place.member
    quiet = await press(place.member, str(message.id), "quiet", wait=0.05)
    assert quiet.kind is OutcomeKind.ACKNOWLEDGED
    later = await press(place.member, str(message.id), "later", wait=0.05)
    assert later.kind is OutcomeKind.DEFERRED
    edited = await press(place.member, str(message.id), "edit")
    assert (edited.kind, edited.text) == (OutcomeKind.MESSAGE, "edited in")


async def test_no_answer_in_time_fails(place: Town, bot: Bot) -> None:
    late: list[Interaction] = []

    async def answer(interaction: Interaction) -> None:
        late.append(interaction)

    bot.answer = answer
    message = await text_channel(bot, place.channel).send("Go", view=buttons("Go"))
    outcome = await place.sandbox.press(place.member, str(message.id), "go")
    assert outcome.kind is OutcomeKind.FAILED
    with pytest.raises(discord.NotFound) as caught:
        await late[0].response.send_message("too late")
    assert caught.value.code == 10062


async def test_one_first_answer_only(place: Town, bot: Bot) -> None:
    seen: list[Interaction] = []

    async def answer(interaction: Interaction) -> None:
        seen.append(interaction)
        await interaction.response.send_message("first", ephemeral=True)

    bot.answer = answer
    message = await text_channel(bot, place.channel).send("Go", view=buttons("Go"))
    outcome = await place.sandbox.press(place.member, str(message.id), "go")
    assert outcome.text == "first"
    again = seen[0]
    again.response._response_type = None  # The library would refuse by itself.
    with pytest.raises(discord.HTTPException) as caught:
        await again.response.send_message("second")
    assert caught.value.code == 40060


async def test_a_form_is_the_first_answer_and_never_follows_a_form(place: Town, bot: Bot) -> None:
    codes: list[int] = []
    done = asyncio.Event()

    async def answer(interaction: Interaction) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            try:
                await interaction.response.send_modal(modal())
            except discord.HTTPException as error:
                codes.append(error.code)
            await interaction.response.send_message("no second form", ephemeral=True)
        elif interaction.data["custom_id"] == "form":  # type: ignore[index, typeddict-item]  # a component's data
            await interaction.response.send_modal(modal())
        else:
            await interaction.response.defer()
            interaction.response._response_type = None
            try:
                await interaction.response.send_modal(modal())
            except discord.HTTPException as error:
                codes.append(error.code)
            done.set()

    bot.answer = answer
    message = await text_channel(bot, place.channel).send("Go", view=buttons("Form", "Deferred"))
    await place.sandbox.press(place.member, str(message.id), "deferred", wait=0.0)
    await done.wait()
    opened = await place.sandbox.press(place.member, str(message.id), "form")
    assert opened.form is not None
    outcome = await place.sandbox.fill(place.member, opened.form.id, {"words": "hm"})
    assert outcome.text == "no second form"
    assert codes == [40060, 50035]


async def test_choosing_in_a_select(place: Town, bot: Bot) -> None:
    async def answer(interaction: Interaction) -> None:
        values = interaction.data["values"]  # type: ignore[index, typeddict-item]  # a select's data
        await interaction.response.send_message(" and ".join(values), ephemeral=True)

    bot.answer = answer
    view = discord.ui.View(timeout=None)
    options = [discord.SelectOption(label=f"Number {n}", value=str(n)) for n in range(3)]
    view.add_item(
        discord.ui.Select(custom_id="few", options=options, min_values=1, max_values=2, placeholder="Pick some")
    )
    message = await text_channel(bot, place.channel).send("Which?", view=view)
    control = place.sandbox.state().channels[0].messages[-1].controls[0]
    assert (control.kind, control.label, control.minimum, control.maximum) == ("select", "Pick some", 1, 2)
    outcome = await place.sandbox.pick(place.member, str(message.id), "few", ["0", "2"])
    assert outcome.text == "0 and 2"
    for wrong in ([], ["0", "1", "2"], ["9"]):
        with pytest.raises(ControlError):
            await place.sandbox.pick(place.member, str(message.id), "few", wrong)


async def test_what_a_person_could_not_press(place: Town, bot: Bot) -> None:
    view = buttons("Off")
    for item in view.children:
        assert isinstance(item, discord.ui.Button)
        item.disabled = True
    view.add_item(discord.ui.Button(label="Rules", url="https://example.org/rules"))
    message = await text_channel(bot, place.channel).send("Go", view=view)
    for control in ("off", "missing"):
        with pytest.raises(ControlError):
            await place.sandbox.press(place.member, str(message.id), control)
    link = place.sandbox.state().channels[0].messages[-1].controls[1]
    outcome = await place.sandbox.press(place.member, str(message.id), link.id)
    assert (outcome.kind, outcome.url) == (OutcomeKind.LINK, "https://example.org/rules")
    stranger = await place.sandbox.join(await place.sandbox.add_space("Elsewhere", owner="Eve"), "Mallory")
    with pytest.raises(ControlError):
        await place.sandbox.press(stranger, str(message.id), "off")


async def test_a_forged_press_reaches_the_bot(place: Town, bot: Bot) -> None:
    async def answer(interaction: Interaction) -> None:
        await interaction.response.send_message(interaction.data["custom_id"], ephemeral=True)  # type: ignore[index, typeddict-item]  # a component's data

    bot.answer = answer
    message = await text_channel(bot, place.channel).send("Go", view=buttons("Go"))
    outcome = await place.sandbox.forge(place.member, str(message.id), "made-up")
    assert outcome.text == "made-up"


def commands(bot: Bot) -> None:
    hall = app_commands.Group(name="hall", description="The hall")
    question = app_commands.Group(name="question", description="Questions", parent=hall)

    @hall.command(name="help", description="What you may do")
    async def help_(interaction: Interaction) -> None:
        await interaction.response.send_message("Help!", ephemeral=True)

    @question.command(name="add", description="Add one")
    async def add(interaction: Interaction, text: str, times: int = 1) -> None:
        await interaction.response.send_message(f"{text} x{times}", ephemeral=True)

    @bot.tree.command(name="form", description="Opens a form")
    @app_commands.default_permissions(manage_guild=True)
    async def form(interaction: Interaction) -> None:
        await interaction.response.send_modal(modal())

    bot.tree.add_command(hall)


async def test_commands_with_subcommands_and_options(place: Town, bot: Bot) -> None:
    commands(bot)
    synced = await bot.tree.sync()
    assert {command.name for command in synced} == {"hall", "form"}
    assert {c.id for c in await bot.tree.fetch_commands()} == {c.id for c in synced}
    run = place.sandbox.command
    assert (await run(place.member, place.channel, "/hall help")).text == "Help!"
    added = await run(place.member, place.channel, "/hall question add What is the best time?")
    assert added.text == "What is the best time? x1"
    assert (await run(place.member, place.channel, "/hall question add text:Why? times: 3")).text == "Why? x3"
    assert (await run(place.owner, place.channel, "/form")).kind is OutcomeKind.FORM
    refused = [
        "/nothing",
        "/hall",
        "/hall dance",
        "/hall question add",
        "/hall question add a times:b",
        "/form",
        "hi",
    ]
    for text in refused:
        with pytest.raises(ControlError):
            await run(place.member, place.channel, text)
    private = await place.sandbox.private(place.member)
    assert (await run(place.member, private, "/hall help")).text == "Help!"


async def test_commands_of_one_server_and_their_ids(place: Town, bot: Bot) -> None:
    commands(bot)
    guild = discord.Object(int(place.space))
    bot.tree.copy_global_to(guild=guild)
    first = {c.name: c.id for c in await bot.tree.sync(guild=guild)}
    again = {c.name: c.id for c in await bot.tree.sync(guild=guild)}
    assert first == again
    assert (await place.sandbox.command(place.member, place.channel, "/hall help")).text == "Help!"
    private = await place.sandbox.private(place.member)
    with pytest.raises(ControlError):
        await place.sandbox.command(place.member, private, "/hall help")


@pytest.mark.parametrize(
    ("payload", "where"),
    [
        ([{"name": "Upper", "description": "x"}], "0.name"),
        ([{"name": "two words", "description": "x"}], "0.name"),
        ([{"name": "a" * 33, "description": "x"}], "0.name"),
        ([{"name": "a", "description": ""}], "0.description"),
        ([{"name": "a", "description": "x" * 101}], "0.description"),
        ([{"name": "a", "description": "x"}] * 2, "1.name"),
        ([{"name": "a", "description": "x", "options": [{"type": 3, "name": "o"}]}], "0.options.0.description"),
        ([{"name": "a", "description": "x", "name_localizations": {"xx": "a"}}], "0.name_localizations.xx"),
        (
            [
                {
                    "name": "a",
                    "description": "x",
                    "options": [
                        {"type": 3, "name": "o", "description": "x"},
                        {"type": 3, "name": "p", "description": "x", "required": True},
                    ],
                }
            ],
            "0.options.1",
        ),
        (
            [
                {
                    "name": "a",
                    "description": "x",
                    "options": [{"type": 3, "name": f"o{n}", "description": "x"} for n in range(26)],
                }
            ],
            "0.options",
        ),
    ],
)
async def test_commands_that_are_refused(place: Town, bot: Bot, payload: list[Any], where: str) -> None:
    assert bot.application_id is not None
    with pytest.raises(discord.HTTPException) as caught:
        await bot.http.bulk_upsert_global_commands(bot.application_id, payload)
    assert caught.value.code == 50035
    assert f"In {where}:" in caught.value.text
