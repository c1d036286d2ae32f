"""Where managers hand lists of questions in, and fetch what there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlmodel import col

from core.action import Action
from core.context import Context, Viewer
from core.files import Desk, File
from core.form import FieldKind, Form, FormField, Value
from core.markup import escape, plain
from core.message import Button, ButtonStyle, Message, cut
from core.plugin import Answer, FormErrors, Plugin, download, form, press, submit, upload
from core.rights import Right
from core.texts import Domain, Phrase, Words, words_from_data
from plugins.question_of_the_day import listing, piles, queue
from plugins.question_of_the_day.queue import NewQuestion
from plugins.question_of_the_day.queue_desk import chosen_series, series_choice
from plugins.question_of_the_day.tables import Answer as StoredAnswer
from plugins.question_of_the_day.tables import Asked, Series
from storage.people import external_id_of
from storage.tables import Account, Activity, Member, Space
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("question_of_the_day")

SHOWN = 5
SHOWN_LENGTH = 80
MOST_ROWS = 50_000
"""Answers in one file: what a spreadsheet still opens with ease."""


class Importing(Plugin):
    """Lists in and out."""

    @form("paste", right=Right.MANAGE)
    async def paste_form(self, ctx: Context, action: Action) -> Form | Message:
        """A list, and for which series; or what was handed in before and waits to be confirmed."""

        def read(connection: Connection) -> tuple[tuple[int, Any] | None, list[queue.Run]]:
            waits = piles.look(connection, ctx.community_id, piles.IMPORT, ctx.now)
            return waits, queue.all_series(connection, ctx.community_id)

        waits, series = await ctx.read(read)
        if waits is not None:
            return preview(ctx, *waits)
        field = FormField(
            FieldKind.LONG,
            "list",
            _("Your questions"),
            hint=_("One a line, or CSV with the columns question, category, tone, sponsor"),
        )
        return Form(action, _("Add many"), (field, *series_choice(ctx, series)), submit=_("Look"))

    @submit("paste", right=Right.MANAGE)
    async def paste(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Show what the list holds; nothing of it is kept in a queue yet."""
        kept = await ctx.read(
            lambda connection: queue.all_questions(
                connection, ctx.community_id, lambda words: ctx.say(words, ctx.place.language)
            )
        )
        known = [one.text for one in kept]
        try:
            rows = await asyncio.to_thread(looked_at, str(values["list"]), known, chosen_series(values))
        except listing.Unreadable as error:
            return FormErrors({"list": _unreadable(error)})
        number = await ctx.write(lambda tx: piles.keep(tx, ctx.community_id, piles.IMPORT, rows))
        return preview(ctx, number, rows)

    @press("take", right=Right.MANAGE)
    async def take(self, ctx: Context, action: Action) -> Answer:
        """Keep what the preview showed."""
        number, language = action.args[0] if action.args else None, ctx.place.language

        def unit(tx: Tx) -> tuple[int, int] | None:
            rows = piles.take(tx, ctx.community_id, piles.IMPORT, number)
            if rows is None:
                return None
            wanted = UUID(rows["series"]) if rows["series"] else None
            series = queue.series_of(tx, ctx.community_id, series_id=wanted)
            if series is None:
                return None
            new = [
                NewQuestion(escape(text), language, category, tone, escape(sponsor) or None)
                for text, category, tone, sponsor in rows["new"]
            ]
            return len(new), queue.add_questions(tx, ctx.community_id, series.id, new)

        done = await ctx.write(unit)
        if done is None:
            return Message(text=_("That list is gone: it was taken or discarded before, or is older than a day."))
        added, waiting = done
        again = Button(_("Show the queue"), ctx.action("queue"))
        said = _("{n} question added.", "{n} questions added.", n=added)
        waits = _("{n} question waits", "{n} questions wait", n=waiting)
        return Message(text=_("{said} {waits}.", said=said, waits=waits), controls=(again,))

    @press("leave", right=Right.MANAGE)
    async def leave(self, ctx: Context, action: Action) -> Answer:
        """Discard what was handed in."""
        number = action.args[0] if action.args else None
        await ctx.write(lambda tx: piles.take(tx, ctx.community_id, piles.IMPORT, number))
        return Message(text=_("Discarded. No question was added."))

    # -- on the page ------------------------------------------------------------------------------------------------
    @upload("csvin", right=Right.MANAGE)
    async def hand_in(self, desk: Desk, action: Action, file: File) -> Message:
        """Show what the file holds; **Add many** in chat keeps it."""
        text, viewer = file.text, desk.viewer
        series_id = action.args[0] if action.args and isinstance(action.args[0], UUID) else None
        kept = await desk.write(lambda tx: queue.all_questions(tx.connection, viewer.community_id, viewer.say))
        try:
            rows = await asyncio.to_thread(looked_at, text, [one.text for one in kept], series_id)
        except listing.Unreadable as error:
            return Message(text=_unreadable(error))
        await desk.write(lambda tx: piles.keep(tx, viewer.community_id, piles.IMPORT, rows))
        then = _("Nothing is kept yet: type `/hall questions` in a channel, press “Add many”, and look once more.")
        return Message(
            title=_("This is in your list"), text="\n".join([*lines_of(rows, viewer.say), "", viewer.say(then)])
        )

    @download("csvout", right=Right.MANAGE)
    async def hand_out(self, session: AsyncSession, viewer: Viewer, _action: Action) -> File:
        """All questions, asked or waiting, as CSV that can be handed in again."""
        connection = await session.connection()
        kept = await connection.run_sync(lambda sync: queue.all_questions(sync, viewer.community_id, viewer.say))
        titles = {
            row.id: plain(row.title or viewer.say(_("Question of the day")))
            for row in await session.execute(
                select(col(Series.id), col(Series.title)).where(col(Series.community_id) == viewer.community_id)
            )
        }
        when = {one.id: one.asked_at.date().isoformat() for one in kept if one.asked_at is not None}
        rows = [one._replace(sponsor=plain(one.sponsor or "")) for one in kept]
        data = listing.table((*listing.COLUMNS, "series", "asked"), listing.rows_of(rows, titles, when))
        return File("questions.csv", "text/csv", data)

    @download("whosai", right=Right.MANAGE)
    async def who_answered(self, session: AsyncSession, viewer: Viewer, _action: Action) -> File:
        """Who answered what: a row for each answer, the newest first; an anonymous one has nobody in it."""
        found = await session.execute(
            select(
                col(Asked.asked_at),
                col(Activity.data),
                col(Space.name).label("space"),
                col(StoredAnswer.id),
                col(StoredAnswer.sealed),
                col(StoredAnswer.member_id),
                col(StoredAnswer.answered_at),
                col(Account.platform),
                col(Account.scope),
                col(Account.sealed).label("account"),
            )
            .join(
                Activity,
                (col(Activity.community_id) == col(StoredAnswer.community_id))
                & (col(Activity.id) == col(StoredAnswer.activity_id)),
            )
            .join(
                Asked,
                (col(Asked.community_id) == col(StoredAnswer.community_id))
                & (col(Asked.activity_id) == col(StoredAnswer.activity_id)),
            )
            .outerjoin(
                Space,
                (col(Space.community_id) == col(StoredAnswer.community_id))
                & (col(Space.id) == col(StoredAnswer.space_id)),
            )
            .outerjoin(
                Member,
                (col(Member.community_id) == col(StoredAnswer.community_id))
                & (col(Member.id) == col(StoredAnswer.member_id)),
            )
            .outerjoin(Account, col(Account.id) == col(Member.account_id))
            .where(col(StoredAnswer.community_id) == viewer.community_id)
            .order_by(col(Asked.asked_at).desc(), col(StoredAnswer.id))
            .limit(MOST_ROWS)
        )
        rows = found.all()

        def written() -> bytes:
            return listing.table(
                ("asked", "question", "space", "platform", "member", "answered", "answer"),
                (
                    (
                        row.asked_at.isoformat(timespec="minutes"),
                        plain(viewer.say(words_from_data(row.data.get("question", "")))),
                        row.space or "",
                        row.platform or "",
                        external_id_of(viewer.vault, row.platform, row.scope, row.account) if row.account else "",
                        row.answered_at.isoformat(timespec="minutes") if row.member_id else row.answered_at.date(),
                        viewer.vault.open(row.sealed, row.id.bytes).decode(),
                    )
                    for row in rows
                ),
            )

        return File("answers.csv", "text/csv", await asyncio.to_thread(written))


def _unreadable(error: listing.Unreadable) -> Phrase:
    return _("Line {n} can't be read as CSV. Look for a quotation mark that is not closed.", n=error.line)


def looked_at(text: str, known: Sequence[str], series_id: UUID | None) -> dict[str, Any]:
    """What a list holds, as the data that is kept until it is confirmed."""
    found = listing.look(listing.read(text), known)
    return {
        "series": series_id.hex if series_id else None,
        "new": [list(one) for one in found.new],
        "doubled": found.doubled[:SHOWN],
        "long": [cut(one, SHOWN_LENGTH) for one in found.too_long[:SHOWN]],
        "nearly": [list(one) for one in found.nearly[:SHOWN]],
        "counts": [len(found.doubled), len(found.too_long), len(found.too_short), len(found.nearly), found.over],
    }


def lines_of(rows: Mapping[str, Any], say: Callable[[Words], str]) -> list[str]:
    """What a list holds, in lines."""
    spoken: list[str] = []

    def add(head: Phrase, some: Sequence[str]) -> None:
        spoken.append(f"**{say(head)}**")
        spoken.extend(f"- {escape(cut(one, SHOWN_LENGTH))}" for one in some[:SHOWN])

    new, counts = rows["new"], rows["counts"]
    doubled, too_long, too_short, nearly, over = counts
    add(_("{n} new question", "{n} new questions", n=len(new)), [one[0] for one in new])
    if nearly:
        pairs = [f"{one} ≈ {other}" for one, other in rows["nearly"]]
        add(_("{n} of them nearly as one that is there", n=nearly), pairs)
    if doubled:
        add(_("{n} that is there already", "{n} that are there already", n=doubled), rows["doubled"])
    if too_long:
        most = queue.MAX_QUESTION
        add(_("{n} longer than {most} characters", n=too_long, most=most), rows["long"])
    if too_short:
        add(_("{n} too short to be a question", n=too_short), [])
    if over:
        add(
            _(
                "{n} beyond the {most} that are taken at once: take these, then hand the list in again",
                n=over,
                most=listing.MOST_LINES,
            ),
            [],
        )
    return spoken


def preview(ctx: Context, number: int, rows: Mapping[str, Any]) -> Message:
    """What a list holds, and the button that keeps what is new."""
    lines = lines_of(rows, ctx.say)
    count = len(rows["new"])
    leave = Button(_("Discard"), ctx.action("leave", number))
    controls = [leave]
    if count:
        label = _("Add the {n} that is new", "Add the {n} that are new", n=count)
        controls.insert(0, Button(label, ctx.action("take", number), style=ButtonStyle.PRIMARY))
    lines.append(f"_{ctx.say(_('Nothing is kept yet.'))}_")
    return Message(title=_("This is in your list"), text="\n".join(lines), controls=tuple(controls))
