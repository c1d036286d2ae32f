"""How managers make surveys in chat and on their page."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from core.action import Action
from core.bot import ChannelInfo
from core.context import Viewer
from core.files import Desk, File
from core.message import Button, Choice
from core.testing import FakeAnswering
from plugins.surveys import Surveys
from plugins.surveys.templates import TEMPLATES
from storage.tx import Tx
from tests.core.kit import kinds, one_store, rows, until
from tests.plugins.surveys import SHORT, Town, choice, labels, town

__all__ = ["town"]

pytestmark = one_store


def about(seen: FakeAnswering) -> UUID:
    """The survey that a manager looks at."""
    assert seen.message is not None
    found = next(
        one.action.args[0]
        for one in seen.message.controls
        if isinstance(one, Button) and one.action and one.action.args
    )
    assert isinstance(found, UUID)
    return found


async def begin(town: Town, **values: str) -> FakeAnswering:
    """Olga begins an empty survey."""
    new = (await town.bot.command("survey", "olga")).button("Empty")
    return await town.bot.submit(new, "olga", {"title": "Lunch", "names": "names", **values})


async def add(town: Town, survey: UUID, kind: str, **values: str | list[str]) -> FakeAnswering:
    """She adds a question."""
    kinds = choice(await town.press(survey, "olga", "kinds"))
    wanted = next(one.value for one in kinds.options if one.label == kind)
    opened = (await town.bot.choose(kinds.action, "olga", wanted)).opened
    assert opened is not None
    return await town.bot.submit(opened.action, "olga", {"flags": ["required"], **values})


async def test_a_survey_is_made_by_forms_tried_opened_closed_and_erased(town: Town) -> None:
    seen = await begin(town)
    assert "Add a question first" in seen.text
    assert "Open it" not in labels(seen)
    survey = about(seen)
    seen = await add(town, survey, "Pick one", ask="Where to?", options="Harbour\nHill\n", when="")
    assert "1. Where to? · _Pick one_" in seen.text
    seen = await add(
        town, survey, "Pick several", ask="With whom?", options="A\nB\nC", limits="1-2", when="q1 = 'Sea'"
    )
    assert seen.errors == {"when": "q2, when: “Sea” is no option of “q1”. There are: 'Harbour', 'Hill'."}
    seen = await add(town, survey, "Pick several", ask="With whom?", options="A\nB\nC", limits="1-4", when="")
    assert seen.errors == {"limits": "there are only 3 options"}
    several: dict[str, str | list[str]] = {"ask": "With whom?", "options": "A\nB\nC", "limits": "1-2"}
    flags = ["required", "other", "random"]
    seen = await add(town, survey, "Pick several", **{**several, "when": "q1 = 'Hill'", "flags": flags})
    assert "q1 \\= 'Hill'" in seen.text or "q1 = 'Hill'" in seen.text
    seen = await add(town, survey, "A number", ask="When?", limits="11-15", when="")
    assert "3. When?" in seen.text
    # The second goes up, which its condition forbids; the third goes up, twice.
    quests = choice(await town.press(survey, "olga", "quests"))
    second = await town.bot.choose(quests.action, "olga", "1")
    assert "comes later" in (await town.bot.press(second.button("Move up"), "olga")).text
    third = await town.bot.choose(quests.action, "olga", "2")
    await town.bot.press(third.button("Move up"), "olga")
    seen = await town.press(survey, "olga", "show")
    assert seen.text.index("When?") < seen.text.index("With whom?")
    edit = third.button("Change")
    opened = (await town.bot.press(edit, "olga", form=True)).opened
    assert opened is not None
    assert {one.name: one.value for one in opened.fields}["limits"] == "11-15"
    await town.bot.submit(edit, "olga", {"ask": "At what time?", "limits": "12-14", "flags": [], "when": ""})
    # Preview: nothing is kept.
    seen = await town.press(survey, "olga", "xgo")
    assert str(seen.message.title) == "Preview: Lunch" if seen.message else False
    seen = await town.bot.choose(choice(seen).action, "olga", "1")
    assert "At what time?" in seen.text
    opened = (await town.bot.press(seen.button("Answer"), "olga", form=True)).opened
    assert opened is not None
    seen = await town.bot.submit(opened.action, "olga", {"answer": "13"})
    assert "With whom?" in seen.text
    seen = await town.bot.press(seen.button("Back"), "olga")
    assert "Your answer: 13" in seen.text
    assert await rows(town.store, "SELECT 1 FROM survey_response") == []
    assert await kinds(town.store) == {}
    # Open, close, open again, erase.
    seen = await town.bot.press((await town.press(survey, "olga", "show")).button("Open it"), "olga")
    assert "Open. It is on its way." in seen.text
    await until(lambda: any("Lunch" in str(post.message.title) for post in town.bot.posts))
    assert "can’t be done now" in (await town.press(survey, "olga", "open")).text
    wave = (await rows(town.store, "SELECT wave_id FROM survey_survey"))[0][0]
    await town.pick(UUID(bytes=wave), "mia", 0, 0)  # type: ignore[arg-type]  # of SQLite
    seen = await town.press(survey, "olga", "close")
    assert "Closed." in seen.text
    seen = await town.bot.press(seen.button("Open the last wave again"), "olga")
    assert "Open again." in seen.text
    await town.pick(UUID(bytes=wave), "mia", 0, 0)  # type: ignore[arg-type]  # of SQLite
    await town.press(survey, "olga", "close")
    sure = await town.press(survey, "olga", "sure")
    assert "Erased" in (await town.bot.press(sure.button("Erase it"), "olga")).text
    for table in ("survey_survey", "survey_wave", "survey_response", "survey_answer", "survey_channel"):
        assert await rows(town.store, f"SELECT 1 FROM {table}") == []  # noqa: S608 - names above
    assert "removed" in (await town.press(survey, "olga", "show")).text


async def test_members_make_no_surveys(town: Town) -> None:
    survey = about(await begin(town))
    for verb in ("show", "open", "close", "xgo", "remove", "kinds"):
        assert "Only those who manage" in (await town.press(survey, "mia", verb)).text
    assert await rows(town.store, "SELECT count(*) FROM survey_survey") == [(1,)]


async def test_every_template_is_begun_by_a_press(town: Town) -> None:
    ready = choice(await town.bot.command("survey", "olga"))
    assert [one.value for one in ready.options] == list(TEMPLATES)
    for one in ready.options:
        seen = await town.bot.choose(ready.action, "olga", one.value)
        assert "Open it" in labels(seen)
    listed = choice(await town.bot.command("surveys", "olga"))
    assert len(listed.options) == len(TEMPLATES)
    seen = await town.bot.choose(listed.action, "olga", listed.options[-1].value)
    assert "Where do you spend your time?" in str(seen.message.title if seen.message else "")


async def test_a_text_is_pasted_with_all_its_mistakes_named(town: Town) -> None:
    paste = (await town.bot.command("survey", "olga")).button("Paste a text")
    opened = (await town.bot.press(paste, "olga", form=True)).opened
    assert opened is not None
    assert "kind = " in str(opened.fields[0].value)
    seen = await town.bot.submit(
        paste, "olga", {"text": SHORT.replace("likes =", "liked =").replace("number", "slider")}
    )
    assert seen.errors["text"].count("\n") == 0
    assert "“slider” is no kind" in seen.errors["text"]
    seen = await town.bot.submit(paste, "olga", {"text": SHORT})
    assert "4. Why?" in seen.text
    opened = (await town.bot.press(seen.button("As text"), "olga", form=True)).opened
    assert opened is not None
    changed = str(opened.fields[0].value).replace("Why?", "But why?")
    assert "But why?" in (await town.bot.submit(opened.action, "olga", {"text": changed})).text


async def test_channels_of_all_spaces_are_chosen_in_one_form(town: Town) -> None:
    town.bot.rooms = [ChannelInfo("general", "general"), ChannelInfo("lab", "lab")]
    survey = about(await begin(town))
    opened = (await town.press(survey, "olga", "chans", 0, form=True)).opened
    assert opened is not None
    assert [one.value for one in opened.fields] == [("general",), ("general",)]
    seen = await town.bot.submit(
        opened.action, "olga", dict(zip([one.name for one in opened.fields], (["general", "lab"], []), strict=True))
    )
    shown = {str(one.name): str(one.value) for one in seen.message.fields} if seen.message else {}
    assert shown["Posted in"] == "#general (Hall), #lab (Hall)"


async def test_until_when_and_how_often(town: Town) -> None:
    survey = about(await begin(town))
    await add(town, survey, "A day", ask="When?", when="")
    limits = town.action("limits", survey)
    seen = await town.bot.submit(limits, "olga", {"closes_on": "2020-01-01"})
    assert seen.errors == {"closes_on": "That time is over. Choose a later one."}
    seen = await town.bot.submit(limits, "olga", {"closes_on": "2026-12-24", "closes_at": "9:30", "most": "50"})
    shown = {str(one.name): str(one.value) for one in seen.message.fields} if seen.message else {}
    assert (shown["Closes"], shown["Responses at most"]) == ("24 Dec 2026, 09:30", "50")
    repeat = town.action("repeat", survey)
    seen = await town.bot.submit(repeat, "olga", {"every": "7", "start": "2026-11-23", "at": "10:00", "days": "3"})
    shown = {str(one.name): str(one.value) for one in seen.message.fields} if seen.message else {}
    assert shown["Next wave"] == "23 Nov 2026, 10:00"
    seen = await town.bot.submit(repeat, "olga", {"every": "never", "start": "2026-11-23", "at": "10:00"})
    assert seen.message is not None
    assert "Next wave" not in {str(one.name) for one in seen.message.fields}
    assert await rows(town.store, "SELECT ended_at IS NULL FROM schedule") == [(0,)]


async def test_files_are_fetched_and_handed_in_on_the_page(town: Town) -> None:
    plugin = next(one for one in town.hall.routes.plugins if isinstance(one, Surveys))
    say = partial(town.hall.say, language="en")
    viewer = Viewer(town.community, "en", "Europe/Berlin", town.time.now(), say, town.store.vault)

    def account(_tx: Tx) -> None:
        return None

    desk = Desk(viewer, town.store.write, account)
    put = Action("sv", "put", (), town.community)
    refused = await plugin.take_file(desk, put, File("a.toml", "application/toml", b"title = 3"))
    assert "quotes" in say(refused.text)
    refused = await plugin.take_file(desk, put, File("a.toml", "application/toml", b"\xff\xfe\x00"))
    assert "UTF-8" in say(refused.text)
    await plugin.take_file(desk, put, File("a.toml", "application/toml", SHORT.encode()))
    async with town.store.session() as session:
        shown = await plugin.overview(session, viewer)
        get = next(
            one.action
            for one in shown[0].controls
            if isinstance(one, Button) and one.action and one.action.verb == "file"
        )
        file = await plugin.text_file(session, viewer, get)
        assert file is not None
        assert file.text == SHORT
        assert await plugin.text_file(session, viewer, put) is None
    assert not any(isinstance(one, Choice) for message in shown for one in message.controls)
