"""The route of an event: once, whole or not at all, and never without a kind word."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from core.action import Action
from core.bot import SendRefused, Standing
from core.event import CommandInvoked, Deleted, Event, Joined, Left, Pressed, Removed
from core.form import FieldKind, Form
from core.hall import Hall
from core.message import Message
from core.patience import Patience
from core.testing import FakeAnswering, FakeBot, install
from tests.core.kit import action, kinds, one_store, rows, until
from tests.core.probe import Probe

TYPED = "Because the *tide* was low, my dear"


@pytest.fixture
async def home(hall: Hall, bot: FakeBot) -> Hall:
    """A hall with one space that Olga set up."""
    await install(bot)
    return hall


# -- once ------------------------------------------------------------------------------------------
async def test_the_same_event_again_writes_nothing_and_tells_nobody_twice(
    home: Hall, bot: FakeBot, probe: Probe
) -> None:
    press = action(probe, "act")
    assert (await bot.press(press, "mia", event_id="one")).text == "Done, mia."
    again = await bot.press(press, "mia", event_id="one")
    assert (again.acknowledged, again.message) == (True, None)
    assert await kinds(home.store) == {"act": 1}


async def test_the_same_event_ten_times_at_once_writes_once(home: Hall, bot: FakeBot, probe: Probe) -> None:
    press = action(probe, "act")
    seen = await asyncio.gather(*(bot.press(press, "mia", event_id="one") for _ in range(10)))
    assert sorted(one.text for one in seen) == [""] * 9 + ["Done, mia."]
    assert await kinds(home.store) == {"act": 1}


async def test_other_events_at_once_are_all_written(home: Hall, bot: FakeBot, probe: Probe) -> None:
    press = action(probe, "act")
    seen = await asyncio.gather(*(bot.press(press, f"member {number}") for number in range(30)))
    assert all(one.text.startswith("Done") for one in seen)
    assert await kinds(home.store) == {"act": 30}
    assert await rows(home.store, "SELECT count(*) FROM member") == [(30,)]


async def test_an_event_that_several_plugins_hear_reaches_each_of_them_once(
    home: Hall, bot: FakeBot, probe: Probe
) -> None:
    """The question of the day hears of deletions too, and writes down that it did."""
    event = Deleted(where=bot.where(), who=None, id="gone", message="m1")
    await bot.act(event)
    assert probe.heard == [event]
    await bot.act(event)
    assert await rows(home.store, "SELECT count(*) FROM inbox WHERE event_id LIKE 'gone%'") == [(2,)]


@one_store
async def test_one_plugin_that_raises_does_not_keep_an_event_from_the_others(
    home: Hall, bot: FakeBot, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_arguments: object) -> None:
        raise RuntimeError("this plugin is ill")

    heard = home.routes.events[Deleted]
    first = next(iter(heard))
    monkeypatch.setitem(heard, first, replace(heard[first], method=broken))
    await bot.act(Deleted(where=bot.where(), who=None, id="gone", message="m1"))
    assert probe.heard or first == "pb"


async def test_a_join_is_heard_without_anyone_to_answer(home: Hall, bot: FakeBot) -> None:
    assert bot.receiver is not None
    await bot.receive_alone(Joined(where=bot.where(), who=bot.who("kim"), id="j1"))
    assert await kinds(home.store) == {"join": 1}


# -- whole or not at all ------------------------------------------------------------------------------------------
async def test_a_plugin_that_raises_leaves_nothing_and_says_a_number(
    home: Hall, bot: FakeBot, probe: Probe, caplog: pytest.LogCaptureFixture
) -> None:
    before = await rows(home.store, "SELECT count(*) FROM inbox")
    seen = await bot.press(action(probe, "boom"), "mia", event_id="one")
    assert seen.text.startswith("Sorry, that did not work, and nothing was changed.")
    trace = seen.text.rstrip(".").rsplit(" ", 1)[-1]
    assert len(trace) == 8
    assert [vars(one)["values"]["trace"] for one in caplog.records] == [trace]
    log = caplog.text
    assert "the fuse of the probe" in log
    assert await kinds(home.store) == {}
    assert await rows(home.store, "SELECT count(*) FROM activity") == [(0,)]
    assert await rows(home.store, "SELECT count(*) FROM member") == [(0,)]
    assert await rows(home.store, "SELECT count(*) FROM inbox") == before  # so that the platform's repeat is handled


async def test_a_handler_that_writes_twice_is_stopped(
    home: Hall, bot: FakeBot, probe: Probe, caplog: pytest.LogCaptureFixture
) -> None:
    seen = await bot.press(action(probe, "twice"), "mia")
    assert seen.text.startswith("Sorry")
    assert "one event is one unit" in caplog.text
    assert await kinds(home.store) == {"once": 1}


async def test_a_neighbour_that_raises_spoils_nothing(home: Hall, bot: FakeBot, probe: Probe) -> None:
    act, boom = action(probe, "act"), action(probe, "boom")
    await asyncio.gather(*(bot.press(boom if n % 3 == 0 else act, f"m{n}") for n in range(30)))
    assert await kinds(home.store) == {"act": 20}


@one_store
async def test_a_handler_that_takes_too_long_is_stopped_with_a_word(
    home: Hall, bot: FakeBot, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "patience", Patience(0.05))
    assert (await bot.press(action(probe, "slow"), "mia")).text.startswith("Sorry, that took too long")


@one_store
async def test_an_answer_that_does_not_arrive_undoes_nothing(home: Hall, bot: FakeBot, probe: Probe) -> None:
    class Deaf(FakeAnswering):
        async def say(self, message: Message) -> None:
            raise SendRefused("the member closed the window")

    assert bot.receiver is not None
    event = Pressed(where=bot.where(), who=bot.who("mia"), id="one", action=action(probe, "act"))
    await bot.receiver.receive(event, Deaf())
    assert await kinds(home.store) == {"act": 1}


@one_store
async def test_errors_that_do_not_arrive_are_no_broken_handler(
    home: Hall, bot: FakeBot, probe: Probe, caplog: pytest.LogCaptureFixture
) -> None:
    class Deaf(FakeAnswering):
        async def invalid(self, errors: object, message: Message) -> None:
            raise SendRefused("the member closed the window")

    from core.event import Submitted

    deaf = Deaf()
    assert bot.receiver is not None
    event = Submitted(where=bot.where(), who=bot.who("mia"), action=action(probe, "ask"), values={"n": "x"})
    await bot.receiver.receive(event, deaf)
    assert deaf.message is None
    assert "could not be handled" not in caplog.text


# -- claims of a client ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"verb": "nothing"}, "no longer does anything"),
        ({"plugin": "zz"}, "no longer does anything"),
        ({"community": uuid4()}, "no longer does anything"),
        ({"verb": "manage"}, "Only those who manage"),
    ],
)
@one_store
async def test_a_forged_press_gets_a_kind_word(
    home: Hall, bot: FakeBot, probe: Probe, change: dict[str, object], word: str
) -> None:
    verb = str(change.pop("verb", "act"))[:6]
    forged = replace(action(probe, verb), **change)
    change["verb"] = verb
    assert word in (await bot.press(forged, "mia")).text
    assert word in (await bot.press(forged, "mia", form=True)).text
    assert await kinds(home.store) == {}


@one_store
async def test_forged_forms_and_choices_get_a_kind_word(home: Hall, bot: FakeBot, probe: Probe) -> None:
    word = "no longer does anything"
    assert word in (await bot.submit(action(probe, "act"), "mia", {"n": "1"})).text
    assert word in (await bot.choose(action(probe, "act"), "mia", "a")).text
    assert word in (await bot.submit(action(probe, "ask", community=uuid4()), "mia", {"n": "1"})).text


async def test_a_press_about_what_is_gone(home: Hall, bot: FakeBot, probe: Probe) -> None:
    assert (await bot.press(action(probe, "touch", uuid4()), "mia")).text == "Gone"
    answer = Action("qd", "answer", (uuid4(),), probe.settlements[0].community_id)
    assert (await bot.press(answer, "mia", form=True)).text == "This question was removed."
    assert (await bot.submit(answer, "mia", {"answer": "To whom?"})).text == "This question was removed."
    owed = (await bot.press(action(probe, "owe"), "mia")).text
    from uuid import UUID

    of_another_plugin = replace(answer, args=(UUID(owed),))
    assert (await bot.press(of_another_plugin, "mia", form=True)).text == "This question was removed."


async def test_a_press_in_private_finds_the_community(home: Hall, bot: FakeBot, probe: Probe) -> None:
    seen = await bot.press(action(probe, "act"), "mia", private=True)
    assert seen.text == "Done, mia."
    assert await rows(home.store, "SELECT count(*) FROM participation") == [(1,)]


@one_store
async def test_a_stranger_in_private_is_told_to_join(home: Hall, bot: FakeBot, probe: Probe) -> None:
    bot.standings["eve"] = Standing(present=False)
    assert "Only members of this community" in (await bot.press(action(probe, "act"), "eve", private=True)).text
    nowhere = action(probe, "act", community=uuid4())
    assert "no longer does anything" in (await bot.press(nowhere, "mia", private=True)).text
    assert await kinds(home.store) == {}


@one_store
async def test_who_just_acted_in_a_space_is_in_it_until_they_leave(home: Hall, bot: FakeBot, probe: Probe) -> None:
    bot.standings["mia"] = Standing(present=False)  # nobody need ask
    assert (await bot.press(action(probe, "act"), "mia")).text == "Done, mia."
    assert (await bot.press(action(probe, "act"), "mia", private=True)).text == "Done, mia."
    assert "Only members" in (await bot.press(action(probe, "manage"), "mia", private=True)).text  # that is asked
    await bot.receive_alone(Left(where=bot.where(), who=bot.who("mia"), id="gone"))
    assert "Only members" in (await bot.press(action(probe, "act"), "mia", private=True)).text


@one_store
async def test_in_private_the_space_where_one_may_do_it_counts(home: Hall, bot: FakeBot, probe: Probe) -> None:
    code = (await bot.command("code", "olga")).text.split("`")[1]
    await bot.arrive("olga", "annexe")
    await bot.command("join", "olga", code, space="annexe", channel="lobby")
    real = bot.standing

    async def standing(space: str, member: str) -> Standing:
        if member == "vera":
            return Standing(present=True, roles=frozenset({"admin"} if space == "annexe" else ()))
        return await real(space, member)

    bot.standing = standing  # type: ignore[method-assign]  # a manager of one space alone
    assert (await bot.press(action(probe, "manage"), "vera", private=True)).text == "Managed"
    assert "manage" in (await bot.press(action(probe, "manage"), "mia", private=True)).text


@one_store
async def test_a_platform_that_does_not_answer_makes_nobody_a_manager(home: Hall, bot: FakeBot, probe: Probe) -> None:
    async def standing(_space: str, _member: str) -> Standing:
        raise SendRefused("the platform sleeps")

    bot.standing = standing  # type: ignore[method-assign]  # the platform is down
    assert "Only those who manage" in (await bot.press(action(probe, "manage"), "vera")).text


# -- forms ------------------------------------------------------------------------------------------
async def test_what_was_typed_in_vain_is_kept_sealed_shown_again_and_forgotten_in_the_end(
    home: Hall, bot: FakeBot, probe: Probe
) -> None:
    ask = action(probe, "ask")
    seen = await bot.submit(ask, "mia", {"n": "many", "why": TYPED})
    assert seen.errors == {"n": "Write a number, for example 12."}
    assert "**How many**" in seen.text
    assert seen.button("Try again") == ask
    sealed = await rows(home.store, "SELECT key, sealed FROM dialogue")
    assert len(sealed) == 1
    assert "tide" not in repr(sealed)
    assert "mia" not in repr(sealed)
    again = (await bot.press(ask, "mia", form=True)).opened
    assert again is not None
    assert {one.name: one.value for one in again.fields} == {"n": "many", "why": TYPED}
    other = (await bot.press(ask, "jon", form=True)).opened
    assert other is not None
    assert {one.value for one in other.fields} == {""}
    assert (await bot.submit(ask, "mia", {"n": "3", "why": TYPED})).text == "Kept"
    assert await rows(home.store, "SELECT count(*) FROM dialogue") == [(0,)]
    fresh = (await bot.press(ask, "mia", form=True)).opened
    assert fresh is not None
    assert {one.value for one in fresh.fields} == {""}


@one_store
async def test_what_a_handler_finds_wrong_is_kept_as_well(home: Hall, bot: FakeBot, probe: Probe) -> None:
    seen = await bot.submit(action(probe, "ask"), "mia", {"n": "13", "why": TYPED})
    assert seen.errors == {"n": "Not that one."}
    assert await kinds(home.store) == {}
    opened = (await bot.press(action(probe, "ask"), "mia", form=True)).opened
    assert opened is not None
    assert opened.fields[1].value == TYPED


async def test_the_same_refused_form_many_times_at_once(home: Hall, bot: FakeBot, probe: Probe) -> None:
    ask = action(probe, "ask")
    seen = await asyncio.gather(*(bot.submit(ask, "mia", {"n": "x"}, event_id="one") for _ in range(12)))
    assert {one.text.startswith("- **How many**") for one in seen} == {True}
    assert await rows(home.store, "SELECT count(*) FROM dialogue") == [(1,)]


async def test_a_draft_is_kept_for_two_days(home: Hall, bot: FakeBot, probe: Probe) -> None:
    await bot.submit(action(probe, "ask"), "mia", {"n": "x", "why": TYPED})
    home.clock.pass_by(days=2, seconds=1)  # type: ignore[attr-defined]  # the tests' clock
    opened = (await bot.press(action(probe, "ask"), "mia", form=True)).opened
    assert opened is not None
    assert opened.fields[1].value == ""


@one_store
async def test_where_a_form_cannot_follow_a_button_stands_between(home: Hall, bot: FakeBot, probe: Probe) -> None:
    assert bot.receiver is not None
    from core.event import Submitted

    ask, seen = action(probe, "ask"), FakeAnswering(can_open_form=False)
    event = Submitted(where=bot.where(), who=bot.who("mia"), id="s", action=ask, values={"n": "7"})
    await bot.receiver.receive(event, seen)
    assert seen.opened is None
    follow = seen.button("Continue")
    assert follow.args == (2,)
    opened = (await bot.press(follow, "mia", form=True)).opened
    assert isinstance(opened, Form)
    assert opened.fields[0].kind is FieldKind.NUMBER


@one_store
async def test_a_command_opens_a_form_too(home: Hall, bot: FakeBot) -> None:
    assert (await bot.command("probe", "mia")).opened is not None
    assert "What you can do here" in str((await bot.command("nonsense", "mia")).message)


@one_store
async def test_picked_options_arrive(home: Hall, bot: FakeBot, probe: Probe) -> None:
    assert (await bot.choose(action(probe, "pick"), "mia", "a", "b")).text == "a, b"


# -- languages ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("locale", "start"),
    [("de-AT", "Diese Schaltfläche"), ("fr_CA", "Ce bouton"), ("tlh", "This button"), ("", "This button")],
)
@one_store
async def test_a_language_without_a_catalogue_falls_back(
    home: Hall, bot: FakeBot, probe: Probe, locale: str, start: str
) -> None:
    seen = await bot.press(replace(action(probe, "act"), verb="gone"), "mia", locale=locale)
    assert seen.text.split()[:2] == start.split() or seen.text.startswith(start.split()[0])


@one_store
async def test_a_member_without_a_known_language_hears_the_communitys(hall: Hall, bot: FakeBot, probe: Probe) -> None:
    await install(bot, language="de")
    who = bot.who("mia", "tlh")
    seen = await bot.act(CommandInvoked(where=bot.where(), who=who, id="c1", name="help"))
    assert seen.message is not None
    assert "hier" in f"{seen.message.title} {seen.message.text}"


# -- coming and going ------------------------------------------------------------------------------------------
async def test_arriving_twice_greets_once(hall: Hall, bot: FakeBot) -> None:
    await asyncio.gather(bot.arrive("olga"), bot.arrive("olga"))
    await bot.arrive("olga")
    assert len(bot.posts) == 1


async def test_removal_stops_what_is_owed_and_return_brings_it_back(home: Hall, bot: FakeBot, probe: Probe) -> None:
    bot.offline = True
    await bot.press(action(probe, "owe"), "mia")
    await bot.act(Removed(where=bot.where(), who=None, id="r1"))
    bot.offline = False
    home.wake()
    assert await rows(home.store, "SELECT state FROM delivery") == [("cancelled",)]
    assert "not set up here yet" in (await bot.press(action(probe, "act"), "mia")).text
    home.clock.pass_by(days=1)  # type: ignore[attr-defined]  # the tests' clock
    await home.planner.plan()
    assert len(bot.posts) == 1
    await bot.arrive("olga")
    assert len(bot.posts) == 1  # whom one knows one does not greet again
    assert (await bot.press(action(probe, "act"), "mia")).text == "Done, mia."
    await bot.press(action(probe, "owe"), "mia")
    await bot.until_posts(2)


async def test_two_spaces_are_counted_as_one_community(home: Hall, bot: FakeBot, probe: Probe) -> None:
    code = (await bot.command("code", "olga")).text.split("`")[1]
    await bot.arrive("olga", "annexe")
    await bot.command("join", "olga", code, space="annexe", channel="lobby")
    await bot.press(action(probe, "act"), "mia")
    await bot.press(action(probe, "act"), "mia", space="annexe")
    await bot.press(action(probe, "act"), "jon", space="annexe")
    assert await rows(
        home.store, "SELECT count(DISTINCT community_id), count(DISTINCT space_id) FROM participation"
    ) == [(1, 2)]
    assert await rows(home.store, "SELECT count(*) FROM member") == [(2,)]
    await bot.press(action(probe, "owe"), "mia", space="annexe")
    await until(lambda: {post.address.channel for post in bot.posts} >= {"general", "lobby"})


async def test_two_communities_share_nothing(home: Hall, bot: FakeBot, probe: Probe) -> None:
    await bot.arrive("olga", "other")
    start = bot.posts[-1].button("Set me up")
    await bot.submit(start, "olga", {"language": "en", "zone": "Paris"}, space="other")
    one, two = (settlement.community_id for settlement in probe.settlements)
    assert one != two
    assert "no longer does anything" in (await bot.press(action(probe, "act"), "mia", space="other")).text
    owed = (await bot.press(action(probe, "owe"), "mia")).text
    from uuid import UUID

    elsewhere = action(probe, "touch", UUID(owed), community=two)
    assert (await bot.press(elsewhere, "mia", space="other")).text == "Gone"


@one_store
async def test_starting_that_is_broken_off_leaves_no_worker(
    opened: object, bot: FakeBot, probe: Probe, time: object
) -> None:
    from core.registry import catalogues_for, with_core

    never = asyncio.Event()

    async def start(_receiver: object) -> None:
        await never.wait()

    bot.start = start  # type: ignore[method-assign,assignment]  # a platform that lets one wait
    plugins = with_core([probe])
    hall = Hall(store=opened, bots=[bot], plugins=plugins, catalogues=catalogues_for(plugins), clock=time)  # type: ignore[arg-type]  # fixtures
    before = asyncio.all_tasks()
    starting = asyncio.create_task(hall.start())
    await asyncio.sleep(0.05)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert asyncio.all_tasks() <= before


def test_events_are_a_closed_union() -> None:
    assert Pressed in Event.__args__
