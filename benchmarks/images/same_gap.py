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
        Whether RUNNER has points on both sides of the gap; if it has none so small,
        its fairest one is taken, which does the rival wrong.
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
        None without a seed that the rival and all of RUNNER's points share, or if a
        point of RUNNER's is left by none.
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
    least, difference = _difference(both.mean(axis=1))
    rng = np.random.default_rng(0)
    n_seeds = both.shape[1]
    drawn = [
        _difference(both[:, rng.integers(n_seeds, size=n_seeds)].mean(axis=1))[1]
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Meeting(difference, float(low), float(high), least)


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


def _difference(means: Floats) -> tuple[bool, float]:
    gaps, precisions = means
    ours = precision_at(gaps[-1], gaps[:-1], precisions[:-1])
    return bool(gaps[-1] >= gaps[:-1].min()), ours - float(precisions[-1])


def _sound(rows: pd.DataFrame, method: str) -> bool:
    fits = rows[rows["method"] == method]
    return len(fits) > 0 and not fits["collapsed"].any()
