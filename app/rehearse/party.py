"""``hallkeeper rehearse party``: short tracks in three spaces, and members who vote and change their mind."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.acting import ActingError, World, control_of, fill, find_control, press, until
from app.rehearse.command import Rehearsed
from app.rehearse.stage import Member, Stage, told
from plugins.listening_parties.tables import Party, Track, Vote
from sandbox.control import ControlError, ControlView, MessageView, Outcome

TITLE = "Rehearsal night"
TRACKS, SECONDS = 4, 10
"""How many tracks of how many seconds: the shortest that there are. With their countdowns it takes 80 seconds."""
UP, DOWN = "👍 Up", "👎 Down"
DOWNS, CHANGES = 0.25, 0.3
"""The shares of votes that are down, and of members who change theirs. Too few downs to skip a track: that is its
DJ's and the host's business, and here each track must be counted to its end."""
THINK_SECONDS = (0.3, 5.0)
"""A member's time to think about a track, at least and at most."""
CHANGE_SECONDS = (0.5, 2.0)
VOTE_SECONDS = 5.0
"""How long a member waits to be told that a vote counts. Then they press again."""
COUNTED, LATE = ("counted", "Changed to", "counts already"), ("came too late", "not begun", "is over")
EDITS = {
    "discord": ("PATCH /channels/{channel}/messages/{message}",),
    "slack": ("chat.update",),
    "telegram": ("editMessageText", "editMessageMedia", "editMessageCaption"),
}
"""The calls that change a post."""
SONG = re.compile(r"Song \d+")


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote as its member knows it. ``begun`` and ``ended`` bracket the moment at which it was counted.

    ``sure``: the member was told that it counts; else it may or may not.
    """

    member: Member
    song: str
    up: bool
    begun: float
    ended: float
    sure: bool


@dataclass
class Night:
    """The party, as members see it."""

    stage: Stage
    tracks: int
    pace: float = 1.0
    """Scales every human delay."""
    cards: dict[str, str] = field(default_factory=dict)
    """The live post by platform."""
    ballots: list[Ballot] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)

    # -- the host ----------------------------------------------------------------------------------------------------
    async def announce(self) -> None:
        """The owner plans it in the three spaces and announces it; a DJ pastes the tracks; everybody comes."""
        world = self.stage.worlds[0]
        values = {"Title": TITLE, "When": "in 30 minutes", "Tracks": "20"}

        def choose(label: str, options: Sequence[str]) -> str:
            return next((value for word, value in values.items() if word in label), next(iter(options), ""))

        planned = await fill(world, world.owner, await self._command("party"), choose)
        placed = await fill(world, world.owner, await self._go_on(planned, "Channels"), choose)
        await self._go_on(placed, "Announce it")
        posts = {one.platform.name: await find_control(one, "I'm coming") for one in self.stage.worlds}
        dj = next(one for one in self.stage.members if one.world is world)
        line = await press(world, dj.id, control_at(posts[world.platform.name][0], "The line"))
        form = await press(world, dj.id, control_of(line, "Paste a list"))
        songs = "\n".join(f"The Rehearsals – Song {number + 1} | 0:{SECONDS}" for number in range(self.tracks))
        await fill(world, dj.id, form, lambda _label, _options: songs)
        with self.stage.bar.count("members say that they come", len(self.stage.members)) as tick:
            await self.stage.for_each(lambda one: self._come(one, posts[one.platform.name]), tick)

    async def _come(self, member: Member, where: tuple[MessageView, ControlView]) -> None:
        """Being there counts: without those who are, a few downs would skip a track."""
        for _ in range(3):
            if "See you there" in told(await press(member.world, member.id, where)):
                return

    async def _command(self, words: str) -> Outcome:
        world = self.stage.worlds[0]
        return await world.platform.command(world.owner, world.channel, f"/hall {words}")

    async def _go_on(self, shown: Outcome, label: str) -> Outcome:
        world = self.stage.worlds[0]
        return await press(world, world.owner, control_of(shown, label))

    async def lead(self, label: str) -> Outcome:
        """The owner presses a button at the desk."""
        return await self._go_on(await self._go_on(await self._command("parties"), TITLE), label)

    # -- the music ---------------------------------------------------------------------------------------------------
    async def listen(self) -> None:
        """Track by track everybody votes, until none is left."""
        voting: list[asyncio.Task[Any]] = []
        heard: set[UUID] = set()
        with self.stage.bar.count("tracks were played", self.tracks) as tick:
            while len(heard) < self.tracks:
                playing = await until(self._playing, "the next track", 60.0)
                if playing not in heard:
                    if not heard:
                        for world in self.stage.worlds:
                            self.cards[world.platform.name] = (await find_control(world, UP))[0].id
                    voting.append(asyncio.create_task(self._vote_all(f"Song {len(heard) + 1}")))
                    heard.add(playing)
                    tick()
                await asyncio.sleep(0.2)
        await asyncio.gather(*voting)

    async def _playing(self) -> UUID | None:
        async with self.stage.store.session() as session:
            query = select(col(Party.track_id)).where(col(Party.phase) == "playing")
            found: UUID | None = await session.scalar(query)
            return found

    async def _vote_all(self, song: str) -> None:
        await self.stage.for_each(lambda one: self._vote(one, song))

    async def _vote(self, member: Member, song: str) -> None:
        """Think, vote, perhaps change it."""
        chance = Random(f"{self.stage.seed} {member.number} {song}")
        over = time.monotonic() + SECONDS
        up = chance.random() >= DOWNS
        await asyncio.sleep(self.pace * chance.uniform(*THINK_SECONDS))
        await self._press(member, song, up, over)
        if chance.random() < CHANGES:
            await asyncio.sleep(self.pace * chance.uniform(*CHANGE_SECONDS))
            await self._press(member, song, not up, over)

    async def _press(self, member: Member, song: str, up: bool, over: float) -> None:
        """Press while the post shows the track, until it is told that it counts."""
        platform = member.platform
        while time.monotonic() < over:
            card = platform.message(self.cards[platform.name])
            control = next((one for one in card.controls if one.label == (UP if up else DOWN)), None)
            if control is None or song_of(card) != song:
                await asyncio.sleep(0.25)  # the post is not that far yet, or further
                continue
            begun = time.monotonic()
            self.sent[platform.name] += 1
            words = ""
            with suppress(ControlError):  # it went on to the next one in this moment
                words = told(await platform.press(member.id, card.id, control.id, wait=VOTE_SECONDS))
            sure = any(one in words for one in COUNTED)
            late = not sure and any(one in words for one in LATE)
            if not late:
                self.ballots.append(Ballot(member, song, up, begun, time.monotonic(), sure))
            if sure or late:
                self.late[platform.name] += late
                return


def song_of(card: MessageView) -> str:
    """The track that a post shows first."""
    found = SONG.search(card.text)
    return found[0] if found else ""


def control_at(message: MessageView, label: str) -> tuple[MessageView, ControlView]:
    """The control under that label."""
    return message, next(one for one in message.controls if one.label == label)


# -- the verdict ----------------------------------------------------------------------------------------------------
def judge(ballots: Sequence[Ballot], votes: Mapping[tuple[int, str], Sequence[bool]]) -> list[str]:
    """Where a person's last vote on a track is not what stands, once; ``votes`` by person and song. Each in a line.

    Of votes that a person's two accounts gave in the same moment either may be the last.
    """
    by_person: dict[tuple[int, str], list[Ballot]] = {}
    for one in ballots:
        by_person.setdefault((one.member.person, one.song), []).append(one)
    findings = [
        f"person {person} has a vote on {song} and never gave one" for person, song in votes.keys() - by_person
    ]
    for (person, song), given in by_person.items():
        since = max((one.begun for one in given if one.sure), default=0.0)
        last = {one.up for one in given if one.ended >= since}
        stands = votes.get((person, song), ())
        allowed = len(stands) <= 1 and set(stands) <= last and (bool(stands) or not since)
        if not allowed:
            findings.append(f"person {person} voted {last} on {song}; what stands: {list(stands)}")
    return findings


async def standing(stage: Stage) -> tuple[dict[tuple[int, str], list[bool]], list[str], int]:
    """The votes in the store by person and song, what doesn't add up there, and how many there are."""
    accounts = await stage.accounts()
    person = {account: stage.members[number].person for number, account in accounts.items()}
    async with stage.store.session() as session:
        query = select(col(Track.id), col(Track.ups), col(Track.downs)).order_by(col(Track.played_at))
        tracks = (await session.execute(query)).all()
        rows = (await session.execute(select(col(Vote.track_id), col(Vote.account_id), col(Vote.up)))).all()
    songs = {row[0]: f"Song {number + 1}" for number, row in enumerate(tracks)}
    votes: dict[tuple[int, str], list[bool]] = {}
    counts: Counter[tuple[UUID, bool]] = Counter()
    for track_id, account_id, up in rows:
        votes.setdefault((person[account_id], songs[track_id]), []).append(up)
        counts[track_id, up] += 1
    wrong = [
        f"{songs[track_id]} counts {ups}:{downs}, its votes are {counts[track_id, True]}:{counts[track_id, False]}"
        for track_id, ups, downs in tracks
        if (ups, downs) != (counts[track_id, True], counts[track_id, False])
    ]
    return votes, wrong, len(rows)


async def _posts(night: Night) -> list[str]:
    """Posts that don't come to be the same on all platforms, with the end and the counts; each in a line."""
    stage = night.stage
    shown: dict[str, tuple[str, str]] = {}

    async def same() -> bool:
        for world in stage.worlds:
            live = _plain(world.platform.message(night.cards[world.platform.name]))
            shown[world.platform.name] = (live, _recap(world))
        return len(set(shown.values())) == 1 and all("over" in live and recap for live, recap in shown.values())

    try:
        await until(same, "", stage.settle_seconds)
    except ActingError:
        return [f"{name} shows {live!r} and {recap!r}" for name, (live, recap) in shown.items()]
    return []


def _recap(world: World) -> str:
    for one in reversed(world.platform.record.taken):  # the last post
        with suppress(ControlError):
            if (words := _plain(world.platform.message(one.message))).startswith("That was"):
                return words
    return ""


def _plain(message: MessageView) -> str:
    """The words alone: platforms show marks, lists and what a picture shows in their own ways."""
    words = f"{message.title} {message.text}"
    for one in message.images:
        words = words.replace(one.alt, "")
    return " ".join(re.findall(r"[\w👍👎]+", words))


# -- all of it ------------------------------------------------------------------------------------------------------
async def rehearse(stage: Stage, *, crash: bool, tracks: int = TRACKS, pace: float = 1.0) -> Rehearsed:
    """Build the stage, have the party, and compare votes and posts with the store."""
    async with AsyncExitStack() as stack:
        await stage.build(stack)
        night = Night(stage, tracks, pace)
        stage.bar.say("The party is announced")
        await night.announce()
        before = {world.platform.name: _edits(world) for world in stage.worlds}
        refused_before = {world.platform.name: _refused(world) for world in stage.worlds}
        began = time.monotonic()
        await night.lead("Start now")
        async with stage.crashing(crash):
            await night.listen()
        sure = await night.lead("End the party")
        await press(stage.worlds[0], stage.worlds[0].owner, control_of(sure, "End the party"))
        stage.bar.say("Posts and votes are compared with the store")
        posts = await _posts(night)
        seconds = time.monotonic() - began
        votes, wrong, counted = await standing(stage)
        wrong += judge(night.ballots, votes)
        findings = [*wrong, *posts, *stage.troubles]
    by_platform = {
        world.platform.name: {
            "members": sum(one.world is world for one in stage.members),
            "votes_sent": night.sent[world.platform.name],
            "too_late": night.late[world.platform.name],
            "edits": _edits(world) - before[world.platform.name],
            "refused_edits": _refused(world) - refused_before[world.platform.name],
        }
        for world in stage.worlds
    }
    whole = {key: sum(one[key] for one in by_platform.values()) for key in by_platform[stage.worlds[0].platform.name]}
    figures = {
        **whole,
        "tracks": tracks,
        "votes_counted": counted,
        "votes_wrong": len(wrong),
        "seconds": round(seconds, 1),
        **stage.figures(),
        "platforms": by_platform,
    }
    words = (
        f"{whole['members']} members heard {tracks} tracks and sent {whole['votes_sent']} votes, changes among them; "
        f"{counted} stand, one a person and track. The posts were changed {whole['edits']} times, "
        f"{whole['refused_edits']} changes were refused for their pace and came later. "
        f"{stage.crashes} processes were killed."
    )
    return Rehearsed(figures, words, findings)


def _edits(world: World) -> int:
    return sum(world.platform.record.calls.get(call, 0) for call in EDITS[world.platform.name])


def _refused(world: World) -> int:
    calls = EDITS[world.platform.name]
    return sum(one.status == 429 and one.call in calls for one in world.platform.record.refused)
