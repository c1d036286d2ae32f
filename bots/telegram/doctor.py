"""What the doctor finds on Telegram, each finding with what to do next."""

from __future__ import annotations

from telegram import Bot, ChatMember, ChatMemberAdministrator, ChatMemberRestricted
from telegram.error import TelegramError

from bots.telegram.connection import connect
from bots.telegram.errors import as_send_error
from bots.telegram.permissions import invite_url
from bots.telegram.settings import TelegramSettings
from core.bot import BotStartError, Finding, SendRefused, Severity

GOOD, NOTE, BAD = Severity.GOOD, Severity.NOTE, Severity.BAD


async def examine(settings: TelegramSettings) -> list[Finding]:
    """The token, and what @BotFather was told."""
    try:
        api, _ = await connect(settings)
    except BotStartError as error:
        return [Finding(BAD, "token", str(error))]
    try:
        found = [
            Finding(GOOD, "token", f"It belongs to @{api.username}. Add it to a group: {invite_url(api.username)}")
        ]
        if not api.bot.can_join_groups:
            found.append(Finding(BAD, "groups", "Nobody can add it: @BotFather, /setjoingroups, Enable."))
        if api.bot.can_read_all_group_messages:
            found.append(
                Finding(
                    NOTE, "privacy mode", "It is off, so the bot reads all that is written in its groups, which it "
                    "does not need. Better: @BotFather, /setprivacy, Enable, then add it to its groups again.",
                )
            )  # fmt: skip
        else:
            found.append(Finding(GOOD, "privacy mode", "It hears commands and replies to its messages, no more."))
        if (await api.get_webhook_info()).url:
            found.append(Finding(NOTE, "webhook", "One is set; it is taken away when the bot starts, as it polls."))
        return found
    except TelegramError as error:
        return [Finding(BAD, "connection", f"Telegram did not answer as it should: {error}. Try again in a moment.")]
    finally:
        await api.shutdown()


async def examine_channel(settings: TelegramSettings, chat: int) -> list[Finding]:
    """What the bot may do in one group."""
    try:
        api, _ = await connect(settings)
    except BotStartError as error:
        return [Finding(BAD, "token", str(error))]
    try:
        title, me = await place_of(api, chat)
    except TelegramError as error:
        what = as_send_error(error)
        if isinstance(what, SendRefused):
            return [Finding(BAD, str(chat), f"The bot is not in this group ({what}): {invite_url(api.username)}")]
        return [Finding(BAD, str(chat), f"Telegram did not answer as it should: {what}. Try again in a moment.")]
    finally:
        await api.shutdown()
    found = []
    if me.status in (ChatMember.LEFT, ChatMember.BANNED):
        found.append(Finding(BAD, title, "The bot is not in this group any more. Add it again."))
    elif may_write(me):
        found.append(Finding(GOOD, title, "The bot may write here."))
    else:
        found.append(
            Finding(
                BAD, title, "The bot may not write here: let its members send messages, or make it administrator."
            )
        )
    if not isinstance(me, ChatMemberAdministrator):
        found.append(
            Finding(NOTE, title, "Reactions, and joins and leaves in big groups, are told to administrators alone.")
        )
    return found


async def place_of(api: Bot, chat: int) -> tuple[str, ChatMember]:
    """A group's title, and the bot's standing there. Raises TelegramError."""
    place = await api.get_chat(chat)
    me = await api.get_chat_member(chat, api.id)
    if me.status == ChatMember.MEMBER and place.permissions is not None and not place.permissions.can_send_messages:
        # A plain member is bound by what the group allows to all.
        return place.title or str(chat), ChatMember(me.user, ChatMember.RESTRICTED)
    return place.title or str(chat), me


def may_write(member: ChatMember) -> bool:
    """Whether somebody with this standing may send messages."""
    if isinstance(member, ChatMemberRestricted):
        return bool(member.is_member and member.can_send_messages)
    return member.status in (ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER)
