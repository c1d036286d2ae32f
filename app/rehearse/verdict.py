"""What is stored of a survey, compared with what was sent in and with what people read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.acting import ActingError, until
from app.rehearse.opinions import counting
from app.rehearse.respondent import Way
from app.rehearse.stage import Stage
from plugins.surveys.anonymous import Cell, cells_of
from plugins.surveys.definition import OTHER, Definition, Given, Kind
from plugins.surveys.paths import filled
from plugins.surveys.tables import Answer, Response, Wave
from plugins.surveys.waves import FINISHED

DIFFERENCES = 10

Owned = tuple[int, Cell]
"""A cell and whose it is: the person, or :data:`NOBODY` where the survey is anonymous."""
NOBODY = -1
STRANGER = -2
"""Whose account is none of the stage's."""


@dataclass(frozen=True)
class Kept:
    """What the store holds: the cells of each response, what it said, and whose it is."""

    cells: Mapping[UUID, Sequence[Cell]]
    answers: Mapping[UUID, Mapping[str, Given | None]]
    wave: Wave
    people: Mapping[UUID, int]
    """Who gave the finished responses. Nothing says so where the survey is anonymous."""

    @property
    def twice(self) -> int:
        """Finished responses beyond the first of a person; unknowable where they are anonymous."""
        return len(self.people) - len(set(self.people.values()))

    def owned(self) -> Iterator[Owned]:
        """All cells."""
        for response_id, cells in self.cells.items():
            owner = NOBODY if self.wave.anonymous else self.people.get(response_id, STRANGER)
            yield from ((owner, cell) for cell in cells)


async def kept(stage: Stage, definition: Definition) -> Kept:
    """Read it."""
    accounts = {account: stage.members[number].person for number, account in (await stage.accounts()).items()}
    async with stage.store.session() as session:
        wave = (await session.execute(select(Wave))).scalars().one()
        rows = (await session.execute(select(Answer))).scalars().all()
        query = select(col(Response.id), col(Response.account_id)).where(col(Response.state) == FINISHED)
        people = {one: accounts.get(account, STRANGER) for one, account in await session.execute(query)}
    cells: dict[UUID, list[Cell]] = {}
    answers: dict[UUID, dict[str, Given | None]] = {}
    for row in sorted(rows, key=lambda row: row.place):
        text = None if row.sealed is None else stage.store.vault.open(row.sealed, row.response_id.bytes).decode()
        cells.setdefault(row.response_id, []).append(Cell(row.question, row.place, row.option, row.number, text))
        given: Given | None = row.option if row.number is None else row.number
        kind = definition.by_name[row.question].kind if row.question in definition.by_name else Kind.SHORT
        mine = answers.setdefault(row.response_id, {})
        if kind in (Kind.MULTIPLE, Kind.RANKING) and row.option is not None:
            before = mine.get(row.question)
            given = (*(before if isinstance(before, tuple) else ()), row.option)
        mine[row.question] = given
    return Kept(cells, answers, wave, people)


@dataclass
class Verdict:
    """What isn't so, and which cells: ``lost`` were sent in and aren't stored, ``more`` are stored too often."""

    findings: list[str] = field(default_factory=list)
    lost: Counter[Owned] = field(default_factory=Counter)
    more: Counter[Owned] = field(default_factory=Counter)


def judge(definition: Definition, ways: Sequence[Way], store: Kept) -> Verdict:
    """Compare what was sent in with the store."""
    verdict = Verdict()
    findings = verdict.findings
    sure: Counter[Owned] = Counter()
    maybe: Counter[Owned] = Counter()
    wholes: Counter[frozenset[Cell]] = Counter()
    unsure = False
    for way in ways:
        answers = counting(definition, way.sent)
        cells = list(cells_of(definition, answers, _words(way, answers)))
        owner = NOBODY if store.wave.anonymous else way.person
        if way.end in ("done", "taken"):
            (sure if way.end == "done" else maybe).update((owner, cell) for cell in cells)
            wholes[frozenset(cells)] += 1
            unsure = unsure or way.end == "taken"
        findings += (f"person {way.person} {one}" for one in dict.fromkeys(way.wrong))
        findings += _way(definition, way, answers, store.wave)
    verdict.lost, verdict.more = sure - Counter(store.owned()), Counter(store.owned()) - (sure + maybe)
    findings += _differences(definition, verdict, sure, Counter(store.owned()))
    if store.wave.anonymous and not verdict.lost and not verdict.more and not unsure:
        mixed = (Counter(frozenset(one) for one in store.cells.values()) - wholes).total()
        if mixed:
            findings.append(f"{mixed} responses hold answers of different people")
    findings += _counts(definition, ways, store)
    return verdict


def _words(way: Way, answers: Mapping[str, Given | None]) -> dict[str, str]:
    def several(given: Given | None) -> tuple[object, ...]:
        return given if isinstance(given, tuple) else (given,)

    return {name: text for name, text in way.words.items() if OTHER in several(answers.get(name))}


def _way(definition: Definition, way: Way, answers: Mapping[str, Given | None], wave: Wave) -> Iterator[str]:
    """What isn't so with one person's end."""
    if not way.end:
        yield f"person {way.person} came to no end; they saw last {way.last[:200]!r}"
    if way.end == "done":
        left = [one for one in definition.questions if one.name not in way.sent]
        missing = [one.name for one in left if one.name in counting(definition, {**way.sent, one.name: None})]
        if missing:
            yield f"person {way.person} came to the end and was not asked {', '.join(missing)}"
    if way.end == "turned away":
        quotas = definition.quotas
        if not any(wave.cells.get(str(one), 0) >= quotas[one].most for one in filled(definition, answers)):
            yield f"person {way.person} was turned away, and no quota of theirs is full"


def _differences(
    definition: Definition, verdict: Verdict, sure: Counter[Owned], stored: Counter[Owned]
) -> Iterator[str]:
    order = {name: number for number, name in enumerate(definition.by_name)}
    different = sorted(
        {*verdict.lost, *verdict.more}, key=lambda one: (order.get(one[1].question, -1), one[1].question, str(one))
    )
    for owner, cell in different[:DIFFERENCES]:
        value = cell.text if cell.text is not None else cell.option if cell.option is not None else cell.number
        who = {NOBODY: "", STRANGER: "somebody unknown: "}.get(owner, f"person {owner}: ")
        there = (owner, cell)
        yield (
            f"{who}{cell.question}, {value!r} in place {cell.place}: sent in {sure[there]} times, "
            f"stored {stored[there]}"
        )
    if len(different) > DIFFERENCES:
        yield f"… and {len(different) - DIFFERENCES} more answers that are not as they were sent in"


def _counts(definition: Definition, ways: Sequence[Way], store: Kept) -> Iterator[str]:
    """Quotas, and how many finished."""
    wave = store.wave
    for number, quota in enumerate(definition.quotas):
        count = sum(number in filled(definition, one) for one in store.answers.values())
        counted = wave.cells.get(str(number), 0)
        if count > quota.most:
            yield f"quota {number + 1} takes {quota.most}, and {count} are stored"
        if count != counted:
            yield f"quota {number + 1} counts {counted}, and {count} are stored"
    ends = Counter(way.end for way in ways)
    for what, count, end in (("finished", wave.finished, "done"), ("were turned away", wave.screened, "turned away")):
        if not ends[end] <= count <= ends[end] + ends["taken"]:
            yield f"{count} {what}, says the store, and {ends[end]} were told so"
    if store.twice:
        yield f"{store.twice} finished responses beyond the first of a person"


async def posts(stage: Stage, where: Mapping[str, str], finished: int) -> list[str]:
    """Posts of the closed survey that don't come to say how many took part, or still take answers."""
    wanted = f"Closed with {finished} response{'' if finished == 1 else 's'}"
    wrong: list[str] = []

    async def right() -> bool:
        wrong.clear()
        for world in stage.worlds:
            post = world.platform.message(where[world.platform.name])
            open_still = {"Start", "Go on"} & {one.label for one in post.controls}
            if wanted not in post.text or open_still:
                wrong.append(f"the post on {world.platform.name} says {post.text[-200:]!r}, not {wanted!r}")
        return not wrong

    try:
        await until(right, "", stage.settle_seconds)
    except ActingError:
        return wrong
    return []
