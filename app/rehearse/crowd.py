"""Everybody who answers a survey, and how far they are."""

from __future__ import annotations

import asyncio
import time

from app.acting import World, until
from app.rehearse.opinions import Opinions
from app.rehearse.respondent import Respondent, Setting, Way
from app.rehearse.showing import Showing
from app.rehearse.stage import Member, Stage
from app.rehearse.waits import Waits
from plugins.surveys.definition import Definition
from sandbox.control import MessageView


class Crowd:
    """All people of a stage, those with two accounts once."""

    def __init__(self, stage: Stage, definition: Definition, pace: float) -> None:
        people: dict[int, list[Member]] = {}
        for one in stage.members:
            people.setdefault(one.person, []).append(one)
        self.stage = stage
        self.ways = [Way(person, devices) for person, devices in people.items()]
        self._setting = Setting(stage, definition, pace, Showing(definition), Waits())

    @property
    def posts(self) -> dict[str, str]:
        """The survey's posts, by platform."""
        return self._setting.posts

    async def answer(self, crash: bool) -> float:
        """All of them, to the end; the seconds that it took."""
        setting, stage = self._setting, self.stage
        for world in stage.worlds:
            found = await until(lambda world=world: self._post(world), f"the survey on {world.platform.name}")  # type: ignore[misc]  # bound at once
            setting.posts[world.platform.name] = found.id
        questions = sum(Opinions(setting.definition, stage.seed, way.person).count for way in self.ways)
        with stage.bar.count("questions are answered", questions, self._why) as setting.answered:
            async with stage.crashing(crash):
                began = time.monotonic()
                await asyncio.gather(*(Respondent(setting, way).go() for way in self.ways))
                return time.monotonic() - began

    def _why(self) -> str:
        done = sum(bool(way.end) for way in self.ways)
        waits = self._setting.waits.words()
        return f"{done} of {len(self.ways)} people are done" + (f" · {waits}" if waits else "")

    async def _post(self, world: World) -> MessageView | None:
        for message in reversed(world.platform.channel(world.channel).messages):
            labels = {one.label for one in message.controls}
            if message.by_bot and not message.only_for and labels & {"Start", "Go on"}:
                return message
        return None
