"""The library's client, told never to send anything twice by itself."""

from __future__ import annotations

import logging

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.settings import SlackSettings

CALL_SECONDS = 20.0
"""How long one call may take. Slack itself gives up sooner."""

LIBRARY = logging.getLogger("slack_sdk.hallkeeper")
"""The libraries' own words. At the level "debug" they write down every message, and they take a logger without a
level of its own for one at that level."""
LIBRARY.setLevel(logging.WARNING)


def session() -> aiohttp.ClientSession:
    """One session for all calls: without it the library opens a connection for each."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS))


def web_client(settings: SlackSettings, over: aiohttp.ClientSession) -> AsyncWebClient:
    """The Web API. No retries: the library's own sends a message again when the line broke after it was taken."""
    url = settings.api_url.rstrip("/")
    client = AsyncWebClient(
        token=settings.bot_token.get_secret_value(),
        base_url=f"{url}/api/" if url else AsyncWebClient.BASE_URL,
        session=over,
        logger=LIBRARY,
        retry_handlers=[],
    )
    if url:
        client.proxy = None  # the environment's proxy is for Slack, not for a sandbox on this machine
    return client
