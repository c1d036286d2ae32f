"""A survey in its manager's hands: kept, changed, opened, closed, opened again. Inside a unit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlmodel import col

from core.activity import touch_card
from core.figures.privacy import TEAM
from core.posted_in import Chosen
from core.texts import Domain, Phrase
from plugins.surveys import toml_text, waves
from plugins.surveys.definition import Definition
from plugins.surveys.tables import Answer, Response, Survey, SurveyChannel, Taker, Waiting, Wave
from plugins.surveys.waves import CLOSED, DRAFT, OPEN
from storage.bulk import insert_all
from storage.tables import Channel, Space
from storage.tx import Tx

_ = Domain("surveys")


class Refused(Exception):
    """What a manager wants can't be done; ``words`` say why. The unit writes nothing. ``field`` is the form's."""

    def __init__(self, words: Phrase, field: str = "") -> None:
        super().__init__(words.key)
        self.words = words
        self.field = field


def new_draft(tx: Tx, community_id: UUID, text: str, keeper_id: UUID | None) -> UUID:
    """A new draft of a text that was read, to be posted in each space's newest channel. Its id."""
    survey_id = tx.new_id()
    tx.add(
        Survey(
            community_id=community_id,
            id=survey_id,
            state=DRAFT,
            definition=text,
            keeper_id=keeper_id,
            created_at=tx.now,
        )
    )
    known = tx.execute(
        select(col(Channel.space_id), col(Channel.id))
        .join(
            Space, (col(Space.community_id) == col(Channel.community_id)) & (col(Space.id) == col(Channel.space_id))
        )
        .where(col(Channel.community_id) == community_id, col(Space.removed_at).is_(None))
        .order_by(col(Channel.id))
    ).all()
    newest = {row.space_id: row.id for row in known}
    rows = [{"channel_id": channel_id} for channel_id in newest.values()]
    insert_all(tx, SurveyChannel, rows, community_id=community_id, survey_id=survey_id)
    return survey_id


def locked(tx: Tx, community_id: UUID, survey_id: UUID, *states: str) -> Survey:
    """The survey's row, locked. Raises :class:`Refused` when it is gone or in none of the states."""
    row = tx.execute(
        select(Survey).where(col(Survey.community_id) == community_id, col(Survey.id) == survey_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise Refused(_("That survey is gone."))
    if row.state not in states:
        raise Refused(_("That can’t be done now: look at it with `/hall surveys`."))
    return Survey(**row._mapping)


def change(tx: Tx, community_id: UUID, survey_id: UUID, how: Callable[[Definition], Definition]) -> None:
    """Change what a survey asks. Waves that were opened keep what they ask. Raises :class:`toml_text.Unreadable`."""
    row = locked(tx, community_id, survey_id, DRAFT, OPEN, CLOSED)
    text = toml_text.write(how(toml_text.known(row.definition)))
    toml_text.read(text)
    _say(tx, row, text)


def replace(tx: Tx, community_id: UUID, survey_id: UUID, text: str) -> None:
    """Let a survey say another text, which was read."""
    _say(tx, locked(tx, community_id, survey_id, DRAFT, OPEN, CLOSED), text)


def undo(tx: Tx, community_id: UUID, survey_id: UUID) -> None:
    """Let a survey say what it said before the last change; done twice, nothing has changed."""
    row = locked(tx, community_id, survey_id, DRAFT, OPEN, CLOSED)
    if row.before is None:
        raise Refused(_("There is nothing to undo."))
    _say(tx, row, row.before)


def was_asked(tx: Tx, community_id: UUID, survey_id: UUID) -> bool:
    """Whether it was opened before, so that answers are kept under the names of its questions."""
    return locked(tx, community_id, survey_id, DRAFT, OPEN, CLOSED).waves > 0


def _say(tx: Tx, row: Survey, text: str) -> None:
    if text == row.definition:
        return
    put(tx, row, definition=text, before=row.definition)
    seen = (toml_text.known(one).results for one in (text, row.definition))
    if row.wave_id is not None and len(set(seen)) > 1:  # that holds at once, and stands on the post
        touch_card(tx, row.community_id, row.wave_id)


def post_in(tx: Tx, community_id: UUID, survey_id: UUID, chosen: Chosen) -> None:
    """Post it there."""
    locked(tx, community_id, survey_id, DRAFT, OPEN, CLOSED)
    waves.POSTED.put(tx, community_id, survey_id, chosen)


def open_now(tx: Tx, community_id: UUID, survey_id: UUID) -> UUID:
    """Open its next wave. Raises :class:`Refused`."""
    row = locked(tx, community_id, survey_id, DRAFT, CLOSED)
    channels = tx.scalar(select(func.count()).select_from(SurveyChannel).where(*_of(community_id, survey_id)))
    if wrong := missing(toml_text.known(row.definition), channels, row.closes_at, tx.now):
        raise Refused(wrong[0])
    return waves.open_waves(tx, [(row, row.closes_at, None)], tx.now)[0]


def missing(definition: Definition, channels: int, closes_at: datetime | None, now: datetime) -> list[Phrase]:
    """What is still to be done before it can open."""
    found = []
    if not definition.questions:
        found.append(_("Add a question first."))
    if not channels:
        found.append(_("Choose the channels that it is posted in."))
    if closes_at is not None and closes_at <= now:
        found.append(_("The time when it closes is over. Choose a later one."))
    return found


def close_now(tx: Tx, community_id: UUID, survey_id: UUID) -> None:
    """Close its wave. Raises :class:`Refused`."""
    row = locked(tx, community_id, survey_id, OPEN)
    live = waves.lock(tx, [(community_id, row.wave_id)] if row.wave_id else [])
    waves.close(tx, list(live.values()))
    waves.save(tx, list(live.values()))


def reopen(tx: Tx, community_id: UUID, survey_id: UUID) -> None:
    """Let its last wave take answers again. Raises :class:`Refused`."""
    row = locked(tx, community_id, survey_id, CLOSED)
    if row.closes_at is not None and row.closes_at <= tx.now:
        raise Refused(_("The time when it closes is over. Choose a later one."))
    for wave in waves.lock(tx, [(community_id, row.wave_id)] if row.wave_id else []).values():
        if row.most is not None and wave.finished >= row.most:
            raise Refused(_("It has as many responses as you allowed. Allow more first."))
        if (why := over_for_good(wave, tx.now)) is not None:
            raise Refused(why)
        wave.most = row.most
        here = (col(Wave.community_id) == community_id, col(Wave.id) == wave.id)
        tx.execute(update(Wave).where(*here).values(most=row.most))
        waves.reopen(tx, wave, row.closes_at)
        waves.save(tx, [wave])


def over_for_good(wave: waves.Live | Wave, now: datetime) -> Phrase | None:
    """Why a closed wave can't be opened again; None where it can."""
    if wave.anonymous and wave.finished >= TEAM:
        return _(
            "It is anonymous, and its results are told: opened again, they would say what the few answered who come "
            "now. Open a new wave."
        )
    if wave.closed_at is not None and now - wave.closed_at >= waves.PURGE_AFTER:
        days = waves.PURGE_AFTER.days
        return _("It closed {n} days ago or more, and who took part is not known any more. Open a new wave.", n=days)
    return None


def limits(tx: Tx, community_id: UUID, survey_id: UUID, closes_at: datetime | None, most: int | None) -> None:
    """Until when and for how many it is open, also while it is. Raises :class:`Refused`."""
    row = locked(tx, community_id, survey_id, DRAFT, OPEN, CLOSED)
    if closes_at is not None and closes_at <= tx.now:
        raise Refused(_("That time is over. Choose a later one."), "closes_on")
    put(tx, row, closes_at=closes_at, most=most)
    if row.state != OPEN or row.wave_id is None:
        return
    for wave in waves.lock(tx, [(community_id, row.wave_id)]).values():
        if most is not None and most <= wave.finished:
            raise Refused(_("There are {n} responses already. Close it, or allow more.", n=wave.finished), "most")
        here = (col(Wave.community_id) == community_id, col(Wave.id) == wave.id)
        tx.execute(update(Wave).where(*here).values(most=most))
        wave.closes_at = closes_at
        waves.set_alarms(tx, community_id, wave.id, tx.now, closes_at)
        waves.save(tx, [wave])


def remove(tx: Tx, community_id: UUID, survey_id: UUID) -> None:
    """Erase a survey that is not open, with all that was answered. Raises :class:`Refused`."""
    row = locked(tx, community_id, survey_id, DRAFT, CLOSED)
    if row.schedule_id is not None:
        raise Refused(_("End its schedule first."))
    ids = (
        tx.execute(
            select(col(Wave.id)).where(col(Wave.community_id) == community_id, col(Wave.survey_id) == survey_id)
        )
        .scalars()
        .all()
    )
    for table in (Answer, Waiting, Taker, Response):
        tx.execute(delete(table).where(col(table.community_id) == community_id, col(table.wave_id).in_(ids)))
    for wave_id in ids:
        waves.forget(tx, community_id, wave_id)
    tx.execute(delete(Wave).where(col(Wave.community_id) == community_id, col(Wave.id).in_(ids)))
    tx.execute(delete(SurveyChannel).where(*_of(community_id, survey_id)))
    tx.execute(delete(Survey).where(col(Survey.community_id) == community_id, col(Survey.id) == survey_id))


def put(tx: Tx, row: Survey, **values: Any) -> None:
    """Set some of its columns."""
    here = (col(Survey.community_id) == row.community_id, col(Survey.id) == row.id)
    tx.execute(update(Survey).where(*here).values(**values))


def _of(community_id: UUID, survey_id: UUID) -> tuple[Any, ...]:
    return (col(SurveyChannel.community_id) == community_id, col(SurveyChannel.survey_id) == survey_id)
