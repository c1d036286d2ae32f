"""A question as its member sees it: a message with buttons or a choice, or a form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.action import Action
from core.anonymous import LEAST
from core.capabilities import Capabilities
from core.form import MAX_LABEL, FieldKind, Form, FormField
from core.markup import escape
from core.message import MAX_BUTTON_LABEL, Button, ButtonStyle, Choice, Control, Image, Message, Option, cut
from core.texts import Domain, Phrase, Words
from plugins.surveys import paths
from plugins.surveys.actions import action
from plugins.surveys.definition import MAX_LONG, MAX_SHORT, OTHER, SCALES, WRITTEN, Definition, Kind, Question
from plugins.surveys.definition import Option as Listed
from plugins.surveys.flow import Is, Sheet, Step, pages
from plugins.surveys.outline import quota_line, section_line
from plugins.surveys.paths import Walk, piped, shown, steps, walk

_ = Domain("surveys")

LISTED_ANSWERS = 12
"""Answers that are repeated before they are sent: what fits every platform's message with room to spare."""
SHOWN = 120
"""Characters of an answer that is repeated."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where questions are shown: in a wave, or in a preview of a survey, which keeps nothing."""

    community_id: UUID
    id: UUID
    definition: Definition
    capabilities: Capabilities
    say: Callable[[Words], str]
    preview: bool = False

    def action(self, verb: str, *args: int) -> Action:
        """An action about this wave, or this preview."""
        return action(f"x{verb}" if self.preview else verb, self.community_id, self.id, *args)

    @property
    def page_size(self) -> int:
        """Options at once."""
        return self.capabilities.max_options

    # -- what is shown ---------------------------------------------------------------------------------------------
    def step(self, found: Step) -> Message | Form:
        """What came of a step."""
        question = found.question
        if found.what is Is.WORDS and question is not None:
            return self.form(question, found.sheet, found.walked)
        if found.what is Is.REVIEW:
            return self.review(found.sheet, found.walked)
        if question is not None:
            walked = (
                found.walked if found.walked.path else walk(self.definition, found.sheet.answers, found.sheet.seed)
            )
            return self.ask(
                question, found.sheet, walked, found.page, found.why or "", not_asked=found.what is Is.NOT_ASKED
            )
        if found.what is Is.NOT_ASKED:
            go_on = Button(_("Go on"), self.action("go"), style=ButtonStyle.PRIMARY)
            return Message(text=_("That question is not asked of you now."), controls=(go_on,))
        return self.ended(found)

    def ask(
        self,
        question: Question,
        sheet: Sheet,
        walked: Walk,
        page: int = 0,
        why: Words = "",
        *,
        not_asked: bool = False,
    ) -> Message:
        """The question, with what answers it."""
        say, number = self.say, self.definition.numbers[question.name]
        here, of = steps(self.definition, walked, question)
        lines = []
        if not_asked:
            lines.append(say(_("That question is not asked of you now. This one is:")))
        if why:
            lines.append(f"⚠️ {say(why)}")
        if section := self._section(question):
            lines.append(f"_{section}_")
        ask = piped(question.ask, self.definition, walked.answers, say)
        lines.append(f"**{ask}**" if "\n" not in ask else ask)
        if question.hint:
            lines.append(piped(question.hint, self.definition, walked.answers, say))
        lines += self._about(question, sheet)
        if self.preview:
            lines += self._quotas(question)
        lines.append(f"_{say(_('{n} of {of}', n=here, of=of))}_")
        shown_pages = pages(question, sheet, self.page_size) if question.choices else []
        page = max(0, min(page, len(shown_pages) - 1))
        controls: list[Control] = []
        if shown_pages:
            controls.append(self._choice(question, number, page, shown_pages))
        if question.kind in WRITTEN:
            answer = self.action("w", number)
            controls.append(Button(_("Answer"), answer, form=True, style=ButtonStyle.PRIMARY, typed=True))
        if page > 0:
            controls.append(Button(_("Earlier options"), self.action("p", number, page - 1)))
        if page < len(shown_pages) - 1:
            controls.append(Button(_("More options"), self.action("p", number, page + 1)))
        if len(walked.path) > 1 and walked.path[0].name != question.name:
            controls.append(Button(_("Back"), self.action("b", number)))
        if question.kind is Kind.MULTIPLE and 0 < page == len(shown_pages) - 1:
            controls.append(Button(_("That’s all"), self.action("d", number, page)))
        if not question.required:
            controls.append(Button(_("Skip"), self.action("s", number)))
        if question.kind is Kind.RANKING and sheet.begun.get(question.name):
            controls.append(Button(_("Begin anew"), self.action("r", number)))
        return Message(
            title=escape(self.definition.title),
            text="\n".join(lines),
            image=Image(question.image, question.ask) if question.image else None,
            controls=tuple(controls),
            language=self.definition.language,
        )

    def form(self, question: Question, sheet: Sheet, walked: Walk) -> Form:
        """The form that a question is answered by, or the words of its “other”."""
        number = self.definition.numbers[question.name]
        ask = piped(question.ask, self.definition, walked.answers, self.say)
        given = walked.answers.get(question.name)
        value = "" if given is None or isinstance(given, tuple) else shown(question, given, self.say)
        match question.kind:
            case Kind.NUMBER:
                field = FormField(
                    FieldKind.NUMBER,
                    "answer",
                    _("Your answer"),
                    question.required,
                    value=value,
                    minimum=question.least,
                    maximum=question.most,
                )
            case Kind.DATE:
                hint = _("As year-month-day, for example 2027-03-31")
                field = FormField(FieldKind.DATE, "answer", _("Your answer"), question.required, hint, value)
            case Kind.LONG:
                field = FormField(
                    FieldKind.LONG, "answer", _("Your answer"), question.required, value=value, maximum=MAX_LONG
                )
            case _:
                words = value if question.kind is Kind.SHORT else sheet.words.get(question.name, "")
                field = FormField(
                    FieldKind.TEXT,
                    "answer",
                    _("Your answer") if question.kind is Kind.SHORT else cut(question.other, MAX_LABEL),
                    question.required or question.kind is not Kind.SHORT,
                    value=words,
                    maximum=MAX_SHORT,
                )
        return Form(self.action("w", number), self.definition.title, (field,), submit=_("Send"), text=ask)

    def review(self, sheet: Sheet, walked: Walk) -> Message:
        """All answers once more, to be sent."""
        lines = self._answers(sheet, walked)
        lines.append(
            self.say(
                _(
                    "Once you send it, nothing can be changed or found again, by you or anybody: no name stands by "
                    "your answers. If fewer than {n} people answer, nobody sees them.",
                    n=LEAST,
                )
            )
        )
        return Message(
            title=_("Send it?"),
            text="\n".join(lines),
            controls=(
                Button(_("Send"), self.action("send"), style=ButtonStyle.PRIMARY),
                Button(_("Back"), self.action("b", len(self.definition.questions))),
            ),
            language=self.definition.language,
        )

    def changes(self, sheet: Sheet, walked: Walk, page: int = 0) -> Message:
        """The answers of somebody who is done, and which to change."""
        size = self.page_size
        several = [walked.path[start : start + size] for start in range(0, len(walked.path), size)]
        page = max(0, min(page, len(several) - 1))
        options = tuple(
            Option(str(self.definition.numbers[one.name]), cut(" ".join(one.ask.split()), MAX_BUTTON_LABEL))
            for one in several[page]
        )
        controls: list[Control] = [
            Choice(self.action("edit"), options, label=_("Which answer do you want to change?"))
        ]
        if page > 0:
            controls.append(Button(_("Earlier questions"), self.action("change", page - 1)))
        if page < len(several) - 1:
            controls.append(Button(_("More questions"), self.action("change", page + 1)))
        return Message(
            title=escape(self.definition.title),
            text="\n".join([*self._answers(sheet, walked), self.say(until_it_closes())]),
            controls=tuple(controls),
            language=self.definition.language,
        )

    def ended(self, found: Step) -> Message:
        """The end: thanks, or a kind word to whom a quota leaves out."""
        definition = self.definition
        if found.what is Is.FULL:
            text = definition.full or self.say(
                _(
                    "Thank you! We have heard enough people in your situation already, so we let you go here. The "
                    "next survey may be for you."
                )
            )
            return Message(title=escape(definition.title), text=escape(definition.full) if definition.full else text)
        ending = paths.ending(definition, found.walked.answers)
        thanks = self.say(_("Thank you, your answers count."))
        if ending:
            thanks = piped(ending, definition, found.walked.answers, self.say)
        controls: tuple[Control, ...] = ()
        if not definition.anonymous and not self.preview:
            thanks += "\n_" + self.say(until_it_closes()) + "_"
            controls = (Button(_("Change my answers"), self.action("change")),)
        return Message(title=escape(definition.title), text=thanks, controls=controls, language=definition.language)

    # -- parts -----------------------------------------------------------------------------------------------------
    def _choice(self, question: Question, number: int, page: int, several: Sequence[tuple[Listed, ...]]) -> Choice:
        options = options_of(question, several[page])
        here = self.action("a", number, page)
        if question.kind is Kind.MULTIPLE:
            least = min(question.fewest, len(options)) if len(several) == 1 else 0
            return Choice(here, options, least, min(question.picks, len(options)), _("Pick several"))
        return Choice(here, options, label=_("What comes next?") if question.kind is Kind.RANKING else _("Pick one"))

    def _about(self, question: Question, sheet: Sheet) -> list[str]:
        """How to answer, and what was said before."""
        say, lines = self.say, []
        match question.kind:
            case Kind.MULTIPLE if question.fewest == question.picks:
                lines.append(say(_("Pick {n}.", n=question.picks)))
            case Kind.MULTIPLE:
                lines.append(say(_("Pick {least} to {most}.", least=question.fewest, most=question.picks)))
            case Kind.NPS:
                lines.append(say(_("0: not at all likely, 10: extremely likely")))
            case Kind.RANKING:
                lines.append(say(_("Pick what comes first, then second, and so on.")))
        begun = sheet.begun.get(question.name, ())
        if begun and begun != (OTHER,):
            lines.append(say(_("So far: {answer}", answer=escape(shown(question, begun, say)))))
        elif question.name in sheet.answers:
            given = shown(question, sheet.answers[question.name], say, sheet.words.get(question.name, ""))
            lines.append(say(_("Your answer: {answer}", answer=escape(cut(given, SHOWN)))))
        return lines

    def _answers(self, sheet: Sheet, walked: Walk) -> list[str]:
        lines = []
        for question in walked.path[:LISTED_ANSWERS]:
            given = shown(question, walked.answers.get(question.name), self.say, sheet.words.get(question.name, ""))
            ask = cut(" ".join(question.ask.split()), SHOWN)
            lines.append(f"- {escape(ask)} **{escape(cut(' '.join(given.split()), SHOWN))}**")
        if len(walked.path) > LISTED_ANSWERS:
            lines.append(self.say(_("… and {n} more", n=len(walked.path) - LISTED_ANSWERS)))
        return lines

    def _quotas(self, question: Question) -> list[str]:
        """What is counted of its answers: told to managers alone."""
        here = [one for one in self.definition.quotas if one.question == question.name]
        lines = [f"⚖️ _{quota_line(one, self.definition, self.say)}_" for one in here]
        if here and self.definition.full:
            lines.append(
                self.say(_("Who comes after them reads: {words}", words=escape(cut(self.definition.full, SHOWN))))
            )
        return lines

    def _section(self, question: Question) -> str:
        """The title above a question; in a preview also where the order is random."""
        section = next((one for one in self.definition.sections if question in one.questions), None)
        if section is None:
            return ""
        return section_line(section, self.say) if self.preview and section.random else escape(section.title)


def before(walked: Walk, definition: Definition, number: int) -> Question | None:
    """The question before the one with that number on the path; the last one for a number beyond it."""
    numbers = [definition.numbers[one.name] for one in walked.path]
    at = numbers.index(number) if number in numbers else len(numbers)
    return walked.path[max(at - 1, 0)] if walked.path else None


def inline(definition: Definition, most: int) -> Question | None:
    """The first question where it can stand in the channel, for all to press: the same for everybody, pick one."""
    section = next((one for one in definition.sections if one.questions), None)
    if section is None or section.random:
        return None
    first = section.questions[0]
    if first.random or first.other:
        return None
    if first.kind not in (Kind.SINGLE, Kind.CONSENT, *SCALES) or len(first.choices) > most:
        return None
    return first


def options_of(question: Question, several: Sequence[Listed]) -> tuple[Option, ...]:
    """Options to show; the value of each is its number in the definition, as a button has no room for its key."""
    numbers = {one.key: place for place, one in enumerate(question.choices)}
    return tuple(Option(str(numbers[one.key]), one.label) for one in several)


def until_it_closes() -> Phrase:
    """For who is done."""
    return _("Until it closes you can change your answers.")
