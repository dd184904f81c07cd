"""Who ranks better at the same gap: RUNNER's frontier against the points of others.

RUNNER's points are Vanilla and RUNNER with its best settings at several limits of the
fairness term's gradient, the last with a greater weight. Of means over seeds those that
another beats in both are left out; between the rest the frontier is straight.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.images.goals import Point
from benchmarks.images.methods import LADDER, METHODS
from benchmarks.paper.scores import GAPS
from benchmarks.peers.hypervolume import frontier, mean_interval

ON_FRONTIER = ("vanilla", "runner_best", *LADDER)

Floats = npt.NDArray[np.float64]


class Meeting(NamedTuple):
    """A rival, and RUNNER at its gap, on the seeds that all points have.

    Parameters
    ----------
    rival : Point
        The rival's means.
    differences : ndarray of shape (n_seeds,)
        RUNNER's average precision at the rival's gap, less the rival's.
    reached : bool
        Whether RUNNER has a point of so small a gap; if not, its fairest is taken,
        which flatters it.
    shares : dict of str to float
        How much each method's point counts at that gap; they add up to 1.
    collapsed : int
        How many of the rival's nets collapsed: their gaps are no repair.
    """

    rival: Point
    differences: Floats
    reached: bool
    shares: dict[str, float]
    collapsed: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return Student's 95 % interval of the mean difference, None for few seeds."""
        return mean_interval(self.differences)

    @property
    def verdict(self) -> str:
        """Say who is ahead, where the interval does."""
        if not self.reached:
            return "no point so fair"
        if self.interval is None:
            return "of too few seeds"
        low, high = self.interval
        if low > 0:
            return "ahead"
        return "behind" if high < 0 else "level"

    @property
    def read_at(self) -> str:
        """Name the points that the frontier is read between."""
        return ", ".join(
            f"{METHODS[name].title} {share:.0%}" for name, share in self.shares.items()
        )


def meet(rows: pd.DataFrame, rival: str, constraints: str) -> Meeting | None:
    """Compare average precision at the rival's gap.

    Where a seed's gaps are other than the means, its difference is moved along the
    frontier's slope, so that the interval holds the noise of the gaps too.

    Parameters
    ----------
    rows : DataFrame
        Rows of one task, net and constraint, one a fit.
    rival : str
        The method to compare with.
    constraints : str
        The constraint.

    Returns
    -------
    Meeting or None
        None without a seed that the rival shares with all of RUNNER's points.
    """
    points = [name for name in ON_FRONTIER if _sound(rows, name)]
    table = rows[rows["method"].isin([*points, rival])]
    gaps, precisions = (
        table.pivot_table(column, "seed", "method").dropna()
        for column in (GAPS[constraints], "ap")
    )
    if not points or rival not in gaps or gaps.empty:
        return None
    there = Point(float(gaps[rival].mean()), float(precisions[rival].mean()))
    mean_gaps, mean_precisions = (
        part[points].mean().to_numpy() for part in (gaps, precisions)
    )
    shares, slope = reading(there.gap, mean_gaps, mean_precisions)
    apart = gaps[rival] - gaps[points] @ shares
    ours = precisions[points] @ shares + slope * apart
    named = {name: share for name, share in zip(points, shares, strict=True) if share}
    return Meeting(
        there,
        (ours - precisions[rival]).to_numpy(),
        bool(there.gap >= mean_gaps.min()),
        named,
        _collapsed(rows, rival),
    )


def reading(gap: float, gaps: Floats, precisions: Floats) -> tuple[Floats, float]:
    """Find how a frontier is read at a gap.

    Parameters
    ----------
    gap : float
        Where; outside of the points the nearest one counts.
    gaps, precisions : ndarray of shape (n_points,)
        Points, in any order.

    Returns
    -------
    shares : ndarray of shape (n_points,)
        How much each point counts; they add up to 1.
    slope : float
        Average precision by gap there, 0 outside of the points.
    """
    best = frontier(gaps, precisions)
    at = float(np.interp(gap, gaps[best], np.arange(len(best))))
    left, right = best[int(np.floor(at))], best[int(np.ceil(at))]
    shares = np.zeros(len(gaps))
    shares[right] += at % 1
    shares[left] += 1 - at % 1
    if left == right:
        return shares, 0.0
    rise = precisions[right] - precisions[left]
    return shares, float(rise / (gaps[right] - gaps[left]))


def _sound(rows: pd.DataFrame, method: str) -> bool:
    return bool((rows["method"] == method).any()) and not _collapsed(rows, method)


def _collapsed(rows: pd.DataFrame, method: str) -> int:
    return int(rows[rows["method"] == method]["collapsed"].sum())
