"""Hold the catalogues against the code: every phrase in every language, with the same places.

``python tools/catalogues.py`` lists what is wrong; ``python tools/catalogues.py add`` puts what is missing into the
files, empty, for somebody to translate.
"""

from __future__ import annotations

import ast
import io
import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

ROOT = Path(__file__).parent.parent
FLOORS = ("core", "plugins", "bots", "web", "examples")
LANGUAGES = ("de", "fr")
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plurals}\\n"

"""
"""Only what a reader of the file needs to know."""


@dataclass(frozen=True)
class Found:
    """A phrase in the code: its domain, its English, and where it stands."""

    domain: str
    key: str
    plural: str
    place: str


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Check, or add what is missing. Returns the exit code."""
    wrong = 0
    for phrases in found(root).values():
        for language in LANGUAGES:
            path = folder(phrases, root) / f"{language}.po"
            catalogue = _read(path, language)
            if arguments == ["add"]:
                _add(catalogue, phrases, path)
            for line in problems(catalogue, phrases):
                print(f"{path.relative_to(root)}: {line}")
                wrong += 1
    return 1 if wrong else 0


def found(root: Path) -> dict[str, dict[str, Found]]:
    """Every phrase by its domain and its English."""
    phrases: dict[str, dict[str, Found]] = {}
    for one in _said(root):
        phrases.setdefault(one.domain, {})[one.key] = one
    return phrases


def folder(phrases: dict[str, Found], root: Path) -> Path:
    """Where a domain's catalogues are: beside the package that its phrases stand in."""
    parts = Path(next(iter(phrases.values())).place).parts
    deep = parts[0] in {"plugins", "examples"} and len(parts) > 2
    return root.joinpath(*parts[: 2 if deep else 1], "locale")


def _said(root: Path) -> Iterator[Found]:
    """Every ``_("…")`` whose ``_`` is a Domain of its module, and those of templates (domain ``web``)."""
    for floor in FLOORS:
        for path in sorted((root / floor).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            domain = next((name for node in tree.body if (name := _domain(node))), None)
            if domain is None:
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                    texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
                    place = f"{path.relative_to(root)}:{node.lineno}"
                    yield Found(domain, str(texts[0]), str(texts[1]) if len(texts) > 1 else "", place)
    for path in sorted((root / "web" / "templates").glob("*.html")):
        for call in Environment(autoescape=True).parse(path.read_text("utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                text = call.args[0]
                if isinstance(text, nodes.Const):
                    yield Found("web", text.value, "", f"{path.relative_to(root)}:{call.lineno}")


def problems(catalogue: Catalog, phrases: dict[str, Found]) -> Iterator[str]:
    """What is missing, left over, or does not fit its places."""
    known = {_key(message): message for message in catalogue if message.id}
    for key, one in phrases.items():
        message = known.get(key)
        if message is None or not all(_strings(message)):
            yield f"no translation of {key!r} ({one.place})"
            continue
        if bool(one.plural) != isinstance(message.id, (tuple, list)):
            yield f"one form or two? {key!r} ({one.place})"
            continue
        wanted = _places(one.key) | _places(one.plural)
        for text in _strings(message):
            if not _places(text) <= wanted or (not one.plural and _places(text) != wanted):
                yield f"other places in the translation of {key!r}: {text!r}"
    for key in sorted(set(known) - set(phrases)):
        yield f"nobody says {key!r} any more"


def _add(catalogue: Catalog, phrases: dict[str, Found], path: Path) -> None:
    for key, one in phrases.items():
        if catalogue.get(key) is None:
            catalogue.add((key, one.plural) if one.plural else key)
    entries = io.BytesIO()
    write_po(entries, catalogue, omit_header=True, no_location=True, width=118)
    header = HEADER.format(language=path.stem, plurals=catalogue.plural_forms)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(header.encode() + entries.getvalue().strip() + b"\n")


def _read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=language, project="hallkeeper", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _domain(node: ast.stmt) -> str | None:
    match node:
        case ast.Assign(
            targets=[ast.Name(id="_")],
            value=ast.Call(func=ast.Name(id="Domain"), args=[ast.Constant(value=str(name))]),
        ):
            return name
    return None


def _key(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, (tuple, list)) else message.id)


def _strings(message: Message) -> list[str]:
    return [str(text) for text in (message.string if isinstance(message.string, (tuple, list)) else [message.string])]


def _places(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
