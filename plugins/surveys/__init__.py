"""Surveys: a few questions with their own logic, asked in every space of a community, answered as one."""

from plugins.surveys.plugin import Surveys

__all__ = ["Surveys"]
