"""The page that shows the sandbox's platforms side by side and lets a person act as any member."""

from sandbox.page.server import Page

__all__ = ["Page"]
