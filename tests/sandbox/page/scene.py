"""Three fake platforms with a question in each and people around it."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.control import ControlView
from tests.sandbox.page.fake import FakePlatform

QUESTION = "What small thing made your week better?"
PEOPLE = (("Ada Byron", "en"), ("Konrad Zuse", "de"), ("Sophie Germain", "fr"))


@dataclass
class Scene:
    """A platform, its first channel and the question in it."""

    platform: FakePlatform
    space: str
    channel: str
    question: str
    members: dict[str, str]


async def scene(name: str, space: str, *, formless: bool = False) -> Scene:
    """One platform with a space, two channels, an owner, three members and the question."""
    platform = FakePlatform(name, formless=formless)
    key = await platform.add_space(space, owner="Grace Hopper")
    members = {person: await platform.join(key, person, locale=locale) for person, locale in PEOPLE}
    channel = await platform.add_channel(key, "general")
    await platform.add_channel(key, "off-topic")
    question = platform.ask(channel, QUESTION, title="Question of the day")
    return Scene(platform, key, channel, question, members)


async def three() -> list[Scene]:
    """The three, each with another way about it."""
    return [
        await scene("discord", "The Reading Room"),
        await scene("slack", "Reading Room Staff"),
        await scene("telegram", "Reading Room Readers", formless=True),
    ]


def chatter(one: Scene) -> None:
    """Fill a scene with all that a message can carry."""
    ada, konrad, sophie = one.members.values()
    p, channel = one.platform, one.channel
    p.post(channel, "The new coffee machine. It hums, but in tune.", author=ada, reply_to=one.question)
    last = p.post(channel, "Morgens zehn Minuten früher da sein, als es nötig ist. Niemand ist wach.", author=konrad)
    p.post(channel, "Man hört sogar die Heizung.", author=konrad, edits=1)
    p.post(channel, "Un vieux livre retrouvé derrière l’étagère !", author=sophie, thread=one.question)
    p.post(channel, "Moi aussi, la semaine dernière.", author=ada, thread=one.question)
    found = p.find(last)
    p._set(found.__class__(**{**found.__dict__, "reactions": {"♥": (ada, sophie), "☺": (ada,)}}))
    options = tuple((f"o{i}", label) for i, label in enumerate(("Monday", "Tuesday", "Wednesday", "Thursday")))
    p.post(
        channel,
        "Which evening suits you for the reading circle? Bring a page you love.",
        html="Which evening suits you for the <b>reading circle</b>? Bring <i>a page</i> you love.",
        controls=(
            ControlView("day", "select", "Pick evenings", options=options, maximum=2),
            ControlView("guide", "link", "House rules", url="https://example.org/rules"),
            ControlView("none", "button", "None of them", "secondary"),
        ),
    )
    p.post(channel, "Thank you, that counts.", only_for=ada)
