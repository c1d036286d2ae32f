"""What managers are asked and told about posts, in words: the same in the chat and on the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from core.doors import Door, Doors
from core.incidents import TOO_LATE, Happened, newest, since, told
from core.markup import parse
from core.message import cut
from core.moments import local, wall
from core.plugin import Plugin
from core.stuck import FAILED, UNKNOWN, Became, Stuck, Verdict, grouped, stuck
from core.texts import Domain, Phrase, Words

_ = Domain("core")

MAX_LABEL = 80
"""Characters of what a post is about: a question is known by its beginning."""
OURS = re.compile(r"([A-Z][a-z]+){2,}")
"""How the kind of a fault of our own looks: platforms say more than a word."""
NAMED = 5
"""Channels that a line names; the others are a number."""


class Way(NamedTuple):
    """One thing that a manager may say: about a delivery that got stuck the time ``number`` marks, or about all of an
    activity that failed for the reason ``number``."""

    verdict: Verdict
    label: Phrase
    about: UUID
    number: int
    group: bool = False
    urged: bool = False
    """It is what one usually wants; nothing is where one must look first."""


class Asking(NamedTuple):
    """One thing that needs a manager: plain text, in a language."""

    state: str
    what: str
    when: str
    where: str
    why: str
    ways: tuple[Way, ...]


class Line(NamedTuple):
    """One thing that happened: plain text, in a language."""

    kind: str
    when: str
    what: str
    where: str
    text: str


class Watched(NamedTuple):
    """All that a manager sees of their posts."""

    askings: tuple[Asking, ...]
    more: int
    """Posts that need a person and are in none of the askings."""
    lines: tuple[Line, ...]


class Teller(NamedTuple):
    """Puts rows into words: for whom, and what stands in the rows by a code."""

    plugins: Mapping[str, Plugin]
    say: Callable[[Words], str]
    language: str
    time_zone: str

    def name(self, plugin: str, data: Mapping[str, Any]) -> str:
        """What a post is: its plugin's title, and what it is about."""
        known = self.plugins.get(plugin)
        if known is None:
            return self.say(_("A post"))
        about = " ".join(span.text for line in parse(self.say(known.label(data))) for span in line.spans)
        title = self.say(known.title)
        return f"{title}: {cut(about, MAX_LABEL)}" if about.strip() else title

    def moment(self, slot: str | None, at: datetime) -> str:
        """The slot's wall time, or a moment in the community's zone."""
        if slot is None:
            return local(at, self.time_zone, self.language)
        return wall(datetime.fromisoformat(slot), self.language)

    def places(self, several: Sequence[tuple[str, str]]) -> str:
        """Channels, with the spaces that they are in, by name."""
        spaces: dict[str, list[str]] = {}
        for channel, space in several[:NAMED]:
            spaces.setdefault(space, []).extend([f"#{channel}"] if channel not in ("", space) else [])
        named = [" · ".join(filter(None, (", ".join(channels), space))) for space, channels in spaces.items()]
        if len(several) > NAMED:
            named.append(self.say(_("and {n} more", n=len(several) - NAMED)))
        return ", ".join(named)

    # -- what needs a person -------------------------------------------------------------------------------------
    def ask(self, posts: Sequence[Stuck], doors: Doors) -> Asking:
        """A post, or several that are asked about together."""
        first = posts[0]
        return Asking(
            state=first.state,
            what=self.name(first.plugin, first.data),
            when=self.moment(first.slot, first.created_at),
            where=self.places([(post.channel, post.space) for post in posts]),
            why=" ".join(self.say(sentence) for sentence in self._why(posts, doors)),
            ways=ways(posts),
        )

    def _why(self, posts: Sequence[Stuck], doors: Doors) -> list[Words]:
        first = posts[0]
        if first.state == UNKNOWN:
            said: list[Words] = [
                _(
                    "It was interrupted while it was sent, and nobody can tell whether it arrived. "
                    "Please look whether it is there."
                )
            ]
        else:
            said = [_not_taken(first.error)]
            by_door: dict[Door, list[str]] = {}
            for post in posts:
                door = doors.of((post.platform, post.space_ref), post.channel_ref)
                by_door.setdefault(door, []).append(f"#{post.channel}" if post.channel else post.space)
            for door, phrase in DOORS.items():
                if names := by_door.get(door):
                    listed = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
                    said.append(_fill(phrase, listed))
        if first.closed:
            said.append(_("It is closed by now: it would stand there without its button."))
        return said

    # -- what happened -------------------------------------------------------------------------------------------
    def line(self, one: Happened) -> Line:
        """One thing that happened."""
        if one.slot:  # says which one as well as its words do, and more shortly
            slot = self.moment(one.slot, one.at)
            what = self.say(_("{what}, for {slot}", what=self.name(one.plugin, {}), slot=slot))
        else:
            what = self.name(one.plugin, one.data)
        after = since(one)
        text = self.say(told(one, self.language)) + (f" {self.say(after)}" if after else "")
        where = self.say(_("in private")) if one.private else self.places(one.places)
        return Line(one.kind, local(one.at, self.time_zone, self.language), what, where, text)


DOORS: Mapping[Door, Phrase] = {
    Door.CLOSED: _("I may not write in {channels}: let me write there, then try again."),
    Door.MISSING: _("I don't see {channels} any more. Add me there and try again, or choose another channel."),
    Door.OPEN: _("I may write in {channels} now, so it is worth another try."),
}
"""What to do about a post that was not taken, by what the platform says about its channel now."""


def _not_taken(error: str) -> Phrase:
    if error == TOO_LATE:
        return _("It could not go out in time.")
    if OURS.fullmatch(error):
        return _("It could not be made ({reason}): whoever runs this bot finds why in the log.", reason=error)
    return _("It was not taken: “{reason}”.", reason=cut(error, 200)) if error else _("It was not taken.")


def _fill(phrase: Phrase, channels: str) -> Phrase:
    return Phrase(phrase.domain, phrase.key, (("channels", channels),))


def ways(posts: Sequence[Stuck]) -> tuple[Way, ...]:
    """What may be said about a post, or about several that failed together."""
    first = posts[0]
    drop = _("Let it go")
    if first.state == UNKNOWN:
        labels = {Verdict.THERE: _("It's there"), Verdict.AGAIN: _("Post again"), Verdict.DROP: drop}
    elif len(posts) == 1:
        labels = {Verdict.AGAIN: _("Try again"), Verdict.DROP: drop}
    else:
        n = len(posts)
        labels = {Verdict.AGAIN: _("Try all {n} again", n=n), Verdict.DROP: _("Let all {n} go", n=n)}
    group = len(posts) > 1 and first.activity_id is not None
    about, number = (first.activity_id or first.id, first.reason) if group else (first.id, first.mark)
    return tuple(
        Way(verdict, label, about, number, group, urged=verdict is Verdict.AGAIN and first.state == FAILED)
        for verdict, label in labels.items()
    )


def became(verdict: Verdict, one: Became) -> Phrase:
    """What to tell the manager who said something about one post."""
    if one.done:
        return {
            Verdict.THERE: _("Noted: it is there. I don't know which message it is, so I can't change it any more."),
            Verdict.AGAIN: _("On its way again."),
            Verdict.DROP: _("Let go: it is not sent any more."),
        }[verdict]
    match one.state:
        case "sent":
            return _("Somebody was quicker: it is posted.")
        case "cancelled":
            return _("Somebody was quicker: it was let go.")
        case "pending" | "sending" | "checking":
            return _("Somebody was quicker: it is on its way again.")
        case "unknown" | "failed":
            return _("It was tried again meanwhile, and is stuck again. Please look anew.")
    return _("That post is gone.")


def all_became(verdict: Verdict, count: int) -> Phrase:
    """What to tell the manager who said something about several posts."""
    if not count:
        return _("Somebody was quicker: none of them is waiting for you.")
    if verdict is Verdict.AGAIN:
        return _("{n} post is on its way again.", "{n} posts are on their way again.", n=count)
    return _("{n} post was let go.", "{n} posts were let go.", n=count)


def more_words(count: int) -> Phrase:
    """That more posts wait than are asked about at once."""
    return _("{n} more post needs you afterwards.", "{n} more posts need you afterwards.", n=count)


Rows = tuple[list[Stuck], list[Happened]]


def rows(connection: Connection, community_id: UUID, lines: int) -> Rows:
    """What a community's managers are asked about, and the newest that happened. Two queries."""
    return stuck(connection, community_id), newest(connection, community_id, lines)


async def watched(teller: Teller, doors: Doors, found: Rows, *, unknown: int, failed: int) -> Watched:
    """It all in words; at most so many askings about unknown posts and about failed ones."""
    posts, happened = found
    groups = grouped(posts)
    shown = [group for group in groups if group[0].state == UNKNOWN][:unknown]
    shown += [group for group in groups if group[0].state == FAILED][:failed]
    await doors.look((post.platform, post.space_ref) for group in shown for post in group if post.state == FAILED)
    return Watched(
        askings=tuple(teller.ask(group, doors) for group in shown),
        more=len(posts) - sum(map(len, shown)),
        lines=tuple(teller.line(one) for one in happened),
    )
