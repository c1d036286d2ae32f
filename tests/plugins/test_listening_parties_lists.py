"""Tracks as people write them, the links that they may carry, and what is left of a party in files."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.action import Action
from core.context import Viewer
from core.files import Desk, File
from core.message import Message
from core.picture import PictureKind, kind_of
from core.testing import SetClock
from core.testing.fake_bot import FakeAnswering, Post
from plugins.listening_parties import ListeningParties
from plugins.listening_parties.lines import Entry, Line, from_file, from_lines
from plugins.listening_parties.links import BadLink, public
from plugins.listening_parties.recap import ranked, wilson
from plugins.listening_parties.songs import Song
from storage.engine import Store
from tests.core.kit import one_store
from tests.plugins.party import House

SCRIPTS = (
    "Кино – Группа крови",
    "فيروز – نسم علينا الهوى",
    "坂本龍一 – 戦場のメリークリスマス",
    "👩‍👩‍👧‍👦 – 🎉",
    "A" * 120,
)


@pytest.fixture
async def house(opened: Store, time: SetClock) -> House:
    """A community whose workers move only when a test says so."""
    house = House(opened, time)
    await house.settle()
    return house


# -- links -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "link",
    [
        "https://example.org/a?b=c#d",
        "http://example.org:80/",
        "https://EXAMPLE.org./x",
        "https://bücher.example/lied",
        "https://music.example.co.uk/track/(live)",
        "https://xn--bcher-kva.example/",
    ],
)
def test_a_public_link_is_taken(link: str) -> None:
    shown = public(link)
    assert shown.startswith(("https://", "http://"))
    assert shown.isascii()


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1/", "http://10.0.0.8/x", "http://192.168.1.1", "http://169.254.169.254/latest/meta-data",
        "http://[::1]/", "http://[fe80::1]/", "http://[::ffff:10.0.0.1]/", "https://8.8.8.8/",
        "http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://0177.0.0.1/", "http://１２７.０.０.１/",
        "http://127。0。0。1/", "http://①②⑦.⓪.⓪.①/", "http://localhost/", "http://localhost./", "http://a.localhost/",
        "http://router/", "http://printer.local/", "http://db.internal/", "http://nas.home.arpa/", "http://x.lan/",
        "https://user:secret@example.org/", "https://example.org@10.0.0.1/", "https://example.org:8443/",
        "http://example.org:443/", "http://example.org:99999/", "ftp://example.org/", "javascript:alert(1)",
        "file:///etc/passwd", "data:text/html,x", "//example.org/x", "example.org/x", "https://", "https:///x",
        "https://example.org\\@10.0.0.1/", "https://exa mple.org/", "https://example.org/a\nb", "https://-a.example/",
        "https://%31%32%37.0.0.1/", "https://example..org/", "https://example.123/", f"https://{'a' * 70}.example/",
        "https://example.org/" + "x" * 500, "http://[::1/", "https://example.org:/@x@y:z",
    ],
)  # fmt: skip
def test_a_link_that_is_not_public_is_refused(link: str) -> None:
    if link == "https://example.org:/@x@y:z":  # nothing is wrong with what stands in a path
        assert public(link) == "https://example.org/@x@y:z"
        return
    with pytest.raises(BadLink):
        public(link)


# -- lines -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Can – Vitamin C | 3:31", Entry("Can", "Vitamin C", 211, "")),
        ("Can - Vitamin C|3:31|https://example.org/v", Entry("Can", "Vitamin C", 211, "https://example.org/v")),
        ("Jay-Z – 99 Problems | 3:54", Entry("Jay-Z", "99 Problems", 234, "")),
        ("Untitled | 0:10", Entry("", "Untitled", 10, "")),
        ("A – B – C | 20:00", Entry("A", "B – C", 1200, "")),
        ("坂本龍一 — 戦場 | 4:40 | ", Entry("坂本龍一", "戦場", 280, "")),
        ("Can – Vitamin C | 211", Entry("Can", "Vitamin C", 211, "")),
    ],
)
def test_a_line_is_a_track(line: str, wanted: Entry) -> None:
    assert [one.entry for one in from_lines(line)] == [wanted]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("Can – Vitamin C", "length is missing"),
        ("Can – Vitamin C | ", "length is missing"),
        ("Can – Vitamin C | soon", "length is missing"),
        ("Can – Vitamin C | 3:75", "length is missing"),
        ("Can – Vitamin C | 0:00", "{least} to {most}"),
        ("Can – Vitamin C | 0:09", "{least} to {most}"),
        ("Can – Vitamin C | 20:01", "{least} to {most}"),
        ("Can – Vitamin C | -30", "{least} to {most}"),
        ("Can – | 3:00", "title is missing"),
        (" | 3:00", "title is missing"),
        ("x" * 121 + " | 3:00", "Too long"),
        ("Can – Vitamin C | 3:00 | http://10.0.0.1/", "no public place"),
        ("Can – Vitamin C | 3:00 | https://example.org | and more", "Too many"),
    ],
)
def test_a_line_that_is_no_track_says_why(line: str, wrong: str) -> None:
    (found,) = from_lines(f"\n\n{line}")
    assert found.entry is None
    assert found.number == 3
    assert found.wrong is not None
    assert wrong in found.wrong.key


def test_players_files_are_read() -> None:
    m3u = (
        "#EXTM3U\n#EXTINF:211,Can - Vitamin C\nhttps://example.org/v.mp3\n#EXTINF:-1,No length\nhttps://example.org/n\n"
        '#EXTINF:180.5 tvg-id="x",Neu! - Hero\n/home/me/Music/hero.flac\n#EXTINF:60,Last - One\nstray.mp3\n'
        "stray2.mp3\n#EXTINF:60,Bad - Link\nhttp://192.168.0.7/x.mp3\n#EXTINF:90,Alone - At the end"
    )
    found = list(from_file("list.m3u8", m3u))
    assert [one.entry for one in found if one.entry] == [
        Entry("Can", "Vitamin C", 211, "https://example.org/v.mp3"),
        Entry("Neu!", "Hero", 180, ""),
        Entry("Last", "One", 60, ""),
        Entry("Alone", "At the end", 90, ""),
    ]
    assert [one.number for one in found if one.wrong] == [4, 10, 11]
    table = (
        'Title;Artist;Duration;URL\n"Vitamin C; live";Can;3:31;\nHero;Neu!;;\n\n;;;\nX;Y;2:00;https://localhost/\n'
    )
    found = list(from_file("list.csv", table))
    assert [one.entry for one in found if one.entry] == [Entry("Can", "Vitamin C; live", 211, "")]
    assert [one.number for one in found if one.wrong] == [3, 6]
    found = list(from_file("list.csv", 'Can,"Vitamin\nC",211\nNeu!,Hero,4:00\n"Faust,' + "x" * 200_000))
    assert [(one.number, one.entry) for one in found if one.entry] == [
        (2, Entry("Can", "Vitamin C", 211, "")),
        (3, Entry("Neu!", "Hero", 240, "")),
    ]
    assert "no CSV" in (found[-1].wrong.key if found[-1].wrong else "")
    (found_line,) = from_lines("Can\x00 – Vita\u202emin\x07 C | 3:31")
    assert found_line.entry == Entry("Can", "Vitamin C", 211, "")
    assert [one.entry for one in from_file("list.csv", "Can,Vitamin C,211")] == [Entry("Can", "Vitamin C", 211, "")]
    assert [one.entry for one in from_file("list.txt", "Can – Vitamin C | 3:31")] == [
        Entry("Can", "Vitamin C", 211, "")
    ]


@pytest.mark.parametrize("name", ["list.txt", "list.csv", "list.m3u"])
def test_a_list_without_an_end_is_cut_and_that_is_told(name: str) -> None:
    line = {"list.txt": "A – B | 1:00\n", "list.csv": "A,B,1:00\n", "list.m3u": "#EXTINF:60,A - B\n"}[name]
    found: list[Line] = list(from_file(name, line * 5000))
    assert len(found) == 1001
    assert found[-1].wrong is not None
    assert "Too many" in found[-1].wrong.key


# -- pasting ---------------------------------------------------------------------------------------------------------
def paste_of(post: Post) -> Action:
    """The action of the form for a list."""
    join = post.button("Join the booth")
    return Action("lp", "paste", join.args, join.community)


@one_store
async def test_broken_lines_are_told_by_number_and_stay_in_the_form(house: House) -> None:
    post = await house.announce()
    lines = [
        "Can – Vitamin C | 2:00",
        "Neu! – Hero",
        "Cluster – Caramel | 3:00",
        "Faust – Jennifer | 3:00 | http://10.0.0.1/",
    ]
    seen = await house.add(post, "mia", *lines)
    assert "2 tracks added.\n2 lines were not taken:\n- Line 2, “Neu! – Hero”: The length is missing." in seen.text
    assert "- Line 4" in seen.text
    again = (await house.bot.press(seen.button("Mend them"), "mia", form=True)).opened
    assert again is not None
    assert again.fields[0].value == f"{lines[1]}\n{lines[3]}"
    seen = await house.add(post, "mia", "Neu! – Hero | 4:00")
    assert seen.text == "1 track added."
    again = (await house.bot.press(paste_of(post), "mia", form=True)).opened
    assert again is not None
    assert again.fields[0].value == ""
    seen = await house.add(post, "mia", "nothing", "of this")
    assert "2 lines were not taken" in seen.errors["lines"]
    again = (await house.bot.press(paste_of(post), "mia", form=True)).opened
    assert again is not None
    assert again.fields[0].value == "nothing\nof this"
    assert await house.rows("SELECT count(*) FROM party_track") == [(3,)]


@one_store
async def test_fifty_tracks_of_a_member_wait_and_no_more(house: House) -> None:
    post = await house.announce()
    seen = await house.add(post, "mia", *(f"a – {number} | 1:00" for number in range(60)))
    assert "50 tracks added.\n10 lines were not taken:\n- Line 51" in seen.text
    seen = await house.add(post, "mia", "a – 61 | 1:00")
    assert "0 tracks added" in seen.text
    one = Action("lp", "add", paste_of(post).args, paste_of(post).community)
    seen = await house.bot.submit(one, "mia", {"title": "b", "artist": "", "length": "1:00", "link": ""})
    assert "wait already" in seen.text
    assert await house.rows("SELECT count(*) FROM party_track") == [(50,)]


@one_store
async def test_a_track_that_can_not_be_taken_is_told(house: House) -> None:
    post = await house.announce()
    for field, value, wrong in (
        ("length", "0:00", "0:10 to 20:00"),
        ("length", "", "needed"),
        ("link", "http://192.168.0.1/", "no public place"),
        ("title", " ", "needed"),
    ):
        values = {"title": "Vitamin C", "artist": "Can", "length": "3:31", "link": "", field: value}
        seen = await house.bot.submit(post.button("Add tracks"), "mia", values)
        assert wrong in seen.errors[field], value
    assert await house.rows("SELECT count(*) FROM party_track") == [(0,)]


# -- files -----------------------------------------------------------------------------------------------------------
class Page:
    """The manager's page."""

    def __init__(self, house: House, community: UUID) -> None:
        self.house = house
        self.plugin = next(one for one in house.hall.routes.plugins if isinstance(one, ListeningParties))
        self.viewer = Viewer(
            community,
            "en",
            "Europe/Berlin",
            house.time.now(),
            lambda words: house.hall.say(words, "en"),
            house.hall.store.vault,
        )

    async def shown(self) -> list[Message]:
        async with self.house.hall.store.session() as session:
            return [one.spoken(self.viewer.say) for one in await self.plugin.overview(session, self.viewer)]

    async def fetch(self, label: str) -> File:
        action = FakeAnswering(message=(await self.shown())[0]).button(label)
        route = self.house.hall.routes.downloads[action.plugin, action.verb]
        async with self.house.hall.store.session() as session:
            found: File = await route.method(session, self.viewer, action)
        return found

    async def hand_in(self, file: File) -> str:
        action = FakeAnswering(message=(await self.shown())[0]).button(
            "Add tracks from a file (M3U, CSV or a track a line)"
        )
        route = self.house.hall.routes.uploads[action.plugin, action.verb]
        desk = Desk(self.viewer, self.house.hall.store.write, lambda tx: None)
        return self.viewer.say((await route.method(desk, action, file)).text)


async def test_five_hundred_lines_with_broken_ones_among_them_are_handed_in(house: House) -> None:
    post = await house.announce()
    community = post.button("Join the booth").community
    assert community is not None
    page = Page(house, community)
    lines = [f"Artist {n} – Song {n} | {1 + n % 9}:30" for n in range(500)]
    for n in (3, 99, 499):
        lines[n] = f"Broken {n}"
    said = await page.hand_in(File("list.txt", "text/plain", "\n".join(lines).encode("utf-8-sig")))
    assert said.startswith("497 tracks added.\n3 lines were not taken:\n- Line 4, “Broken 3”")
    said = await page.hand_in(File("list.txt", "text/plain", "\n".join(lines).encode()))
    assert said.startswith("3 tracks added.\n497 lines were not taken:")
    assert said.endswith("… and 487 more")
    await house.add(post, "mia", "Can – Vitamin C | 0:30")
    await house.lead("Start now")
    assert "Can – Vitamin C" in str(house.card().message.text)  # a DJ's comes first
    assert "Next: Artist 0 – Song 0\n" in str(house.card().message.text)
    await house.pass_by(12 + 30 + 9, step=3)
    assert "**Artist 0 – Song 0**\n" in str(house.card().message.text)


@one_store
async def test_what_was_played_is_fetched(house: House) -> None:
    await house.play("Can – Vitamin C | 0:30 | https://example.org/v", "=cmd() – Hero | 1:00", who="mia")
    await house.vote("jon")
    await house.pass_by(30 + 9 + 60, step=9)
    await house.pass_by(310, step=310)
    community = house.card().message and await house.rows("SELECT id FROM community")
    raw: Any = community[0][0] if community else None
    page = Page(house, raw if isinstance(raw, UUID) else UUID(bytes=raw))
    assert [pair.value for pair in (await page.shown())[0].fields] == ["21 Nov, 08:00", "2", "0", "3"]
    playlist = await page.fetch("Playlist (M3U)")
    assert playlist.name == "Krautrock-night.m3u8"
    assert playlist.text.split("\n") == [
        "#EXTM3U",
        "#PLAYLIST:Krautrock night",
        "#EXTINF:30,Can – Vitamin C",
        "https://example.org/v",
        "#EXTINF:60,=cmd() – Hero",
        "# =cmd() – Hero",
        "",
    ]
    read = list(from_file("again.m3u8", playlist.text))
    assert [one.entry for one in read] == [
        Entry("Can", "Vitamin C", 30, "https://example.org/v"),
        Entry("=cmd()", "Hero", 60, ""),
    ]
    table = list(csv.DictReader(io.StringIO((await page.fetch("Votes (CSV)")).text)))
    assert [(row["artist"], row["length"], row["dj"], row["up"], row["skipped"]) for row in table] == [
        ("Can", "0:30", "mia", "1", "0"),
        ("'=cmd()", "1:00", "mia", "0", "0"),
    ]
    picture = await page.fetch("Picture (PNG)")
    assert kind_of(picture.data) is PictureKind.PNG
    assert house.bot.posts[-1].message.image is not None
    assert house.bot.posts[-1].message.image.data == picture.data


# -- the recap -------------------------------------------------------------------------------------------------------
def test_djs_are_ranked_by_what_is_certain() -> None:
    assert wilson(0, 0) == 0.0
    assert wilson(1, 0) == pytest.approx(0.2065, abs=1e-4)  # Wilson 1927; a table of the bounds
    assert wilson(80, 20) == pytest.approx(0.7112, abs=1e-4)

    def song(dj: int, ups: int, downs: int, name: str = "x") -> Song:
        return Song(UUID(int=9), UUID(int=dj), "", "t", "", 60, "played", ups, downs, name)

    found = ranked(
        [
            song(1, 1, 0, "lucky"),
            song(2, 50, 10, "liked"),
            song(2, 30, 10, "liked"),
            song(3, 9, 0, ""),
            song(4, 0, 5, "brave"),
        ]
    )
    assert [one.name for one in found] == ["liked", "lucky", "brave"]
    assert found[0][1:3] == (80, 20)


@one_store
async def test_peoples_words_are_sealed_and_never_markup(house: House) -> None:
    words = "*Xyl* _ophone_ [x](https://evil.example) <@1>"
    card = await house.play(f"{words} – `Night` | 2:00")
    assert "\\*Xyl\\*" in str(card.message.text)
    assert "\\[x\\]\\(https" in str(card.message.text)
    for (table,) in await house.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        async with house.hall.store.session() as session:
            for row in await session.execute(text(f"SELECT * FROM {table}")):  # noqa: S608  names from above
                assert not re.search(rb"Xyl|Night", repr(tuple(row)).encode())
