"""Who ranks better at the same gap: RUNNER's frontier against the points of others.

RUNNER's points are Vanilla and RUNNER with its best settings at several limits of the
fairness term's gradient. Of means over seeds those that another beats in both are left
out; between the rest the frontier is straight.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.images.methods import LADDER
from benchmarks.paper.scores import GAPS
from benchmarks.peers.hypervolume import frontier

ON_FRONTIER = ("vanilla", "runner_best", *LADDER)
DRAWS = 2000

Floats = npt.NDArray[np.float64]


class Meeting(NamedTuple):
    """A rival, and RUNNER at its gap.

    Parameters
    ----------
    ours : float
        RUNNER's average precision at the rival's gap, less the rival's.
    low, high : float
        The 95 % interval of that, of the bootstrap over seeds.
    reached : bool
        Whether RUNNER has a point of so small a gap; if not, its fairest is taken,
        which flatters it.
    """

    ours: float
    low: float
    high: float
    reached: bool

    @property
    def verdict(self) -> str:
        """Say who is ahead, where the interval does."""
        if not self.reached:
            return "no point so fair"
        if self.low > 0:
            return "ahead"
        return "behind" if self.high < 0 else "level"


def meet(rows: pd.DataFrame, rival: str, constraints: str) -> Meeting | None:
    """Compare average precision at the rival's gap.

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
    names = [*points, rival]
    both = np.stack([gaps[names].to_numpy(), precisions[names].to_numpy()])
    n_seeds = both.shape[1]
    drawn = np.random.default_rng(0).integers(n_seeds, size=(DRAWS, n_seeds))
    differences = [_difference(both[:, seeds].mean(axis=1)) for seeds in drawn]
    low, high = np.quantile(differences, [0.025, 0.975])
    means = both.mean(axis=1)
    reached = bool(means[0, -1] >= means[0, :-1].min())
    return Meeting(_difference(means), float(low), float(high), reached)


def precision_at(gap: float, gaps: Floats, precisions: Floats) -> float:
    """Read a frontier at a gap.

    Parameters
    ----------
    gap : float
        Where; below the smallest gap the fairest point counts.
    gaps, precisions : ndarray of shape (n_points,)
        Points, in any order.

    Returns
    -------
    float
        Average precision.
    """
    best = frontier(gaps, precisions)
    return float(np.interp(gap, gaps[best], precisions[best]))


def _difference(means: Floats) -> float:
    """Compare RUNNER's points with the rival's, which is the last."""
    gaps, precisions = means
    ours = precision_at(gaps[-1], gaps[:-1], precisions[:-1])
    return ours - float(precisions[-1])


def _sound(rows: pd.DataFrame, method: str) -> bool:
    fits = rows[rows["method"] == method]
    return len(fits) > 0 and not fits["collapsed"].any()
