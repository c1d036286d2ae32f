"""sendMessage, photos, documents, albums, actions."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox import pictures
from sandbox.telegram import rules, wire
from sandbox.telegram.backend import Backend
from sandbox.telegram.methods.common import Method, read_caption, read_text, send, the_chat, writable_chat
from sandbox.telegram.params import LINKED, Params, Upload
from sandbox.telegram.rules import MAX_FILE, MAX_PHOTO, MAX_PHOTO_RATIO, MAX_PHOTO_SIDES

_ACTIONS = frozenset({
        "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
        "choose_sticker", "find_location", "record_video_note", "upload_video_note",
})  # fmt: skip


def send_message(backend: Backend, params: Params) -> Any:
    """Source: sendMessage."""
    writable_chat(backend, params, "text messages")
    text, entities = read_text(backend, params)
    return wire.message(send(backend, params, "sendMessage", "text messages", text=text, entities=entities))


def send_photo(backend: Backend, params: Params) -> Any:
    """Source: sendPhoto."""
    writable_chat(backend, params, "photos")
    text, entities = read_caption(backend, params)
    content = photo_of(backend, params, params.text("photo"), params.uploads.get("photo"))
    sent = send(backend, params, "sendPhoto", "photos", text=text, entities=entities, content=content)
    return wire.message(sent)


def send_document(backend: Backend, params: Params) -> Any:
    """Source: sendDocument."""
    writable_chat(backend, params, "documents")
    text, entities = read_caption(backend, params)
    content = document_of(backend, params, params.text("document"), params.uploads.get("document"))
    sent = send(backend, params, "sendDocument", "documents", text=text, entities=entities, content=content)
    return wire.message(sent)


def send_media_group(backend: Backend, params: Params) -> Any:
    """Photos and documents, 2 to 10 together. Source: sendMediaGroup."""
    writable_chat(backend, params, "photos")
    media = params.data("media") or []
    if not 2 <= len(media) <= 10:
        raise rules.ALBUM_SIZE.error()
    ready = []
    for item in media:
        one = Params(item)
        text, entities = read_caption(backend, one)
        build = photo_of if item.get("type") == "photo" else document_of
        ready.append((text, entities, build(backend, params, str(item.get("media", "")), None)))
    album = None
    sent = []
    for text, entities, content in ready:
        message = send(backend, params, "sendMediaGroup", "photos", text=text, entities=entities, content=content)
        album = album or str(10_000_000 + message.id)
        message.extra["media_group_id"] = album
        sent.append(wire.message(message))
    return sent


def send_chat_action(backend: Backend, params: Params) -> Any:
    """Source: sendChatAction."""
    writable_chat(backend, params, "text messages")
    if params.text("action") not in _ACTIONS:
        raise rules.ACTION_INVALID.error()
    return True


def get_file(backend: Backend, params: Params) -> Any:
    """Source: getFile."""
    stored = backend.files.get(params.text("file_id"))
    if stored is None:
        raise rules.FILE_ID_INVALID.error()
    size = len(stored.upload.content)
    return {"file_id": stored.id, "file_unique_id": unique(stored.id), "file_size": size, "file_path": stored.path}


def copy_message(backend: Backend, params: Params) -> Any:
    """copyMessage: the same content again, as the bot's own. Source: copyMessage."""
    source = backend.world.chats.get(params.integer("from_chat_id"))
    original = source.messages.get(params.integer("message_id")) if source is not None else None
    if original is None or original.service:
        raise rules.COPY_NOT_FOUND.error()
    the_chat(backend, params)
    sent = send(
        backend, params, "copyMessage", "text messages",
        text=original.text, entities=original.entities, content=dict(original.content),
    )  # fmt: skip
    return {"message_id": sent.id}


def unique(file_id: str) -> str:
    """The id that is the same for every bot."""
    return f"AgAD{file_id[-8:]}"


def _file(
    backend: Backend, params: Params, value: str, upload: Upload | None, what: str, largest: int
) -> tuple[str, int]:
    """The id and the size of what was given: an upload, ``attach://``, a link, or the id of a file sent before."""
    if value.startswith("attach://"):
        upload = params.uploads.get(value.removeprefix("attach://"))
    if upload is not None:
        if len(upload.content) > largest:
            raise rules.FILE_BIG.error()
        return backend.keep(upload).id, len(upload.content)
    if not value:
        raise rules.NO_FILE.error(what=what)
    parts = urlsplit(value)
    if parts.scheme in {"http", "https"}:
        # The platform fetches it; the sandbox shows the link itself.
        return backend.keep(Upload(value, LINKED, value.encode())).id, 0
    if value not in backend.files:
        raise rules.FILE_ID.error()
    return value, len(backend.files[value].upload.content)


def photo_of(backend: Backend, params: Params, value: str, upload: Upload | None) -> dict[str, Any]:
    """The photo that was given, in its wire shape."""
    number, size = _file(backend, params, value, upload, "photo", MAX_PHOTO)
    width, height = _sides(backend.files[number].upload)
    sides = {"width": width, "height": height}
    return {"photo": [{"file_id": number, "file_unique_id": unique(number), **sides, "file_size": size}]}


def _sides(upload: Upload) -> tuple[int, int]:
    if upload.content_type == LINKED:
        return 800, 600  # the sandbox fetches nothing
    width, height = pictures.size(upload.content)
    if not width or not height:
        raise rules.NO_PHOTO.error()
    if width + height > MAX_PHOTO_SIDES or max(width, height) > MAX_PHOTO_RATIO * min(width, height):
        raise rules.PHOTO_SIZE.error()
    return width, height


def document_of(backend: Backend, params: Params, value: str, upload: Upload | None) -> dict[str, Any]:
    """The document that was given, in its wire shape."""
    number, size = _file(backend, params, value, upload, "document", MAX_FILE)
    stored = backend.files[number].upload
    name = stored.name.rpartition("/")[2]
    shape = {"file_id": number, "file_unique_id": unique(number), "file_name": name, "file_size": size}
    return {"document": shape}


METHODS: dict[str, Method] = {
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendDocument": send_document,
    "sendMediaGroup": send_media_group,
    "sendChatAction": send_chat_action,
    "copyMessage": copy_message,
    "getFile": get_file,
}
