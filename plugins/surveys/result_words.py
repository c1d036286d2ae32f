"""Results in words, and as charts that say the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from core.charts import MOST_BARS, Bar, Bars, Range
from core.figures import Figure, Interval
from core.figures.privacy import TEAM
from core.markup import escape
from core.message import cut
from core.numbers import decimal, percent
from core.texts import Domain, Phrase, Words
from plugins.surveys.definition import Kind
from plugins.surveys.tally import Hidden, Result, Row, Told, Unit

_ = Domain("surveys")

Say = Callable[[Words], str]

MOST_ROWS = 25
"""Options in words: more are on the page."""
ASKED = 300
"""Characters of a question above its result."""


class Teller:
    """Puts results into one language."""

    def __init__(self, say: Say, language: str) -> None:
        self.say = say
        self._language = language

    def lines(self, result: Result) -> list[str]:
        """A question's result as marked-up lines, without the question."""
        if result.hidden is not None:
            return [f"_{self.say(why_hidden(result.hidden))}_"]
        lines = [
            f"- {escape(self._label(row))}: {self._row(result, row, bold=True)}"
            for row in _in_order(result, MOST_ROWS)
        ]
        if all(row.count is None for row in result.rows):
            lines = [f"_{self.say(_('Too few answers to tell them apart.'))}_"] if result.rows else []
        if len(lines) > MOST_ROWS:
            lines = [*lines[:MOST_ROWS], self.say(_("… and {n} more", n=len(lines) - MOST_ROWS))]
        lines += [f"{self.say(told.label)}: **{self.figure(told)}**" for told in result.figures]
        if verdict := self.verdict(result):
            lines.append(verdict)
        lines.append(f"_{self.foot(result)}_")
        return lines

    def verdict(self, result: Result) -> str:
        """Who is ahead, or that nobody can tell; empty where nothing is to be said."""
        if result.leaders is None:
            return ""
        first, second = (escape(cut(self._label(row), 60)) for row in result.leaders)
        if result.close:
            return self.say(_("Too close to call: {first} and {second}.", first=first, second=second))
        return self.say(_("{first} is ahead.", first=first))

    def foot(self, result: Result) -> str:
        """What the figures are made of."""
        parts = [self.say(_("{n} answer", "{n} answers", n=result.n))]
        if result.weighted is not None:
            worth = self.number(result.weighted.value)
            parts.append(self.say(_("weighted, worth {n} equal ones", n=worth)))
        if any(row.count is None for row in result.rows):
            parts.append(self.say(_("– stands for fewer than {n} people, or for what would tell of them", n=TEAM)))
        formulas = [row.figure for row in result.rows if row.figure] + [told.figure for told in result.figures]
        if any(one.interval for one in formulas):
            parts.append(self.say(_("in brackets: 95% intervals")))
        names = dict.fromkeys(f"{one.formula.name} v{one.formula.version}" for one in formulas)
        return " · ".join([*parts, *names])

    def chart(self, result: Result) -> Bars | None:
        """The result as bars; None where there are none to draw."""
        if result.hidden is not None or all(row.figure is None for row in result.rows):
            return None
        ranking = result.question.kind is Kind.RANKING
        bars = [
            Bar(
                self._label(row),
                row.figure.value if row.figure else None,
                self._row(result, row) if row.figure else "–",
                Range(*row.figure.interval) if row.figure and row.figure.interval else None,
            )
            for row in _in_order(result, MOST_BARS)
        ]
        notes = [f"{self.say(told.label)}: {self.figure(told)}" for told in result.figures]
        if result.close and result.leaders is not None:
            notes.append(self.say(_("Too close to call.")))
        if ranking:
            notes.append(self.say(_("Mean rank: 1 is the best.")))
        ask = cut(result.question.plain, ASKED)
        return Bars(ask, tuple(bars), self.foot(result), tuple(notes))

    def figure(self, told: Told) -> str:
        """A figure with its interval."""
        return self.value(told.figure, told.unit)

    def value(self, figure: Figure, unit: Unit) -> str:
        """A number with its interval, as its unit is written."""
        match unit:
            case Unit.SHARE:
                return percent(figure.value, self._language) + self._share(figure.interval)
            case Unit.DAY:
                return self._day(figure.value)
            case Unit.POINTS:
                return decimal(figure.value, self._language, 0) + self._between(figure.interval, 0)
        return decimal(figure.value, self._language, 2) + self._between(figure.interval, 2)

    def number(self, value: float, digits: int = 0) -> str:
        """A number."""
        return decimal(value, self._language, digits)

    def _row(self, result: Result, row: Row, *, bold: bool = False) -> str:
        if row.figure is None:
            return "–"
        mark = "**" if bold else ""
        if result.question.kind is Kind.RANKING:
            return f"{mark}{decimal(row.figure.value, self._language, 2)}{mark}" + self._between(
                row.figure.interval, 2
            )
        value = percent(row.figure.value, self._language)
        return f"{mark}{value}{mark}{self._share(row.figure.interval)} · {self.number(row.count or 0)}"

    def _label(self, row: Row) -> str:
        return " ".join(self.say(row.label).split())

    def _share(self, interval: Interval | None) -> str:
        if interval is None:
            return ""
        low, high = (decimal(100 * bound, self._language, 0) for bound in interval)
        return f" ({low}–{high})"

    def _between(self, interval: Interval | None, digits: int) -> str:
        if interval is None:
            return ""
        low, high = (decimal(bound, self._language, digits) for bound in interval)
        return f" ({self.say(_('{low} to {high}', low=low, high=high))})"

    def _day(self, ordinal: float) -> str:
        from babel.dates import format_date  # heavy, and no start needs it

        return str(format_date(date.fromordinal(int(ordinal)), "medium", locale=self._language.replace("-", "_")))


def _in_order(result: Result, most: int) -> Sequence[Row]:
    """The rows as the survey lists them; the largest first where not all are shown."""
    if len(result.rows) <= most or result.question.kind not in (Kind.SINGLE, Kind.MULTIPLE):
        return result.rows
    return sorted(result.rows, key=lambda row: -1 if row.count is None else row.count, reverse=True)


def why_hidden(hidden: Hidden) -> Phrase:
    """Why nothing is told of a question."""
    if hidden is Hidden.FEW:
        return _("Fewer than {n} people answered this, so nothing is told of it.", n=TEAM)
    return _("Who was asked this would tell what few answered before, so nothing is told of it.")


def told_words(found: Sequence[tuple[str, str]], say: Say) -> list[str]:
    """What people wrote, in marked-up lines: the question where it changes, and the words."""
    lines, last = [], ""
    for ask, text in found:
        if ask != last:
            lines.append(f"**{escape(cut(ask, 100))}**")
            last = ask
        lines.append(f"- {escape(cut(' '.join(text.split()), 200))}")
    return lines or [say(_("Nobody wrote anything that fits."))]
