"""The check that holds the catalogues against the code sees what is missing, left over or out of place."""

from pathlib import Path

import pytest

from tools.catalogues import main

CODE = """
from core.texts import Domain
_ = Domain("core")
HELLO = _("Hello, {name}!", name="Ada")
COUNT = _("{n} answer", "{n} answers", n=2)
"""
HELLO = 'msgid "Hello, {name}!"\nmsgstr "Hallo, {name}!"\n\n'
COUNT = 'msgid "{n} answer"\nmsgid_plural "{n} answers"\nmsgstr[0] "{n} Antwort"\nmsgstr[1] "{n} Antworten"\n\n'
GREETED = "no translation of 'Hello, {name}!' (core/hello.py:4)"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of one module, with both its phrases in both languages."""
    put(tmp_path, "core/hello.py", CODE)
    translate(tmp_path, HELLO + COUNT)
    return tmp_path


def put(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def translate(root: Path, entries: str, package: str = "core") -> None:
    """The same catalogue for each language: the check does not read what the words mean."""
    for language in ("de", "fr"):
        put(root, f"{package}/locale/{language}.po", f'msgid ""\nmsgstr "Language: {language}\\n"\n\n{entries}')


def told(root: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is said of the German catalogues; the exit code says whether anything was."""
    code = main([], root)
    lines = capsys.readouterr().out.splitlines()
    assert code == bool(lines)
    return [line.replace("/locale/de.po", "") for line in lines if "/locale/de.po: " in line]


def test_a_catalogue_that_fits_is_left_in_peace(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(root, capsys) == []


@pytest.mark.parametrize("hello", ["", 'msgid "Hello, {name}!"\nmsgstr ""\n\n'])
def test_a_missing_or_empty_entry_is_named_with_its_place(
    root: Path, hello: str, capsys: pytest.CaptureFixture[str]
) -> None:
    translate(root, hello + COUNT)
    assert told(root, capsys) == [f"core: {GREETED}"]


def test_one_language_alone_is_not_enough(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "core/locale/fr.po").unlink()
    assert main([], root) == 1
    assert all(line.startswith("core/locale/fr.po: ") for line in capsys.readouterr().out.splitlines())


def test_half_a_plural_is_missing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    translate(root, HELLO + COUNT.replace("{n} Antworten", ""))
    assert [line[:36] for line in told(root, capsys)] == ["core: no translation of '{n} answer'"]


def test_a_plural_that_was_translated_as_one_form_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    translate(root, HELLO + 'msgid "{n} answer"\nmsgstr "{n} Antwort"\n')
    assert [line[:36] for line in told(root, capsys)] == ["core: one form or two? '{n} answer' "]


def test_a_left_over_entry_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    translate(root, HELLO + COUNT + 'msgid "Bye"\nmsgstr "Tschüss"\n')
    assert told(root, capsys) == ["core: nobody says 'Bye' any more"]


def test_an_entry_in_another_package_s_catalogue_is_named_there_and_missed_here(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(root, "plugins/tea/words.py", '_ = Domain("tea")\nTEA = _("Tea")\n')
    translate(root, COUNT)
    translate(root, HELLO + 'msgid "Tea"\nmsgstr "Tee"\n', "plugins/tea")
    assert told(root, capsys) == [f"core: {GREETED}", "plugins/tea: nobody says 'Hello, {name}!' any more"]


@pytest.mark.parametrize("words", ["Hallo!", "Hallo, {nom}!", "Hallo, {name}, {name2}!"])
def test_other_places_than_the_code_fills_are_named(
    root: Path, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    translate(root, HELLO.replace("Hallo, {name}!", words) + COUNT)
    assert told(root, capsys) == [f"core: other places in the translation of 'Hello, {{name}}!': {words!r}"]


def test_words_in_templates_count_too(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(root, "web/templates/page.html", '<p>{{ say(_("Welcome")) }}</p>')
    assert told(root, capsys) == ["web: no translation of 'Welcome' (web/templates/page.html:1)"]


def test_add_puts_what_is_missing_in_and_keeps_the_rest(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    translate(root, COUNT)
    assert main(["add"], root) == 1
    capsys.readouterr()

    path = root / "core/locale/de.po"
    entries = path.read_text("utf-8")
    assert 'msgid "Hello, {name}!"\nmsgstr ""\n' in entries
    assert 'msgstr[1] "{n} Antworten"\n' in entries
    path.write_text(
        entries.replace('"Hello, {name}!"\nmsgstr ""', '"Hello, {name}!"\nmsgstr "Hallo, {name}!"'), "utf-8"
    )
    assert told(root, capsys) == []
