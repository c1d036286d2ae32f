"""What is wrong with the connection to Slack, in words that say what to do next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.client import session, web_client
from bots.slack.errors import TROUBLE, again, code_of, said, status_of
from bots.slack.permissions import APP, APP_SCOPE, Asked, missing
from bots.slack.settings import SlackSettings
from core.bot import BotStartError, ChannelInfo, Finding, SendError, SendRefused, Severity

APPS = "https://api.slack.com/apps"
BOT_TOKEN = f"Copy the Bot User OAuth Token at {APPS} (your app, OAuth & Permissions) to slack.bot_token."
APP_TOKEN = (
    f"Make an App-Level Token with the scope {APP_SCOPE.name} at {APPS} (your app, Basic Information) for "
    "slack.app_token."
)
REINSTALL = f"at {APPS} (your app, OAuth & Permissions, Bot Token Scopes), then Reinstall to Workspace"
EXAMINE_SECONDS = 15.0
"""How long the doctor waits for Slack."""
PAGES, A_PAGE = 20, 200
"""How many channels are read: pages, and channels a page (Slack advises 200)."""

BOT_PREFIX, APP_PREFIX = "xoxb-", "xapp-"
_BAD_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type"}
)


class Login(NamedTuple):
    """Who the bot's token belongs to and what it was granted; None where Slack did not say."""

    team: str
    team_name: str
    user: str
    name: str
    scopes: frozenset[str] | None

    @property
    def lacks(self) -> tuple[Asked, ...]:
        """The scopes that were asked for and not granted."""
        return () if self.scopes is None else missing(self.scopes)


def check_tokens(settings: SlackSettings) -> None:
    """What can be seen without asking Slack. Raises BotStartError."""
    bot, app = settings.bot_token.get_secret_value().strip(), settings.app_token.get_secret_value().strip()
    if bot.startswith(APP_PREFIX) or app.startswith(BOT_PREFIX):
        raise BotStartError(
            "Slack: a token stands in the other's place. slack.bot_token is the one that begins with "
            f"{BOT_PREFIX}, slack.app_token the one with {APP_PREFIX}."
        )
    if not bot:
        raise BotStartError(f"Slack: there is no bot token. {BOT_TOKEN}")
    if not app:
        raise BotStartError(f"Slack: there is no app token. {APP_TOKEN}")


async def log_in(web: AsyncWebClient, settings: SlackSettings) -> Login:
    """Try the bot's token: whose it is. Raises BotStartError with what to do next; no token is in its words."""
    check_tokens(settings)
    login = await who_am_i(web, settings)
    needed = [one for one in login.lacks if not one.optional]
    if needed:
        raise BotStartError(f"Slack: {_lacking(needed)}")
    return login


async def who_am_i(web: AsyncWebClient, settings: SlackSettings) -> Login:
    """Whose the bot's token is. Raises BotStartError."""
    try:
        answer = await web.auth_test()
    except TROUBLE as error:
        raise BotStartError(_why_not(error, settings, "bot token", BOT_TOKEN)) from error
    granted = answer.headers.get("x-oauth-scopes")
    return Login(
        team=str(answer["team_id"]),
        team_name=str(answer.get("team") or ""),
        user=str(answer["user_id"]),
        name=str(answer.get("user") or ""),
        scopes=None if granted is None else frozenset(one.strip() for one in granted.split(",")),
    )


async def new_address(web: AsyncWebClient, settings: SlackSettings) -> str:
    """An address for one connection. Raises BotStartError."""
    try:
        return str((await web.apps_connections_open(app_token=settings.app_token.get_secret_value().strip()))["url"])
    except TROUBLE as error:
        raise BotStartError(_why_not(error, settings, "app token", APP_TOKEN)) from error


def _why_not(error: Exception, settings: SlackSettings, what: str, remedy: str) -> str:
    """What to do about a call that failed, made with one of the tokens."""
    if not isinstance(error, SlackApiError):
        where = settings.api_url or "Slack"
        return f"{where} can't be reached ({type(error).__name__}). Look at the network, a proxy or a firewall."
    code = code_of(error)
    if code in _BAD_TOKEN:
        return f"Slack refuses the {what} ({code}). {remedy}"
    if code == "missing_scope":
        return f"Slack: the {what} lacks a scope. {remedy}"
    if status_of(error) == 429 or status_of(error) >= 500:
        return f"{said(error)}. Try again in a few minutes."
    return f"{said(error)}. Look whether Socket Mode is switched on at {APPS} (your app, Socket Mode)."


def _lacking(several: Sequence[Asked]) -> str:
    named = ", ".join(f"{one.name} ({one.reason})" for one in several)
    return f"the bot token lacks {named}. Add what is missing {REINSTALL}."


@asynccontextmanager
async def _asking(settings: SlackSettings) -> AsyncIterator[AsyncWebClient]:
    """A client of its own: the running bot, if there is one, is left in peace."""
    async with asyncio.timeout(EXAMINE_SECONDS), session() as over:
        yield web_client(settings, over)


async def examine(settings: SlackSettings) -> Sequence[Finding]:
    """Both tokens, scopes, channels."""
    found: list[Finding] = []
    try:
        check_tokens(settings)
        async with _asking(settings) as web:
            login = await who_am_i(web, settings)
            found.append(
                Finding(Severity.GOOD, "bot token", f"The token is good: {login.name} in {login.team_name}.")
            )
            found += _scopes(login)
            await new_address(web, settings)
            found.append(Finding(Severity.GOOD, "app token", "The token is good: Slack gives a connection for it."))
            found.append(await _channels(web))
    except BotStartError as error:
        found.append(Finding(Severity.BAD, "app token" if found else "bot token", str(error)))
    except (SendError, TimeoutError) as error:
        found.append(Finding(Severity.BAD, "connection", f"{error or 'Slack does not answer'}. Try again later."))
    return found


def _scopes(login: Login) -> list[Finding]:
    if not login.lacks:
        return [Finding(Severity.GOOD, "scopes", "The bot was granted all that it asks for.")]
    return [
        Finding(
            Severity.NOTE if one.optional else Severity.BAD,
            one.name,
            f"Missing: it is {one.reason}. Add it {REINSTALL}.",
        )
        for one in login.lacks
    ]


async def _channels(web: AsyncWebClient) -> Finding:
    several = await channels(web)
    if not several:
        return Finding(Severity.NOTE, "channels", f"In no channel yet. Write /invite @{APP} in one.")
    names = ", ".join(f"#{one.name}" for one in several[:5]) + (" …" if len(several) > 5 else "")
    return Finding(Severity.GOOD, "channels", f"In {len(several)}: {names}")


async def channels(web: AsyncWebClient) -> list[ChannelInfo]:
    """The public channels that the bot was added to. Raises SendError."""
    found: list[ChannelInfo] = []
    cursor = ""
    for _ in range(PAGES):
        page, following = await again(lambda cursor=cursor: _page(web, cursor))  # type: ignore[misc]  # a default is no argument
        found += page
        if not (cursor := following):
            break
    return found


async def _page(web: AsyncWebClient, cursor: str) -> tuple[list[ChannelInfo], str]:
    answer = await web.users_conversations(
        types="public_channel", exclude_archived=True, limit=A_PAGE, cursor=cursor or None
    )
    several = [
        ChannelInfo(str(one["id"]), str(one["name"]), writable=not one.get("is_read_only", False))
        for one in answer["channels"]
    ]
    return several, str((answer.get("response_metadata") or {}).get("next_cursor") or "")


async def examine_channel(settings: SlackSettings, channel: str) -> Sequence[Finding]:
    """Whether the bot is in a channel and may write there."""
    try:
        check_tokens(settings)
        async with _asking(settings) as web:
            found = (await again(lambda: web.conversations_info(channel=channel)))["channel"]
    except BotStartError as error:
        return [Finding(Severity.BAD, channel, str(error))]
    except SendRefused as error:
        gone = f"Slack shows the bot no such channel. Choose another with /hall, or write /invite @{APP} there."
        return [Finding(Severity.BAD, channel, gone if error.gone else f"{error}.")]
    except (SendError, TimeoutError) as error:
        return [Finding(Severity.BAD, channel, f"{error or 'Slack does not answer'}. Try again later.")]
    name = f"#{found.get('name', channel)}"
    if found.get("is_archived"):
        return [Finding(Severity.BAD, name, "This channel is archived. Choose another with /hall.")]
    if not found.get("is_member"):
        return [Finding(Severity.BAD, name, f"The bot is not in this channel. Write /invite @{APP} there.")]
    if found.get("is_read_only"):
        return [
            Finding(Severity.BAD, name, "Only some may post in this channel. Allow the bot to, or choose another.")
        ]
    return [Finding(Severity.GOOD, name, "The bot may do here all that it needs to.")]
