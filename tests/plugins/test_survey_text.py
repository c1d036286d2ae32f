"""A survey as TOML: read with every error named, written so that it can be read, and our own templates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.texts import Catalogues
from plugins.surveys import making, toml_text
from plugins.surveys.definition import Definition, Ending, Kind, Option, Question, Quota, Section
from plugins.surveys.templates import LANGUAGES, TEMPLATES, template
from plugins.surveys.toml_text import Unreadable

say = Catalogues().say


def problems(text: str) -> list[str]:
    """What is wrong with a text, in English."""
    with pytest.raises(Unreadable) as refused:
        toml_text.read(text)
    return [say(one, "en") for one in refused.value.problems]


HEAD = 'title = "T"\n'
LATER = "comes later, or may come later where the order is random. Ask it before."


def test_everything_that_is_wrong_is_named_at_once() -> None:
    text = """
    titel = "T"
    [[question]]
    name = "age"
    kind = "slider"
    ask = "How old are you?"
    [[question]]
    name = "age"
    kind = "single"
    options = ["Only one"]
    [[question]]
    kind = "rating"
    ask = "Well?"
    most = 11
    required = "yes"
    options = ["a", "b"]
    image = "ftp://x"
    [[quota]]
    question = "age"
    answers = []
    """
    assert problems(text) == [
        "titel: there is no such key. There are: title, intro, language, anonymous, results, full, section, "
        "question, quota, ending, margins.",
        "title: this is needed, in quotes.",
        "age, kind: “slider” is no kind. There are: single, multiple, rating, nps, likert, ranking, number, date, "
        "short, long, consent.",
        "age, ask: this is needed, in quotes.",
        "age, options: there are 2 to 300 options.",
        "question 3, image: a picture’s address begins with https:// and leads to the picture itself.",
        "question 3, options: rating has no options of its own: leave this out.",
        "question 3, most: write a whole number, 1 to 10, without quotes.",
        "question 3, required: write true or false, without quotes.",
        "age, name: two questions are called so.",
        'quota 1, answers: write a list, for example ["18-24"] or [9, 10].',
        "quota 1, most: this is needed: how many responses at most.",
    ]


def test_a_broken_line_is_shown_with_its_number() -> None:
    (said,) = problems('title = "T"\nintro = oops\n')
    assert said.startswith("Line 2 can’t be read: intro = oops\n")
    assert "deep" in problems("x = " + "[" * 5000)[0] or problems("x = " + "[" * 5000)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('when = "later = 1"', f"q1, when: “later” {LATER}"),
        ('when = "nobody = 1"', "q1, when: there is no question “nobody”. There are: q1, later."),
        ('when = "q1 = 1"', "q1, when: it can’t depend on itself."),
        ('when = "later ="', "q1, when: expected a value such as 'tea', 18 or 2027-03-31 instead of “…” (at character 8 of “later =”)."),  # noqa: E501 - as it is said
        ('when = "later & 3"', "q1, when: “& 3” means nothing here (at character 7 of “later & 3”)."),
    ],
)  # fmt: skip
def test_a_condition_on_what_comes_later_is_refused(more: str, said: str) -> None:
    then = '[[question]]\nname = "later"\nkind = "nps"\nask = "B"'
    text = f'{HEAD}[[question]]\nkind = "short"\nask = "A"\n{more}\n{then}'
    assert problems(text) == [said]


def test_a_quota_on_a_text_is_refused() -> None:
    text = f"""{HEAD}
    [[question]]
    name = "words"
    kind = "long"
    ask = "Say"
    [[question]]
    name = "age"
    kind = "number"
    ask = "Age"
    most = 99
    [[quota]]
    question = "words"
    answers = ["x"]
    most = 5
    [[quota]]
    question = "age"
    answers = ["100-", "young"]
    most = 5
    """
    assert problems(text) == [
        "quota 1, words: it can’t count answers that are long. Count a question with options or a number.",
        "quota 2, age: it can never fill: nobody may answer 100-.",
        "quota 2, age: “young” is no range. Write it as 18-24 or 65-.",
    ]


def test_a_piped_answer_must_come_before() -> None:
    hello = '[[question]]\nkind = "short"\nask = "Hello {name|you}"\n'
    text = f'{HEAD}{hello}[[question]]\nname = "name"\nkind = "short"\nask = "Name"'
    assert problems(text) == [f"q1, ask: “name” {LATER}"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_are_sound_and_the_same_in_each_language(name: str) -> None:
    several = [toml_text.read(template(name, language)) for language in LANGUAGES]
    assert [one.language for one in several] == list(LANGUAGES)
    shapes = {
        tuple(
            (q.name, q.kind, q.when, q.required, tuple(o.key for o in q.options), q.least, q.most)
            for q in one.questions
        )
        for one in several
    }
    assert len(shapes) == 1
    words = [[one.title, *(q.ask for q in one.questions)] for one in several]
    assert all(len({*row}) == 3 for row in zip(*words, strict=True)), "each language has its own words"


def test_the_guides_example_is_sound() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "surveys.md").read_text("utf-8")
    (example,) = re.findall(r"^```\n(title.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    assert len(toml_text.read(example).questions) == 3
    assert toml_text.read(making.EXAMPLE).title


WORDS = (
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Definitions of all shapes, without conditions."""
    questions = []
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(list(Kind)))
        options: tuple[Option, ...] = ()
        if kind in (Kind.SINGLE, Kind.MULTIPLE, Kind.RANKING):
            labels = draw(st.lists(WORDS, min_size=2, max_size=4, unique=True))
            plain = draw(st.booleans())
            options = tuple(Option(label if plain else f"k{place}", label) for place, label in enumerate(labels))
        questions.append(
            Question(
                f"q{number}x",
                kind,
                draw(WORDS),
                draw(st.just("") | WORDS),
                draw(st.booleans()),
                options=options,
                image=draw(st.sampled_from(["", "https://example.org/a.png"])),
            )
        )
    sections = (Section(tuple(questions), draw(st.just("") | WORDS), draw(st.booleans())),)
    return Definition(
        draw(WORDS),
        sections,
        draw(st.just("") | WORDS),
        "de",
        draw(st.booleans()),
        (),
        (Ending(draw(WORDS), ""),),
        draw(st.just("") | WORDS),
    )


@settings(max_examples=60, deadline=None)
@given(definitions())
def test_what_is_written_reads_back_the_same(definition: Definition) -> None:
    if any(option.key == "other" for one in definition.questions for option in one.options):
        return
    assert toml_text._read(toml_text.write(definition)) == definition


def test_all_that_a_file_can_say_survives() -> None:
    several = Question(
        "a",
        Kind.MULTIPLE,
        'Two\nlines “""" and \\”',
        options=(Option("x y", "X"), Option("z", "Z")),
        other="Else",
        random=True,
        fixed=1,
        least=1,
        most=2,
    )
    number = Question("b", Kind.NUMBER, "N", when="a has 'x y'", least=-5, most=9)
    definition = Definition(
        'A "title" \\ with quotes',
        (Section((several,), "One", True), Section((number, Question("c", Kind.RATING, "R", most=10)))),
        "Line\nline",
        "fr",
        True,
        (Quota("b", ("1-3", "5-"), 7),),
        (Ending("Bye", "a has 'z'"), Ending("Well")),
        "Full",
    )
    assert toml_text.read(toml_text.write(definition)) == definition
