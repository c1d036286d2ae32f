"""Processes killed in the middle of their work, and what stands on the platforms afterwards. ``make crash``."""
