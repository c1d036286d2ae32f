"""Pictures of bytes: uploaded once to Slack, where nobody sees them until a message of ours shows them.

A file that is shared in no channel may be shown by whoever may see it, which its uploader may: the same token uploads
and posts (docs.slack.dev/reference/block-kit/composition-objects/slack-file-object; github.com/slackapi/bolt-python
/issues/1018).
"""

from __future__ import annotations

import asyncio
import io
from collections import OrderedDict

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.errors import SCOPE_MISSING, again
from core.bot import SendFailed, SendRefused
from core.message import Image

REMEMBERED = 128
"""Pictures whose files are known, so that edits and further channels upload nothing; the oldest go first."""


class Pictures:
    """The files of pictures by what is in them. A restart forgets them: then a picture is uploaded anew, which nobody
    sees."""

    def __init__(self, web: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._web = web
        self._session = session
        self._files: OrderedDict[str, str] = OrderedDict()
        self._one = asyncio.Lock()

    async def file_of(self, image: Image) -> str:
        """The id of a picture's file, uploaded where there is none; empty where the bot was not granted that.

        Raises SendFailed, or SendRefused where Slack does not take it. Nothing is posted either way.
        """
        async with self._one:  # several channels want the same one at once
            name = image.name
            if name not in self._files:
                try:
                    self._files[name] = await again(lambda: self._uploaded(image, name))
                except SendRefused as error:
                    if SCOPE_MISSING in str(error):
                        return ""
                    raise
                if len(self._files) > REMEMBERED:
                    self._files.popitem(last=False)
            self._files.move_to_end(name)
            return self._files[name]

    async def _uploaded(self, image: Image, name: str) -> str:
        """What the library's files_upload_v2 does, but for the bytes: it sends them in one piece, and all wait."""
        promised = await self._web.files_getUploadURLExternal(filename=name, length=len(image.data))
        file, url = str(promised["file_id"]), str(promised["upload_url"])
        async with self._session.post(url, data=io.BytesIO(image.data), proxy=self._web.proxy) as answer:
            if answer.status != 200:
                raise SendFailed(f"Slack answers {answer.status} to an upload")
        await self._web.files_completeUploadExternal(files=[{"id": file, "title": name}])
        return file

    def forget(self, image: Image) -> None:
        """Its file is of no use any more."""
        self._files.pop(image.name, None)
