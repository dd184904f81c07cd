"""How much a set of points in the plane of gap and utility achieves, in one number."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

FEWEST = 3

Floats = npt.NDArray[np.float64]


class Reference(NamedTuple):
    """The corner that areas are measured from, and the utility that counts as full.

    Parameters
    ----------
    gap : float
        The largest gap that counts.
    utility : float
        The least utility that counts.
    full : float
        The utility at which a point without a gap has the hypervolume 1.
    """

    gap: float
    utility: float
    full: float


def frontier(gap: npt.ArrayLike, utility: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Find the points that no other point beats in both respects.

    Parameters
    ----------
    gap, utility : array-like of shape (n_points,)
        Less of the first and more of the second is better; NaN points never count.

    Returns
    -------
    ndarray of int64
        Their indices, by rising gap and utility; of equal points the first.
    """
    gaps, utilities = (np.asarray(part, dtype=np.float64) for part in (gap, utility))
    kept, best = [], -np.inf
    for index in np.lexsort((-utilities, gaps)):
        if np.isfinite(gaps[index]) and utilities[index] > best:
            kept.append(index)
            best = utilities[index]
    return np.asarray(kept, dtype=np.int64)


def hypervolume(
    gap: npt.ArrayLike, utility: npt.ArrayLike, reference: Reference
) -> float:
    """Measure the area of all that is no better than one of the points.

    Parameters
    ----------
    gap, utility : array-like of shape (n_points,)
        The points.
    reference : Reference
        The corner. Points beyond it add nothing.

    Returns
    -------
    float
        The area between the points and the corner, divided by that of a point without
        a gap at the full utility; NaN where that is no area.
    """
    gaps, utilities = (np.asarray(part, dtype=np.float64) for part in (gap, utility))
    whole = reference.gap * (reference.full - reference.utility)
    if not whole > 0:
        return float("nan")
    inside = (gaps < reference.gap) & (utilities > reference.utility)
    gaps, utilities = gaps[inside], utilities[inside]
    best = frontier(gaps, utilities)
    widths = np.diff(gaps[best], append=reference.gap)
    return float(widths @ (utilities[best] - reference.utility) / whole)


def mean_interval(
    values: npt.ArrayLike, *, level: float = 0.95
) -> tuple[float, float] | None:
    """Say how well the mean over splits is known: Student's interval.

    The bootstrap's is too narrow to decide by for as few splits as ten.

    Parameters
    ----------
    values : array-like of shape (n_splits,)
        One value a split; for paired comparisons, differences.
    level : float, default=0.95
        How often the interval holds the mean, if splits are independent.

    Returns
    -------
    (float, float) or None
        The interval, None for fewer than three splits.
    """
    known = np.asarray(values, dtype=np.float64)
    if len(known) < FEWEST:
        return None
    mean = float(known.mean())
    quantile = stats.t.ppf((1 + level) / 2, len(known) - 1)
    width = float(quantile * known.std(ddof=1) / len(known) ** 0.5)
    return mean - width, mean + width


def bootstrap_interval(
    values: npt.ArrayLike, *, level: float = 0.95
) -> tuple[float, float] | None:
    """Say how the mean varies if splits are drawn again from those there are.

    Parameters
    ----------
    values : array-like of shape (n_splits,)
        One value a split.
    level : float, default=0.95
        The share of 9,999 means, of as many splits each, within the interval.

    Returns
    -------
    (float, float) or None
        Percentiles of the means, None for fewer than three splits.
    """
    known = np.asarray(values, dtype=np.float64)
    if len(known) < FEWEST:
        return None
    drawn = stats.bootstrap(
        (known,), np.mean, confidence_level=level, method="percentile", rng=0
    )
    low, high = drawn.confidence_interval
    return float(low), float(high)
