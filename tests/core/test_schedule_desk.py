"""Managers change schedules: nothing holds before it was seen and saved, and no press does it twice."""

from __future__ import annotations

from datetime import UTC, datetime
from datetime import time as wall_time
from typing import Any

import pytest

from core.action import Action
from core.event import CommandInvoked, Submitted
from core.form import Form
from core.hall import Hall
from core.schedule import LAST, Monthly
from core.testing import FakeAnswering, FakeBot, SetClock, install
from core.timetable import add_schedule
from tests.core.kit import one_store, rows

pytestmark = one_store


class Manager:
    """Olga, who looks after a hall in Berlin with a question a day."""

    def __init__(self, hall: Hall, bot: FakeBot) -> None:
        self.hall, self.bot = hall, bot

    async def look(self) -> FakeAnswering:
        return await self.bot.command("schedules", "olga")

    async def press(self, seen: FakeAnswering, label: str) -> FakeAnswering:
        return await self.bot.press(seen.button(label), "olga")

    async def open(self, seen: FakeAnswering, label: str) -> Form:
        opened = (await self.bot.press(seen.button(label), "olga", form=True)).opened
        assert opened is not None
        return opened

    async def fill(self, form: Form, **values: Any) -> FakeAnswering:
        """Fill a form as it stands, but for some fields."""
        kept: dict[str, Any] = {
            one.name: list(one.value) if isinstance(one.value, tuple) else one.value for one in form.fields
        }
        return await self.bot.submit(form.action, "olga", {**kept, **values})

    async def change(self, **values: Any) -> FakeAnswering:
        """Open the first form from the list and send it."""
        return await self.fill(await self.open(await self.look(), "Change"), **values)

    async def row(self, columns: str = "kind, next_slot, time_zone, until, paused_at, ended_at") -> tuple[Any, ...]:
        (found,) = await rows(self.hall.store, f"SELECT {columns} FROM schedule")  # noqa: S608 - columns of ours
        return found


@pytest.fixture
async def olga(hall: Hall, bot: FakeBot) -> Manager:
    await install(bot)
    return Manager(hall, bot)


async def test_it_shows_when_what_goes_out(olga: Manager) -> None:
    seen = await olga.look()
    assert seen.message is not None
    assert seen.message.title == "Question of the day"
    assert seen.text == "**Every day at 09:00** (Europe/Berlin)\nNext: Sat, Nov 21, 2026, 09:00"
    assert [one.label for one in seen.message.controls if hasattr(one, "style")] == [
        "Change",
        "Skip the next one",
        "Pause",
        "End",
    ]
    denied = await olga.bot.command("schedules", "mia")
    assert "manage this community" in denied.text


async def test_nothing_holds_before_it_is_saved(olga: Manager) -> None:
    seen = await olga.change(time="18:30", zone="new york", until="2026-11-23")
    assert seen.text == (
        "**Every day at 18:30** (America/New_York)\nLast day: Mon, Nov 23, 2026\n\n"
        "The next times:\n- Sat, Nov 21, 2026, 18:30\n- Sun, Nov 22, 2026, 18:30\n- Mon, Nov 23, 2026, 18:30\n\n"
        "_Nothing is saved yet._"
    )
    assert await olga.row() == ("daily", "2026-11-21T09:00:00", None, None, None, None)
    saved = await olga.press(seen, "Save")
    assert saved.text.startswith("Saved.\n\n**Every day at 18:30** (America/New_York)")
    assert await olga.row() == ("daily", "2026-11-21T18:30:00", "America/New_York", "2026-11-23", None, None)
    assert "changed meanwhile" in (await olga.press(seen, "Save")).text
    assert await olga.row("draft") == (None,)


async def test_a_draft_is_changed_again_or_discarded(olga: Manager) -> None:
    seen = await olga.change(time="18:30")
    again = await olga.open(seen, "Change again")
    assert {one.name: one.value for one in again.fields}["time"] == "18:30"
    newer = await olga.fill(again, time="19:00")
    assert "changed meanwhile" in (await olga.press(seen, "Save")).text  # the older preview
    dropped = await olga.press(newer, "Discard")
    assert "All stays as it was." in dropped.text
    assert "changed meanwhile" in (await olga.press(newer, "Save")).text
    assert (await olga.row())[1] == "2026-11-21T09:00:00"
    fresh = await olga.open(await olga.look(), "Change")
    assert {one.name: one.value for one in fresh.fields}["time"] == "09:00"


@pytest.mark.parametrize(
    ("kind", "more", "words", "first"),
    [
        ("weekdays", None, "Monday to Friday at 09:00", "Mon, Nov 23, 2026, 09:00"),
        ("chosen", {"weekdays": ["sun", "tue"]}, "Tuesday and Sunday at 09:00", "Sun, Nov 22, 2026, 09:00"),
        ("days", {"every": "3", "start": "2026-11-24"}, "Every 3 days at 09:00", "Tue, Nov 24, 2026, 09:00"),
        ("days", {"every": "1", "start": "2026-11-24"}, "Every day at 09:00", "Tue, Nov 24, 2026, 09:00"),
        ("weeks", {"every": "2", "weekdays": ["fri"], "start": "2026-11-21"}, "Every 2 weeks on Friday at 09:00",
         "Fri, Dec 4, 2026, 09:00"),
        ("monthly", {"nth": ["-1"], "weekday": ["mon"]}, "Each month on the last Monday at 09:00",
         "Mon, Nov 30, 2026, 09:00"),
        ("once", {"date": "2026-12-24"}, "Once, on Thu, Dec 24, 2026 at 09:00", "Thu, Dec 24, 2026, 09:00"),
        ("cron", {"line": " 0  7 * *  1-5 "}, "By the cron line `0 7 * * 1-5`", "Mon, Nov 23, 2026, 07:00"),
    ],
)  # fmt: skip
async def test_every_kind(olga: Manager, kind: str, more: dict[str, Any] | None, words: str, first: str) -> None:
    seen = await olga.change(kind=[kind])
    if more is not None:
        assert seen.opened is not None
        seen = await olga.fill(seen.opened, **more)
    assert f"**{words}**" in seen.text
    assert f"The next times:\n- {first}" in seen.text
    saved = await olga.press(seen, "Save")
    assert f"Saved.\n\n**{words}** (Europe/Berlin)\nNext: {first}" in saved.text
    # What is saved stands in the forms when they are opened again.
    form = await olga.open(await olga.look(), "Change")
    assert form.fields[0].value == (kind,)
    seen = await olga.fill(form)
    if more is not None:
        assert seen.opened is not None
        seen = await olga.fill(seen.opened)
    assert f"**{words}**" in seen.text


async def test_where_a_form_cant_follow_a_form_there_is_a_continue(olga: Manager) -> None:
    form = await olga.open(await olga.look(), "Change")
    values = {"kind": ["monthly"], "time": "9", "zone": "Berlin", "until": "", "off": ""}
    event = Submitted(where=olga.bot.where(), who=olga.bot.who("olga"), id="s-1", action=form.action, values=values)
    seen = await olga.bot.act(event, can_open_form=False)
    more = await olga.open(seen, "Continue")
    assert [one.name for one in more.fields] == ["nth", "weekday"]
    assert "first Monday" in (await olga.fill(more)).text


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"time": "noonish"}, {"time": "Write a time of day, for example 9:00 or 18:30."}),
        ({"time": ""}, {"time": "Write a time of day, for example 9:00 or 18:30."}),
        ({"zone": "Berln"}, {"zone": "Europe/Berlin"}),
        ({"until": "2026-11-20"}, {"until": "2026-11-20 is over. Today is 2026-11-21: choose this"}),
        ({"until": "3026-11-20"}, {"until": "more than ten years away"}),
        ({"until": "tomorrow"}, {"until": "Write the date as year-month-day"}),
        ({"time": "6:00", "until": "2026-11-21"}, {"until": "never be due"}),
        ({"off": "Atlantis"}, {"off": "I can't read Atlantis."}),
        ({"off": "2026-01-01 – 2036-11-01, 2036-11-02 – 9999-12-31"}, {"off": "never be due"}),
        ({"time": "25", "zone": "Nowhere", "off": "x"}, {"time": "time of day", "zone": "Nowhere", "off": "x"}),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_and_what_was_typed_is_kept(
    olga: Manager, values: dict[str, str], errors: dict[str, str]
) -> None:
    seen = await olga.change(**values)
    assert seen.errors.keys() == errors.keys()
    for name, words in errors.items():
        assert words in seen.errors[name]
    again = await olga.open(seen, "Try again")
    kept = {one.name: one.value for one in again.fields}
    assert {name: kept[name] for name in values} == values
    assert await olga.row("draft") == (None,)


@pytest.mark.parametrize(
    ("kind", "values", "field", "words"),
    [
        ("cron", {"line": "0 9 31 2 *"}, "line", "No month has that day"),
        ("cron", {"line": "0 9 * *"}, "line", "five parts"),
        ("cron", {"line": "0 9 * * x"}, "line", "I can't read x as the weekday of a cron line."),
        ("once", {"date": "2026-11-20"}, "date", "is over"),
        ("days", {"every": "2.5"}, "every", "whole number"),
        ("days", {"every": "0"}, "every", "At least 1"),
        ("days", {"every": "2", "start": "2037-01-01"}, "start", "ten years"),
        ("chosen", {"weekdays": []}, "weekdays", "Pick at least 1"),
        ("weeks", {"weekdays": ["noday"]}, "weekdays", "not one of the options"),
    ],
)
async def test_the_second_form_says_what_is_wrong_too(
    olga: Manager, kind: str, values: dict[str, Any], field: str, words: str
) -> None:
    opened = (await olga.change(kind=[kind])).opened
    assert opened is not None
    seen = await olga.fill(opened, **values)
    assert words in seen.errors[field]
    again = await olga.open(seen, "Try again")
    kept = next(one.value for one in again.fields if one.name == field)
    assert (list(kept) if isinstance(kept, tuple) else kept) == values[field]


async def test_a_date_that_is_today_and_over_is_refused(olga: Manager) -> None:
    opened = (await olga.change(kind=["once"], time="6:30")).opened
    assert opened is not None
    seen = await olga.fill(opened, date="2026-11-21")
    assert "over already" in seen.errors["date"]
    assert "later day" in seen.errors["date"]


async def test_the_changes_of_the_clocks_are_marked(olga: Manager, time: SetClock) -> None:
    time.set(datetime(2027, 3, 26, 12, tzinfo=UTC))
    seen = await olga.change(time="2:30")
    assert "- Sun, Mar 28, 2027, 02:30 · _the clocks go forward, so it is 03:30_\n" in seen.text
    time.set(datetime(2027, 10, 29, 12, tzinfo=UTC))
    seen = await olga.change(time="2:30")
    assert "- Sun, Oct 31, 2027, 02:30 · _this hour comes twice, it goes out the first time_\n" in seen.text
    assert "- Mon, Nov 1, 2027, 02:30 · _the clocks have changed by then_\n" in seen.text


async def test_holidays_are_left_out(olga: Manager) -> None:
    seen = await olga.change(off="DE-BY, 2026-11-22 – 2026-12-24")
    assert "Not on: holidays in DE-BY, Nov 22, 2026 – Dec 24, 2026" in seen.text
    assert "- Sat, Nov 21, 2026, 09:00\n- Sun, Dec 27, 2026, 09:00\n" in seen.text
    await olga.press(seen, "Save")
    form = await olga.open(await olga.look(), "Change")
    assert form.fields[-1].value == "DE-BY, 2026-11-22 – 2026-12-24"


async def test_skipping_and_taking_it_back(olga: Manager) -> None:
    first = await olga.look()
    for _ in range(2):
        seen = await olga.press(first, "Skip the next one")
        assert "Skipped: Sat, Nov 21, 2026, 09:00." in seen.text
        assert "Next: Sun, Nov 22, 2026, 09:00" in seen.text
    assert (await olga.row())[1] == "2026-11-22T09:00:00"
    assert "Next: Sat, Nov 21, 2026, 09:00" in (await olga.press(seen, "Undo")).text
    assert (await olga.row())[1] == "2026-11-21T09:00:00"


async def test_the_only_one_is_not_skipped_but_ended(olga: Manager) -> None:
    await olga.press(await olga.change(until="2026-11-21"), "Save")
    seen = await olga.press(await olga.look(), "Skip the next one")
    assert "That is the last time. End the schedule instead." in seen.text


async def test_pausing_and_resuming(olga: Manager) -> None:
    form = await olga.open(await olga.look(), "Pause")
    seen = await olga.fill(form)
    assert "It is paused until you resume it." in seen.text
    assert (await olga.row())[1] is None
    preview = await olga.change(time="18:30")
    assert "It is paused, and stays so until you resume it." in preview.text
    await olga.press(preview, "Save")
    assert (await olga.row())[1] is None
    seen = await olga.press(await olga.look(), "Resume")
    assert "It goes on." in seen.text
    assert (await olga.row())[1] == "2026-11-21T18:30:00"


async def test_a_pause_with_an_end(olga: Manager) -> None:
    form = await olga.open(await olga.look(), "Pause")
    assert "is over" in (await olga.fill(form, until="2026-11-20")).errors["until"]
    seen = await olga.fill(form, until="2026-12-01")
    assert "It is paused. It goes on again on Tue, Dec 1, 2026." in seen.text
    assert "Next: Tue, Dec 1, 2026, 09:00" in seen.text
    # It outlives a change, and the preview knows it.
    assert "- Tue, Dec 1, 2026, 18:30" in (await olga.change(time="18:30")).text
    assert "Next: Sat, Nov 21, 2026, 09:00" in (await olga.press(seen, "Undo")).text


async def test_ending_is_asked_once_more_and_it_may_start_again(olga: Manager) -> None:
    asked = await olga.press(await olga.look(), "End")
    assert "End this schedule?" in asked.text
    assert (await olga.row())[1] is not None
    assert "Next:" in (await olga.press(asked, "Keep it")).text
    ended = await olga.press(asked, "End it")
    assert "It has ended." in ended.text
    assert (await olga.row())[1] is None
    again = (await olga.look()).button("Start again")
    resume = Action(again.plugin, "resume", again.args, again.community)  # on an older message
    assert "over already" in (await olga.bot.press(resume, "olga")).text
    form = await olga.open(await olga.look(), "Start again")
    await olga.press(await olga.fill(form), "Save")
    assert (await olga.row())[1] == "2026-11-21T09:00:00"


async def test_a_change_takes_back_what_is_planned_and_the_question_waits_again(
    olga: Manager, time: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = await olga.change(time="18:30")
    monkeypatch.setattr(olga.hall.deliverer, "wake", lambda: None)
    olga.bot.health.connected = False  # nothing can be sent
    time.set(datetime(2026, 11, 21, 8, tzinfo=UTC))
    await olga.hall.planner.plan()
    waiting = "SELECT count(*) FROM qotd_question WHERE asked_at IS NULL"
    assert await rows(olga.hall.store, waiting) == [(9,)]
    await olga.press(seen, "Save")
    assert await rows(olga.hall.store, waiting) == [(10,)]
    assert await rows(olga.hall.store, "SELECT state FROM delivery") == [("cancelled",)]
    olga.bot.health.connected = True
    time.set(datetime(2026, 11, 21, 17, 30, tzinfo=UTC))
    olga.hall.wake()
    await olga.bot.until_posts(2)
    assert (await olga.row())[1] == "2026-11-22T18:30:00"


async def test_several_are_listed_and_opened_one_by_one(olga: Manager) -> None:
    community = (await olga.look()).button("Change").community
    assert community is not None
    rule = Monthly(wall_time(17), LAST, "fri")
    where = {"community_id": community, "plugin": "zz", "time_zone": "Asia/Tokyo", "now": olga.hall.clock.now()}
    await olga.hall.store.write(lambda tx: add_schedule(tx, rule=rule, **where) and None)  # type: ignore[arg-type]  # as above
    seen = await olga.look()
    assert "1. **Question of the day** · every day at 09:00 · Next: Sat, Nov 21, 2026, 09:00" in seen.text
    assert "2. **zz** · each month on the last Friday at 17:00 · Next: Fri, Nov 27, 2026, 17:00" in seen.text
    shown = await olga.press(seen, "2. zz")
    assert "**Each month on the last Friday at 17:00** (Asia/Tokyo)" in shown.text


async def test_forged_buttons_and_other_communities_are_nothing(olga: Manager, bot: FakeBot) -> None:
    change = (await olga.look()).button("Change")
    for verb in ("show", "skip", "resume", "end", "ended", "save", "drop"):
        for args in ((), (7,), (change.args[0],), (change.args[0], 5), (5, change.args[0])):
            action = Action("tt", verb, args, change.community)
            seen = await bot.press(action, "mia")
            assert "manage this community" in seen.text
            if verb != "ended":
                seen = await bot.press(action, "olga")
                assert "Sorry" not in seen.text, (verb, args)
    for verb in ("change", "more", "pause"):
        for args in ((), (7,), (change.args[0],), (change.args[0], 5)):
            opened = await bot.press(Action("tt", verb, args, change.community), "olga", form=True)
            assert "Sorry" not in opened.text, (verb, args)
            sent = await bot.submit(Action("tt", verb, args, change.community), "olga", {"until": ""})
            assert "Sorry" not in sent.text, (verb, args)


async def test_in_the_members_language(olga: Manager, bot: FakeBot) -> None:
    event = CommandInvoked(where=bot.where(), who=bot.who("olga", "de-AT"), id="c-1", name="schedules", text="")
    seen = await bot.act(event)
    assert "**Jeden Tag um 09:00** (Europe/Berlin)" in seen.text
    assert "Sa., 21. Nov. 2026" in seen.text
