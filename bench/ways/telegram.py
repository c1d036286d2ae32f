"""python-telegram-bot alone, and under our bot. Updates come as the JSON of a poll's answer, a hundred at once.

Bare: the library's ``get_updates`` and ``Application.process_update`` with one handler for each kind of update, one
after another, which is the library's quickest way. Ours: all of ``TelegramBot``, polling included. The transport of
both is the same: it gives the batches out, and sends nothing. A press is answered by both.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from telegram import Bot, Update
from telegram.ext import Application, CallbackQueryHandler, MessageHandler
from telegram.request import RequestData

from bench.ways.common import BURST, PLUGINS, Tally, Way, Ways, action_of, hall_of, store_with
from bots.telegram import TelegramBot, TelegramSettings
from bots.telegram import bot as bot_module
from bots.telegram.frames import ALLOWED_UPDATES
from bots.telegram.transport import AiohttpRequest

TOKEN = "123456:bench"  # noqa: S105 - opens nothing
ME = {"id": 123456, "is_bot": True, "first_name": "Hall", "username": "hall_bot", "can_join_groups": True}
CHAT = -1001234567890
MEMBER = {"id": 77, "is_bot": False, "first_name": "Mia", "language_code": "de"}


class Nowhere(AiohttpRequest):
    """Answers as Telegram would. ``batches`` are given to polls; when they are used up, ``empty`` is set."""

    __slots__ = ("batches", "empty", "more")

    def __init__(self) -> None:
        super().__init__(1.0, proxies=False)
        self.batches: list[bytes] = []
        self.more = asyncio.Event()
        self.empty = asyncio.Event()

    async def initialize(self) -> None:
        """Nothing to open."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        """One call."""
        if url.endswith("/getUpdates"):
            if not self.batches:
                self.empty.set()
                self.more.clear()
                await self.more.wait()
            return 200, self.batches.pop()
        if url.endswith("/getMe"):
            return 200, json.dumps({"ok": True, "result": ME}).encode()
        return 200, b'{"ok":true,"result":true}'


class Watermarks:
    """Of no store."""

    async def watermark(self, _source: str) -> int | None:
        """The first start."""
        return None

    async def advance(self, _source: str, _value: int) -> None:
        """Not kept."""


@asynccontextmanager
async def ways(tally: Tally, folder: Path) -> AsyncIterator[Ways]:
    """The bare application, and our bot with few and with many plugins."""
    store = await store_with(folder, "telegram", str(CHAT))
    bots: dict[str, tuple[TelegramBot, Nowhere]] = {}
    for count in PLUGINS:
        line = Nowhere()
        line.batches.append(b'{"ok":true,"result":[]}')  # the first poll asks whether Telegram is there
        api = Bot(TOKEN, request=line, get_updates_request=line)
        await api.initialize()

        async def connect(_: TelegramSettings, api: Bot = api, line: Nowhere = line) -> tuple[Bot, AiohttpRequest]:
            return api, line

        bot = TelegramBot(TelegramSettings())
        hall = hall_of(store, bot, count, tally)
        hall.watermarks = Watermarks()
        with patch.object(bot_module, "connect", connect):
            await bot.start(hall)
            await bot.listen()
        bots[str(count)] = bot, line
    bare_line = Nowhere()
    bare_bot = Bot(TOKEN, request=bare_line, get_updates_request=bare_line)
    application = Application.builder().bot(bare_bot).updater(None).build()
    application.add_handler(CallbackQueryHandler(_pressed))
    application.add_handler(MessageHandler(None, _written))
    await application.initialize()
    numbers = iter(range(1, 10**9))
    try:
        await asyncio.sleep(0.1)
        yield {
            kind: {
                "bare": _bare(application, bare_line, _Batches(kind, 1, numbers)),
                **{count: _ours(line, _Batches(kind, int(count), numbers)) for count, (_, line) in bots.items()},
            }
            for kind in ("press", "message")
        }
    finally:
        for bot, _ in bots.values():
            await bot.stop()
        await application.shutdown()
        await store.close()


async def _pressed(update: Update, _: object) -> None:
    assert update.callback_query is not None
    await update.callback_query.answer()


async def _written(_update: Update, _: object) -> None:
    pass


class _Batches:
    """Batches of updates of one kind, each by another member, never the same number twice."""

    def __init__(self, kind: str, plugins: int, numbers: Any) -> None:
        self._kind, self._plugins, self._numbers = kind, plugins, numbers

    def make(self, count: int) -> list[bytes]:
        """So many updates."""
        made = [
            json.dumps({"ok": True, "result": [self._one(n) for n in range(BURST)]}) for _ in range(count // BURST)
        ]
        return [text.encode() for text in reversed(made)]

    def _one(self, number: int) -> dict[str, Any]:
        chat = {"id": CHAT, "type": "supergroup", "title": "Harbour"}
        member = {**MEMBER, "id": 1000 + number}
        message = {"message_id": 10 + number, "date": 1_795_000_000, "chat": chat}
        if self._kind == "message":
            more: dict[str, Any] = {"message": {**message, "from": member, "text": "A walk in the rain, with a dog"}}
        else:
            data = action_of(number % self._plugins).encode()
            keyboard = [[{"text": "Answer", "callback_data": data}, {"text": "Results", "callback_data": data}]]
            posted = {
                **message,
                "from": ME,
                "text": "Where do you walk in the rain?",
                "entities": [{"type": "bold", "offset": 0, "length": 5}],
                "reply_markup": {"inline_keyboard": keyboard},
            }
            more = {"callback_query": {
                "id": str(number), "from": member, "message": posted, "chat_instance": "1", "data": data,
            }}  # fmt: skip
        return {"update_id": next(self._numbers), **more}


def _bare(application: Any, line: Nowhere, batches: _Batches) -> Way:
    async def run(_count: int) -> None:
        offset = None
        while line.batches:
            updates = await application.bot.get_updates(offset, timeout=30, allowed_updates=ALLOWED_UPDATES)
            for update in updates:
                await application.process_update(update)
            offset = updates[-1].update_id + 1

    return Way(run, lambda count: line.batches.extend(batches.make(count)))


def _ours(line: Nowhere, batches: _Batches) -> Way:
    async def run(_count: int) -> None:
        line.empty.clear()
        line.more.set()
        await line.empty.wait()

    return Way(run, lambda count: line.batches.extend(batches.make(count)))
