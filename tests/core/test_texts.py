"""Words in people's languages, whatever the catalogues hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.plugin import Plugin, Route, Routes
from core.registry import catalogues_for, with_core
from core.texts import Catalogues, Domain, Phrase, language_name, words_from_data, words_to_data
from plugins.question_of_the_day import QuestionOfTheDay

_ = Domain("d")
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
ENTRIES = """
msgid "Hello {name}"
msgstr "Hallo {name}"

msgid "{n} answer"
msgid_plural "{n} answers"
msgstr[0] "{n} Antwort"
msgstr[1] "{n} Antworten"

msgid "Lost {name}"
msgstr "Verloren {nom}"

msgid "Odd {name}"
msgstr "Seltsam {name.__class__} {0}"

msgid "Torn {name}"
msgstr "Zerrissen {name"

#, fuzzy
msgid "Perhaps"
msgstr "Vielleicht"

msgid "Empty"
msgstr ""
"""


@pytest.fixture
def catalogues(tmp_path: Path) -> Catalogues:
    (tmp_path / "de.po").write_text(HEAD + ENTRIES, encoding="utf-8")
    french = (
        HEAD + 'msgid "{n} answer"\nmsgid_plural "{n} answers"\nmsgstr[0] "{n} réponse"\nmsgstr[1] "{n} réponses"\n'
    )
    (tmp_path / "fr.po").write_text(french, encoding="utf-8")
    (tmp_path / "pt_BR.po").write_text(HEAD, encoding="utf-8")
    found = Catalogues()
    found.add("d", tmp_path)
    return found


@pytest.mark.parametrize(
    ("phrase", "language", "said"),
    [
        (_("Hello {name}", name="Mia"), "de", "Hallo Mia"),
        (_("Hello {name}", name="{n} %s \\ {"), "de", "Hallo {n} %s \\ {"),
        (_("Hello {name}", name=_("Hello {name}", name="x")), "de", "Hallo Hallo x"),
        (_("Hello {name}", name="Mia"), "en", "Hello Mia"),
        (_("Hello {name}", name="Mia"), "fr", "Hello Mia"),
        (_("Hello {name}", name="Mia"), "tlh", "Hello Mia"),
        (_("Lost {name}", name="Mia"), "de", "Lost Mia"),
        (_("Odd {name}", name="Mia"), "de", "Odd Mia"),
        (_("Torn {name}", name="Mia"), "de", "Torn Mia"),
        (_("Perhaps"), "de", "Perhaps"),
        (_("Empty"), "de", "Empty"),
        (Phrase("elsewhere", "Hello"), "de", "Hello"),
    ],
)
def test_a_translation_that_is_missing_or_broken_falls_back(
    catalogues: Catalogues, phrase: Phrase, language: str, said: str
) -> None:
    assert catalogues.say(phrase, language) == said


@pytest.mark.parametrize(
    ("language", "zero", "one", "many"),
    [
        ("en", "0 answers", "1 answer", "5 answers"),
        ("de", "0 Antworten", "1 Antwort", "5 Antworten"),
        ("fr", "0 réponse", "1 réponse", "5 réponses"),
    ],
)
def test_plurals(catalogues: Catalogues, language: str, zero: str, one: str, many: str) -> None:
    said = [catalogues.say(_("{n} answer", "{n} answers", n=n), language) for n in (0, 1, 5)]
    assert said == [zero, one, many]


@pytest.mark.parametrize(
    ("tag", "nearest"),
    [
        ("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("pt", "pt_br"), ("pt-BR", "pt_br"), ("pt-PT", "pt_br"),
        ("it", "en"), ("", "en"), (None, "en"), ("x" * 500, "en"), ("zh-Hant-TW", "en"),
    ],
)  # fmt: skip
def test_the_nearest_language(catalogues: Catalogues, tag: str | None, nearest: str) -> None:
    assert catalogues.nearest(tag) == nearest
    assert catalogues.nearest(tag) == nearest  # remembered
    assert catalogues.nearest("it", "fr") == "fr"
    assert catalogues.languages[0] == "en"


def test_phrases_survive_the_store() -> None:
    phrase = _("{n} of {what}", "{n} of {what}s", n=2, what=_("Hello {name}", name="x"))
    assert words_from_data(json.loads(json.dumps(words_to_data(phrase)))) == phrase
    assert words_from_data(words_to_data("plain")) == "plain"


@pytest.mark.parametrize("language", ["de", "fr"])
def test_ours_is_translated_in_full(language: str) -> None:
    plugins = with_core([QuestionOfTheDay()])
    catalogues = catalogues_for(plugins)
    said = [
        (command.command.title, catalogues.say(command.command.title, language))
        for plugin in plugins
        for command in _routes(plugin)
        if command.command is not None
    ]
    assert said
    assert [title.key for title, text in said if title.key == text] == []


def _routes(plugin: Plugin) -> list[Route]:
    return list(Routes([plugin]).commands.values())


def test_languages_by_their_own_names() -> None:
    assert [language_name(tag) for tag in ("de", "fr", "pt_BR", "tlh!")] == [
        "Deutsch",
        "Français",
        "Português (brasil)",
        "tlh!",
    ]
