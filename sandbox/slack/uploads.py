"""Files: promised an address, brought to it, completed, and a little later fit to be shown in a message.

Source: docs.slack.dev/reference/methods/files.getUploadURLExternal, files.completeUploadExternal and
docs.slack.dev/reference/block-kit/composition-objects/slack-file-object.
"""

from __future__ import annotations

import mimetypes
import time
from typing import Any

from sandbox.pictures import media_type
from sandbox.slack.world import JSON, World

PROCESSING_SECONDS = 0.2
"""How long a file that was completed can't be shown in a block yet. Slack names no time; a second or two were seen
(github.com/slackapi/python-slack-sdk/issues/1521, github.com/slackapi/java-slack-sdk/issues/1347)."""
UNKNOWN = "application/octet-stream"
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif"})
"""The kinds of files that an image block shows (documented)."""


class Uploads:
    """The files of one workspace, all of them the app's own: nobody else uploads here."""

    def __init__(self, world: World) -> None:
        self.files: dict[str, JSON] = {}
        self.contents: dict[str, bytes] = {}
        self._ready: dict[str, float] = {}
        self._world = world

    def promise(self, name: str, length: int, alt: str, url: str) -> JSON:
        """A file that is to come, ``length`` bytes of it."""
        file = self._world.new_id("F")
        self.files[file] = {
            "id": file,
            "name": name,
            "title": name,
            "mimetype": UNKNOWN,
            "size": length,
            "user": self._world.bot.id,
            "alt_txt": alt,
            "url_private": f"{url}/files/{file}/{name}",
            "created": int(time.time()),
        }
        return self.files[file]

    def complete(self, file: str, title: str) -> JSON | None:
        """The upload is over; None where nothing was brought."""
        if file not in self.contents:
            return None
        found = self.files[file]
        found["title"] = title or found["title"]
        kind = media_type(self.contents[file])
        guessed = mimetypes.guess_type(found["name"])[0] or UNKNOWN
        found["mimetype"] = kind or (UNKNOWN if guessed in SHOWN else guessed)
        self._ready.setdefault(file, time.monotonic() + PROCESSING_SECONDS)
        return found

    def shown(self, given: Any) -> JSON | None:
        """The file that a ``slack_file`` object names; None where Slack finds that object invalid."""
        if not isinstance(given, dict) or len(given) != 1:
            return None
        if "url" in given:
            found = next((one for one in self.files.values() if one["url_private"] == given["url"]), None)
        else:
            found = self.files.get(str(given.get("id")))
        if found is None or self._ready.get(found["id"], float("inf")) > time.monotonic():
            return None
        return found if found["mimetype"] in SHOWN else None
