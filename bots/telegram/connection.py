"""The library's client on our transport."""

from __future__ import annotations

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bots.telegram.settings import TelegramSettings
from bots.telegram.transport import POLL_SECONDS, SEND_SECONDS, AiohttpRequest
from core.bot import BotStartError


async def connect(settings: TelegramSettings) -> tuple[Bot, AiohttpRequest]:
    """The client, which knows who it is, and the transport of its polls. The caller shuts the client down.

    Raises BotStartError with what to do next; the token is in none of its words.
    """
    token, url = settings.token.get_secret_value(), settings.api_url.rstrip("/")
    if not token:
        raise BotStartError("Telegram: there is no token. Ask @BotFather for one (/newbot) and set telegram.token.")
    polls = AiohttpRequest(POLL_SECONDS, proxies=not url)
    sends = AiohttpRequest(SEND_SECONDS, proxies=not url)
    if url:
        api = Bot(token, f"{url}/bot", f"{url}/file/bot", request=sends, get_updates_request=polls)
    else:
        api = Bot(token, request=sends, get_updates_request=polls)
    try:
        await api.initialize()
    except InvalidToken:
        problem = (
            "Telegram does not know this token. Copy it again from @BotFather (/mybots, API Token) to telegram.token."
        )
    except TelegramError as error:
        problem = f"Telegram can't be reached: {error}. Check the network and telegram.api_url."
    except BaseException:  # cancelled: a stop that came while it starts
        await api.shutdown()
        raise
    else:
        return api, polls
    await api.shutdown()
    raise BotStartError(problem)
