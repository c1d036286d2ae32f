"""Numbers as people write them in their language."""

from __future__ import annotations


def percent(share: float, language: str, digits: int = 0) -> str:
    """A share of one, ``42 %`` in German and ``42%`` in English."""
    from babel.numbers import format_percent  # heavy, and no start needs it

    return str(format_percent(share, _pattern(digits, language), locale=_locale(language)))


def decimal(value: float, language: str, digits: int = 1, *, always: bool = False) -> str:
    """A number with at most ``digits`` behind the point, or ``always`` so many."""
    from babel.numbers import format_decimal  # heavy, and no start needs it

    behind = ("0" if always else "#") * digits
    return str(format_decimal(value, f"#,##0.{behind}" if digits else "#,##0", locale=_locale(language)))


def _pattern(digits: int, language: str) -> str:
    from babel import Locale

    usual: str = Locale.parse(_locale(language)).percent_formats[None].pattern
    return usual if not digits else usual.replace("0", f"0.{'0' * digits}", 1)


def _locale(language: str) -> str:
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return "en"
