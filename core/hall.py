"""The hall: takes every event, finds who may handle it, commits its effects once, and then answers.

Made once and handed down; there is no other. Its workers (planner, deliverer, keeper) run while it is started.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from core import kind_words as words
from core.action import Action
from core.activity import Activity, activity_by_id, activity_of_message, posts_since
from core.bot import Answering, Bot, CommandInfo, Dialogues, Sent, Watermarks
from core.clock import Clock
from core.context import Context, Duplicate
from core.delivery import Deliverer
from core.dialogues import DRAFT, WHOSE, StoredDialogues, StoredWatermarks, drafts_of
from core.event import (
    Chosen,
    CommandInvoked,
    Edited,
    Event,
    Installed,
    Left,
    Pressed,
    Reacted,
    Removed,
    Replied,
    Submitted,
    Who,
)
from core.form import Form, Raw
from core.logs import Logger
from core.message import Audience, Button, ButtonStyle, Message
from core.patience import Patience
from core.places import Place, Places
from core.planner import Planner
from core.plugin import Answer, FormErrors, Plugin, Route, Routes
from core.rights import Right, Standings, right_of
from core.texts import SOURCE_LANGUAGE, Catalogues, Words
from core.workforce import Workforce
from storage.engine import Store

logger = Logger(__name__)

HANDLER_SECONDS = 10.0
"""A handler that takes longer is stopped and its member told: a hung one must not hold a platform's stream."""


class _Reply(NamedTuple):
    """What a member is answered, once everything is committed. ``errors`` are those of a refused form's fields."""

    answer: Answer
    language: str
    errors: Mapping[str, str] | None = None


class Hall:
    """The running whole of store, bots and plugins. Raises ValueError for plugins that claim the same names."""

    def __init__(
        self,
        *,
        store: Store,
        bots: Sequence[Bot],
        plugins: Sequence[Plugin],
        catalogues: Catalogues,
        clock: Clock,
        worker: str = "",
        alone: bool = False,
    ) -> None:
        """``worker`` names the process among others; ``alone`` says that there can be no others."""
        self.store = store
        self.bots: dict[str, Bot] = {bot.platform: bot for bot in bots}
        self.routes = Routes(plugins)
        for plugin in plugins:
            plugin.vault = store.vault
        self.catalogues = catalogues
        self.clock = clock
        self.places = Places(store, clock)
        self.standings = Standings(clock)
        self.drafts = StoredDialogues(store, clock)
        self.dialogues: Dialogues = self.drafts
        self.watermarks: Watermarks = StoredWatermarks(store)
        self.worker = worker or secrets.token_hex(6)
        self.patience = Patience(HANDLER_SECONDS)
        self.workforce = Workforce(self, alone=alone)
        self.deliverer = Deliverer(self)
        self.planner = Planner(self)
        self.page_link: Callable[[UUID, Place, Who], str] | None = None
        """Makes a link that signs whoever asks for it in on a community's page, once; None where there are none."""

    # -- life --------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Log the bots in, start the workers, hear what nobody hears. Raises the first BotStartError, all stopped."""
        await self.workforce.start()
        try:
            async with asyncio.TaskGroup() as group:
                for bot in self.bots.values():
                    group.create_task(bot.start(self))
            await self.deliverer.start()
            await self.planner.start()
            await self.workforce.listen()
        except BaseExceptionGroup as group_error:
            await self.stop()
            raise group_error.exceptions[0] from None
        except BaseException:
            await self.stop()
            raise
        for loss in self.lacks():
            logger.warning("a plugin needs what a platform lacks", **loss)

    async def stop(self) -> None:
        """Stop hearing, let what is being handled commit, then stop the workers. The store stays open."""
        await self.planner.stop()
        await asyncio.gather(*(bot.hush() for bot in self.bots.values()), return_exceptions=True)
        await self.deliverer.stop()
        await asyncio.gather(*(bot.stop() for bot in self.bots.values()), return_exceptions=True)
        await self.places.settle()
        await self.workforce.stop()

    def lacks(self) -> list[dict[str, str]]:
        """What plugins require and platforms do not have."""
        return [
            {"plugin": plugin.name, "platform": platform, "lacks": need}
            for plugin in self.routes.plugins
            for platform, bot in self.bots.items()
            for need in plugin.needs
            if not getattr(bot.capabilities, need)
        ]

    def wake(self) -> None:
        """Something was committed that may be due at once."""
        self.deliverer.wake()
        self.planner.wake()

    # -- what bots see -------------------------------------------------------------------------------------------
    async def open_posts(self, platform: str, space: str, since: datetime) -> Sequence[Sent]:
        """The posts in a space that took replies at some time since."""
        place = await self.places.of_space(platform, space)
        if place.community_id is None or place.space_id is None:
            return []
        hear = self.routes.events.get(Replied, {})
        found = await posts_since(self.store, place.community_id, place.space_id, since)
        return [Sent(channel, message) for plugin, channel, message in found if plugin in hear]

    def commands(self) -> Sequence[CommandInfo]:
        """All commands, in the order that help lists them."""
        found = []
        for name, route in sorted(self.routes.commands.items()):
            if route.command is not None:
                titles = {language: self.say(route.command.title, language) for language in self.catalogues.languages}
                what = route.command
                found.append(CommandInfo(name, titles, what.takes_text, what.form, what.seldom))
        return found

    def language_of(self, who: Who) -> str:
        """The spoken language nearest to the member's."""
        return self.catalogues.nearest(who.locale)

    def say(self, what: Words, language: str) -> str:
        """Words in a language."""
        return self.catalogues.say(what, language)

    async def receive(self, event: Event, answering: Answering | None = None) -> None:
        """Handle one event to its end: route, check, handle, commit, answer. Never raises but when cancelled."""
        try:
            with self.patience:
                reply = await self._handle(event)
        except Duplicate:
            reply = _Reply(None, SOURCE_LANGUAGE)
        except Exception as error:
            trace = secrets.token_hex(4)
            logger.exception(
                "an event could not be handled", trace=trace, kind=type(event).__name__, platform=event.where.platform
            )
            language = self.language_of(event.who) if event.who else SOURCE_LANGUAGE
            reply = _Reply(words.too_slow() if isinstance(error, TimeoutError) else words.broken(trace), language)
        if reply is not None and answering is not None:
            await self._answer(answering, reply)

    # -- the route of an event -----------------------------------------------------------------------------------
    def _handle(self, event: Event) -> Awaitable[_Reply | None]:
        match event:
            case CommandInvoked():
                command = self.routes.commands.get(event.name) or self.routes.commands["help"]
                return self._act(event, command, None, event.text)
            case Pressed(form=True):
                return self._open(event)
            case Pressed(action=action):
                route = self.routes.presses.get((action.plugin, action.verb))
                return self._act(event, route, action.community, action)
            case Chosen(action=action):
                route = self.routes.chooses.get((action.plugin, action.verb))
                return self._act(event, route, action.community, action, event.values)
            case Submitted():
                return self._submitted(event)
            case Replied() | Edited() | Reacted():
                return self._about_message(event)
            case _:
                return self._tell_all(event)

    async def _open(self, event: Pressed) -> _Reply | None:
        action = event.action
        route = self.routes.forms.get((action.plugin, action.verb))
        if route is None:
            pressed = self.routes.presses.get((action.plugin, action.verb))
            return await self._act(event, pressed, action.community, action)
        found = await self._permitted(event, route, action.community)
        if isinstance(found, _Reply):
            return found
        ctx = self._context(event, route, *found)
        form, draft = await asyncio.gather(route.method(ctx, action), self._draft(event.who, action))
        return _Reply(form.prefilled(draft) if isinstance(form, Form) and draft else form, ctx.language)

    async def _submitted(self, event: Submitted) -> _Reply | None:
        action = event.action
        key = (action.plugin, action.verb)
        route, form_route = self.routes.submits.get(key), self.routes.forms.get(key)
        if route is None or form_route is None:
            return _Reply(words.unknown_press(), self.language_of(event.who))
        found = await self._permitted(event, route, action.community)
        if isinstance(found, _Reply):
            return found
        ctx = self._context(event, route, *found)
        form = await form_route.method(ctx, action)
        if not isinstance(form, Form):
            return _Reply(form, ctx.language)
        checked = form.check(event.values)
        if checked.errors:
            return await self._refuse(ctx, form, event.values, checked.errors)
        ctx.draft = self._draft_key(event.who, action)
        answer = await route.method(ctx, action, checked.values)
        if isinstance(answer, FormErrors):
            return await self._refuse(ctx, form, event.values, answer.errors)
        return _Reply(answer, ctx.language)

    async def _refuse(self, ctx: Context, form: Form, raw: Mapping[str, Raw], errors: Mapping[str, Words]) -> _Reply:
        """What is wrong with a form; what was typed is kept for the next try."""
        await self.dialogues.save(DRAFT, self._draft_key(ctx.who, form.action), dict(raw))
        spoken = {name: ctx.say(error) for name, error in errors.items()}
        labels = {one.name: ctx.say(one.label) for one in form.fields}
        again = Button(words.try_again(), form.action, form=True, style=ButtonStyle.PRIMARY)
        message = Message(
            title=words.not_saved(),
            text="\n".join(f"- **{labels[name]}**: {error}" for name, error in spoken.items()),
            controls=(again,),
        )
        return _Reply(message, ctx.language, errors=spoken)

    async def _about_message(self, event: Replied | Edited | Reacted) -> _Reply | None:
        routes = self.routes.events.get(type(event))
        if not routes:
            return None
        place = await self._place(event)
        if place.community_id is None or place.space_id is None:
            return None
        message = event.message if isinstance(event, Reacted) else event.to
        here = (self.store, place.community_id, place.space_id, message)
        ours = event.ours if isinstance(event, Reacted) else True
        activity = None if ours is False else await activity_of_message(*here)
        if activity is None and ours is not True:
            activity = await self._found(place.community_id, place.space_id, message)
        if activity is None and ours is not False and await self.deliverer.landed(place.community_id, place.space_id):
            activity = await activity_of_message(*here)
        route = routes.get(activity.plugin) if activity else None
        if route is None:
            return None  # somebody else's message, or a plugin that does not listen
        return await self._call(event, route, place, Right.ANSWER, event, activity)

    async def _found(self, community_id: UUID, space_id: UUID, message: str) -> Activity | None:
        """The activity that a member's own message belongs to, where a plugin knows one."""
        for plugin in self.routes.finders:
            found = await plugin.activity_of(self.store, community_id, space_id, message)
            if found is not None:
                return await activity_by_id(self.store, community_id, found)
        return None

    async def _tell_all(self, event: Event) -> _Reply | None:
        """Events that are about no message: every plugin that listens hears of them, in set-up spaces at least.

        Each has a unit and a place in the inbox of its own; one that raises keeps the event from no other.
        """
        place = await self._place(event)
        if place.community_id is None and not isinstance(event, (Installed, Removed)):
            return None
        if isinstance(event, Left):
            self.standings.forget(event.where.platform, event.where.space, event.who.external_id)
        errors: list[Exception] = []
        for route in self.routes.events.get(type(event), {}).values():
            try:
                await self._call(event, route, place, Right.NONE, event, None)
            except Duplicate:
                continue
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0] if len(errors) == 1 else ExceptionGroup("several plugins raised", errors)
        return None

    async def _act(self, event: Any, route: Route | None, community_id: Any, *arguments: Any) -> _Reply:
        if route is None:
            return _Reply(words.unknown_press(), self.language_of(event.who))
        found = self._remembered(event, route, community_id) or await self._permitted(event, route, community_id)
        if isinstance(found, _Reply):
            return found
        where = event.where
        if where.space:
            self.standings.acted(where.platform, where.space, event.who.external_id)
        ctx = self._context(event, route, *found)
        return _Reply(await route.method(ctx, *arguments), ctx.language)

    async def _call(self, event: Event, route: Route, place: Place, right: Right, *arguments: Any) -> _Reply:
        ctx = self._context(event, route, place, right)
        return _Reply(await route.method(ctx, *arguments), ctx.language)

    # -- who and where ---------------------------------------------------------------------------------------------
    def _remembered(self, event: Any, route: Route, community_id: Any) -> tuple[Place, Right] | None:
        """What :meth:`_permitted` says where nobody need be asked: nearly always, and an event costs little more."""
        where = event.where
        place = self.places.known(where.platform, where.space) if where.space else None
        if place is None or place.community_id is None or route.right > Right.ANSWER:
            return None
        return (place, Right.ANSWER) if community_id is None or community_id == place.community_id else None

    async def _permitted(self, event: Any, route: Route, community_id: Any) -> tuple[Place, Right] | _Reply:
        """The place and the right of who acts, or what to tell them when they may not."""
        place = await self._place(event)
        if community_id is not None and place.community_id is None and not event.where.space:
            spaces = await self.places.of_community(event.where.platform, community_id)
            place = await self._private_place(event.who, spaces, route.right) or place
            if place.community_id is None and not route.anywhere:
                why = words.not_allowed(Right.ANSWER) if spaces else words.unknown_press()
                return _Reply(why, self.language_of(event.who))
        if place.community_id is None and not route.anywhere:
            return _Reply(words.not_set_up(), self.language_of(event.who))
        if community_id is not None and community_id != place.community_id and not route.anywhere:
            return _Reply(words.unknown_press(), self.language_of(event.who))
        right = Right.ANSWER
        if route.right > Right.ANSWER or not (event.where.space or self._has_acted(place, event.who)):
            right = await self.right(place, event.who)
        if right < route.right:
            return _Reply(words.not_allowed(route.right), self.language_of(event.who))
        return place, right

    async def right(self, place: Place, who: Who) -> Right:
        """What somebody may do in a place, as the platform said within the last minute."""
        if not place.external_id:
            return Right.ANSWER
        standing = await self.standings.of(
            place.platform, place.external_id, who.external_id, self.bots[place.platform].standing
        )
        return right_of(standing, place.grants, place.space_id)

    async def _place(self, event: Event) -> Place:
        platform, space = event.where.platform, event.where.space
        if not space:
            return Place(platform, "")
        return self.places.known(platform, space) or await self.places.of_space(platform, space)

    async def _private_place(self, who: Who, spaces: Sequence[Place], wanted: Right) -> Place | None:
        """Of a community's spaces one that the member of a private chat is in, and may do there what is wanted."""
        if wanted <= Right.ANSWER:
            for place in spaces:
                if self._has_acted(place, who):
                    return place
        found: Place | None = None
        for place in spaces:
            right = await self.right(place, who)
            if right >= max(wanted, Right.ANSWER):
                return place
            if right > Right.NONE and found is None:
                found = place
        return found

    def _has_acted(self, place: Place, who: Who) -> bool:
        return self.standings.has_acted(place.platform, place.external_id, who.external_id)

    def _context(self, event: Event, route: Route, place: Place, right: Right) -> Context:
        language = place.language
        if event.who is not None:
            language = self.catalogues.nearest(event.who.locale, place.language)
        return Context(self, route.plugin, event, place, right, language)

    # -- answers ---------------------------------------------------------------------------------------------------
    async def _answer(self, answering: Answering, reply: _Reply) -> None:
        """Show the answer to the member. Best effort: what was committed stays, the next press shows the state."""
        try:
            if reply.answer is None:
                await answering.acknowledge()
                return
            say = partial(self.catalogues.say, language=reply.language)
            match reply.answer:
                case Message():
                    message = replace(reply.answer, audience=Audience.MEMBER).spoken(say)
                    if reply.errors is None:
                        await answering.say(message)
                    else:
                        await answering.invalid(reply.errors, message)
                case Form() if answering.can_open_form:
                    await answering.form(reply.answer.spoken(say), reply.language)
                case Form():
                    go_on = Button(words.go_on(), reply.answer.action, form=True, style=ButtonStyle.PRIMARY)
                    message = Message(text=reply.answer.title, controls=(go_on,), audience=Audience.MEMBER)
                    await answering.say(message.spoken(say))
        except Exception:
            logger.warning("an answer did not reach its member", exc_info=True)

    async def _draft(self, who: Who, action: Action) -> dict[str, Any] | None:
        """What the member typed into this form when it was last refused."""
        return await self.dialogues.load(DRAFT, self._draft_key(who, action))

    @staticmethod
    def _draft_key(who: Who, action: Action) -> str:
        return f"{drafts_of(who)}{WHOSE}{action.encode()}"
