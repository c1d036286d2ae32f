"""Posts that need a person: what managers are asked, and what comes of what they say."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from core.action import Action
from core.activity import owe_private
from core.bot import ChannelInfo, SendError, SendRefused, SendUnknown, Standing
from core.claims import WINDOW
from core.hall import Hall
from core.incidents import Kind, note
from core.message import Button, Message
from core.stuck import FRESH, Verdict, decide, mark_of, reason_of
from core.telling import tell_keeper
from core.testing import FakeAnswering, FakeBot, SetClock, install
from storage.tables import Activity, Channel, Community, Delivery, Incident, Space
from storage.tx import Tx
from tests.core.kit import one_store

REFUSED = "the platform says: not in this channel"


class Scene:
    """A community that Olga set up, and posts of it that are stuck."""

    def __init__(self, hall: Hall, bot: FakeBot, time: SetClock, community: UUID, space: UUID) -> None:
        self.hall, self.bot, self.time = hall, bot, time
        self.community, self.space = community, space

    async def stick(
        self, state: str, *, channel: str = "general", activity: UUID | None = None, lane: str = "idle", **more: Any
    ) -> UUID:
        """A post that is stuck; of a lane that nobody sends, so that it stays as it was left. Its id."""

        def unit(tx: Tx) -> UUID:
            where = (col(Channel.community_id) == self.community, col(Channel.external_id) == channel)
            channel_id = tx.scalar(select(col(Channel.id)).where(*where))
            if channel_id is None:
                channel_id = tx.new_id()
                here = {"community_id": self.community, "space_id": self.space}
                tx.add(Channel(**here, id=channel_id, external_id=channel, name=channel))
            values: dict[str, Any] = {
                "channel_id": channel_id,
                "error": REFUSED,
                "sent_at": tx.now,
                "due_at": tx.now,
                "expires_at": tx.now,
                "attempts": 3,
                "checks": 2,
                "wanted_revision": 2,
                "shown_revision": 0,
                "created_at": tx.now,
                "card_plugin": "qd",
                "activity_id": activity,
            }
            row = Delivery(
                community_id=self.community,
                id=tx.new_id(),
                space_id=self.space,
                lane=lane,
                state=state,
                **{**values, **more},
            )
            tx.add(row)
            return row.id

        return await self.hall.store.write(unit)

    async def ask(self, question: str = "What did you *cook*?", state: str = "open") -> UUID:
        """An activity; its id."""

        def unit(tx: Tx) -> UUID:
            row = Activity(
                community_id=self.community,
                id=tx.new_id(),
                plugin="qd",
                slot="2026-11-21T09:00:00",
                state=state,
                data={"question": question.replace("*", "\\*")},
                created_at=tx.now,
            )
            tx.add(row)
            return row.id

        return await self.hall.store.write(unit)

    async def note(self, kind: Kind, **more: Any) -> None:
        """An incident."""
        await self.hall.store.write(lambda tx: note(tx, kind, self.community, plugin="qd", **more))

    async def posts(self, member: str = "olga") -> FakeAnswering:
        """``/hall posts``."""
        return await self.bot.command("posts", member)

    async def row(self, delivery: UUID) -> Delivery:
        """A delivery as it is now."""
        async with self.hall.store.session() as session:
            found = await session.get(Delivery, (self.community, delivery))
        assert found is not None
        return found

    async def incidents(self) -> list[tuple[str, Any]]:
        """The kinds and details of all incidents."""
        async with self.hall.store.session() as session:
            rows = await session.execute(select(col(Incident.kind), col(Incident.detail)).order_by(col(Incident.id)))
            return [(row.kind, row.detail) for row in rows]


def labels(seen: FakeAnswering) -> list[str]:
    return [str(one.label) for one in seen.message.controls if isinstance(one, Button)] if seen.message else []


@pytest.fixture
async def scene(hall: Hall, bot: FakeBot, time: SetClock) -> Scene:
    """A hall with one space that Olga set up; Jon manages, too."""
    await install(bot)
    bot.standings["jon"] = Standing(present=True, roles=frozenset({"admin"}))
    async with hall.store.session() as session:
        community, space = (await session.execute(select(col(Space.community_id), col(Space.id)))).one()
    return Scene(hall, bot, time, community, space)


# -- what is asked --------------------------------------------------------------------------------------------
@one_store
async def test_nothing_needs_anybody(scene: Scene) -> None:
    seen = await scene.posts()
    assert (seen.text, labels(seen)) == ("All posts went out.", [])


@one_store
async def test_members_are_not_asked(scene: Scene) -> None:
    delivery = await scene.stick("unknown")
    button = (await scene.posts()).button("Post again")
    assert "manage" in (await scene.posts("mia")).text
    assert "manage" in (await scene.bot.press(button, "mia")).text
    assert (await scene.row(delivery)).state == "unknown"


@one_store
async def test_an_unknown_post_says_which_where_and_when(scene: Scene) -> None:
    await scene.stick("unknown", activity=await scene.ask())
    seen = await scene.posts()
    assert labels(seen) == ["It's there", "Post again", "Let it go"]
    for words in (
        "Question of the day: What did you \\*cook\\*?",
        "general · Hall",
        "21 Nov, 09:00",
        "nobody can tell",
    ):
        assert words in seen.text


@one_store
async def test_a_failed_post_says_what_to_do_as_the_channel_is_now(scene: Scene) -> None:
    await scene.stick("failed")
    seen = await scene.posts()
    assert labels(seen) == ["Try again", "Let it go"]
    assert "not in this channel" in seen.text
    assert "worth another try" in seen.text
    scene.bot.rooms = [ChannelInfo("general", "general", writable=False)]
    scene.time.pass_by(seconds=21)
    assert "I may not write in #general: let me write there, then try again." in (await scene.posts()).text
    scene.bot.rooms = []
    scene.time.pass_by(seconds=21)
    assert "I don't see #general any more." in (await scene.posts()).text


@one_store
async def test_a_platform_that_is_silent_keeps_nobody_waiting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_space: str) -> list[ChannelInfo]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr("core.doors.ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(scene.bot, "channels", never)
    await scene.stick("failed")
    text = (await scene.posts()).text
    assert "not in this channel" in text
    assert "#general" not in text.split("not in this channel")[1]


@one_store
async def test_what_is_over_says_so(scene: Scene) -> None:
    await scene.stick("unknown", activity=await scene.ask(state="closed"))
    assert "closed by now" in (await scene.posts()).text


@one_store
async def test_many_fit_in_what_a_message_holds(scene: Scene) -> None:
    activity = await scene.ask()
    for number in range(9):
        await scene.stick("unknown", channel=f"u{number}", activity=activity)
        await scene.stick("failed", channel=f"n{number}", error=f"try in {number} s", activity=activity)
        await scene.stick("failed", channel="general", activity=await scene.ask(f"Question {number}?"))
    seen = await scene.posts()
    assert len(labels(seen)) == 4 * 3 + 6 * 2
    assert "1. It's there" in labels(seen)
    assert "10. Let it go" in labels(seen)
    assert len(seen.text) < 4000
    # four unknown ones, one question in nine channels, five of the others
    assert "9 more posts need you afterwards." in seen.text


@one_store
async def test_messages_in_private_are_nobody_else_s(scene: Scene) -> None:
    await scene.stick("failed", channel_id=None, account_id=uuid4())
    assert (await scene.posts()).text == "All posts went out."


@one_store
async def test_a_space_without_the_bot_asks_nobody(scene: Scene) -> None:
    await scene.stick("failed")
    table = Space.__table__  # type: ignore[attr-defined]  # set on every model that is a table
    await scene.hall.store.write(lambda tx: tx.execute(table.update().values(removed_at=tx.now)) and None)
    assert (await scene.posts()).text == "All posts went out."


# -- what is said ---------------------------------------------------------------------------------------------
async def test_it_is_there(scene: Scene) -> None:
    delivery = await scene.stick("unknown", activity=await scene.ask())
    seen = await scene.bot.press((await scene.posts()).button("It's there"), "olga")
    assert "it is there" in seen.text
    assert "can't change it" in seen.text
    row = await scene.row(delivery)
    assert (row.state, row.external_id, row.card_plugin, row.shown_revision) == ("sent", None, None, 2)
    assert await scene.incidents() == [("recovered", {"by": "manager"})]
    assert "A manager found it." in (await scene.posts()).text


@pytest.mark.parametrize(("state", "label"), [("unknown", "Post again"), ("failed", "Try again")])
async def test_again_is_a_fresh_start(scene: Scene, state: str, label: str) -> None:
    delivery = await scene.stick(state)
    scene.time.pass_by(hours=5)
    seen = await scene.bot.press((await scene.posts()).button(label), "olga")
    assert "On its way again." in seen.text
    row = await scene.row(delivery)
    assert (row.state, row.attempts, row.checks, row.sent_at, row.error) == ("pending", 0, 0, None, None)
    assert (row.due_at, row.expires_at) == (scene.time.now(), scene.time.now() + FRESH)


@one_store
@pytest.mark.parametrize("left", [None, timedelta(hours=3)])
async def test_again_takes_no_time_away(scene: Scene, left: timedelta | None) -> None:
    expires_at = None if left is None else scene.time.now() + left
    delivery = await scene.stick("failed", expires_at=expires_at)
    await scene.bot.press((await scene.posts()).button("Try again"), "olga")
    assert (await scene.row(delivery)).expires_at == (expires_at or scene.time.now() + WINDOW)


@one_store
async def test_let_go_is_not_sent(scene: Scene) -> None:
    delivery = await scene.stick("failed")
    assert "Let go" in (await scene.bot.press((await scene.posts()).button("Let it go"), "jon")).text
    assert (await scene.row(delivery)).state == "cancelled"


async def test_all_of_one_reason_go_again_and_no_other(scene: Scene) -> None:
    activity, other = await scene.ask(), await scene.ask("And you?")
    several = [await scene.stick("failed", channel=f"c{n}", activity=activity, error=f"in {n} s") for n in range(12)]
    odd = await scene.stick("failed", channel="odd", activity=activity, error="another reason")
    later = await scene.stick("failed", channel="c1", activity=other, error="in 1 s")
    unknown = await scene.stick("unknown", channel="u", activity=activity, error="in 1 s")
    seen = await scene.posts()
    assert "and 7 more" in seen.text
    button = next(one for one in labels(seen) if "Try all 12 again" in one)
    again = await scene.bot.press(seen.button(button), "olga")
    assert "12 posts are on their way again." in again.text
    assert {(await scene.row(one)).state for one in several} == {"pending"}
    assert [(await scene.row(one)).state for one in (odd, later, unknown)] == ["failed", "failed", "unknown"]
    assert "Somebody was quicker" in (await scene.bot.press(seen.button(button), "jon")).text


async def test_two_managers_at_once_and_one_is_told_what_became_of_it(scene: Scene) -> None:
    delivery = await scene.stick("unknown")
    seen = await scene.posts()
    there, again = seen.button("It's there"), seen.button("Post again")
    presses = [scene.bot.press(there if n % 2 else again, "olga" if n % 2 else "jon") for n in range(10)]
    told = [one.text for one in await asyncio.gather(*presses)]
    assert sum("Somebody was quicker" not in one for one in told) == 1
    row = await scene.row(delivery)
    assert row.state in ("pending", "sent")
    assert len(await scene.incidents()) == (row.state == "sent")
    became = "it is posted" if row.state == "sent" else "it is on its way again"
    assert sum(f"Somebody was quicker: {became}." in one for one in told) == 9


@one_store
async def test_a_button_of_an_earlier_time_does_nothing(scene: Scene) -> None:
    delivery = await scene.stick("unknown")
    button = (await scene.posts()).button("Post again")
    await scene.bot.press(button, "olga")
    scene.time.pass_by(seconds=30)
    table, now = Delivery.__table__, scene.time.now()  # type: ignore[attr-defined]  # set on every model
    await scene.hall.store.write(lambda tx: tx.execute(table.update().values(state="unknown", sent_at=now)) and None)
    assert "is stuck again" in (await scene.bot.press(button, "jon")).text
    assert (await scene.row(delivery)).state == "unknown"


async def test_forged_presses_change_nothing(scene: Scene) -> None:
    mark = mark_of(scene.time.now())
    delivery = await scene.stick("failed", activity=(activity := await scene.ask()))
    sent = await scene.stick("sent", channel="other")
    mine = scene.community
    for forged in (
        Action("wt", "there", (delivery, mark), mine),  # nobody can say that a refused post is there
        Action("wt", "again", (sent, mark), mine),
        Action("wt", "drop", (sent, mark), mine),
        Action("wt", "again", (delivery,), mine),
        Action("wt", "again", (mark, delivery), mine),
        Action("wt", "again", (uuid4(), mark), mine),
        Action("wt", "agains", (uuid4(), reason_of(REFUSED)), mine),
        Action("wt", "drops", (activity, 7), mine),
        Action("wt", "again", (delivery, mark), uuid4()),
    ):
        await scene.bot.press(forged, "olga")
    assert [(await scene.row(one)).state for one in (delivery, sent)] == ["failed", "sent"]
    assert await scene.incidents() == []


async def test_another_community_s_post_is_out_of_reach(scene: Scene) -> None:
    delivery = await scene.stick("failed")
    mark = mark_of(scene.time.now())
    await scene.bot.arrive("eve", "annexe")
    scene.bot.standings["eve"] = Standing(present=True, roles=frozenset({"owner"}))
    setup = scene.bot.posts[-1].button("Set me up")
    await scene.bot.submit(setup, "eve", {"language": "en", "zone": "Europe/Paris"}, space="annexe")
    async with scene.hall.store.session() as session:
        theirs = await session.scalar(select(col(Space.community_id)).where(col(Space.external_id) == "annexe"))
    assert theirs is not None
    seen = await scene.bot.press(Action("wt", "again", (delivery, mark), theirs), "eve", space="annexe")
    assert "That post is gone." in seen.text
    seen = await scene.bot.press(Action("wt", "again", (delivery, mark), scene.community), "eve", space="annexe")
    assert "no longer does anything" in seen.text
    assert (await scene.row(delivery)).state == "failed"


async def test_a_verdict_in_a_unit_that_fails_is_none(scene: Scene) -> None:
    delivery = await scene.stick("unknown")
    mark = mark_of(scene.time.now())

    def unit(tx: Tx) -> None:
        decide(tx, scene.community, Verdict.THERE, delivery, mark)
        raise RuntimeError("later in the same unit")

    with pytest.raises(RuntimeError):
        await scene.hall.store.write(unit)
    assert (await scene.row(delivery)).state == "unknown"
    assert await scene.incidents() == []


# -- what happened --------------------------------------------------------------------------------------------
async def test_what_happened_in_words_the_newest_first(scene: Scene) -> None:
    sent = await scene.stick("sent", activity=await scene.ask(), channel="lounge")
    await scene.note(Kind.MISSED, slot="2026-11-20T09:00:00", late=7 * 3600.0)
    await scene.note(Kind.LATE, slot="2026-11-21T09:00:00", late=725.0)
    await scene.note(Kind.STUMBLED, trace="c0ffee")
    scene.time.pass_by(minutes=5)
    await scene.note(Kind.FAILED, delivery_id=sent, reason="closed *here*")
    await scene.note(Kind.RECOVERED, delivery_id=sent, by="platform")
    text = (await scene.posts()).text
    assert "No post needs you now." in text
    lines = text.split("What happened")[1].splitlines()[1:]
    assert [line.split(": ", 1)[0] for line in lines] == [
        "- 21 Nov, 07:05 · Question of the day, for 21 Nov, 09:00 · #lounge · Hall"
    ] * 2 + [
        "- 21 Nov, 07:00 · Question of the day",
        "- 21 Nov, 07:00 · Question of the day, for 21 Nov, 09:00",
        "- 21 Nov, 07:00 · Question of the day, for 20 Nov, 09:00",
    ]


async def test_the_same_in_many_places_is_one_line(scene: Scene) -> None:
    activity = await scene.ask()
    for number in range(40):
        delivery = await scene.stick("unknown", channel=f"c{number}", activity=activity)
        await scene.note(Kind.UNKNOWN, delivery_id=delivery, reason=f"reset {number}")
    text = (await scene.posts()).text.split("What happened")[1]
    assert text.count("Nobody could tell whether it arrived. It still needs you.") == 1
    assert "and 35 more" in text


@one_store
async def test_another_community_s_incidents_are_its_own(scene: Scene) -> None:
    def unit(tx: Tx) -> None:
        other = Community(id=tx.new_id(), name="Annexe", language="en", time_zone="UTC", created_at=tx.now)
        tx.add(other)
        note(tx, Kind.STUMBLED, other.id, trace="c0ffee")

    await scene.hall.store.write(unit)
    assert (await scene.posts()).text == "All posts went out."
    async with scene.hall.store.session() as session:
        assert await session.scalar(select(func.count()).select_from(Incident)) == 1


@one_store
@pytest.mark.parametrize(("locale", "words"), [("de", "Ist angekommen"), ("fr", "Elle est là")])
async def test_managers_are_asked_in_their_language(scene: Scene, locale: str, words: str) -> None:
    await scene.stick("unknown", activity=await scene.ask())
    seen = await scene.bot.press(Action("wt", "list", (), scene.community), "olga", locale=locale)
    assert words in labels(seen)
    assert "21 Nov, 09:00" not in seen.text


# -- telling without being asked --------------------------------------------------------------------------------
async def test_whoever_set_it_up_is_told_once_a_day_and_not_a_hundred_times(scene: Scene) -> None:
    async def tell() -> list[str]:
        await scene.hall.store.write(lambda tx: [tell_keeper(tx, scene.community) for _number in range(3)])
        async with scene.hall.store.session() as session:
            rows = await session.scalars(select(Delivery).where(col(Delivery.account_id).is_not(None)))
            return [
                str(Message.from_data(row.message).spoken(lambda words: scene.hall.say(words, "en")).title)
                for row in rows
            ]

    assert await tell() == ["A post needs you"]
    scene.time.pass_by(hours=19)
    assert len(await tell()) == 1
    scene.time.pass_by(hours=5)
    assert len(await tell()) == 2


@pytest.mark.parametrize(
    ("trouble", "label"), [(SendRefused("closed"), "Try again"), (SendUnknown("the line broke"), "Post again")]
)
async def test_from_the_trouble_to_the_post(hall: Hall, bot: FakeBot, trouble: SendError, label: str) -> None:
    bot.capabilities = replace(bot.capabilities, finds=False)
    done = await install(bot)
    bot.failing = [trouble]
    await bot.press(done.button("Post the first one now"), "olga")
    notice = (await bot.until_posts(2))[-1]
    assert (notice.address.member, notice.message.title) == ("olga", "A post needs you")
    seen = await bot.press(notice.button("Show me"), "olga", private=True)
    assert "Question of the day: " in seen.text
    again = seen.button(label)
    told = await asyncio.gather(*(bot.press(again, "olga", private=True) for _number in range(5)))
    assert sum("On its way again." in one.text for one in told) == 1
    question = (await bot.until_posts(3))[-1]
    assert (question.address.channel, question.message.title) == ("general", "Question of the day")
    bot.failing = [trouble]
    assert "On its way" not in (await bot.press(again, "olga")).text
    await asyncio.sleep(0.1)
    assert len(bot.posts) == 3
    assert "It is posted by now." in (await bot.command("posts", "olga")).text


@one_store
async def test_a_private_message_that_is_refused_tells_nobody(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    async with hall.store.session() as session:
        community, keeper = (await session.execute(select(col(Community.id), col(Community.keeper_id)))).one()
        space = await session.scalar(select(col(Space.id)))
    bot.failing = [SendRefused("blocked")]
    letter = {"space_id": space, "lane": "fake", "account_id": keeper, "message": Message(text="Hello")}
    await hall.store.write(lambda tx: owe_private(tx, community_id=community, now=tx.now, **letter))
    hall.wake()
    async with asyncio.timeout(5):
        while not (said := (await bot.command("posts", "olga")).text).endswith("blocked”."):  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.05)
    assert "in private" in said
    assert "No post needs you now." in said
    assert len(bot.posts) == 1


@one_store
async def test_nobody_is_told_where_the_bot_is_gone(scene: Scene) -> None:
    table = Space.__table__  # type: ignore[attr-defined]  # set on every model that is a table
    await scene.hall.store.write(lambda tx: tx.execute(table.update().values(removed_at=tx.now)) and None)
    await scene.hall.store.write(lambda tx: tell_keeper(tx, scene.community))
    async with scene.hall.store.session() as session:
        assert await session.scalar(select(func.count()).select_from(Delivery)) == 0


def test_marks_and_reasons_fit_an_action() -> None:
    assert mark_of(None) == 0
    for moment in (datetime(2026, 11, 21, 9, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)):
        assert 0 <= mark_of(moment) < 2**24
    action = Action("wt", "agains", (UUID(int=2**128 - 1), 2**24 - 1), UUID(int=2**128 - 1))
    assert len(action.encode()) <= 64
    assert reason_of("retry after 7 s") == reason_of("retry after 12 s") != reason_of("gone")
