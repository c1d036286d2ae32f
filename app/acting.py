"""Acting as people do on the sandbox, whichever platform it is: for the demo, rehearsals and benchmarks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from sandbox.control import ControlView, FormView, MessageView, Outcome, OutcomeKind, Platform, State
from storage.engine import Store
from storage.tables import Space, SpaceRoute

T = TypeVar("T")

TURNS = 12
"""After so many turns a dialogue is given up: a form has five fields, each may be asked twice."""
ASIDE = frozenset({"Back", "Cancel", "Skip", "Done"})
"""Buttons of a dialogue that are no options."""

JUST_WRITE = "Just write your answer here."
"""What a message in a private chat says that waits for words."""

Fill = Callable[[str, Sequence[str]], str]
"""What to put into a field, by its label and its options' labels; empty leaves an optional field open."""


class ActingError(Exception):
    """What a person would have done was not possible; the text says where."""


@dataclass(frozen=True, slots=True)
class World:
    """One platform with its space, channel and owner."""

    platform: Platform
    space: str
    channel: str
    owner: str


async def until(find: Callable[[], Awaitable[T | None]], what: str, seconds: float = 20.0) -> T:
    """The first true thing that ``find`` gives. Raises :class:`ActingError` after ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            while not (found := await find()):  # noqa: ASYNC110 - what is waited for is another's state
                await asyncio.sleep(0.05)
            return found
    except TimeoutError:
        raise ActingError(f"{what} did not come within {seconds:.0f} s") from None


async def make_world(platform: Platform, name: str, channel: str, owner: str) -> World:
    """A space with one channel and its owner, on a platform that runs. The bot is not in it yet."""
    space = await platform.add_space(name, owner=owner)
    made = await platform.add_channel(space, channel)
    members = platform.state(messages=0).members
    return World(platform, space, made, next(one.id for one in members if one.role == "owner" and one.space == space))


async def find_control(world: World, label: str) -> tuple[MessageView, ControlView]:
    """The newest control under that label, as soon as it is there."""

    async def find() -> tuple[MessageView, ControlView] | None:
        for channel in world.platform.state().channels:
            for message in reversed(channel.messages):
                for control in message.controls:
                    if control.label == label:
                        return message, control
        return None

    return await until(find, f"{label!r} on {world.platform.name}")


def control_of(outcome: Outcome, label: str) -> tuple[MessageView, ControlView]:
    """The control under that label on what came back. Raises :class:`ActingError`."""
    for control in outcome.message.controls if outcome.message else ():
        if control.label == label and outcome.message is not None:
            return outcome.message, control
    raise ActingError(f"no {label!r} on {outcome}")


async def press(world: World, member: str, where: tuple[MessageView, ControlView], *, wait: float = 5.0) -> Outcome:
    """Press a control and wait so many seconds; a link into the private chat is followed."""
    message, control = where
    outcome = await world.platform.press(member, message.id, control.id, wait=wait)
    if outcome.kind is OutcomeKind.LINK:
        return await world.platform.follow(member, outcome.url, wait=wait)
    return outcome


async def fill(world: World, member: str, opened: Outcome, choose: Fill, *, wait: float = 10.0) -> Outcome:
    """Fill in what opened, a form or a dialogue; returns what came of the last step within so many seconds."""
    if opened.form is not None:
        return await world.platform.fill(member, opened.form.id, _values(opened.form, choose), wait=wait)
    outcome = opened
    for _turn in range(TURNS):
        question = outcome.message
        labels = {control.label for control in question.controls} if question else set()
        if question is None or "Cancel" not in labels:
            return outcome
        outcome = await _answer(world, member, question, choose, wait)
    raise ActingError(f"a dialogue on {world.platform.name} does not end")


def takes_words(message: MessageView) -> bool:
    """Whether a message is answered by writing, with no press before: in its field, or right in the private chat."""
    return JUST_WRITE in message.text or any(one.kind == "text" for one in message.controls)


async def write(world: World, member: str, message: MessageView, words: str, *, wait: float = 10.0) -> Outcome:
    """Answer a message that :func:`takes_words`."""
    field = next((one for one in message.controls if one.kind == "text"), None)
    if field is not None:
        return await world.platform.pick(member, message.id, field.id, [words], wait=wait)
    return await world.platform.type(member, message.channel, words, wait=wait)


def _values(form: FormView, choose: Fill) -> dict[str, str | list[str]]:
    values: dict[str, str | list[str]] = {}
    for one in form.fields:
        chosen = choose(one.label, [label for _value, label in one.options])
        if one.options:
            values[one.id] = [value for value, label in one.options if label == chosen][:1]
        elif chosen:
            values[one.id] = chosen
    return values


async def _answer(world: World, member: str, question: MessageView, choose: Fill, wait: float) -> Outcome:
    options = [control.label for control in question.controls if control.label not in ASIDE]
    chosen = choose(question.text, options)
    button = next((one for one in question.controls if one.label == chosen), None)
    if button is None and not chosen:
        button = next((one for one in question.controls if one.label == "Skip"), None)
    if button is not None:
        return await world.platform.press(member, question.id, button.id, wait=wait)
    return await world.platform.type(member, question.channel, chosen, wait=wait)


def is_question(message: MessageView) -> bool:
    """A question of the day that still takes answers."""
    return any(control.label == "Answer" for control in message.controls)


def questions(state: State, channel: str) -> int:
    """How many questions of the day stand in a channel."""
    return sum(
        1
        for one in state.channels
        if one.id == channel
        for message in one.messages
        if message.by_bot and not message.only_for and "Question of the day" in message.title + message.text
    )


async def until_questions(world: World, count: int) -> None:
    """Wait until so many questions stand."""

    async def find() -> bool:
        return questions(world.platform.state(messages=1000), world.channel) >= count

    await until(find, f"question {count} on {world.platform.name}")


def set_up_choices(channel: str) -> Fill:
    """An owner's choices in the set-up form."""

    def choose(label: str, options: Sequence[str]) -> str:
        if "Time zone" in label:
            return "Europe/Berlin"
        for option in options:
            if option == "English" or channel in option:
                return option
        return options[0] if options and "code" not in label.lower() else ""

    return choose


async def set_up(world: World, channel: str) -> Outcome:
    """Press "Set me up" and fill the form as the owner; returns what the owner is told."""
    opened = await press(world, world.owner, await find_control(world, "Set me up"))
    return await fill(world, world.owner, opened, set_up_choices(channel))


async def come_in(store: Store, worlds: Sequence[World], channel: str) -> tuple[UUID, Outcome]:
    """Add the bot everywhere, set the first space up, join the others to it by a code, as an owner would.

    Returns the community, and what the owner was told at the end of the set-up.
    """
    first, *others = worlds
    await first.platform.install(first.space, first.owner)
    done = await set_up(first, channel)
    for world in others:
        shown = await first.platform.command(first.owner, first.channel, "/hall code")
        code = code_in(shown)
        await world.platform.install(world.space, world.owner)
        await until(partial(_known, store, world), f"the bot in {world.platform.name}")
        joined = await world.platform.command(world.owner, world.channel, f"/hall join {code}")
        if joined.kind is not OutcomeKind.MESSAGE:
            raise ActingError(f"joining on {world.platform.name} ended with {joined}")
    async with store.session() as session:
        community_id = await session.scalar(select(col(Space.community_id)).limit(1))
    if community_id is None:
        raise ActingError("no community came of the set-up")
    return community_id, done


async def _known(store: Store, world: World) -> bool:
    async with store.session() as session:
        return await session.get(SpaceRoute, (world.platform.name, world.space)) is not None


def code_in(shown: Outcome) -> str:
    """The code, of four and four signs, in what somebody was told. Raises :class:`ActingError`."""
    text = shown.message.text if shown.message else shown.text
    if found := re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", text):
        return found[0]
    raise ActingError(f"no code in {text!r}")


async def ask_next(world: World) -> None:
    """``/hall ask``, and post what it shows."""
    shown = await world.platform.command(world.owner, world.channel, "/hall ask")
    await press(world, world.owner, control_of(shown, "Post it now"))
