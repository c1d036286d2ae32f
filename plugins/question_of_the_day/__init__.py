"""Question of the day: one question at a time, in every space of a community, its answers counted as one."""

from plugins.question_of_the_day.plugin import QuestionOfTheDay

__all__ = ["QuestionOfTheDay"]
