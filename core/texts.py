"""Words for people, kept as keys with arguments and put into a language at the last moment.

A :class:`Phrase` is what is stored and handed around; :class:`Catalogues` turns it into a sentence. The key is the
English sentence itself (gettext's way), so English needs no catalogue and a missing translation still reads.
"""

from __future__ import annotations

import logging
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

logger = logging.getLogger(__name__)

SOURCE_LANGUAGE = "en"
"""The language of the keys."""

REMEMBERED_TAGS = 1000
"""More than there are languages with regions."""

Argument = str | int
"""What may stand in a phrase: text for people, or a number."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One sentence of ours, not yet in a language.

    ``key`` is the English text with ``{name}`` places; ``plural`` the English text for other numbers than one, chosen
    by the argument ``n``. ``domain`` says whose catalogue translates it.
    """

    domain: str
    key: str
    args: tuple[tuple[str, Phrase | Argument], ...] = ()
    plural: str = ""

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        args = {name: value.to_data() if isinstance(value, Phrase) else value for name, value in self.args}
        return {"domain": self.domain, "key": self.key, "args": args, "plural": self.plural}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Phrase:
        """Back from :meth:`to_data`."""
        args = tuple(
            (name, cls.from_data(value) if isinstance(value, Mapping) else value)
            for name, value in data["args"].items()
        )
        return cls(data["domain"], data["key"], args, data.get("plural", ""))


Words = str | Phrase
"""Text for people: a manager's own words as they are, or ours as a phrase."""


def words_to_data(words: Words) -> Any:
    """Words as JSON data: a string, or a phrase's object."""
    return words if isinstance(words, str) else words.to_data()


def words_from_data(data: Any) -> Words:
    """Back from :func:`words_to_data`."""
    return data if isinstance(data, str) else Phrase.from_data(data)


@dataclass(frozen=True, slots=True)
class Domain:
    """Whose words these are. Call it to make a phrase: ``_("Saved, {name}.", name=name)``."""

    name: str

    def __call__(self, key: str, plural: str = "", /, **args: Phrase | Argument) -> Phrase:
        return Phrase(self.name, key, tuple(sorted(args.items())), plural)


@dataclass
class Catalogues:
    """Every language that is spoken here, read from ``.po`` files once, at start.

    ``add(domain, folder)`` reads ``folder/*.po``; the file's name is its language tag (``de.po``, ``pt_BR.po``).
    """

    languages: tuple[str, ...] = field(default=(SOURCE_LANGUAGE,), init=False)
    """The languages that have a catalogue, English first."""
    _by_key: dict[tuple[str, str], Catalog] = field(default_factory=dict)
    _nearest: dict[str, str] = field(default_factory=dict)
    """By tag, as it is asked for at every event; empty where no language is near."""

    def add(self, domain: str, folder: Path) -> None:
        """Read the catalogues of a domain. A folder without any adds none."""
        for path in sorted(folder.glob("*.po")):
            with path.open("rb") as file:
                self._by_key[domain, path.stem.lower()] = read_po(file, locale=path.stem)
        others = {language for _, language in self._by_key} - {SOURCE_LANGUAGE}
        self.languages = (SOURCE_LANGUAGE, *sorted(others))
        self._nearest.clear()

    def nearest(self, tag: str | None, fallback: str = SOURCE_LANGUAGE) -> str:
        """The language spoken here that is nearest to a tag such as ``de-AT``; ``fallback`` when none is."""
        if not tag:
            return fallback
        found = self._nearest.get(tag)
        if found is None:
            found = self._look_up(tag)
            if len(self._nearest) < REMEMBERED_TAGS:  # a client may call its language anything
                self._nearest[tag] = found
        return found or fallback

    def _look_up(self, tag: str) -> str:
        wanted = tag.replace("-", "_").lower()
        if wanted in self.languages:
            return wanted
        base = wanted.split("_", 1)[0]
        return next((language for language in self.languages if base == language.split("_", 1)[0]), "")

    def say(self, words: Words, language: str) -> str:
        """The words in a language. A translation that is missing or broken falls back to English and is logged."""
        if isinstance(words, str):
            return words
        args = {name: self.say(value, language) if isinstance(value, Phrase) else value for name, value in words.args}
        template = self._template(words, language, args)
        try:
            return _fill(template, args)
        except (KeyError, ValueError, IndexError):
            logger.warning("translation does not fit its arguments", extra={"key": words.key, "language": language})
            return _fill(_source(words, args), args)

    def _template(self, words: Phrase, language: str, args: Mapping[str, Argument]) -> str:
        catalogue = self._by_key.get((words.domain, language.replace("-", "_").lower()))
        message = None if catalogue is None else catalogue.get(words.key)
        if catalogue is None or message is None or not message.string or message.fuzzy:
            return _source(words, args)
        if isinstance(message.string, (tuple, list)):
            number = args.get("n", 0)
            index = catalogue_plural(str(catalogue.locale), int(number))
            return str(message.string[min(index, len(message.string) - 1)]) or _source(words, args)
        return str(message.string)


@lru_cache(maxsize=4096)
def catalogue_plural(language: str, number: int) -> int:
    """Which of a ``.po`` entry's plural forms a number takes, by CLDR's rule for two-form languages."""
    form = Locale.parse(language).plural_form(number)
    return 0 if form == "one" else 1


def _source(words: Phrase, args: Mapping[str, Argument]) -> str:
    return words.plural if words.plural and args.get("n") != 1 else words.key


def _fill(template: str, args: Mapping[str, Argument]) -> str:
    """Put arguments in their places. Only plain ``{name}`` places are filled: attributes and indexes raise."""
    out: list[str] = []
    for literal, name, spec, conversion in string.Formatter().parse(template):
        out.append(literal)
        if name is not None:
            if not name.isidentifier() or spec or conversion:
                raise ValueError(name)
            out.append(str(args[name]))
    return "".join(out)


def language_name(tag: str) -> str:
    """A language's name in itself (``Deutsch`` for ``de``), the tag where Babel does not know it."""
    try:
        return (Locale.parse(tag, sep="-" if "-" in tag else "_").get_display_name(tag) or tag).capitalize()
    except (UnknownLocaleError, ValueError):
        return tag
