"""What Telegram refuses and with which words, each rule with its source.

None of these was seen by us on the real platform yet: ``seen`` turns true when ``make real`` has met the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sandbox.telegram.errors import ApiError


class Source(StrEnum):
    """Where a rule was learned."""

    DOCUMENTED = "documented: core.telegram.org/bots/api, /bots/features or /bots/faq"
    LIBRARY = "read in python-telegram-bot"
    REPORTED = "the words are quoted in public bug reports and libraries' error lists"
    WORDING_GUESSED = "the limit is documented, the words of the refusal are ours"


@dataclass(frozen=True)
class Rule:
    """One refusal. ``text`` may hold ``{names}`` that :meth:`error` fills in."""

    code: int
    text: str
    source: Source
    seen: bool = False

    def error(self, *, retry_after: int = 0, **values: object) -> ApiError:
        """The refusal as an exception to raise."""
        return ApiError(self.code, self.text.format(**values) if values else self.text, retry_after=retry_after)


MAX_TEXT = 4096
"""Characters (UTF-16 units here, as entities count) of a text after parsing. Source: sendMessage."""
MAX_CAPTION = 1024
"""The same for captions. Source: sendPhoto."""
MAX_ENTITIES = 100
"""Entities of a text. Source: python-telegram-bot's MessageLimit.MESSAGE_ENTITIES; Telegram may drop the rest."""
MAX_DATA_BYTES = 64
"""Bytes of callback_data, at least 1. Source: InlineKeyboardButton."""
MAX_BUTTONS = 100
"""Buttons of one keyboard. Source: python-telegram-bot's InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER."""
MAX_ROW = 8
"""Buttons of one row. Source: python-telegram-bot's InlineKeyboardMarkupLimit.BUTTONS_PER_ROW."""
MAX_ALERT = 200
"""Characters of an answer to a press. Source: answerCallbackQuery."""
MAX_PLACEHOLDER = 64
"""Characters of a reply field's hint. Source: ForceReply."""
MAX_PAYLOAD = 64
"""Characters of a deep link's payload, of A-Z a-z 0-9 _ and -. Source: /bots/features#deep-linking."""
MAX_PHOTO = 10 * 1024 * 1024
"""Bytes of an uploaded photo. Source: sendPhoto."""
MAX_PHOTO_SIDES = 10_000
"""Pixels of a photo's width and height together. Source: sendPhoto."""
MAX_PHOTO_RATIO = 20
"""How many times longer one of its sides may be. Source: sendPhoto."""
MAX_FILE = 50 * 1024 * 1024
"""Bytes of any other upload. Source: sendDocument."""
QUERY_SECONDS = 15.0
"""How long a member's app waits for the answer to a press; later answers are refused. Source: reported."""
DELETE_SECONDS = 48 * 3600
"""A message older than this can't be deleted. Source: deleteMessage."""

_D, _L, _R, _G = Source.DOCUMENTED, Source.LIBRARY, Source.REPORTED, Source.WORDING_GUESSED

UNAUTHORIZED = Rule(401, "Unauthorized", _L)
NOT_FOUND = Rule(404, "Not Found", _L)
SERVER_ERROR = Rule(500, "Internal Server Error", _R)
TOO_MANY = Rule(429, "Too Many Requests: retry after {seconds}", _D)
OTHER_POLLER = Rule(
    409, "terminated by other getUpdates request; make sure that only one bot instance is running", _R
)
WEBHOOK_ACTIVE = Rule(
    409, "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first", _R
)

# -- whom the bot may write to
CHAT_EMPTY = Rule(400, "chat_id is empty", _R)
CHAT_NOT_FOUND = Rule(400, "chat not found", _R)
CANT_INITIATE = Rule(403, "bot can't initiate conversation with a user", _R)
BLOCKED = Rule(403, "bot was blocked by the user", _R)
KICKED = Rule(403, "bot was kicked from the supergroup chat", _R)
NOT_MEMBER = Rule(403, "bot is not a member of the supergroup chat", _R)
CHAT_DELETED = Rule(403, "the group chat was deleted", _R)
NO_RIGHTS = Rule(400, "not enough rights to send {what} to the chat", _R)
THREAD_NOT_FOUND = Rule(400, "message thread not found", _R)
TOPIC_CLOSED = Rule(400, "TOPIC_CLOSED", _R)
USER_NOT_FOUND = Rule(400, "user not found", _R)
PRIVATE_LEAVE = Rule(400, "chat member status can't be changed in private chats", _R)
NOT_ENOUGH_RIGHTS = Rule(400, "not enough rights to {what}", _R)
NO_GROUP = Rule(400, "there are no administrators in the private chat", _R)

# -- texts and keyboards
TEXT_EMPTY = Rule(400, "message text is empty", _R)
TEXT_LONG = Rule(400, "message is too long", _R)
EDIT_LONG = Rule(400, "MESSAGE_TOO_LONG", _R)
CAPTION_LONG = Rule(400, "message caption is too long", _R)
ENTITIES_MANY = Rule(400, "ENTITIES_TOO_LONG", _G)
CANT_PARSE = Rule(400, "can't parse entities: {why}", _R)
PARSE_MODE = Rule(400, "unsupported parse_mode", _R)
BAD_JSON = Rule(400, "can't parse {what} JSON object", _R)
MARKUP_TYPE = Rule(400, "object expected as reply markup", _R)
BUTTON_DATA = Rule(400, "BUTTON_DATA_INVALID", _R)
BUTTON_URL = Rule(400, "inline keyboard button URL '{url}' is invalid: {why}", _R)
BUTTON_TYPE = Rule(400, "BUTTON_TYPE_INVALID", _R)
BUTTON_TEXT = Rule(400, 'can\'t parse inline keyboard button: Field "text" must be non-empty', _G)
BUTTON_PLAIN = Rule(400, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard", _R)
MARKUP_LONG = Rule(400, "reply markup is too long", _G)
PLACEHOLDER_LONG = Rule(400, "input field placeholder is too long", _G)

# -- messages
REPLY_NOT_FOUND = Rule(400, "message to be replied not found", _R)
EDIT_NOT_FOUND = Rule(400, "message to edit not found", _R)
CANT_EDIT = Rule(400, "message can't be edited", _R)
NO_TEXT_TO_EDIT = Rule(400, "there is no text in the message to edit", _R)
NO_CAPTION_TO_EDIT = Rule(400, "there is no caption in the message to edit", _R)
NOT_MODIFIED = Rule(
    400,
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message",
    _R,
)
DELETE_NOT_FOUND = Rule(400, "message to delete not found", _R)
CANT_DELETE = Rule(400, "message can't be deleted", _R)
PIN_NOT_FOUND = Rule(400, "message to pin not found", _R)
REACT_NOT_FOUND = Rule(400, "message to react not found", _R)
REACTION_INVALID = Rule(400, "REACTION_INVALID", _R)
QUERY_OLD = Rule(400, "query is too old and response timeout expired or query ID is invalid", _R)
ALERT_LONG = Rule(400, "MESSAGE_TOO_LONG", _R)
URL_INVALID = Rule(400, "URL_INVALID", _R)

# -- files, polls, commands, webhooks
NO_FILE = Rule(400, "there is no {what} in the request", _R)
FILE_ID = Rule(400, "wrong file identifier/HTTP URL specified", _R)
FILE_ID_INVALID = Rule(400, "invalid file_id", _R)
ACTION_INVALID = Rule(400, "wrong parameter action in request", _R)
COPY_NOT_FOUND = Rule(400, "message to copy not found", _R)
NO_PHOTO = Rule(400, "IMAGE_PROCESS_FAILED", _R)
PHOTO_SIZE = Rule(400, "PHOTO_INVALID_DIMENSIONS", _R)
FILE_BIG = Rule(413, "Request Entity Too Large", _R)
ALBUM_SIZE = Rule(400, "wrong number of messages in the group", _G)
POLL_QUESTION = Rule(400, "poll question must be non-empty", _R)
POLL_QUESTION_LONG = Rule(400, "poll question length must not exceed 300", _R)
POLL_OPTIONS = Rule(400, "poll must have at least {low} and at most {high} options", _G)
POLL_OPTION_LONG = Rule(400, "poll options length must not exceed 100", _R)
NO_POLL = Rule(400, "message with poll to stop not found", _R)
POLL_CLOSED = Rule(400, "poll has already been closed", _R)
COMMAND_INVALID = Rule(400, "BOT_COMMAND_INVALID", _R)
COMMAND_DESCRIPTION = Rule(400, "BOT_COMMAND_DESCRIPTION_INVALID", _R)
PROFILE_LONG = Rule(400, "{what} is too long", _G)
COMMANDS_MANY = Rule(400, "BOT_COMMANDS_TOO_MUCH", _G)
SCOPE_INVALID = Rule(400, "can't parse BotCommandScope: Unsupported type specified", _G)
WEBHOOK_URL = Rule(400, "bad webhook: An HTTPS URL must be provided for webhook", _R)
WEBHOOK_SECRET = Rule(400, "secret token contains unallowed characters", _R)

REACTIONS = frozenset({
    "👍", "👎", "❤", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱",
    "🤬", "😢", "🎉", "🤩", "🤮", "💩", "🙏", "👌", "🕊", "🤡",
    "🥱", "🥴", "😍", "🐳", "❤\u200d🔥", "❤️\u200d🔥", "🌚", "🌭", "💯", "🤣",
    "⚡", "🍌", "🏆", "💔", "🤨", "😐", "🍓", "🍾", "💋", "🖕",
    "😈", "😴", "😭", "🤓", "👻", "👨\u200d💻", "👀", "🎃", "🙈", "😇",
    "😨", "🤝", "✍", "🤗", "🫡", "🎅", "🎄", "☃", "💅", "🤪",
    "🗿", "🆒", "💘", "🙉", "🦄", "😘", "💊", "🙊", "😎", "👾",
    "🤷\u200d♂️", "🤷\u200d♂", "🤷", "🤷\u200d♀️", "🤷\u200d♀", "😡",
})  # fmt: skip
"""The emoji that may be put on a message. Source: ReactionTypeEmoji, python-telegram-bot's ReactionEmoji."""
