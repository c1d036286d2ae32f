"""Surveys: a few questions with their own logic, asked in every space of a community, answered as one."""
