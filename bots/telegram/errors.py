"""What python-telegram-bot raises, in the seam's three words: refused, failed, unknown."""

from __future__ import annotations

from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, TelegramError

from core.bot import SendError, SendFailed, SendRefused, SendUnknown


class NotSentError(NetworkError):
    """No connection came about: the call never left this machine."""


class TooManyError(TelegramError):
    """429. Ours, because python-telegram-bot's own one warns of a coming change each time that it is made."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"too many requests, retry after {retry_after:g} seconds")
        self.retry_after = retry_after


_GONE = (
    "chat not found",
    "chat was deleted",
    "user is deactivated",
    "thread not found",
    "message to edit not found",
    "message to delete not found",
)
"""Parts of Telegram's refusals that mean: it does not exist any more. Telegram gives no codes for them."""


def as_send_error(error: TelegramError) -> SendError:
    """The error for the hall. A 5xx may come after the message was taken, so it is unknown, as a broken line is."""
    match error:
        case TooManyError():
            return SendFailed(str(error), retry_after=error.retry_after)
        case NotSentError():
            return SendFailed(str(error))
        case InvalidToken():
            return SendFailed("Telegram does not accept the token any more")
        case Forbidden() | BadRequest():
            words = str(error)
            return SendRefused(words, gone=any(part in words.lower() for part in _GONE))
        case NetworkError():
            return SendUnknown(str(error))
        case _:
            return SendRefused(str(error))


def refused(error: TelegramError, words: str) -> bool:
    """Whether Telegram refused with these words."""
    return isinstance(error, BadRequest) and words in str(error).lower()
