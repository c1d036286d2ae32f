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
GONE_AFTER = 60.0
"""Seconds after its upload at which a file that Slack still does not show counts as gone; a second or two are usual,
twelve were seen (github.com/slackapi/java-slack-sdk/issues/1347)."""


class Pictures:
    """The files of pictures by what is in them. A restart forgets them: then a picture is uploaded anew, which nobody
    sees."""

    def __init__(self, web: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._web = web
        self._session = session
        self._files: OrderedDict[str, asyncio.Task[tuple[str, float]]] = OrderedDict()

    async def file_of(self, image: Image, until: float) -> str:
        """The id of a picture's file, uploaded where there is none; empty where the bot was not granted that.

        Raises SendFailed where it is not there ``until`` a time of the loop's; the upload goes on then, and the next
        try finds it. Raises SendRefused where Slack does not take it. Nothing is posted either way.
        """
        name = image.name
        upload = self._files.get(name)
        if upload is None or _failed(upload):
            upload = self._files[name] = asyncio.create_task(self._uploaded(image, name))
            upload.add_done_callback(_failed)  # looked at, should nobody wait for it any more
            if len(self._files) > REMEMBERED:
                self._files.popitem(last=False)
        self._files.move_to_end(name)
        try:
            async with asyncio.timeout_at(until):
                return (await asyncio.shield(upload))[0]
        except TimeoutError:
            raise SendFailed("a picture is still on its way to Slack") from None
        except asyncio.CancelledError:
            if upload.cancelled():  # and not who waits for it
                raise SendFailed("not connected") from None
            raise
        except SendRefused as error:
            if SCOPE_MISSING in str(error):
                return ""
            raise

    async def _uploaded(self, image: Image, name: str) -> tuple[str, float]:
        """What the library's files_upload_v2 does, but for the bytes: it sends them in one piece, and all wait."""

        async def upload() -> str:
            promised = await self._web.files_getUploadURLExternal(filename=name, length=len(image.data))
            file, url = str(promised["file_id"]), str(promised["upload_url"])
            async with self._session.post(url, data=io.BytesIO(image.data), proxy=self._web.proxy) as answer:
                if answer.status != 200:
                    raise SendFailed(f"Slack answers {answer.status} to an upload")
            await self._web.files_completeUploadExternal(files=[{"id": file, "title": name}])
            return file

        return await again(upload), asyncio.get_running_loop().time()

    def not_shown(self, image: Image) -> None:
        """Slack does not show it. After a while that means that the file is gone: the next try uploads it anew."""
        upload, now = self._files.get(image.name), asyncio.get_running_loop().time()
        if upload is not None and upload.done() and not _failed(upload) and now - upload.result()[1] >= GONE_AFTER:
            del self._files[image.name]

    async def stop(self) -> None:
        """Let go of what is still on its way."""
        uploads = list(self._files.values())
        self._files.clear()
        for upload in uploads:
            upload.cancel()
        await asyncio.gather(*uploads, return_exceptions=True)


def _failed(upload: asyncio.Task[tuple[str, float]]) -> bool:
    return upload.done() and (upload.cancelled() or upload.exception() is not None)
