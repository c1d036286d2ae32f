"""Conditions and paths: what they mean, what is wrong with them, and what holds for all of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.texts import Catalogues
from plugins.surveys import conditions, flow
from plugins.surveys.conditions import Unreadable
from plugins.surveys.definition import Definition, Ending, Given, Kind, Option, Question, Quota, Section
from plugins.surveys.flow import Is, Said, Sheet, Verb, step
from plugins.surveys.logic import check
from plugins.surveys.paths import filled, piped, walk

say = Catalogues().say
ABC = (Option("a", "A"), Option("b", "B"), Option("c", "C"))


def survey(*questions: Question, **more: object) -> Definition:
    return Definition("T", (Section(questions),), **more)  # type: ignore[arg-type]  # a definition's


def wrong(*questions: Question, **more: object) -> list[str]:
    return [say(one, "en") for one in check(survey(*questions, **more))]


def single(name: str, when: str = "", **more: object) -> Question:
    return Question(name, Kind.SINGLE, name, when=when, options=ABC, **more)  # type: ignore[arg-type]  # a question's


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("age >= 18 and likes has 'tea' and not (nps <= 6)", True),
        ("age>=18 and not likes has 'tea'", False),
        ("nps < 9 or age in [1, 20, 3]", True),
        ("age = 20.0", True),
        ("age != 20", False),
        ("day < 2027-01-01", True),
        ("likes has \"tea\"", True),
        ("likes not in ['tea']", False),
        ("missing = 1", False),
        ("missing != 1", False),
        ("not (missing = 1)", True),
        ("missing not answered and age answered", True),
        ("passed answered", False),
        ("", True),
    ],
)  # fmt: skip
def test_what_conditions_mean(text: str, holds: bool) -> None:
    answers = {"age": 20, "likes": ("tea", "coffee"), "nps": 8, "day": "2026-11-25", "passed": None}
    assert conditions.read(text).holds(answers) is holds


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("age >", 6),
        ("(a = 1", 7),
        ("a = 1 b", 7),
        ("and", 1),
        ("a has", 6),
        ("a ~ 1", 3),
        ("a in [1", 8),
        ("(" * 50, 21),
    ],
)
def test_an_error_says_its_place(text: str, at: int) -> None:
    with pytest.raises(Unreadable) as refused:
        conditions.read(text)
    assert refused.value.at == at


def test_kinds_and_options_of_conditions_are_checked() -> None:
    several = Question("m", Kind.MULTIPLE, "m", options=ABC)
    text, rate = Question("t", Kind.SHORT, "t"), Question("r", Kind.RATING, "r", most=5)
    day = Question("d", Kind.DATE, "d")
    when = "s = 'z' and m = 'a' and t = 'x' and r > 7 and d < 3 and s < 'b' and r = '1'"
    assert wrong(single("s"), several, text, rate, day, single("x", when)) == [
        "x, when: “z” is no option of “s”. There are: 'a', 'b', 'c'.",
        "x, when: “m” takes several answers: write has or in instead of =.",
        "x, when: “t” is short: ask only whether it is “answered”.",
        "x, when: “r” goes from 1 to 5, not 7.",
        "x, when: “d” is a day: write it as 2027-03-31.",
        "x, when: “s” has no order: write =, != or in instead of <.",
        "x, when: “r” is a number: write 1 without quotes.",
    ]  # fmt: skip


def test_what_nobody_can_ever_reach_is_named() -> None:
    number = Question("n", Kind.NUMBER, "n", least=10, most=99)
    one_of = Question("m", Kind.MULTIPLE, "m", options=ABC, most=1)
    assert wrong(single("s"), single("x", "s = 'a' and s = 'b'")) == [
        "x, when: this contradicts itself, so nobody is ever asked."
    ]
    assert wrong(number, single("x", "n < 10")) == ["x, when: this contradicts itself, so nobody is ever asked."]
    assert wrong(number, single("x", "n > 20 and n < 21")) == []
    assert wrong(one_of, single("x", "m has 'a' and m has 'b'")) == [
        "x, when: this contradicts itself, so nobody is ever asked."
    ]
    assert wrong(single("s"), single("x", "s = 'a'"), single("y", "x = 'a' and s = 'b'"), single("z", "y = 'a'")) == [
        f"{name}: nobody can ever come here. Its condition and those of the questions that it depends on don’t go "
        "together."
        for name in "yz"
    ]
    assert wrong(single("s"), single("x", "not (s answered)")) == [
        "x, when: this contradicts itself, so nobody is ever asked."
    ]
    assert wrong(single("s", required=False), single("x", "not (s answered)")) == []
    assert wrong(single("s"), single("o", "s = 'a'"), single("x", "o not answered")) == [], "who was not asked"
    several = Question("m", Kind.MULTIPLE, "m", options=ABC, least=2)
    assert wrong(several, single("x", "m not in ['a', 'b']")) == [
        "x, when: this contradicts itself, so nobody is ever asked."
    ]
    assert wrong(several, single("x", "m not in ['a']")) == []
    assert wrong(single("s"), single("o", "s = 'a'"), single("x", "s = 'b' and not (o = 'a')")) == []
    assert wrong(single("s"), endings=(Ending("bye", "s = 'a' and s = 'b'"),)) == [
        "ending 1: its condition can never hold."
    ]
    few = Quota("s", ("a",), 4)
    assert wrong(single("s"), quotas=(few,)) == []
    assert wrong(single("s"), quotas=(few,), anonymous=True) == [
        "quota 1, most: in an anonymous survey it holds 5 or more, or who is let go knows what few said."
    ]
    assert wrong(single("s"), single("x", "s = 'a' and s = 'b'"), quotas=(Quota("x", ("a",), 3),))[1:] == [
        "quota 1: it can never fill, as nobody is asked “x”."
    ]  # fmt: skip


def test_an_ending_for_everybody_is_the_last() -> None:
    assert wrong(single("s"), endings=(Ending("a", "s = 'a'"), Ending("all"), Ending("b", "s = 'b'"))) == [
        "ending 2: it fits everybody, so nobody reads what comes after it. Put it last."
    ]


def test_loops_are_named() -> None:
    assert wrong(single("a", "c = 'a'"), single("b", "a = 'a'"), single("c", "b = 'a'")) == [
        "a → c → b → a: these conditions wait for each other. Take one of them away."
    ]


def test_in_a_random_section_nothing_may_wait_for_its_neighbour() -> None:
    definition = Definition(
        "T", (Section((single("a"), single("b", "a = 'a'")), "", True), Section((single("c", "a = 'a'"),)))
    )
    assert [say(one, "en") for one in check(definition)] == [
        "b, when: “a” comes later, or may come later where the order is random. Ask it before."
    ]


def test_what_is_too_complex_is_said() -> None:
    questions = [
        Question(f"m{n}", Kind.MULTIPLE, "m", options=tuple(Option(f"o{k}", f"O{k}") for k in range(12)))
        for n in range(4)
    ]
    any_of = " and ".join(f"m{n} in [{', '.join(f'{chr(39)}o{k}{chr(39)}' for k in range(12))}]" for n in range(4))
    assert wrong(*questions, single("x", any_of)) == [
        "The conditions are too complex to be checked. Use fewer “or”s, or ask in another order."
    ]


def test_earlier_answers_are_repeated_as_plain_words() -> None:
    definition = survey(Question("n", Kind.SHORT, "Name"), Question("x", Kind.SHORT, "Hi {n|you}, 2*3 {nobody}"))
    assert piped(definition.questions[1].ask, definition, {"n": "*Mia*"}, str) == "Hi \\*Mia\\*, 2\\*3 {nobody}"
    assert piped(definition.questions[1].ask, definition, {}, str) == "Hi you, 2\\*3 {nobody}"


def test_random_orders_come_from_the_seed() -> None:
    options = tuple(Option(str(n), str(n)) for n in range(10))
    question = Question("q", Kind.SINGLE, "q", options=options, other="Else", random=True, fixed=1)
    orders = {tuple(one.key for one in question.shuffled(seed)) for seed in range(20)}
    assert len(orders) > 10
    assert {order[-2:] for order in orders} == {("9", "other")}
    assert question.shuffled(3) == question.shuffled(3)


TESTS = ("{name} = 'a'", "{name} != 'b'", "not ({name} = 'a')", "{name} answered", "{name} in ['a', 'c']")


# -- for all surveys and all members ---------------------------------------------------------------------------------
@st.composite
def surveys(draw: st.DrawFn) -> Definition:
    """Surveys with conditions on what came before, in sections, some of them random."""
    sections, before = [], []
    count = 0
    for _number in range(draw(st.integers(1, 3))):
        several = []
        for _place in range(draw(st.integers(1, 4))):
            when = ""
            if before and draw(st.booleans()):
                tests = [
                    draw(st.sampled_from(TESTS)).format(name=name)
                    for name in draw(st.lists(st.sampled_from(before), min_size=1, max_size=3))
                ]  # fmt: skip
                when = f" {draw(st.sampled_from(['and', 'or']))} ".join(tests)
            several.append(single(f"q{count}", when, required=draw(st.booleans()), random=draw(st.booleans())))
            count += 1
        sections.append(Section(tuple(several), "", draw(st.booleans())))
        before += [one.name for one in several]
    quotas = tuple(
        Quota(draw(st.sampled_from(before)), ("a",), draw(st.integers(1, 3))) for _ in range(draw(st.integers(0, 2)))
    )
    return Definition("T", tuple(sections), anonymous=draw(st.booleans()), quotas=quotas)


def play(definition: Definition, chance: random.Random, steps: int, cells: dict[int, int]) -> tuple[Sheet, flow.Step]:
    """A member who answers, passes over, and now and then changes an earlier answer."""
    sheet = Sheet(chance.randrange(1000))
    found = step(definition, sheet, Said(Verb.START), cells, review=definition.anonymous)
    for number in range(steps):
        if found.question is None:
            break
        path = found.walked.path
        question = chance.choice(path) if number % 4 == 3 else path[-1]
        place = definition.numbers[question.name]
        said = Said(Verb.PICK, place, (chance.randrange(3),))
        if not question.required and chance.random() < 0.3:
            said = Said(Verb.SKIP, place)
        found = step(definition, found.sheet, said, cells, review=definition.anonymous)
    return found.sheet, found


@settings(max_examples=150, deadline=None)
@given(surveys(), st.randoms(use_true_random=False))
def test_every_path_ends_and_what_the_logic_left_out_has_no_answer(
    definition: Definition, chance: random.Random
) -> None:
    cells = {number: chance.randrange(quota.most + 1) for number, quota in enumerate(definition.quotas)}
    sheet, found = play(definition, chance, 400, cells)
    assert found.what in (Is.DONE, Is.REVIEW, Is.FULL)
    answers = found.walked.answers
    asked = [one for one in definition.order(sheet.seed) if conditions.read(one.when).holds(answers)]
    if found.what is not Is.FULL:
        assert set(answers) == {one.name for one in asked}
        assert all(answers[one.name] is not None for one in asked if one.required)
        assert all(cells[number] < definition.quotas[number].most for number in filled(definition, answers))
    assert walk(definition, sheet.answers, sheet.seed, cells) == walk(definition, sheet.answers, sheet.seed, cells)


@settings(max_examples=150, deadline=None)
@given(surveys(), st.randoms(use_true_random=False))
def test_a_question_that_is_called_reachable_can_be_reached(definition: Definition, chance: random.Random) -> None:
    named = {str(dict(one.args).get("place")) for one in check(definition)}
    reached: set[str] = set()
    for _round in range(400):
        _sheet, found = play(definition, chance, 60, {})
        reached |= {one.name for one in found.walked.path}
        if len(reached) + len(named) >= len(definition.questions):
            break
    assert not reached & named, "somebody came where nobody should be able to"


# -- the checker against all answers ---------------------------------------------------------------------------------
@st.composite
def small_surveys(draw: st.DrawFn) -> Definition:
    """Three or four questions that ask for the ones before them in every way."""
    questions: list[Question] = []
    for number in range(draw(st.integers(2, 4))):
        kind = draw(st.sampled_from([Kind.SINGLE, Kind.MULTIPLE, Kind.CONSENT, Kind.RATING]))
        least = draw(st.sampled_from([None, 2])) if kind is Kind.MULTIPLE else None
        listed = ABC if kind in (Kind.SINGLE, Kind.MULTIPLE) else ()
        required = draw(st.booleans())
        when = draw(_conditions(questions)) if questions else ""
        questions.append(
            Question(f"q{number}", kind, "?", options=listed, required=required, when=when, least=least, most=least)
        )
    return survey(*questions)


def _conditions(questions: Sequence[Question]) -> st.SearchStrategy[str]:
    tests = [f"{one.name} {how}answered" for one in questions for how in ("", "not ")]
    for one in questions:
        values = [key if one.kind is Kind.RATING else f"'{key}'" for key in sorted(one.keys)]
        hows = {Kind.MULTIPLE: ("has",), Kind.RATING: ("=", "<", ">=")}.get(one.kind, ("=", "!="))
        tests += [f"{one.name} {how} {value}" for value in values for how in hows]
        tests += [f"{one.name} not in [{values[0]}, {values[-1]}]"]
    return st.recursive(
        st.sampled_from(tests),
        lambda parts: (
            st.builds("({}) {} ({})".format, parts, st.sampled_from(["and", "or"]), parts)
            | st.builds("not ({})".format, parts)
        ),
        max_leaves=4,
    )


def _answers(question: Question) -> Iterator[Given | None]:
    if not question.required:
        yield None
    if question.kind is Kind.MULTIPLE:
        for count in range(question.fewest, question.picks + 1):
            yield from combinations([one.key for one in question.choices], count)
    else:
        yield from (int(one.key) if question.kind is Kind.RATING else one.key for one in question.choices)


def _asked(definition: Definition, said: dict[str, Given | None]) -> set[str]:
    """All questions that any answers lead to, after these."""
    found = walk(definition, said, 0)
    names = {one.name for one in found.path}
    if found.next is not None:
        for answer in _answers(found.next):
            names |= _asked(definition, {**said, found.next.name: answer})
    return names


@given(small_surveys())
@settings(max_examples=100, deadline=None)
def test_the_checker_finds_what_all_answers_find(definition: Definition) -> None:
    said = {say(one, "en").partition(":")[0].partition(",")[0] for one in check(definition)}
    assert said == {one.name for one in definition.questions} - _asked(definition, {})
