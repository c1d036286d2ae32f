"""The least that connects: one platform's library as its own guide shows it, and an open engine beside it.

``python -m bench.bare_client PLATFORM URL STORE`` prints ``ready`` and waits to be ended. What start-up is measured
against (``bench.startup``).
"""

from __future__ import annotations

import asyncio
import sys

TELEGRAM_TOKEN = "123456:telegram-sandbox-token"  # noqa: S105 - the sandbox's own, no secret
DISCORD_TOKEN = "discord-sandbox-token"  # noqa: S105 - the sandbox's own, no secret
SLACK_TOKENS = ("xoxb-sandbox", "xapp-sandbox")


async def open_engine(path: str) -> object:
    """An engine as one opens it, with a connection that was used."""
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return engine


async def discord(url: str) -> object:
    """Ready at Discord's READY; the library's own ``on_ready`` waits two seconds more for servers."""
    import discord as library
    from discord.gateway import DiscordWebSocket
    from discord.http import Route
    from yarl import URL

    Route.BASE = f"{url}/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = URL(url).with_scheme("ws") / "gateway"
    client = library.Client(intents=library.Intents.default())
    connected = asyncio.Event()

    @client.event
    async def on_connect() -> None:
        connected.set()

    task = asyncio.create_task(client.start(DISCORD_TOKEN))
    await connected.wait()
    return client, task


async def slack(url: str) -> object:
    """Ready when Socket Mode is connected."""
    from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.socket_mode.aiohttp import SocketModeClient
    from slack_sdk.web.async_client import AsyncWebClient

    bot, app = SLACK_TOKENS
    client = AsyncWebClient(bot, base_url=f"{url}/api/")
    handler = AsyncSocketModeHandler(
        AsyncApp(token=bot, client=client), app, web_client=AsyncWebClient(app, base_url=f"{url}/api/")
    )
    assert isinstance(handler.client, SocketModeClient)
    await handler.connect_async()
    return handler


async def telegram(url: str) -> object:
    """Ready when it polls."""
    from telegram.ext import ApplicationBuilder

    application = ApplicationBuilder().token(TELEGRAM_TOKEN).base_url(f"{url}/bot").build()
    await application.initialize()
    await application.start()
    assert application.updater is not None
    await application.updater.start_polling()
    return application


async def main(platform: str, url: str, store: str) -> None:
    """Connect, say so, and stay."""
    connect = {"discord": discord, "slack": slack, "telegram": telegram}[platform]
    kept = (await connect(url), await open_engine(store))
    print("ready", flush=True)
    await asyncio.Event().wait()
    del kept


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
