"""The search of a critical region: every threshold and margin, by counting.

Owns the grid, the counts and the choice. A region gives deprived groups the threshold
t - m and the others t + m, so that all a candidate needs is how many rows of each group
and label lie above one of the two: one sort, then two binary searches a candidate.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skrunner.baselines._reject_region import CriticalRegion, Floats, Mask
from skrunner.exceptions import UnmetBoundWarning
from skrunner.groups import label_conditions

N_THRESHOLDS = 100
N_MARGINS = 50
OBJECTIVES = ("balanced_accuracy", "accuracy")
# Sums in another order differ in the last bits: those candidates are still equal.
_ROUNDING = 1e-9

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ScoredRows:
    """The rows that a region is searched on.

    Attributes
    ----------
    scores : ndarray of shape (n_samples,)
        Scores of the favorable label.
    labels : ndarray of int of shape (n_samples,)
        Label codes, 0 or 1.
    groups : ndarray of int of shape (n_samples,)
        Group codes.
    weights : ndarray of shape (n_samples,)
        Weights of the rows.
    favorable : int
        The code of the favorable label.
    """

    scores: Floats
    labels: Codes
    groups: Codes
    weights: Floats
    favorable: int


def candidate_regions(*, empty: bool = False) -> tuple[Floats, Floats]:
    """List the thresholds and margins of all candidates.

    Parameters
    ----------
    empty : bool, default=False
        Whether margins of 0 are all there is.

    Returns
    -------
    thresholds, margins : ndarray of shape (n_candidates,)
        In the order in which equal candidates are preferred: small thresholds first,
        and small margins first for each of them.
    """
    thresholds = np.linspace(0.01, 0.99, N_THRESHOLDS)
    widest = np.minimum(thresholds, 1 - thresholds)
    margins = np.linspace(0, widest, N_MARGINS, axis=1)
    if empty:
        margins = margins[:, :1]
    return np.repeat(thresholds, margins.shape[1]), margins.ravel()


def search_region(
    rows: ScoredRows,
    deprived: Mask,
    *,
    constraints: str,
    objective: str,
    bound: float,
) -> CriticalRegion:
    """Find the most accurate region whose gap is within a bound.

    Parameters
    ----------
    rows : ScoredRows
        The rows.
    deprived : ndarray of bool of shape (n_groups,)
        Which groups get the favorable label inside; without any, only thresholds are
        searched.
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``: whose gap is bounded.
    objective : {"balanced_accuracy", "accuracy"}
        What is best among the candidates within the bound.
    bound : float
        The largest gap.

    Returns
    -------
    CriticalRegion
        The first of the best.

    Raises
    ------
    ValueError
        If the gap or the objective has no rows to be computed from.

    Warns
    -----
    UnmetBoundWarning
        If no candidate is within the bound; then the smallest gap is chosen.
    """
    thresholds, margins = candidate_regions(empty=not deprived.any())
    totals = _cell_weights(rows, len(deprived))
    favored = _favorable_weights(
        rows, deprived, thresholds - margins, thresholds + margins
    )
    conditions = label_conditions(constraints, 2).astype(float).T
    with np.errstate(invalid="ignore"):
        rates = (favored @ conditions) / (totals @ conditions)
        gaps = np.ptp(rates, axis=1).sum(axis=1)
        utility = _utility(favored.sum(axis=1), totals.sum(axis=0), rows, objective)
    best = _choose(gaps, utility, bound)
    return CriticalRegion(float(thresholds[best]), float(margins[best]))


def _cells(rows: ScoredRows) -> Codes:
    return rows.groups * 2 + rows.labels


def _cell_weights(rows: ScoredRows, n_groups: int) -> Floats:
    totals = np.bincount(_cells(rows), rows.weights, minlength=2 * n_groups)
    return totals.astype(np.float64, copy=False).reshape(n_groups, 2)


def _favorable_weights(
    rows: ScoredRows, deprived: Mask, lows: Floats, highs: Floats
) -> Floats:
    """Add up the rows above the thresholds, for each candidate, group and label."""
    cells = _cells(rows)
    order = np.lexsort((rows.scores, cells))
    n_cells = 2 * len(deprived)
    ends = np.searchsorted(cells[order], np.arange(n_cells), side="right")
    starts = np.r_[0, ends[:-1]]
    scores = rows.scores[order]
    above = np.empty((len(lows), n_cells))
    for cell, (start, end) in enumerate(zip(starts, ends, strict=True)):
        # Summed from the top, so that nothing above is 0 and no residue of weights.
        weight = np.r_[0.0, np.cumsum(rows.weights[order[start:end]][::-1])][::-1]
        cuts = lows if deprived[cell // 2] else highs
        above[:, cell] = weight[np.searchsorted(scores[start:end], cuts, side="right")]
    return above.reshape(len(lows), len(deprived), 2)


def _utility(
    favored: Floats, totals: Floats, rows: ScoredRows, objective: str
) -> Floats:
    """Score each candidate from its favorable labels, columns being true labels."""
    right = totals - favored
    right[:, rows.favorable] = favored[:, rows.favorable]
    shares = right / totals
    if objective == "accuracy":
        shares = right.sum(axis=1, keepdims=True) / totals.sum()
    utility: Floats = shares.mean(axis=1)
    return utility


def _choose(gaps: Floats, utility: Floats, bound: float) -> int:
    known = ~(np.isnan(gaps) | np.isnan(utility))
    if not known.any():
        raise ValueError(
            "No region can be searched: a group or label whose rate is compared has no "
            "row among those that the search looks at. Raise validation_fraction, "
            "merge groups, or pass method='fixed'."
        )
    within = known & (gaps <= bound + _ROUNDING)
    if within.any():
        best = utility[within].max() - _ROUNDING
        return int(np.flatnonzero(within & (utility >= best))[0])
    smallest = gaps[known].min()
    warnings.warn(
        f"No critical region has a gap within bound={bound:g}: the smallest is "
        f"{smallest:g}, and is chosen. Raise the bound, or train another estimator.",
        UnmetBoundWarning,
        stacklevel=6,
    )
    return int(np.flatnonzero(known & (gaps <= smallest + _ROUNDING))[0])
