"""The manager of a rehearsed survey: hands it in, opens it, closes it."""

from __future__ import annotations

from sqlalchemy import func, select

from app.acting import ActingError, control_of, fill, press, until
from app.rehearse.stage import Stage, StageError, told
from core.context import Viewer
from core.files import Desk, File
from core.form import MAX_TEXT
from plugins.surveys import page
from plugins.surveys.actions import action
from plugins.surveys.tables import Waiting
from sandbox.control import Outcome


class Manager:
    """Acts as the owner of the first space."""

    def __init__(self, stage: Stage, title: str) -> None:
        self._stage = stage
        self._world = stage.worlds[0]
        self._title = " ".join(title.split())

    async def open(self, text: str) -> None:
        """Paste the text into the form, or hand it in at the page where it is too long for one; and open it."""
        world = self._world
        if len(text) <= MAX_TEXT:
            opened = await press(world, world.owner, control_of(await self._command("survey"), "Paste a text"))
            draft = await fill(world, world.owner, opened, lambda _label, _options: text)
        else:
            await self._upload(text)
            draft = await self._look()
        try:
            await press(world, world.owner, control_of(draft, "Open it"))
        except ActingError:
            raise StageError(f"The survey can't be opened: {told(draft)}") from None

    async def close(self) -> None:
        """Close it, and wait until all is written."""
        await press(self._world, self._world.owner, control_of(await self._look(), "Close it"))

        async def written() -> bool:
            async with self._stage.store.session() as session:
                return not await session.scalar(select(func.count()).select_from(Waiting))

        await until(written, "the last anonymous answers", self._stage.settle_seconds)

    async def _upload(self, text: str) -> None:
        """As the page does with a file that is handed in."""
        stage = self._stage
        viewer = Viewer(stage.community_id, "en", "UTC", stage.store.clock(), str, stage.store.vault)
        desk = Desk(viewer, stage.store.write, lambda _tx: None)
        file = File("survey.toml", "application/toml", text.encode())
        said = await page.take_text(desk, action("put", stage.community_id), file)
        if said.title:
            raise StageError(f"That survey can't be taken: {said.text}")

    async def _command(self, words: str) -> Outcome:
        return await self._world.platform.command(self._world.owner, self._world.channel, f"/hall {words}")

    async def _look(self) -> Outcome:
        """The only survey there is, out of the list if it is one."""
        world, title = self._world, self._title[:30]
        shown = await self._command("surveys")
        message = shown.message
        for control in message.controls if message is not None else ():
            values = [value for value, label in control.options if title in label]
            if values and message is not None:
                return await world.platform.pick(world.owner, message.id, control.id, values[:1])
            if message is not None and title in control.label:
                return await press(world, world.owner, (message, control))
        return shown
