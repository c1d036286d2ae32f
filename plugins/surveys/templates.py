"""Surveys that are ready to run, written by us in each of our languages: ``templates/NAME.LANGUAGE.toml``."""

from __future__ import annotations

from pathlib import Path

from core.texts import Domain, Phrase

_ = Domain("surveys")

FOLDER = Path(__file__).parent / "templates"
LANGUAGES = ("en", "de", "fr")
TEMPLATES: dict[str, Phrase] = {
    "platforms": _("Where do you spend your time?"),
    "nps": _("Would you recommend us?"),
    "satisfaction": _("How satisfied are you?"),
    "event": _("How was the event?"),
    "product": _("What do you think of the product?"),
    "intent_before": _("Would you buy it? Before"),
    "intent_after": _("Would you buy it? After"),
    "welcome": _("Welcome, newcomer"),
    "community": _("Why do we have this community?"),
}
"""Their names and titles, in the order that managers see them."""


def template(name: str, language: str) -> str:
    """A template's text in the nearest of our languages. Raises KeyError for another name."""
    if name not in TEMPLATES:
        raise KeyError(name)
    base = language.replace("_", "-").split("-")[0].lower()
    return (FOLDER / f"{name}.{base if base in LANGUAGES else 'en'}.toml").read_text("utf-8")
