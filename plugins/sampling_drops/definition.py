"""What a manager says about a drop: plain data, kept as JSON in its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.form import MAX_LABEL as LABEL
from core.form import FieldKind, FormField, Value
from core.markup import escape
from core.message import Option, cut
from core.texts import Domain, Words

_ = Domain("sampling_drops")

PARCEL, CODE = "parcel", "code"
"""What is given: something sent by post to an address, or one of a list of codes."""
MAX_QUESTIONS = 3
"""Questions of a screener: with the consent they fit one form, and more would be a survey."""
MAX_OPTIONS = 10
"""Options of a screener's question."""
MAX_PRODUCT, MAX_BRAND, MAX_LABEL, MAX_CONSENT, MAX_ASK, MAX_ANSWER, MAX_LINK = 200, 60, 100, 1200, 100, 75, 500
"""Characters of each text: what stands on a card or a form fits every platform, with all that stands beside it."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a screener: a choice, of whose ``options`` some pass, or a number that passes in a range."""

    ask: str
    options: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None

    def passes(self, value: Value) -> bool:
        """Whether somebody with that answer may have the sample."""
        if self.options:
            chosen = value[0] if isinstance(value, tuple) and value else ""
            return (
                chosen.isdecimal() and int(chosen) < len(self.options) and self.options[int(chosen)] in self.passing
            )
        if not isinstance(value, Decimal):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def field(self, name: str) -> FormField:
        """The question as a form asks it, as a whole in the hint where it is longer than a label. What passes is not
        told."""
        label = cut(self.ask, LABEL)
        hint: Words = self.ask if label != self.ask else "" if self.options else _("A number")
        options = tuple(Option(str(number), one) for number, one in enumerate(self.options))
        return FormField(FieldKind.CHOICE if options else FieldKind.NUMBER, name, label, hint=hint, options=options)


@dataclass(frozen=True, slots=True)
class Definition:
    """All of it but stock and window, which have columns of their own. Texts are the manager's, in ``language``."""

    product: str
    brand: str
    gives: str = PARCEL
    picture: str = ""
    label: str = ""
    """The disclosure that stands on every post; empty for ours."""
    consent: str = ""
    """What members agree to; empty for ours."""
    questions: tuple[Question, ...] = field(default=())
    language: str = "en"

    @property
    def disclosure(self) -> Words:
        """What says on every post that this is advertising."""
        return escape(self.label) if self.label else _("Free sample from {brand}", brand=escape(self.brand))

    @property
    def consent_words(self) -> Words:
        """What members agree to, in full."""
        if self.consent:
            return escape(self.consent)
        if self.gives == CODE:
            return _(
                "I want this free sample from {brand}. That I got it is kept here under a pseudonym for 90 days "
                "after it is over; {brand} learns how many got one, and nothing about me.",
                brand=escape(self.brand),
            )
        return _(
            "I want this free sample from {brand}. The address that I give is kept here encrypted, handed on once, "
            "encrypted, to whoever sends the parcel, and then erased here. It is used for nothing else.",
            brand=escape(self.brand),
        )

    def passes(self, values: Mapping[str, Value]) -> bool:
        """Whether the answers pass the screener."""
        return all(one.passes(values.get(f"q{number}")) for number, one in enumerate(self.questions))

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "product": self.product,
            "brand": self.brand,
            "gives": self.gives,
            "picture": self.picture,
            "label": self.label,
            "consent": self.consent,
            "questions": [
                {
                    "ask": one.ask,
                    "options": list(one.options),
                    "passing": list(one.passing),
                    "least": one.least,
                    "most": one.most,
                }
                for one in self.questions
            ],
            "language": self.language,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Definition:
        """Back from :meth:`to_data`."""
        questions: Sequence[Mapping[str, Any]] = data["questions"]
        return cls(
            product=data["product"],
            brand=data["brand"],
            gives=data["gives"],
            picture=data["picture"],
            label=data["label"],
            consent=data["consent"],
            questions=tuple(
                Question(one["ask"], tuple(one["options"]), tuple(one["passing"]), one["least"], one["most"])
                for one in questions
            ),
            language=data["language"],
        )
