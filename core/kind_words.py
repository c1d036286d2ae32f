"""What the hall itself says when something can't be done: always kind, always with the next step."""

from __future__ import annotations

from core.message import Audience, Message
from core.rights import Right
from core.texts import Domain, Phrase

_ = Domain("core")


def _only_you(text: Phrase) -> Message:
    return Message(text=text, audience=Audience.MEMBER)


def broken(trace: str) -> Message:
    """A handler raised."""
    return _only_you(
        _(
            "Sorry, that did not work, and nothing was changed. Please try again; if it happens again, "
            "tell whoever runs this bot the number {trace}.",
            trace=trace,
        )
    )


def too_slow() -> Message:
    """A handler took too long."""
    return _only_you(_("Sorry, that took too long, and nothing may have changed. Please try again in a moment."))


def unknown_press() -> Message:
    """A control whose meaning is gone, or that was never ours."""
    return _only_you(_("This button no longer does anything: what it belonged to is over or was removed."))


def not_set_up() -> Message:
    """A space without a community."""
    return _only_you(
        _("I am not set up here yet. Somebody who manages this space can do it in a minute: `/hall setup`.")
    )


def not_allowed(right: Right) -> Message:
    """The member lacks a right."""
    if right is Right.HOST:
        return _only_you(_("Only hosts of this community can do that. Its managers can make you one."))
    if right is Right.ANSWER:
        return _only_you(_("Only members of this community can do that. Join it first, then try again."))
    return _only_you(_("Only those who manage this community can do that. Ask one of them."))


def try_again() -> Phrase:
    """The button that opens a refused form again."""
    return _("Try again")


def go_on() -> Phrase:
    """The button between two forms."""
    return _("Continue")


def not_saved() -> Phrase:
    """The title above a refused form's errors."""
    return _("Not saved yet")
