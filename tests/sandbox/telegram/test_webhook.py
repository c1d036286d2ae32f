import asyncio
from typing import Any

import pytest
from aiohttp import web
from telegram.error import BadRequest, Conflict

from tests.sandbox.telegram.conftest import Hall


async def test_a_webhook_gets_updates_with_its_secret_until_it_takes_them(hall: Hall) -> None:
    chat = await hall.started(hall.ada)
    seen: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
    refusals = iter([500])

    async def take(request: web.Request) -> web.Response:
        await seen.put((request.headers["X-Telegram-Bot-Api-Secret-Token"], await request.json()))
        return web.Response(status=next(refusals, 200))

    application = web.Application()
    application.router.add_post("/hook", take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await hall.bot.set_webhook(address, secret_token="s3cret")
    with pytest.raises(Conflict, match=r"(?i)webhook is active"):
        await hall.bot.get_updates()
    await hall.sandbox.type(hall.ada, str(chat), "hello")
    first, second = await seen.get(), await seen.get()
    assert first == second
    assert (first[0], first[1]["message"]["text"]) == ("s3cret", "hello")
    info = await hall.bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == (address, 0)
    assert info.last_error_message == "Wrong response from the webhook: 500"
    await hall.bot.delete_webhook()
    await hall.sandbox.type(hall.ada, str(chat), "polled")
    assert [message.text for message in await hall.messages()] == ["polled"]
    await runner.cleanup()


async def test_a_webhook_is_https_with_a_plain_secret(hall: Hall) -> None:
    with pytest.raises(BadRequest, match=r"(?i)HTTPS URL must be provided"):
        await hall.bot.set_webhook("http://example.org/hook")
    with pytest.raises(BadRequest, match=r"(?i)unallowed characters"):
        await hall.bot.set_webhook("https://example.org/hook", secret_token="not plain")
