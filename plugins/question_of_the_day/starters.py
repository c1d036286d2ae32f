"""Ten questions to begin with, so that the first one can go out at once. In the catalogue's languages."""

from __future__ import annotations

from core.texts import Domain

_ = Domain("question_of_the_day")

STARTERS = (
    _("What made you smile this week?"),
    _("What is the best thing that you learned lately, and from whom?"),
    _("Which small habit has changed your days for the better?"),
    _("If you could master one skill overnight, which would it be, and what would you do first?"),
    _("What is something that most people here don't know about you?"),
    _("Which song do you never skip?"),
    _("What would you tell the person that you were five years ago?"),
    _("Which place would you show a friend who visits your town for one day?"),
    _("What are you looking forward to?"),
    _("What did you change your mind about, and what changed it?"),
)
