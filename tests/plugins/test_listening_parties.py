"""Listening parties, as hosts and members meet them."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from core.action import Action
from core.event import Left
from core.testing import SetClock
from storage.engine import Store
from tests.core.kit import kinds, one_store
from tests.plugins.party import House


@pytest.fixture
async def house(opened: Store, time: SetClock) -> House:
    """A community whose workers move only when a test says so."""
    house = House(opened, time)
    await house.settle()
    return house


async def test_a_party_from_its_announcement_to_its_recap(house: House) -> None:
    post = await house.announce()
    assert "Krautrock night" in str(post.message.title)
    assert "[21 Nov, 08:00 \\(Europe/Berlin\\)](time:2026-11-21T07:00+00:00)" in str(post.message.text)
    assert "See you there" in (await house.bot.press(post.button("I'm coming"), "mia")).text
    await house.work()
    assert "**1 comes**" in str(post.message.text)
    added = await house.add(post, "mia", "Can – Vitamin C | 2:00", "Neu! – Hero | 4:00 | https://example.org/hero")
    assert "2 tracks added" in added.text
    await house.pass_by(3000, step=600)
    reminder = house.bot.posts[-1]
    assert "In a moment" in str(reminder.message.text)
    await house.pass_by(600, step=60)
    assert await house.state() == ("running", "counting", 3)
    card = house.card()
    assert "**3 …**" in str(card.message.text)
    await house.pass_by(12, step=3)
    assert await house.state() == ("running", "playing", 0)
    assert "**Can – Vitamin C**, from mia" in str(card.message.text)
    assert "Next: Neu! – Hero (mia)" in str(card.message.text)
    assert await house.vote("jon") == "👍 counted."
    assert await house.vote("kim", up=False) == "👎 counted."
    await house.work()
    assert "👍 1 · 👎 1" in str(card.message.text)
    await house.pass_by(120 + 9, step=10)
    assert "**Neu! – Hero** · [example.org](https://example.org/hero)" in str(card.message.text)
    await house.pass_by(240 + 300 + 5, step=60)
    assert (await house.state())[0] == "over"
    recap = house.bot.posts[-1]
    assert "That was Krautrock night" in str(recap.message.title)
    assert "2 tracks\n4 took part\n- Can – Vitamin C · 👍 1 · 👎 1" in str(recap.message.text)
    assert "1\\. mia" in str(recap.message.text)
    assert recap.message.image is not None
    assert str(recap.message.image.alt) == "The tracks of the party with their votes", (
        "some show it under the picture"
    )
    assert card.message.controls == post.message.controls == reminder.message.controls == ()
    assert await kinds(house.hall.store) == {"announce": 1, "rsvp": 1, "add": 1, "vote": 2}
    await house.pass_by(7 * 86400, step=86400)
    for table in ("party_vote", "party_guest", "party_coming", "alarm"):
        assert await house.rows(f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608  the names above
    assert await house.rows("SELECT sum(ups), sum(downs) FROM party_track") == [(1, 1)]


# -- the clock -------------------------------------------------------------------------------------------------------
@one_store
async def test_three_two_one_play_is_the_same_in_all_spaces(opened: Store, time: SetClock) -> None:
    house = House(opened, time)
    await house.settle(3)
    await house.begin("Can – Vitamin C | 1:00")
    steps = []
    for _ in range(13):
        assert len(set(house.texts)) == 1
        assert len(house.texts) == 3
        steps.append((await house.state())[1:])
        await house.pass_by(1)
    assert steps == [("counting", 3)] * 6 + [("counting", 2)] * 3 + [("counting", 1)] * 3 + [("playing", 0)]
    await house.pass_by(29)
    assert "0:30 / 1:00" in house.texts[0]
    assert len(set(house.texts)) == 1


async def test_a_restart_in_the_middle_goes_on_at_the_right_second(house: House, time: SetClock) -> None:
    card = await house.play("Can – Vitamin C | 2:00", "Neu! – Hero | 4:00")
    await house.vote("jon")
    await house.pass_by(31, step=31)
    [(began,)] = await house.rows("SELECT began_at FROM party_party")
    other = House(house.hall.store, time, "b", house.bots)  # the first one is never heard of again
    await other.pass_by(30, step=30)
    assert "1:00 / 2:00" in str(card.message.text)
    assert "👍 1 · 👎 0" in str(card.message.text)
    assert "Next: Neu! – Hero (mia)" in str(card.message.text)
    assert await other.vote("jon") == "Your 👍 counts already."
    assert await house.rows("SELECT began_at FROM party_party") == [(began,)]
    assert await other.standings() == {"mia": ("seat", 0)}
    await other.pass_by(58, step=58)
    assert (await other.state())[1] == "playing"
    await other.pass_by(1)
    assert await other.state() == ("running", "counting", 3)
    await other.pass_by(9)
    assert await other.state() == ("running", "playing", 0)


@one_store
async def test_an_alarm_that_rings_late_moves_nothing(house: House) -> None:
    await house.play("Can – Vitamin C | 0:30", "Neu! – Hero | 4:00")
    await house.pass_by(30 + 5, step=35)  # the process was busy for five seconds
    assert await house.state() == ("running", "counting", 2)
    await house.pass_by(4 + 21, step=25)
    assert "0:20 / 4:00" in str(house.card().message.text)


@one_store
async def test_after_a_long_outage_the_next_track_begins_now(house: House) -> None:
    card = await house.play("Can – Vitamin C | 0:30", "Neu! – Hero | 4:00", "Cluster – Caramel | 3:00")
    await house.pass_by(3600, step=3600)
    assert await house.state() == ("running", "counting", 3)
    assert "Neu! – Hero" in str(card.message.text)


@one_store
async def test_a_party_without_a_track_waits_and_then_ends(house: House) -> None:
    post = await house.announce()
    coming = post.button("I'm coming")
    await house.lead("Start now")
    assert "No track waits" in str(house.card().message.text)
    assert "It has begun" in (await house.bot.press(coming, "mia")).text
    await house.pass_by(240, step=60)
    await house.add(post, "mia", "Can – Vitamin C | 0:30")
    assert await house.state() == ("running", "counting", 3)
    await house.pass_by(9 + 30, step=9)
    await house.pass_by(290, step=290)
    assert (await house.state())[0] == "running"
    await house.pass_by(20, step=20)
    assert (await house.state())[0] == "over"


@one_store
async def test_a_party_at_which_nothing_was_heard_leaves_no_recap(house: House) -> None:
    await house.announce()
    await house.lead("Start now")
    posts = len(house.bot.posts)
    await house.pass_by(400, step=200)
    assert (await house.state())[0] == "over"
    assert len(house.bot.posts) == posts


@one_store
async def test_a_skip_and_the_end_of_a_track_advance_once(house: House, time: SetClock) -> None:
    await house.play("Can – Vitamin C | 0:30", "Neu! – Hero | 4:00", "Cluster – Caramel | 3:00")
    desk = await house.bot.press((await house.bot.command("parties", "olga")).button("Krautrock night"), "olga")
    time.pass_by(30)
    skips = [house.bot.press(desk.button("Skip"), "olga") for _ in range(5)]
    told = [one.text for one in (await asyncio.gather(house.hall.planner.plan(), *skips))[1:]]
    assert told.count("Skipped.") <= 1
    assert await house.rows("SELECT count(*) FROM party_track WHERE state IN ('played', 'skipped')") == [(1,)]
    assert await house.state() == ("running", "counting", 3)


@one_store
async def test_a_party_that_was_missed_by_an_hour_does_not_begin(house: House) -> None:
    post = await house.announce()
    await house.pass_by(3600 * 3, step=3600 * 3)
    assert (await house.state())[0] == "over"
    assert "called off" in str(post.message.text)
    told = house.bot.posts[-1]
    assert told.address.member == "olga"
    assert "could not begin for an hour" in str(told.message.text)


@one_store
async def test_nobody_is_reminded_of_what_was_announced_a_moment_ago(house: House) -> None:
    await house.announce("in 15 minutes")
    posts = len(house.bot.posts)
    await house.pass_by(14 * 60, step=60)
    assert len(house.bot.posts) == posts


# -- the booth -------------------------------------------------------------------------------------------------------
@one_store
async def test_five_seats_a_line_and_turns(house: House) -> None:
    post = await house.announce(turn="1")
    for number, who in enumerate("abcdefg"):
        told = (await house.bot.press(post.button("Join the booth"), who)).text
        assert ("You have a seat" in told) == (number < 5)
        await house.add(post, who, f"{who} – One | 0:30", f"{who} – Two | 0:30")
    assert "Before you wait: 1" in told
    assert (await house.bot.press(post.button("Join the booth"), "g")).text == "You are in already."
    line = (await house.bot.press(post.button("The line"), "a")).text
    assert "**Booth**: a, b, c, d, e\n**Waiting for a seat**: f, g\n" in line
    assert [one.split(" ")[1] for one in line.split("\n") if "\\." in one] == list("abcdefgabc")
    await house.lead("Start now")
    await house.pass_by(3)
    heard = []
    for _ in range(8):
        heard.append(str(house.card().message.text).split("**")[1][0])
        await house.pass_by(39, step=9)
    assert heard == list("abcdefga")
    assert sorted(one for one, _played in (await house.standings()).values()) == ["line"] * 2 + ["seat"] * 5


@one_store
async def test_a_dj_without_a_track_is_passed_over_and_the_house_plays_last(house: House) -> None:
    post = await house.announce()
    await house.bot.press(post.button("Join the booth"), "mia")
    await house.add(post, "jon", "jon – One | 0:30", "jon – Two | 0:30")
    await house.lead("Start now")
    assert "jon – One" in str(house.card().message.text)
    await house.add(post, "mia", "mia – One | 0:30")
    await house.pass_by(42, step=6)
    assert "mia – One" in str(house.card().message.text)


@one_store
async def test_a_dj_who_steps_down_takes_their_tracks_and_brings_them_back(house: House) -> None:
    card = await house.play("Can – Vitamin C | 2:00", "Neu! – Hero | 4:00")
    line = await house.bot.press(card.button("The line"), "mia")
    assert "You stepped down" in (await house.bot.press(line.button("Step down"), "mia")).text
    await house.work()
    assert "Vitamin C" in str(card.message.text)  # what plays, plays on
    assert "Next" not in str(card.message.text)
    line = await house.bot.press(card.button("The line"), "jon")
    assert "~~Neu! – Hero~~" in line.text
    assert "not in the booth" in (await house.bot.press(line.button("Step down"), "mia")).text
    assert "You have a seat" in (await house.bot.press(card.button("Join the booth"), "mia")).text
    await house.work()
    assert "Next: Neu! – Hero (mia)" in str(card.message.text)


@one_store
async def test_a_dj_who_leaves_the_space_frees_the_seat(house: House) -> None:
    card = await house.play("Can – Vitamin C | 0:30", "Neu! – Hero | 4:00")
    for who in "abcde":
        await house.bot.press(card.button("Join the booth"), who)
    assert (await house.standings())["e"][0] == "line"
    await house.bot.act(Left(where=house.bot.where(), who=house.bot.who("mia"), id="left"))
    assert (await house.standings())["e"][0] == "seat"
    assert (await house.standings())["mia"][0] == "out"
    await house.add(card, "a", "a – One | 0:30")
    await house.pass_by(39, step=9)
    assert "a – One" in str(card.message.text)


@one_store
async def test_a_host_moves_a_track_to_the_front(house: House) -> None:
    await house.begin("a – One | 0:30", "a – Two | 0:30", "a – Three | 0:30")
    desk = await house.bot.press((await house.bot.command("parties", "olga")).button("Krautrock night"), "olga")
    opened = (await house.bot.press(desk.button("Move a track"), "olga", form=True)).opened
    assert opened is not None
    tracks = {str(one.label): one.value for one in opened.fields[0].options}
    assert list(tracks) == ["a – Two · mia", "a – Three · mia"]
    values = {"track": [tracks["a – Three · mia"]], "to": ["next"]}
    assert (await house.bot.submit(opened.action, "olga", values)).text == "Moved."
    await house.work()
    assert "Next: a – Three (mia)\nNext: a – Two (mia)" in str(house.card().message.text)
    assert "Only hosts" in (await house.bot.submit(opened.action, "mia", values)).text


# -- two parties -----------------------------------------------------------------------------------------------------
async def test_two_parties_do_not_meet_in_one_channel(house: House) -> None:
    await house.announce("in 60 minutes", "One")
    seen = await house.plan("in 300 minutes", "Two")
    told = (await house.bot.press(seen.button("Announce it"), "olga")).text
    assert "“One” stands in the same channel" in told
    other = await house.plan("in 500 minutes", "Three")
    assert (await house.bot.press(other.button("Announce it"), "olga")).text == "Announced."
    await house.lead("Start now", "One")
    assert "“One” still runs" in (await house.lead("Start now", "Three")).text
    assert (await house.lead("End the party", "One")).text.startswith("The music stops")
    assert await house.rows("SELECT count(*) FROM party_party WHERE state = 'running'") == [(1,)]


@one_store
async def test_a_party_waits_for_the_one_before_it(house: House) -> None:
    await house.announce("in 60 minutes", "One")
    two = await house.plan("in 430 minutes", "Two")
    await house.bot.press(two.button("Announce it"), "olga")
    await house.pass_by(3600, step=3600)
    await house.hall.store.write(
        lambda tx: tx.execute(text("UPDATE party_party SET began_at = '2027-01-01'")) and None
    )
    await house.hall.store.write(
        lambda tx: tx.execute(text("DELETE FROM alarm WHERE at < '2026-11-21 08:00'")) and None
    )
    await house.pass_by(370 * 60, step=370 * 60)
    assert await house.rows("SELECT title, state FROM party_party ORDER BY title") == [
        ("One", "running"),
        ("Two", "announced"),
    ]
    told = house.bot.posts[-1]
    assert (told.address.member, "“Two” begins as soon as “One” is over" in str(told.message.text)) == ("olga", True)
    listed = await house.bot.command("parties", "olga")
    desk = await house.bot.press(listed.button("One"), "olga")
    sure = await house.bot.press(desk.button("End the party"), "olga")
    await house.bot.press(sure.button("End the party"), "olga")
    await house.pass_by(30)
    assert ("Two", "running") in await house.rows("SELECT title, state FROM party_party")


# -- planning --------------------------------------------------------------------------------------------------------
@one_store
async def test_what_can_not_be_planned_is_told(house: House) -> None:
    for field, value, wrong in (
        ("when", "noonish", "Write a time"),
        ("when", "2026-11-20 20:00", "passed"),
        ("when", "2029-11-20 20:00", "more than a year"),
        ("when", "2026-02-30 20:00", "Write a time"),
        ("turn", "1.5", "whole number"),
        ("turn", "0", "At least 1"),
        ("title", "", "needed"),
        ("title", "x" * 81, "Too long"),
    ):
        seen = await house.plan(**{"when": "20:00", field: value})  # type: ignore[arg-type]  # by its name
        assert wrong in seen.errors[field], value
    assert await house.rows("SELECT count(*) FROM party_party") == [(0,)]


@one_store
async def test_a_plan_is_changed_called_off_and_deleted(house: House) -> None:
    seen = await house.plan("tomorrow 20:00")
    form = (await house.bot.press(seen.button("Change"), "olga", form=True)).opened
    assert form is not None
    assert form.fields[2].value == "2026-11-22 20:00"
    seen = await house.bot.submit(form.action, "olga", {"title": "Other", "when": "21:00", "turn": "1"})
    assert "Other" in str(seen.message.title if seen.message else "")
    await house.bot.press(seen.button("Announce it"), "olga")
    await house.work()
    post = house.bot.posts[-1]
    form = (await house.bot.press((await house.lead_to("Other")).button("Change"), "olga", form=True)).opened
    assert form is not None
    await house.bot.submit(form.action, "olga", {"title": "Third", "when": "22:00", "turn": "1"})
    await house.work()
    assert "Third" in str(post.message.title)
    assert "22:00" in str(post.message.text)
    await house.lead("Call it off", "Third")
    assert "called off" in str(post.message.text)
    assert "can't be changed" in (await house.bot.press(form.action, "olga", form=True)).text
    seen = await house.plan()
    await house.bot.press(seen.button("Delete"), "olga")
    assert "gone" in (await house.bot.press(seen.button("Announce it"), "olga")).text
    assert await house.rows(
        "SELECT count(*) FROM party_channel WHERE party_id NOT IN (SELECT id FROM party_party)"
    ) == [(0,)]


@one_store
async def test_channels_are_chosen_also_in_a_space_with_a_long_name(house: House) -> None:
    name = "Friends of everything that was ever pressed on vinyl, and of some that was not"
    await house.hall.store.write(
        lambda tx: tx.execute(text("UPDATE space SET name = :name"), {"name": name}) and None
    )
    seen = await house.plan()
    opened = (await house.bot.press(seen.button("Channels"), "olga", form=True)).opened
    assert opened is not None
    assert all(str(one.label).startswith("Friends of everything") for one in opened.fields)
    chosen = {one.name: one.options[0].value for one in opened.fields}
    told = await house.bot.submit(opened.action, "olga", chosen)
    assert told.text.count(name) == len(opened.fields)


@one_store
async def test_members_do_not_lead(house: House) -> None:
    seen = await house.plan()
    for label in ("Announce it", "Delete", "Channels", "Change"):
        told = await house.bot.press(seen.button(label), "mia", form=label in ("Channels", "Change"))
        assert "Only hosts" in told.text
    await house.bot.press(seen.button("Delete"), "olga")
    await house.play()
    desk = await house.bot.press((await house.bot.command("parties", "olga")).button("Krautrock night"), "olga")
    assert "Only hosts" in (await house.bot.press(desk.button("Skip"), "mia")).text


@one_store
async def test_a_forged_press_finds_nothing(house: House) -> None:
    card = await house.play()
    join = card.button("Join the booth")
    other = Action("lp", "join", (house.hall.store.ids.next(house.time.now()),), join.community)
    assert "over" in (await house.bot.press(other, "mia")).text
    for verb in ("join", "line", "up", "down", "rsvp", "leave", "skip", "post", "start", "end", "drop", "desk"):
        for args in ((), (3,), (other.args[0],)):
            told = await house.bot.press(Action("lp", verb, args, join.community), "olga")
            assert told.message is not None, verb
            assert "went wrong" not in told.text, verb
    for verb in ("plan", "where", "move", "add", "paste"):
        told = await house.bot.press(Action("lp", verb, (other.args[0],), join.community), "olga", form=True)
        assert told.message is not None, verb
    assert (await house.state())[1] == "playing"
