"""When one of our figures agrees with the paper's."""

import math
from typing import NamedTuple

RULE = (
    "Figures are compared as they are printed, with three digits. *agrees*: ours is "
    "within the paper's standard deviation of the paper's mean. *overlaps*: the "
    "difference is at most the sum of both standard deviations. *higher*, *lower*: "
    "neither, and ours is above or below."
)
TIME_RULE = (
    "The paper prints no spread of times. *agrees*: our ratio is within a quarter of "
    "the paper's; *higher*, *lower*: it is not."
)
AGREES, OVERLAPS, HIGHER, LOWER = "agrees", "overlaps", "higher", "lower"
ROUNDING = 1e-9


class Spread(NamedTuple):
    """A mean and its standard deviation.

    Parameters
    ----------
    mean, sd : float
        Over splits; the deviation of a single split is NaN.
    """

    mean: float
    sd: float

    def __str__(self) -> str:
        """Print with three digits, as the paper does."""
        if math.isnan(self.sd):
            return f"{self.mean:.3f}"
        return f"{self.mean:.3f} ± {self.sd:.3f}"


def agreement(ours: Spread, paper: tuple[float, float]) -> str:
    """Compare one of our figures with the paper's by ``RULE``.

    Parameters
    ----------
    ours : Spread
        Our mean and deviation.
    paper : (float, float)
        The paper's.

    Returns
    -------
    {"agrees", "overlaps", "higher", "lower"}
        The verdict.
    """
    own = 0.0 if math.isnan(ours.sd) else round(ours.sd, 3)
    difference = round(ours.mean, 3) - paper[0]
    if abs(difference) <= paper[1] + ROUNDING:
        return AGREES
    if abs(difference) <= paper[1] + own + ROUNDING:
        return OVERLAPS
    return HIGHER if difference > 0 else LOWER


def time_agreement(ours: float, paper: float) -> str:
    """Compare a ratio of times with the paper's by ``TIME_RULE``.

    Parameters
    ----------
    ours, paper : float
        Times Vanilla's.

    Returns
    -------
    {"agrees", "higher", "lower"}
        The verdict.
    """
    if abs(ours / paper - 1) <= 0.25 + ROUNDING:
        return AGREES
    return HIGHER if ours > paper else LOWER
