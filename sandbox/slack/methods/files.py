"""Files, the way slack_sdk's files_upload_v2 sends them: an address, the bytes to it, the end.

Source: docs.slack.dev/reference/methods/files.getUploadURLExternal, files.completeUploadExternal; read in slack_sdk.
"""

from __future__ import annotations

from sandbox.slack.methods.base import Arguments, Refusal, Tier, find_channel, method
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON

MOST_BYTES = 1024**3
"""One gigabyte (documented)."""


@method("files.getUploadURLExternal", Tier.FOUR, "files:write")
async def files_get_upload_url(workspace: Workspace, arguments: Arguments) -> JSON:
    """An address to send one file's bytes to."""
    name = arguments.required("filename")
    length = arguments.number("length", 0)
    if not 0 < length <= MOST_BYTES:
        raise Refusal("file_upload_size_restricted" if length > 0 else "invalid_arguments")
    file = workspace.uploads.promise(name, length, arguments.text("alt_txt"), workspace.url)
    return {"upload_url": f"{workspace.url}/upload/v1/{file['id']}", "file_id": file["id"]}


@method("files.completeUploadExternal", Tier.FOUR, "files:write")
async def files_complete_upload(workspace: Workspace, arguments: Arguments) -> JSON:
    """The files stand in a channel, with a comment above them, or nowhere yet."""
    asked = arguments.nested("files", "invalid_arguments")
    if not isinstance(asked, list) or not asked:
        raise Refusal("invalid_arguments")
    files = []
    for item in asked:
        file = workspace.uploads.complete(str(item.get("id")), str(item.get("title") or ""))
        if file is None:
            raise Refusal("file_not_found")
        files.append(file)
    for name in arguments.names("channel_id") or arguments.names("channels"):
        channel = find_channel(workspace, name)
        if workspace.world.bot.id not in channel.members:
            raise Refusal("not_in_channel")
        if channel.archived:
            raise Refusal("is_archived")
        comment, thread = arguments.text("initial_comment"), arguments.text("thread_ts")
        message = workspace.bot_message(channel.id, comment, thread_ts=thread)
        message.files = files
        workspace.post(message, "files.completeUploadExternal")
    return {"files": files}
