"""What the numbers mean: every figure that hallkeeper shows is made here, with its formula, its n and its interval.

Functions take plain numbers and give frozen data; where nothing can be honestly said, such as a share of nobody, they
give None. What the standard library can't do is scipy's, which is heavy: it is imported inside, where it is needed.
"""

from core.figures.figure import LEVEL, Figure, Formula, Interval, Part

__all__ = ["LEVEL", "Figure", "Formula", "Interval", "Part"]
