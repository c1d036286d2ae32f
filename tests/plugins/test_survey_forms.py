"""Forms can say all that the text can: a survey made by them is the same once exported and imported."""

from __future__ import annotations

from dataclasses import fields, replace
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.action import Action
from core.figures.privacy import TEAM
from core.form import Form, Raw, Value
from core.message import Button
from core.testing import FakeAnswering
from core.texts import Catalogues
from plugins.surveys import endings, making, question_form, quotas, sections, toml_text
from plugins.surveys.definition import (
    LISTED,
    Definition,
    Ending,
    Kind,
    Option,
    Question,
    Quota,
    Section,
    Seen,
)
from plugins.surveys.naming import renamed
from plugins.surveys.questions import free_name
from plugins.surveys.sections import tag
from plugins.surveys.toml_text import Unreadable
from tests.core.kit import one_store, rows
from tests.plugins.surveys import Town, choice, labels, town
from tests.plugins.test_survey_desk import about, add, begin

__all__ = ["town"]

ANY = Action("sv", "any", (), None)
LINE = (
    st.text(st.characters(codec="utf-8", exclude_characters="\0{}"), min_size=1, max_size=30)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
WORDS = st.lists(LINE, min_size=1, max_size=3).map("\n".join)
LABEL = LINE.filter(lambda text: question_form.KEYED not in text and text != "other")
OPTIONAL = st.just("")


@st.composite
def asked(draw: st.DrawFn, name: str, before: list[Question]) -> Question:
    """A question that all that a text can say is said of."""
    kind = draw(st.sampled_from(list(Kind)))
    one = Question(
        name,
        kind,
        draw(WORDS),
        draw(OPTIONAL | LINE),
        draw(st.booleans()),
        draw(OPTIONAL | st.sampled_from([f"{one.name} answered" for one in before])) if before else "",
        image=draw(st.sampled_from(["", "https://example.org/a.png"])),
    )
    if kind in LISTED:
        several = draw(st.lists(LABEL, min_size=2, max_size=5, unique=True))
        options = tuple(Option(draw(st.sampled_from([text, f"k{at}"])), text) for at, text in enumerate(several))
        assume(len({option.key for option in options}) == len(options))
        other = draw(OPTIONAL | LABEL) if kind is not Kind.RANKING else ""
        one = replace(one, options=options, other=other, random=draw(st.booleans()), fixed=draw(st.integers(0, 2)))
    if kind is Kind.RATING:
        one = replace(one, most=draw(st.sampled_from([None, 2, 7, 10])))
    if kind in (Kind.MULTIPLE, Kind.NUMBER):
        most = len(one.choices) if one.choices else 10**12
        low, high = sorted((draw(st.integers(1 if one.choices else -most, most)), draw(st.integers(1, most))))
        one = replace(one, least=draw(st.sampled_from([None, low])), most=draw(st.sampled_from([None, high])))
    return one


@st.composite
def surveys(draw: st.DrawFn) -> Definition:
    """Sound definitions of all shapes."""
    several: list[Question] = []
    parts: list[Section] = []
    for _part in range(draw(st.integers(1, 3))):
        here: list[Question] = []
        random = draw(st.booleans())
        for _question in range(draw(st.integers(1, 3))):
            name = draw(st.sampled_from(["q", "Größe", "x_"])) + str(len(several) + len(here) + 1)
            here.append(draw(asked(name, several if random else [*several, *here])))
        several += here
        parts.append(Section(tuple(here), draw(OPTIONAL | LINE), random))
    anonymous = draw(st.booleans())
    most = st.integers(TEAM if anonymous else 1, 999)
    caps = [
        Quota(one.name, ("1-5", "7-") if one.kind is Kind.NUMBER else (one.choices[0].key,), draw(most))
        for one in several
        if quotas.counts(one) and (one.kind is not Kind.NUMBER or ((one.least or 1) <= 5 and one.most is None))
    ]
    told = [Ending(draw(WORDS), f"{one.name} answered") for one in several[:2]]
    if draw(st.booleans()):
        told.append(Ending(draw(WORDS)))
    return Definition(
        draw(LINE),
        tuple(parts),
        draw(OPTIONAL | WORDS),
        draw(st.sampled_from(["en", "de", "pt-BR"])),
        anonymous,
        tuple(caps),
        tuple(told),
        draw(OPTIONAL | WORDS) if caps else "",
        draw(st.sampled_from(list(Seen))),
    )


def sent(form: Form) -> dict[str, Value]:
    """What comes of a form that is sent as it stands."""
    raw: dict[str, Raw] = {
        one.name: list(one.value) if isinstance(one.value, tuple) else one.value for one in form.fields
    }
    checked = form.check(raw)
    assert not checked.errors, checked.errors
    return dict(checked.values)


def made(wanted: Definition) -> Definition:
    """The same survey, made from nothing by its forms, each filled in as it stands for what is wanted."""
    definition = making.words_taken(sent(making.words_form(ANY, wanted)), Definition(""))
    for part in wanted.sections:
        for question in part.questions:
            name = free_name(definition)
            new = question_form.taken(
                sent(question_form.question_form(ANY, question.kind, question)), question.kind, name, None, "Else"
            )
            several = definition.sections[0].questions if definition.sections else ()
            definition = replace(definition, sections=(Section((*several, new)),))
            more = question_form.more_taken(sent(question_form.more_form(ANY, question)), new)
            changed = [replace(more, name=name) if one is new else one for one in definition.questions]
            definition = renamed(replace(definition, sections=(Section(tuple(changed)),)), name, more.name)
    for part in wanted.sections:
        if part.title or part.random or part is not wanted.sections[0]:
            definition = sections.begun(
                definition, tag(part.questions[0].name), sent(sections.section_form(ANY, part))
            )
    for quota in wanted.quotas:
        values = sent(quotas.quota_form(ANY, wanted.by_name[quota.question], wanted.full, quota))
        counted = definition.by_name[quota.question]
        definition = quotas.put(definition, None, quotas.taken(values, counted), str(values["full"] or ""))
    for ending in wanted.endings:
        definition = endings.put(definition, None, endings.taken(sent(endings.ending_form(ANY, ending))))
    return definition


@settings(max_examples=80, deadline=None)
@given(surveys())
def test_a_survey_made_by_forms_is_the_same_once_exported_and_imported(wanted: Definition) -> None:
    try:
        toml_text.read(toml_text.write(wanted))
    except Unreadable as error:
        raise AssertionError([Catalogues().say(one, "en") for one in error.problems]) from None
    by_forms = made(wanted)
    assert by_forms == wanted
    assert toml_text.read(toml_text.write(by_forms)) == by_forms


def test_no_field_of_a_survey_is_without_a_form() -> None:
    """Whoever adds a field adds it to a form, to the survey that is made above, and here."""
    reached = {
        Definition: "title sections intro language anonymous quotas endings full results margins",  # margins: “Weigh”
        Section: "questions title random",
        Question: "name kind ask hint required when options other random fixed least most image",
        Option: "key label",
        Quota: "question answers most",
        Ending: "text when",
    }
    for part, names in reached.items():
        assert [one.name for one in fields(part)] == names.split()


# -- in chat ---------------------------------------------------------------------------------------------------------
async def pick(town: Town, seen: FakeAnswering, label: str) -> FakeAnswering:
    """Choose the option that has the words in it."""
    several = choice(seen)
    value = next(one.value for one in several.options if label in str(one.label))
    return await town.bot.choose(several.action, "olga", value)


async def press(town: Town, seen: FakeAnswering, label: str) -> FakeAnswering:
    """Press a button, which may open a form."""
    assert seen.message is not None
    button = next(one for one in seen.message.controls if isinstance(one, Button) and str(one.label) == label)
    assert button.action is not None
    return await town.bot.press(button.action, "olga", form=button.form)


async def fill(town: Town, seen: FakeAnswering, **values: Raw) -> FakeAnswering:
    """Fill what opened; what is left out stays as it stands."""
    assert seen.opened is not None, seen
    kept: dict[str, Raw] = {
        one.name: list(one.value) if isinstance(one.value, tuple) else one.value for one in seen.opened.fields
    }
    return await town.bot.submit(seen.opened.action, "olga", {**kept, **values})


async def lunch(town: Town) -> UUID:
    """A survey of three questions."""
    survey = about(await begin(town))
    await add(town, survey, "Pick one", ask="Where to?", options="sea = Harbour\nHill\nForest", when="")
    await add(town, survey, "A number", ask="How old are you?", limits="1-99", when="")
    await add(town, survey, "A few words", ask="Anything else?", flags=[], when="q2 answered")
    return survey


async def definition(town: Town) -> Definition:
    [(text,)] = await rows(town.store, "SELECT definition FROM survey_survey")
    return toml_text.read(str(text))


@one_store
async def test_sections_quotas_and_endings_are_made_in_chat_and_shown_before_it_opens(town: Town) -> None:
    survey = await lunch(town)
    third = await pick(town, await town.press(survey, "olga", "quests"), "Anything else?")
    seen = await fill(town, await press(town, third, "Begin a section here"), title="Before you go", flags=["random"])
    assert "Change the section" in labels(seen)
    shown = await town.press(survey, "olga", "show")
    assert "**Before you go · in random order**\n3. Anything else?" in shown.text
    seen = await press(town, seen, "No section here")
    assert "Begin a section here" in labels(seen)
    seen = await press(town, await town.press(survey, "olga", "show"), "Undo the last change")
    assert "**Before you go" in seen.text

    # A quota by options, and one by a range.
    seen = await press(town, await press(town, seen, "Quotas"), "Add a quota")
    assert labels(seen) == ["1. Where to?", "2. How old are you?", "Back to the survey"]
    opened = await pick(town, seen, "Where to?")
    seen = await fill(town, opened, answers=["sea"], most="40", full="Next time!")
    assert "- At most 40 with Harbour to “Where to?”" in seen.text
    opened = await pick(town, await press(town, seen, "Add a quota"), "How old")
    assert opened.opened is not None
    assert opened.opened.fields[2].value == "Next time!"
    seen = await fill(town, opened, answers="young", most="5")
    assert seen.errors == {"answers": "quota 2, q2: “young” is no range. Write it as 18-24 or 65-."}
    kept = await town.bot.press(opened.opened.action, "olga", form=True)
    assert kept.opened is not None
    assert [one.value for one in kept.opened.fields] == ["young", "5", "Next time!"]
    seen = await fill(town, opened, answers="18-24, 65-", most="5")
    seen = await pick(town, seen, "18-24")
    assert seen.message is not None
    assert [str(one.value) for one in seen.message.fields] == ["Next time\\!"] or "Next time" in str(
        seen.message.fields
    )
    seen = await fill(town, await press(town, seen, "Change"), most="7")
    assert "Saved." in seen.text
    assert (await definition(town)).quotas == (Quota("q1", ("sea",), 40), Quota("q2", ("18-24", "65-"), 7))

    # An ending for some, one for everybody else: which stays the last.
    seen = await press(town, await town.press(survey, "olga", "show"), "Endings")
    assert "Everybody reads our thanks." in seen.text
    opened = await press(town, seen, "Add an ending")
    seen = await fill(town, opened, text="Thank you, {q3|friend}!", when="")
    seen = await fill(town, await press(town, seen, "Add an ending"), text="Ahoy!", when="q1 = 'Harbour'")
    assert "“Harbour” is no option of “q1”. There are: 'sea', 'Hill', 'Forest'" in seen.errors["when"]
    seen = await fill(town, opened, text="Ahoy!", when="q1 = 'sea'")
    seen = await fill(town, opened, text="Bye", when="")
    assert seen.errors == {"when": "there is an ending for everybody else already: say to whom this one fits"}
    told = (await definition(town)).endings
    assert told == (Ending("Ahoy!", "q1 = 'sea'"), Ending("Thank you, {q3|friend}!"))
    shown = await town.press(survey, "olga", "show")
    assert shown.text.count("⚖️") == shown.text.count("🏁") == 2

    # The preview tells its manager of them.
    seen = await town.press(survey, "olga", "xgo")
    assert "At most 40 with Harbour" in seen.text
    assert "Who comes after them reads: Next time" in seen.text
    seen = await town.bot.choose(choice(seen).action, "olga", "0")
    opened = await press(town, seen, "Answer")
    seen = await fill(town, opened, answer="33")
    assert "_Before you go · in random order_" in seen.text
    seen = await press(town, seen, "Skip")
    assert seen.text.startswith("Ahoy")

    # It is posted; a member sees nothing of quotas.
    await press(town, await town.press(survey, "olga", "show"), "Open it")
    [(wave,)] = await rows(town.store, "SELECT wave_id FROM survey_survey")
    wave_id = wave if isinstance(wave, UUID) else UUID(bytes=wave)  # type: ignore[arg-type]  # of SQLite
    seen = await town.pick(wave_id, "mia", 0, 0)
    assert "⚖️" not in seen.text
    seen = await town.write(wave_id, "mia", 1, "20")
    assert "_Before you go_" in seen.text

    # Quotas and endings are taken away; so is a section with its last question.
    await press(town, await pick(town, await town.press(survey, "olga", "caps"), "18-24"), "Remove")
    await press(town, await pick(town, await town.press(survey, "olga", "ends"), "Ahoy"), "Remove")
    await press(town, await pick(town, await town.press(survey, "olga", "ends"), "Thank you"), "Remove")
    third = await pick(town, await town.press(survey, "olga", "quests"), "Anything else?")
    await press(town, third, "Remove")
    now = await definition(town)
    assert (len(now.sections), len(now.quotas), now.endings) == (1, 1, ())


@one_store
async def test_what_goes_wrong_stands_beside_its_field(town: Town) -> None:
    survey = await lunch(town)
    await fill(
        town, await pick(town, await town.press(survey, "olga", "capqs"), "Where to?"), answers=["sea"], most="9"
    )
    first = await pick(town, await town.press(survey, "olga", "quests"), "Where to?")
    # The quota counts an option that would go.
    opened = await press(town, first, "Change")
    assert opened.opened is not None
    assert opened.opened.fields[1].value == "sea = Harbour\nHill\nForest"
    seen = await fill(town, opened, options="Hill\nForest")
    assert list(seen.errors) == ["options"]
    assert "quota 1" in seen.errors["options"]
    # Another label keeps what it is kept under.
    await fill(town, opened, options="sea = The sea\nHill\nForest")
    assert (await definition(town)).questions[0].options[0] == Option("sea", "The sea")
    second = await pick(town, await town.press(survey, "olga", "quests"), "How old")
    seen = await fill(town, await press(town, second, "Change"), ask="{q1} and {q3}?")
    assert list(seen.errors) == ["ask"]
    # The second has a condition now, and with it nobody comes to the third; or it contradicts itself.
    opened = await press(town, second, "Change")  # it still holds what was typed in vain
    third = await pick(town, await town.press(survey, "olga", "quests"), "Anything else?")
    await fill(town, await press(town, third, "Change"), when="q2 > 5 and q1 = 'sea'")
    seen = await fill(town, opened, ask="How old?", when="q1 = 'Hill'")
    assert list(seen.errors) == ["when"]
    assert seen.errors["when"].startswith("q3: nobody can ever come here.")
    seen = await fill(town, opened, ask="How old?", when="q1 = 'Hill' and q1 = 'sea'")
    assert "q2, when: this contradicts itself, so nobody is ever asked." in seen.errors["when"]
    seen = await fill(town, opened, ask="How old?", when="q2 > 3")
    assert seen.errors == {"when": "q2, when: it can’t depend on itself."}
    await fill(town, await press(town, third, "Change"), when="q2 answered")
    # The third waits for the second, which a random order may ask later.
    seen = await fill(town, await press(town, first, "Begin a section here"), title="", flags=["random"])
    assert list(seen.errors) == ["flags"]
    # Another name goes everywhere, until it was asked.
    more = await press(town, second, "More about it")
    assert list((await fill(town, more, name="not")).errors) == ["name"]
    assert list((await fill(town, more, name="q1")).errors) == ["name"]
    seen = await fill(town, more, name="age", hint="In years, {q1|you}")
    assert seen.message is not None
    assert (await definition(town)).questions[2].when == "age answered"
    seen = await press(town, await town.press(survey, "olga", "show"), "Open it")
    assert "Undo the last change" not in labels(seen)
    assert (await town.press(survey, "olga", "undo")).text == "There is nothing to undo."
    second = await pick(town, await town.press(survey, "olga", "quests"), "How old")
    more = await press(town, second, "More about it")
    assert "kept under this name" in (await fill(town, more, name="years")).errors["name"]


@one_store
async def test_many_options_and_many_questions_are_paged(town: Town) -> None:
    survey = about(await begin(town))
    berths = "\n".join(f"Berth {number}" for number in range(30))
    for _question in range(27):
        await add(town, survey, "Pick one", ask="Which berth?", options=berths, when="")
    seen = await town.press(survey, "olga", "capqs", 0)
    assert len(choice(seen).options) == 25
    seen = await press(town, seen, "More of them")
    assert len(choice(seen).options) == 2
    opened = await pick(town, seen, "27.")
    seen = await fill(town, opened, answers="Berth 3\nBerth 29\nDock", most="2")
    assert seen.errors == {"answers": "“Dock” is none of its options"}
    await fill(town, opened, answers="Berth 3\nBerth 29", most="2")
    assert (await definition(town)).quotas == (Quota("q27", ("Berth 3", "Berth 29"), 2),)


@pytest.mark.parametrize("place", [0, 1])
def test_a_section_can_be_joined_to_the_one_before(place: int) -> None:
    one, two, three = (Question(name, Kind.NPS, name) for name in "abc")
    before = Definition("T", (Section((one,), "First", True), Section((two, three), "Second")))
    wanted = before.sections[place].questions[0]
    after = sections.joined(before, tag(wanted.name))
    assert after.questions == before.questions
    assert [part.title for part in after.sections] == [["", "Second"], ["First"]][place]
