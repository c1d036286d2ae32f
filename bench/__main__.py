"""``python -m bench`` measures what is quick to measure; ``python -m bench NAME [ARGS]`` runs one bench by itself.

Prints one JSON object, a member for each bench; what goes on is said beside it, for people. The soak of millions of
rows and the top of the hour take their time and run only by their names.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

SHORT: dict[str, list[str]] = {
    "answers": [],
    "routing": [],
    "writer": ["--rows", "60000"],
    "startup": ["--rounds", "3"],
}
"""What runs by itself, and how short."""
ALL = (*SHORT, "claims", "pictures", "planning", "soak", "surveys")


def run(name: str, arguments: list[str]) -> Any:
    """One bench in a process of its own, so that none warms up or burdens the next. What it prints, as data."""
    done = subprocess.run([sys.executable, "-m", f"bench.{name}", *arguments], stdout=subprocess.PIPE, check=False)  # noqa: S603 - this Python, our own modules
    if done.returncode:
        return {"failed": done.returncode}
    return json.loads(done.stdout)


def main() -> int:
    """All of the quick ones, or the one that is named. 1 when one failed."""
    if len(sys.argv) > 1 and sys.argv[1] not in ALL:
        print(f"There is no bench {sys.argv[1]!r}: {', '.join(ALL)}.", file=sys.stderr)
        return 2
    chosen = {sys.argv[1]: sys.argv[2:]} if len(sys.argv) > 1 else SHORT
    results: dict[str, Any] = {}
    for name, arguments in chosen.items():
        print(f"{name} …", file=sys.stderr, flush=True)
        began = time.monotonic()
        results[name] = run(name, arguments)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(json.dumps(results, indent=2))
    return any("failed" in one for one in results.values())


if __name__ == "__main__":
    sys.exit(main())
