"""What comes in: every envelope by one way past bolt's listeners, as an event to the hall."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bots.slack.answering import (
    FORM_SECONDS,
    SUBMIT_SECONDS,
    ActAnswering,
    AnyAnswering,
    FilledAnswering,
    ReplyAnswering,
    SubmitAnswering,
)
from bots.slack.desk import Desk
from bots.slack.forms import Spot, action_of, spot_of, values_of
from bots.slack.frames import JSON, Frames, at_of, chosen, invoked
from bots.slack.payload import read
from bots.slack.people import People, person_of
from bots.slack.words import OTHER_VERSION, STRANGE
from core.action import Action, ActionError, UnknownVersion
from core.bot import Receiver
from core.event import Chosen, CommandInvoked, Event, Installed, Pressed, Replied, Submitted
from core.message import Message

logger = logging.getLogger(__name__)

AT_ONCE = 500
"""Events that are handled at the same time; more wait their turn. Slack has its receipts all the same."""

Route = Callable[[JSON], Awaitable[BoltResponse]]


def receipt(body: Mapping[str, Any] | None = None) -> BoltResponse:
    """What Slack is told: taken; for a sent form, what it shows now."""
    return BoltResponse(status=200, body=dict(body) if body else "")


class Hearing(AsyncMiddleware):
    """A middleware of bolt's that takes all. Bolt has checked the signature where there is one (over HTTP); its
    authorisation and its listeners, which cost more with each of them, stand behind and are not asked."""

    def __init__(self, receiver: Receiver, desk: Desk, people: People, frames: Frames, team_name: str) -> None:
        self.receiver = receiver
        self.desk = desk
        self.people = people
        self.frames = frames
        self.form_seconds = FORM_SECONDS
        self.submit_seconds = SUBMIT_SECONDS
        self._team_name = team_name
        self._form_commands = frozenset(command.name for command in receiver.commands() if command.form)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = False
        self._routes: dict[str, Route] = {
            "event_callback": self._event,
            "block_actions": self._acted,
            "view_submission": self._submitted,
            "": self._command,
        }

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - bolt passes it by this name
    ) -> BoltResponse | None:
        """One envelope, whatever it is. What is not for us is acknowledged, so that it does not come again."""
        body = req.body
        kind = body.get("type", "")
        if kind == "url_verification":  # over HTTP alone
            return await next()
        route = self._routes.get(kind)
        if route is None or not self._open:
            # A receipt that never comes lets Slack send an event again, to whoever connects next.
            return receipt() if self._open else BoltResponse(status=503)
        try:
            return await route(body)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            logger.exception("a frame could not be read: %s", kind)
            return receipt()

    def open(self) -> None:
        """Hear from now on."""
        self._open = True

    async def hush(self, seconds: float) -> None:
        """Hear nothing more; wait so many seconds for what is being handled, which goes on if it takes longer."""
        self._open = False
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def stop(self) -> None:
        """End what is still being handled."""
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    # -- tasks -----------------------------------------------------------------------------------------------------
    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the connection; it ends with the bot at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("an event could not be handled", exc_info=error)

    async def _tell(self, event: Event, answering: AnyAnswering | None = None) -> None:
        """One event, to its end."""
        try:
            async with self._room:
                await self.receiver.receive(event, answering)
        finally:
            if answering is not None:
                await answering.finish()

    # -- events ----------------------------------------------------------------------------------------------------
    async def _event(self, body: JSON) -> BoltResponse:
        event, number = body["event"], body["event_id"]
        kind = event["type"]
        maker = self.frames.makers.get(kind)
        if maker is not None:
            made = maker(event, number)
            if made is not None:
                answering = self._replying(made) if type(made) is Replied else None
                self.spawn(self._tell(made, answering))
        elif kind == "member_joined_channel":
            entered = self._installed if self.frames.is_me(event["user"]) else self._joined
            self.spawn(entered(event, number))
        elif kind == "team_join":
            self._joined_team(event, number)
        return receipt()

    def _replying(self, event: Replied) -> ReplyAnswering:
        where = event.where
        spot = Spot(where.channel, where.thread, where.private)
        return ReplyAnswering(self, spot, event.who.external_id, event.message)

    async def _installed(self, event: JSON, number: str) -> None:
        """The bot is in a channel, so it is in the workspace; whoever added it is greeted."""
        inviter = str(event.get("inviter") or "")
        person = await self.people.of(inviter)
        who = self.frames.who(inviter, locale=person.locale, human=person.human) if inviter else None
        where, at = self.frames.where(event["channel"]), at_of(event.get("event_ts"))
        await self._tell(
            Installed(where=where, who=who, id=number, at=at, name=self._team_name, language=person.locale)
        )

    async def here(self, channel: str) -> None:
        """The bot was in a channel before it was started: nobody said who added it."""
        await self._tell(Installed(where=self.frames.where(channel), who=None, name=self._team_name))

    async def _joined(self, event: JSON, number: str) -> None:
        person = await self.people.of(event["user"])
        at = at_of(event.get("event_ts"))
        await self._tell(self.frames.joined(event["user"], event["channel"], number, at, human=person.human))

    def _joined_team(self, event: JSON, number: str) -> None:
        person = person_of(event["user"])
        if person.locale:
            self.people.keep(event["user"]["id"], person)
        at = at_of(event.get("event_ts"))
        self.spawn(self._tell(self.frames.joined(event["user"]["id"], "", number, at, human=person.human)))

    # -- acts ------------------------------------------------------------------------------------------------------
    async def _acted(self, body: JSON) -> BoltResponse:
        """A press or a choice. (In a form nothing is told before it is sent.)"""
        spot, trigger, user = self.frames.spot(body), body["trigger_id"], body["user"]
        action = body["actions"][0]
        member = user["id"]
        try:
            payload = read(action["action_id"])
        except ActionError as error:
            self.spawn(self._turn_away(ActAnswering(self, spot, member, "", str), member, error))
            return receipt()
        if payload.action is not None and payload.typed:
            if text := str(action.get("value") or "").strip():
                self.spawn(self._typed(body, payload.action, spot, ActAnswering(self, spot, member, "", str), text))
        elif payload.action is not None:
            answering = ActAnswering(
                self, spot, member, trigger, lambda: self._language(member), wants_form=payload.form
            )
            picked = chosen(action) if payload.option or action["type"] != "button" else None
            self.spawn(self._act(body, payload.action, spot, answering, picked, form=payload.form))
        return receipt()

    async def _act(
        self,
        body: JSON,
        action: Action,
        spot: Spot,
        answering: ActAnswering,
        picked: tuple[str, ...] | None,
        *,
        form: bool,
    ) -> None:
        user, number = body["user"], body["trigger_id"]
        locale = (await self.people.of(user["id"])).locale
        who = self.frames.who(user["id"], user.get("username") or user.get("name") or "", locale)
        where = self.frames.where(spot.channel, spot.thread)
        at = at_of(body["actions"][0].get("action_ts"))
        message = str((body.get("container") or {}).get("message_ts", ""))
        event: Event
        if picked is not None:
            event = Chosen(where=where, who=who, id=number, at=at, action=action, values=picked, message=message)
        else:
            event = Pressed(where=where, who=who, id=number, at=at, action=action, form=form, message=message)
        await self._tell(event, answering)

    async def _typed(self, body: JSON, action: Action, spot: Spot, answering: ActAnswering, text: str) -> None:
        """A message's field was filled: its form is asked for, and is filled in already."""
        user, number = body["user"], body["trigger_id"]
        locale = (await self.people.of(user["id"])).locale
        who = self.frames.who(user["id"], user.get("username") or user.get("name") or "", locale)
        where = self.frames.where(spot.channel, spot.thread)
        at = at_of(body["actions"][0].get("action_ts"))
        filled = FilledAnswering(answering)
        await self._tell(Pressed(where=where, who=who, id=number, at=at, action=action, form=True), filled)
        if filled.opened is not None:
            values = {filled.opened.fields[0].name: text}
            submitted = filled.opened.action
            event = Submitted(where=where, who=who, id=number, at=at, action=submitted, values=values)
            await self._tell(event, answering)

    async def _command(self, body: JSON) -> BoltResponse:
        if "command" not in body:
            return receipt()
        name, text = invoked(body.get("text") or "")
        member, spot = body["user_id"], self.frames.command_spot(body)
        answering = ActAnswering(
            self,
            spot,
            member,
            body["trigger_id"],
            lambda: self._language(member),
            wants_form=name in self._form_commands,
        )
        self.spawn(self._invoke(body, name, text, spot, answering))
        return receipt()

    async def _invoke(self, body: JSON, name: str, text: str, spot: Spot, answering: ActAnswering) -> None:
        locale = (await self.people.of(body["user_id"])).locale
        who = self.frames.who(body["user_id"], body.get("user_name") or "", locale)
        where = self.frames.where(spot.channel)
        event = CommandInvoked(where=where, who=who, id=body["trigger_id"], name=name, text=text)
        await self._tell(event, answering)

    async def _submitted(self, body: JSON) -> BoltResponse:
        """A form was sent: the receipt waits for the hall, for what the form is to show."""
        view, member = body["view"], body["user"]["id"]
        encoded, spot = spot_of(view.get("private_metadata") or "")
        answering = SubmitAnswering(self, spot, member, view)
        try:
            action = action_of(encoded)
        except ActionError as error:
            self.spawn(self._turn_away(answering, member, error))
        else:
            self.spawn(self._submit(body, action, spot, answering))
        try:
            async with asyncio.timeout(self.submit_seconds):
                return receipt(await asyncio.shield(answering.receipt))
        except TimeoutError:
            answering.late()
            return receipt(answering.receipt.result())

    async def _submit(self, body: JSON, action: Action, spot: Spot, answering: SubmitAnswering) -> None:
        user = body["user"]
        locale = (await self.people.of(user["id"])).locale
        who = self.frames.who(user["id"], user.get("username") or user.get("name") or "", locale)
        where = self.frames.where(spot.channel, spot.thread)
        values = values_of(body["view"]["state"]["values"])
        await self._tell(
            Submitted(where=where, who=who, id=body["trigger_id"], action=action, values=values), answering
        )

    async def _turn_away(self, answering: ActAnswering | SubmitAnswering, member: str, error: ActionError) -> None:
        """A control says what we never wrote."""
        logger.info("a control says what we never wrote: %s", error)
        words = OTHER_VERSION if isinstance(error, UnknownVersion) else STRANGE
        await self.people.of(member)
        try:
            await answering.say(Message(text=self.receiver.say(words, self._language(member))))
        finally:
            await answering.finish()

    def _language(self, member: str) -> str:
        known = self.people.known(member)
        return self.receiver.language_of(self.frames.who(member, locale=known.locale if known else ""))
