"""Who gets one: decided for all that wait at once, exactly, whatever dies.

A drop's row is locked first, so all processes decide about it one after the other. Then a few statements read what
the members in question have, the requests are taken in the order they came, in memory, and a few statements write
what came of it: as many for five hundred members as for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlmodel import col

from core.alarms import set_alarm
from core.deciding import Request
from core.once import Once
from plugins.sampling_drops.definition import CODE as GIVES_CODE
from plugins.sampling_drops.definition import Definition
from plugins.sampling_drops.drops import CLOSING, DRAFT, LAPSE, OPEN, PLUGIN, Drop, finish, lapse, lock, save
from plugins.sampling_drops.tables import Claim, Code
from storage.bulk import insert_all, update_all
from storage.log import Act
from storage.prepared import Prepared, PreparedForAll
from storage.tables import Consent
from storage.tx import Tx
from storage.types import Id

HOLD = timedelta(minutes=15)
"""How long a unit is kept for somebody who fills in the form."""

HELD, GIVEN, TURNED_AWAY, GONE = "held", "given", "turned_away", "gone"


class Verb(StrEnum):
    """What a member wants."""

    HOLD = auto()
    SCREEN = auto()
    ADDRESS = auto()
    LEAVE = auto()


class Agreed(NamedTuple):
    """What a member agreed to: it is put on record."""

    purpose: str
    words: str
    language: str


class Wish(NamedTuple):
    """What one member wants of one drop. ``passed`` and ``agreed`` go with SCREEN, ``sealed`` with ADDRESS."""

    verb: Verb
    drop_id: UUID
    passed: bool = False
    agreed: Agreed | None = None
    sealed: bytes | None = None


class Is(Enum):
    """How it stands for a member after their wish."""

    HELD = auto()
    """One is held for them; what comes next is the screener and consent."""
    PASSED = auto()
    """One is held, and the address is what is left to say."""
    CODE = auto()
    """A code is theirs: ``Told.sealed``."""
    PARCEL = auto()
    """A parcel is theirs, and its address may still be changed."""
    SENT = auto()
    """A parcel is theirs, and its address has left for the shipper."""
    TURNED_AWAY = auto()
    """Their answers did not fit what is looked for."""
    OTHER_HOLDS = auto()
    """Another account of theirs holds one."""
    OTHER_HAD = auto()
    """Another account of theirs, or they themselves before they were forgotten, had one, or was turned away."""
    SPOKEN_FOR = auto()
    """All that are left are held by others, and may come back."""
    SOLD_OUT = auto()
    OVER = auto()
    """It takes no more: it is closing or closed, or not open yet."""
    EMPTY_HANDED = auto()
    """They hold none: they left it, or let it run out, or never pressed."""
    PREVIEW = auto()
    """It is being made: nobody can have one yet."""
    UNKNOWN = auto()
    """There is no such drop here."""


class About(NamedTuple):
    """What it is about."""

    drop_id: UUID
    definition: Definition
    key: bytes | None


class Told(NamedTuple):
    """The answer. ``until`` goes with HELD and PASSED, ``sealed`` with CODE, ``about`` with all but UNKNOWN."""

    what: Is
    until: datetime | None = None
    sealed: bytes | None = None
    about: About | None = None


@dataclass(slots=True)
class _Mine:
    """A claim as it is being decided about."""

    community_id: UUID
    id: UUID
    drop_id: UUID
    space_id: UUID
    account_id: UUID
    member_id: UUID
    state: str
    held_until: datetime
    passed: bool = False
    consent_id: UUID | None = None
    code_id: UUID | None = None
    sealed: bytes | None = None
    exported: bool = False
    code: bytes | None = None
    new: bool = False
    changed: bool = False


_OWN = ("space_id", "member_id", "state", "held_until", "passed", "consent_id", "code_id", "sealed", "exported")
"""What may change in a claim; the member changes when somebody was forgotten and came again."""


def decide(tx: Tx, requests: Sequence[Request]) -> list[Told]:
    """The decider of all four verbs: :data:`core.deciding.Decider`, whose ``said`` is a :class:`Wish`."""
    drops = lock(tx, {(one.community_id, one.said.drop_id) for one in requests})
    lapse(tx, list(drops.values()))
    batch = _Batch(tx, drops, requests)
    told = [batch.take(one) for one in requests]
    batch.write()
    return told


@dataclass(slots=True)
class _Side:
    """What is known and written of one drop besides its claims."""

    about: About
    once: Once
    codes: list[tuple[UUID, bytes]]
    """Free ones, to be taken from the end."""
    holds: bool = False
    """Somebody holds one who held none before."""


class _Batch:
    """All requests that are decided together."""

    def __init__(self, tx: Tx, drops: dict[tuple[UUID, UUID], Drop], requests: Sequence[Request]) -> None:
        self.tx = tx
        self.now = tx.now
        self.drops = drops
        self.acts: list[Act] = []
        self.consents: list[dict[str, object]] = []
        self.withdrawn: list[dict[str, object]] = []
        known = [one for one in requests if (one.community_id, one.said.drop_id) in drops]
        keys = {(one.community_id, one.said.drop_id, one.account_id) for one in known}
        self.mine = {(one.drop_id, one.account_id): one for one in _claims(tx, keys)}
        self.by_id = {one.id: one for one in self.mine.values()}
        by_drop: dict[UUID, list[Request]] = {}
        for one in known:
            by_drop.setdefault(one.said.drop_id, []).append(one)
        # Nearly always one drop.
        self.sides = {drop.id: self._side(drop, by_drop[drop.id]) for drop in drops.values()}
        had = {
            (one.community_id, claim_id)
            for one in known
            for claim_id in self.sides[one.said.drop_id].once.claims(one)
        }
        self.elsewhere = _states(tx, [key for key in had if key[1] not in self.by_id])

    def _side(self, drop: Drop, requests: Sequence[Request]) -> _Side:
        once = Once(self.tx, drop.community_id, drop.id, requests)
        wanted = sum(one.said.verb is Verb.SCREEN for one in requests)
        rows: list[tuple[Any, ...]] = []
        if drop.gives == GIVES_CODE and wanted:
            rows = self.tx.run(_FREE, community=drop.community_id, drop=drop.id, most=wanted)
        about = About(drop.id, Definition.from_data(drop.definition), drop.key)
        return _Side(about, once, [(code_id, sealed) for code_id, sealed in reversed(rows)])

    def take(self, request: Request) -> Told:
        """Decide one."""
        wish: Wish = request.said
        drop = self.drops.get((request.community_id, wish.drop_id))
        if drop is None:
            return Told(Is.UNKNOWN)
        if drop.state == DRAFT:
            return Told(Is.PREVIEW)
        what, until, sealed, _about = self._take(drop, request, wish)
        return Told(what, until, sealed, self.sides[drop.id].about)

    def _take(self, drop: Drop, request: Request, wish: Wish) -> Told:
        claim = self.mine.get((drop.id, request.account_id))
        match wish.verb:
            case Verb.HOLD:
                drop.pressed += 1
                self._act(drop, request, "press")
                if claim is None or claim.state == GONE:
                    claim, refusal = self._reserve(drop, request, claim)
                    if claim is None:
                        return refusal
                return _stands(drop, claim)
            case Verb.SCREEN:
                return self._screen(drop, request, claim, wish)
            case Verb.ADDRESS:
                return self._address(drop, request, claim, wish)
        return self._leave(drop, request, claim)

    def _reserve(self, drop: Drop, request: Request, claim: _Mine | None) -> tuple[_Mine | None, Told]:
        """Hold one, or say why not."""
        other = self._other(drop, request, claim)
        if other is not None:
            return None, Told(other)
        if drop.state != OPEN:
            return None, Told(Is.OVER)
        if drop.left <= 0:
            return None, Told(Is.SPOKEN_FOR if drop.held else Is.SOLD_OUT)
        if claim is None:
            claim = _Mine(
                drop.community_id,
                self.tx.new_id(),
                drop.id,
                request.space_id,
                request.account_id,
                request.member_id,
                HELD,
                self.now + HOLD,
                new=True,
            )
            self.mine[drop.id, request.account_id] = self.by_id[claim.id] = claim
        else:
            claim.state, claim.held_until = HELD, self.now + HOLD
            claim.space_id, claim.member_id = request.space_id, request.member_id
            claim.changed = True
        drop.held += 1
        side = self.sides[drop.id]
        side.once.note(request, claim.id)
        side.holds = True
        return claim, Told(Is.HELD)

    def _other(self, drop: Drop, request: Request, claim: _Mine | None) -> Is | None:
        """What another account of this person has, None where none has anything."""
        found = None
        for claim_id in self.sides[drop.id].once.claims(request):
            if claim is not None and claim_id == claim.id:
                continue
            known = self.by_id.get(claim_id)
            # One that is known to nobody was erased with its member, after they had theirs.
            state = known.state if known is not None else self.elsewhere.get(claim_id, GIVEN)
            if state != HELD:
                return Is.OTHER_HAD
            found = Is.OTHER_HOLDS
        return found

    def _had_elsewhere(self, drop: Drop, request: Request, claim: _Mine) -> bool:
        """Two accounts held one each before they were linked: the second one comes to nothing."""
        if self._other(drop, request, claim) is not Is.OTHER_HAD:
            return False
        self._let_go(drop, claim)
        return True

    def _screen(self, drop: Drop, request: Request, claim: _Mine | None, wish: Wish) -> Told:
        """The screener and the consent came."""
        if claim is None:
            return Told(Is.EMPTY_HANDED)
        if claim.state == GONE:
            held, refusal = self._reserve(drop, request, claim)
            if held is None:
                return refusal
        if claim.state != HELD or claim.passed:
            return _stands(drop, claim)
        if self._had_elsewhere(drop, request, claim):
            return Told(Is.OTHER_HAD)
        drop.screened += 1
        self._act(drop, request, "screen", passed=int(wish.passed))
        claim.changed = True
        if not wish.passed or wish.agreed is None:
            claim.state = TURNED_AWAY
            drop.held -= 1
            drop.turned_away += 1
            return _stands(drop, claim)
        self._agree(drop, request, claim, wish.agreed)
        claim.passed = True
        if drop.gives == GIVES_CODE:
            claim.code_id, claim.code = self.sides[drop.id].codes.pop()
            self._give(drop, request, claim)
        return _stands(drop, claim)

    def _address(self, drop: Drop, request: Request, claim: _Mine | None, wish: Wish) -> Told:
        """The address came, for the first time or changed."""
        if claim is None or not claim.passed or drop.gives == GIVES_CODE:
            return _stands(drop, claim) if claim is not None else Told(Is.EMPTY_HANDED)
        if claim.state == GONE:
            held, refusal = self._reserve(drop, request, claim)
            if held is None:
                return refusal
        if claim.state == HELD:
            if self._had_elsewhere(drop, request, claim):
                return Told(Is.OTHER_HAD)
            self._give(drop, request, claim)
        elif claim.state == GIVEN and not claim.exported:
            self._act(drop, request, "change")
        else:
            return _stands(drop, claim)
        claim.sealed, claim.changed = wish.sealed, True
        return _stands(drop, claim)

    def _leave(self, drop: Drop, request: Request, claim: _Mine | None) -> Told:
        """They don't want it."""
        if claim is None or claim.state != HELD:
            return _stands(drop, claim) if claim is not None else Told(Is.EMPTY_HANDED)
        self._act(drop, request, "leave")
        self._let_go(drop, claim)
        return Told(Is.EMPTY_HANDED)

    def _let_go(self, drop: Drop, claim: _Mine) -> None:
        """What was held goes back, and what was agreed to with it."""
        if claim.consent_id is not None:
            self.withdrawn.append({"id": claim.consent_id, "community_id": claim.community_id})
        claim.state, claim.passed, claim.consent_id, claim.changed = GONE, False, None, True
        drop.held -= 1
        self.sides[drop.id].once.take_back(claim.id)

    def _agree(self, drop: Drop, request: Request, claim: _Mine, agreed: Agreed) -> None:
        claim.consent_id = self.tx.new_id()
        self._act(drop, request, "consent")
        self.consents.append(
            {
                "community_id": drop.community_id,
                "id": claim.consent_id,
                "account_id": request.account_id,
                "purpose": agreed.purpose,
                "words": agreed.words,
                "language": agreed.language,
            }
        )

    def _give(self, drop: Drop, request: Request, claim: _Mine) -> None:
        claim.state = GIVEN
        drop.held -= 1
        drop.given += 1
        self._act(drop, request, "given")

    def _act(self, drop: Drop, request: Request, kind: str, **features: int) -> None:
        act = request.act(kind, activity_id=drop.activity_id)
        self.acts.append(act._replace(features=features) if features else act)

    def write(self) -> None:
        """Write what was decided."""
        tx = self.tx
        claims = list(self.mine.values())
        keys = ("community_id", "id", "drop_id", "account_id", *_OWN)
        insert_all(tx, Claim, [{key: getattr(one, key) for key in keys} for one in claims if one.new])
        changed = [one for one in claims if one.changed and not one.new]
        rows = [{key: getattr(one, key) for key in ("community_id", "id", *_OWN)} for one in changed]
        update_all(tx, Claim, ("community_id", "id"), rows)
        given = [one for one in claims if one.code is not None and one.changed and one.code_id is not None]
        update_all(
            tx,
            Code,
            ("community_id", "id"),
            [{"community_id": one.community_id, "id": one.code_id, "claim_id": one.id} for one in given],
        )
        insert_all(tx, Consent, self.consents, given_at=self.now)
        update_all(tx, Consent, ("community_id", "id"), self.withdrawn, withdrawn_at=self.now)
        tx.participate_all(self.acts)
        for drop in self.drops.values():  # nearly always one
            side = self.sides[drop.id]
            side.once.write()
            if side.holds:
                set_alarm(tx, drop.community_id, drop.id, PLUGIN, LAPSE, self.now + HOLD, or_sooner=True)
        drops = list(self.drops.values())
        finish(tx, [drop for drop in drops if drop.state == CLOSING and drop.held == 0])
        save(tx, drops)


def _stands(drop: Drop, claim: _Mine) -> Told:
    """How it stands for the holder of a claim."""
    match claim.state:
        case "held":
            return Told(Is.PASSED if claim.passed else Is.HELD, claim.held_until)
        case "given" if drop.gives == GIVES_CODE:
            return Told(Is.CODE, sealed=claim.code)
        case "given":
            return Told(Is.SENT if claim.exported else Is.PARCEL)
        case "turned_away":
            return Told(Is.TURNED_AWAY)
    return Told(Is.EMPTY_HANDED)


def _claims(tx: Tx, keys: set[tuple[UUID, UUID, UUID]]) -> list[_Mine]:
    # One's parts in the order of its fields.
    return [_Mine(*row) for row in tx.run_all(_CLAIMS, list(keys))]


def _states(tx: Tx, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, str]:
    """The states of claims by their ids."""
    return dict(tx.run_all(_STATES, keys))


_CLAIMS = PreparedForAll(
    {"community_id": Id(), "drop_id": Id(), "account_id": Id()},
    lambda wanted: select(
        col(Claim.community_id),
        col(Claim.id),
        col(Claim.drop_id),
        col(Claim.space_id),
        col(Claim.account_id),
        col(Claim.member_id),
        col(Claim.state),
        col(Claim.held_until),
        col(Claim.passed),
        col(Claim.consent_id),
        col(Claim.code_id),
        col(Claim.sealed),
        col(Claim.exported),
        col(Code.sealed),
    ).select_from(
        wanted.join(
            Claim,
            and_(
                col(Claim.community_id) == wanted.c.community_id,
                col(Claim.drop_id) == wanted.c.drop_id,
                col(Claim.account_id) == wanted.c.account_id,
            ),
        ).outerjoin(Code, and_(col(Code.community_id) == col(Claim.community_id), col(Code.id) == col(Claim.code_id)))
    ),
)
_STATES = PreparedForAll(
    {"community_id": Id(), "id": Id()},
    lambda wanted: select(col(Claim.id), col(Claim.state)).select_from(
        wanted.join(Claim, and_(col(Claim.community_id) == wanted.c.community_id, col(Claim.id) == wanted.c.id))
    ),
)
_FREE = Prepared(
    select(col(Code.id), col(Code.sealed))
    .where(
        col(Code.community_id) == bindparam("community"),
        col(Code.drop_id) == bindparam("drop"),
        col(Code.claim_id).is_(None),
    )
    .order_by(col(Code.id))
    .limit(bindparam("most"))
)
