"""No platform is named on the floors that know none: neither in a file's text nor in its name.

A name there is the first sign of an `if platform == …`; what a platform can do comes as data, in its `Capabilities`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

FLOORS = ("storage", "core", "plugins", "web")
# No word boundaries, so that `slack_user_id` and `ForDiscord` are found; "slackers" and "telegraph" are other words.
NAME = re.compile(r"discord|slack(?!er|ed|en|ing)|telegram", re.IGNORECASE)


def named(root: Path) -> Iterator[str]:
    """Each place under `root`'s floors that names a platform, as `path:line: what stands there`."""
    for floor in FLOORS:
        for path in sorted((root / floor).rglob("*")):
            shown = path.relative_to(root)
            # What a plugin asks people about is no code: a survey may ask where they spend their time.
            if "__pycache__" in path.parts or path.suffix == ".toml":
                continue
            if NAME.search(path.name):
                yield f"{shown}:1: its own name"
            if path.is_file():
                # What is no text (a picture, a font) keeps its bytes to itself: they decode to replacement marks.
                for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                    if NAME.search(line):
                        yield f"{shown}:{number}: {line.strip()}"


def main() -> int:
    """Print every such place; 1 if there is one."""
    places = list(named(Path(__file__).resolve().parent.parent))
    for place in places:
        print(place)
    if places:
        print(f"A platform is named {len(places)} times where none is known: {', '.join(FLOORS)}.", file=sys.stderr)
    return 1 if places else 0


if __name__ == "__main__":
    sys.exit(main())
