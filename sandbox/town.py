"""A small town on a platform: a space with a channel and a handful of people in it."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.control import Platform

OWNER = "Olga Lindt"
PEOPLE = (
    ("Mia Carter", "en"), ("Jonas Weber", "de"), ("Amélie Laurent", "fr"), ("Kofi Mensah", "en"),
    ("Lena Brandt", "de"), ("Noor Haddad", "en"), ("Théo Martin", "fr"), ("Priya Nair", "en"), ("Emil Vogt", "de"),
    ("Sofia Rossi", "it"),
)  # fmt: skip
SPACES = {"discord": "Harbour Lights", "slack": "Harbour Crew", "telegram": "Harbour Friends"}


@dataclass(frozen=True)
class Town:
    """A space's id with those of its channel, its owner and its plain members."""

    space: str
    channel: str
    owner: str
    members: tuple[str, ...]


async def settle(platform: Platform, *, channel: str = "lounge", people: int = 6, install: bool = True) -> Town:
    """Make a space with ``people`` members on a started platform and, if ``install``, have the owner add the bot."""
    space = await platform.add_space(SPACES.get(platform.name, "Harbour"), owner=OWNER)
    owner = next(member.id for member in platform.state().members if member.space == space and member.role == "owner")
    place = await platform.add_channel(space, channel)
    members = []
    for number in range(people):
        name, locale = PEOPLE[number % len(PEOPLE)]
        again = number // len(PEOPLE)
        members.append(await platform.join(space, f"{name} {again + 1}" if again else name, locale=locale))
    if install:
        await platform.install(space, owner)
    return Town(space, place, owner, tuple(members))
