"""What the bot says in its own words, in every language of ``bots/locale``."""

from __future__ import annotations

from core.texts import Domain, Phrase, Words

_ = Domain("bots")

BACK = _("Back")
CANCEL = _("Cancel")
SKIP = _("Skip")
DONE = _("Done")
AGREE = _("Agree")
NO = _("No")
CANCELLED = _("Cancelled. Nothing was saved.")
SENT = _("Sent. Thank you.")
PICK_ONE = _("Please press one of the buttons.")
WORDS_PLEASE = _("Please answer in words.")
QUESTION_OVER = _("This question is over. The newest one stands at the end of our chat.")
CONTINUE = _("Continue in private")
CONTINUE_HERE = _("This takes a few answers from you alone. Let us go on in private.")
JUST_WRITE = _("Just write your answer here.")
OPEN_PRIVATE = _("Open our private chat")
ONLY_YOURS = _("I have something for you alone. Open our private chat and press Start, then ask me again.")
LOOK_PRIVATE = _("I wrote to you in our private chat.")
READ_ON = _("To read it all, open a private chat with me first.")
PLAIN_TALK = _("I read what answers a question of mine. Write /help to see what you can do here.")
BROKEN_PRESS = _("This button is not one of mine any more. Write /help to see what you can do.")
OTHER_VERSION = _("This button is from another version of me. Please use a newer message.")
ANONYMOUS = _("You write as the group, so I can't tell who you are. Switch that off for a moment and ask again.")
COMMAND_HALL = _("What you can do here")
COMMAND_HELP = _("Help")


def keep(value: str) -> Phrase:
    """The button that leaves a field as it is."""
    return _("Keep: {value}", value=value)


def error_above(error: Words) -> str:
    """What is wrong with an answer, set before the question that is asked again."""
    return f"⚠️ {error}"
