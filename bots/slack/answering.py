"""How an act is answered within Slack's three seconds, however slow the hall is.

Slack takes a bare receipt for presses, choices and commands, so those are acknowledged at once and answered later,
whenever the hall is ready. Two things can't wait: opening a form, and what a sent form shows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from bots.slack import forms
from bots.slack.forms import Spot
from bots.slack.render import JSON
from bots.slack.words import AGREE, CANCEL, SEND, TOO_SLOW
from core.degrade import Loss
from core.form import Form
from core.message import Message

if TYPE_CHECKING:
    from bots.slack.hearing import Hearing

logger = logging.getLogger(__name__)

FORM_SECONDS = 2.4
"""A trigger opens a form for three seconds. An act that wants a form is told after this time that it took too long;
what is left is for the way to Slack."""
SUBMIT_SECONDS = 2.5
"""A sent form waits so long for the hall, of Slack's three seconds: its receipt carries errors or the next form."""


def view_of(hearing: Hearing, form: Form, spot: Spot, language: str) -> JSON:
    """The modal of a form, in a language."""
    say, losses = hearing.receiver.say, list[Loss]()
    view = forms.modal(
        form,
        spot,
        agree=say(AGREE, language),
        send=say(SEND, language),
        cancel=say(CANCEL, language),
        losses=losses,
    )
    hearing.desk.lost(losses)
    return view


class _Stage(Enum):
    NOTHING = auto()
    ANSWERED = auto()
    SORRY = auto()
    """Told that it took too long."""


class ActAnswering:
    """Answers a press, a choice or a command. Never raises for what Slack refuses: best effort, and logged.

    An act on an only-you message changes that message, so that the steps of a set-up do not pile up.
    """

    __slots__ = ("_due", "_hearing", "_in_place", "_language", "_member", "_spot", "_stage", "_timer", "_trigger")

    def __init__(
        self,
        hearing: Hearing,
        spot: Spot,
        member: str,
        trigger: str,
        language: Callable[[], str],
        *,
        wants_form: bool = False,
    ) -> None:
        self._hearing = hearing
        self._spot = spot
        self._member = member
        self._trigger = trigger
        self._language = language
        self._in_place = spot.ephemeral
        self._stage = _Stage.NOTHING
        loop = asyncio.get_running_loop()
        self._due = loop.time() + hearing.form_seconds
        self._timer = loop.call_at(self._due, self._late) if wants_form else None

    @property
    def can_open_form(self) -> bool:
        """Only as the first answer, and while Slack lets it open."""
        return self._stage is _Stage.NOTHING and bool(self._trigger) and asyncio.get_running_loop().time() < self._due

    async def form(self, form: Form, language: str) -> None:
        """Open the modal."""
        if not self.can_open_form:
            logger.warning("a form came too late", extra={"stage": self._stage.name})
            self._hearing.desk.lost([Loss("form", "too late")])
            return
        self._answered()
        if not await self._hearing.desk.open(self._trigger, view_of(self._hearing, form, self._spot, language)):
            self._hearing.desk.lost([Loss("form", "did not open")])
            await self.say(Message(text=self._hearing.receiver.say(TOO_SLOW, language)))

    async def say(self, message: Message) -> None:
        """An only-you message, or the pressed one changed."""
        self._answered()
        in_place, self._in_place = self._in_place, False
        await self._hearing.desk.only_you(self._spot, self._member, message, in_place=in_place)

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """No form is open, so the message says it."""
        await self.say(message)

    async def acknowledge(self) -> None:
        """Taken, and nothing to show: that was said at once."""
        self._answered()

    async def finish(self) -> None:
        """The hall is done with the event."""
        self._answered()

    def _answered(self) -> None:
        self._stage = _Stage.ANSWERED
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        if self._stage is _Stage.NOTHING:
            self._stage = _Stage.SORRY
            self._hearing.spawn(self._sorry())

    async def _sorry(self) -> None:
        sorry = Message(text=self._hearing.receiver.say(TOO_SLOW, self._language()))
        in_place = self._in_place  # what comes of the act after all takes this message's place
        await self._hearing.desk.only_you(self._spot, self._member, sorry, in_place=in_place)


class FilledAnswering:
    """Answers what was written into a field of a message: the form that it belongs to opens for nobody."""

    __slots__ = ("_answering", "opened")

    can_open_form = True

    def __init__(self, answering: ActAnswering) -> None:
        self._answering = answering
        self.opened: Form | None = None

    async def form(self, form: Form, language: str) -> None:
        """It is there."""
        self.opened = form

    async def say(self, message: Message) -> None:
        """There is none any more, and this says why."""
        await self._answering.say(message)

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """Nothing was sent yet."""
        await self.say(message)

    async def acknowledge(self) -> None:
        """Taken: that was said at once."""

    async def finish(self) -> None:
        """The hall is done with the event."""


class SubmitAnswering:
    """Answers a sent form: in the receipt what the form shows, and by a message what comes after it."""

    __slots__ = ("_hearing", "_in_place", "_member", "_spot", "_view", "receipt")

    def __init__(self, hearing: Hearing, spot: Spot, member: str, view: Mapping[str, Any]) -> None:
        self._hearing = hearing
        self._spot = spot
        self._member = member
        self._view = view
        self._in_place = spot.ephemeral
        self.receipt: asyncio.Future[JSON] = asyncio.get_running_loop().create_future()
        """What the envelope is acknowledged with; an empty one closes the form."""

    @property
    def can_open_form(self) -> bool:
        """Another form may take this one's place while the receipt is not out."""
        return not self.receipt.done()

    async def form(self, form: Form, language: str) -> None:
        """Show the next form in place of this one."""
        if not self.can_open_form:
            logger.warning("a form came too late")
            self._hearing.desk.lost([Loss("form", "too late")])
            return
        view = view_of(self._hearing, form, self._spot, language)
        self._send({"response_action": "update", "view": view})

    async def say(self, message: Message) -> None:
        """The form closes, and the message stands where it was opened from."""
        self._send({})
        in_place, self._in_place = self._in_place, False
        await self._hearing.desk.only_you(self._spot, self._member, message, in_place=in_place)

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """The form stays open and shows the errors; when it is too late for that, the message says them."""
        shown = forms.shown_errors(errors, self._view)
        if shown and len(shown) == len(errors) and not self.receipt.done():
            self._send({"response_action": "errors", "errors": shown})
        else:
            await self.say(message)

    async def acknowledge(self) -> None:
        """The form closes."""
        self._send({})

    async def finish(self) -> None:
        """The hall is done with the event."""
        self._send({})

    def late(self) -> None:
        """Slack waits no longer: the form closes, and what comes of it follows as a message."""
        self._send({})

    def _send(self, receipt: JSON) -> None:
        if not self.receipt.done():
            self.receipt.set_result(receipt)


class ReplyAnswering:
    """Answers a plain reply: a tick on it, or words in its thread that its author alone sees."""

    __slots__ = ("_hearing", "_member", "_message", "_spot")

    def __init__(self, hearing: Hearing, spot: Spot, member: str, message: str) -> None:
        self._hearing = hearing
        self._spot = spot
        self._member = member
        self._message = message

    @property
    def can_open_form(self) -> bool:
        """Never: that takes a press or a command."""
        return False

    async def form(self, form: Form, language: str) -> None:
        """Not possible here."""
        self._hearing.desk.lost([Loss("form", "in answer to a reply")])

    async def say(self, message: Message) -> None:
        """Words in the thread, for its author alone."""
        await self._hearing.desk.only_you(self._spot, self._member, message)

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """No form is open, so the message says it."""
        await self.say(message)

    async def acknowledge(self) -> None:
        """A tick on the reply."""
        await self._hearing.desk.tick_off(self._spot.channel, self._message)

    async def finish(self) -> None:
        """Nobody waits for an answer to a reply."""


AnyAnswering = ActAnswering | FilledAnswering | SubmitAnswering | ReplyAnswering
