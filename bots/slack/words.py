"""The bot's own words to members; ``bots/locale`` has them in other languages."""

from __future__ import annotations

from core.texts import Domain

_ = Domain("bots")

STRANGE = _("I don't understand this button. Nothing was changed.")
OTHER_VERSION = _("This button is from another version of me. Please use a newer message.")
TOO_SLOW = _("That took too long, sorry. Please try it once more.")
AGREE = _("I agree")
SEND = _("Send")
CANCEL = _("Cancel")
