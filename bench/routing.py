"""From a frame to its handler, and its answer out, without store and network: ours against each platform's library.

``python -m bench.routing [--rounds 40] [--events 200] [--platform discord …]`` prints JSON.

Measured is the processor's time of the event loop's own thread, for presses (a handler that returns None, and the
press acknowledged) and for plain messages (a handler that returns None). Inside: the library's reading of the frame's
text, its objects, its call of us; for ours also the event, its place and right (the store was asked before), the
routing, the handler's context and the answer's way back into the library. Outside: the socket, the store, HTTP: calls
end in a transport that takes all and sends nothing, on both sides. Frames come a hundred at once.

The ways take turns within each round, in changing order. Ratios are medians over the rounds. Microseconds are the
least of the rounds, which is what the code costs when nothing disturbs it; a busy machine can double any of them
(``median_us`` says what it did).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.ways.common import Open, Tally, Way

PLATFORMS = ("discord", "slack", "telegram")
ADDED_US = 15.0
"""Microseconds that ours may add to bare discord.py."""
RATIO = 0.8
"""Of the events a second of bare slack_bolt and python-telegram-bot."""
SAME = 0.05
"""How far 20 plugins may be from one."""


async def _time(ways: dict[str, Way], rounds: int, events: int) -> dict[str, list[float]]:
    """Microseconds an event, for each way and round. The first two rounds warm up."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds + 2):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            way = ways[name]
            way.prepare(events)
            gc.collect()
            began = time.thread_time()
            await way.run(events)
            took = time.thread_time() - began
            if turn >= 2:
                spent[name].append(took / events * 1e6)
    return spent


def _figures(spent: dict[str, list[float]]) -> dict[str, Any]:
    bare, few, many = spent["bare"], spent["1"], spent["20"]
    ratio = statistics.median(raw / ours for ours, raw in zip(few, bare, strict=True))
    same = statistics.median(two / one for one, two in zip(few, many, strict=True))
    return {
        "bare_us": round(min(bare), 1),
        "ours_us": round(min(few), 1),
        "added_us": round(min(few) - min(bare), 1),
        "median_us": {"bare": round(statistics.median(bare), 1), "ours": round(statistics.median(few), 1)},
        "ratio": round(ratio, 2),
        "twenty_plugins": round(same, 3),
    }


async def measure(platform: str, rounds: int, events: int) -> dict[str, Any]:
    """One platform."""
    open_ways: Open = importlib.import_module(f"bench.ways.{platform}").ways
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with open_ways(Tally(), Path(folder)) as kinds:
            for kind, ways in kinds.items():
                found[kind] = _figures(await _time(ways, rounds, events))
    several = list(found.values())
    quick = all(one["added_us"] <= ADDED_US if platform == "discord" else one["ratio"] >= RATIO for one in several)
    return {**found, "well": quick and all(abs(one["twenty_plugins"] - 1) <= SAME for one in several)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--events", type=int, default=200, help="in each round of each way")
    parser.add_argument("--platform", action="append", choices=PLATFORMS)
    options = parser.parse_args()
    results: dict[str, Any] = {
        "bench": "routing",
        "target": {"discord_added_us": ADDED_US, "ratio": RATIO, "twenty_plugins_within": SAME},
    }
    for platform in options.platform or PLATFORMS:
        results[platform] = asyncio.run(measure(platform, options.rounds, options.events))
    json.dump(results, sys.stdout)
    print()


if __name__ == "__main__":
    main()
