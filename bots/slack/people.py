"""What Slack knows of a member and tells in no event: the language, and whether it is a human."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.errors import TROUBLE, retry_after, status_of

logger = logging.getLogger(__name__)

KEPT_SECONDS = 3600.0
"""How long a member's language is believed."""
MOST = 10_000
"""How many members are remembered, the newest."""
WAIT_SECONDS = 0.3
"""How long an act waits for its member's language: a tenth of what Slack gives for the answer."""
PAUSE_SECONDS = 5.0
"""How long nobody is asked about after the line broke."""


class Person(NamedTuple):
    """One account. ``locale`` is a BCP 47 tag, empty where it is not known."""

    locale: str = ""
    human: bool = True


UNKNOWN = Person()


def person_of(user: Mapping[str, Any]) -> Person:
    """Out of a user object of Slack's."""
    bot = bool(user.get("is_bot")) or user.get("id") == "USLACKBOT"
    return Person(str(user.get("locale") or ""), not bot)


class People:
    """Asks once an hour for each member, and never holds up an act for long."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._known: dict[str, tuple[float, Person]] = {}
        self._asking: dict[str, asyncio.Task[Person]] = {}
        self._not_before = 0.0

    def known(self, user: str) -> Person | None:
        """A member who was asked about within the hour."""
        found = self._known.get(user)
        if found is None or found[0] < asyncio.get_running_loop().time():
            return None
        return found[1]

    def keep(self, user: str, person: Person) -> None:
        """Remember a member."""
        self._known.pop(user, None)
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[user] = (asyncio.get_running_loop().time() + KEPT_SECONDS, person)

    async def of(self, user: str) -> Person:
        """A member, or :data:`UNKNOWN` where Slack did not tell in time: then the next act knows."""
        known = self.known(user)
        if known is not None or not user:
            return known or UNKNOWN
        asking = self._asking.get(user)
        if asking is None:
            if asyncio.get_running_loop().time() < self._not_before:
                return UNKNOWN
            asking = self._asking[user] = asyncio.create_task(self._ask(user))
            asking.add_done_callback(lambda _: self._asking.pop(user, None))
        done, _ = await asyncio.wait((asking,), timeout=WAIT_SECONDS)
        return asking.result() if done and not asking.cancelled() else UNKNOWN

    async def _ask(self, user: str) -> Person:
        try:
            answer = await self._web.users_info(user=user, include_locale=True)
        except TROUBLE as error:
            pause = PAUSE_SECONDS
            if isinstance(error, SlackApiError) and status_of(error) == 200:
                self.keep(user, UNKNOWN)  # Slack won't tell, so it need not be asked again
                return UNKNOWN
            if isinstance(error, SlackApiError) and status_of(error) == 429:
                pause = retry_after(error)
            self._not_before = asyncio.get_running_loop().time() + pause
            logger.info("Slack does not tell a member's language now", extra={"pause": pause})
            return UNKNOWN
        person = person_of(answer["user"])
        self.keep(user, person)
        return person

    async def stop(self) -> None:
        """Ask nothing more."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
