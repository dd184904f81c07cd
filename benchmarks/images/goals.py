"""What RUNNER is to reach on images, beside Vanilla and beside its rivals."""

from typing import NamedTuple

import pandas as pd

from benchmarks.paper.scores import GAPS

ROUNDING = 5e-4  # figures are compared in the three digits of the tables


class Point(NamedTuple):
    """A gap at a utility.

    Parameters
    ----------
    gap, ap : float
        The gap of the constraint and average precision.
    """

    gap: float
    ap: float

    def __str__(self) -> str:
        """Print with three digits."""
        return f"gap {self.gap:.3f}, AP {self.ap:.3f}"


class Goal(NamedTuple):
    """A largest gap at a least average precision.

    Parameters
    ----------
    gap, ap : float
        In numbers; or the share of Vanilla's gap, and what is added to its AP.
    of_vanilla : bool, default=False
        Whether they are relative to Vanilla.
    """

    gap: float
    ap: float
    of_vanilla: bool = False

    def resolve(self, vanilla: Point) -> Point:
        """Turn the goal into numbers.

        Parameters
        ----------
        vanilla : Point
            What the plain net has.

        Returns
        -------
        Point
            The largest gap and the least average precision.
        """
        if self.of_vanilla:
            return Point(self.gap * vanilla.gap, vanilla.ap + self.ap)
        return Point(self.gap, self.ap)


HALF = Goal(0.5, -0.02, of_vanilla=True)
GOALS = {
    ("attractive", "demographic_parity"): Goal(0.26, 0.85),
    ("attractive", "equalized_odds"): Goal(0.13, 0.86),
    ("wavy_hair", "equalized_odds"): HALF,
}
# What the settings to choose from may give up of Vanilla's average precision: as much
# as the goals do of a first look's .88.
DROPS = {("attractive", "demographic_parity"): 0.03}
DROP = 0.02


def measure(rows: pd.DataFrame, constraints: str) -> Point:
    """Average what goals are about.

    Parameters
    ----------
    rows : DataFrame
        Rows of one method on one task.
    constraints : str
        The constraint.

    Returns
    -------
    Point
        Means over seeds.
    """
    return Point(float(rows[GAPS[constraints]].mean()), float(rows["ap"].mean()))


def reaches(measured: Point, wanted: Point) -> bool:
    """Say whether a point is at least as good as another in both.

    Parameters
    ----------
    measured, wanted : Point
        What there is, and what is to be reached.

    Returns
    -------
    bool
        In the three digits of the tables.
    """
    return measured.gap <= wanted.gap + ROUNDING and measured.ap >= wanted.ap - ROUNDING


def aim(task: str, constraints: str, vanilla: Point) -> Point:
    """Return what settings are chosen to come close to.

    Parameters
    ----------
    task, constraints : str
        What it is for.
    vanilla : Point
        What the plain net has on the same rows.

    Returns
    -------
    Point
        The goal's gap, or half of Vanilla's without a goal; and the goal's average
        precision, or what `DROPS` leaves of Vanilla's where that is less: few images
        may be too few for the goal.
    """
    least = vanilla.ap - DROPS.get((task, constraints), DROP)
    goal = GOALS.get((task, constraints), HALF).resolve(vanilla)
    return Point(goal.gap, min(least, goal.ap))


def missing(measured: Point, wanted: Point) -> float:
    """Return how far a point is from what is wanted.

    Parameters
    ----------
    measured, wanted : Point
        What there is, and what is to be reached.

    Returns
    -------
    float
        What the gap is too large by and what average precision is too low by, added.
    """
    return max(0.0, measured.gap - wanted.gap) + max(0.0, wanted.ap - measured.ap)
