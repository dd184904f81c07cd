"""Which candidate of a search to keep: rules over utility and fairness."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skrunner.exceptions import UnmetBoundWarning
from skrunner.metrics._rates import Floats

# Decimal fractions are not exact: .49 must count as within .05 of .54.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class _BestWithin:
    utility: str
    fairness: str
    max_drop: float

    def __call__(self, cv_results: Mapping[str, Any]) -> int:
        utility, fairness = _mean_scores(cv_results, self.utility, self.fairness)
        within = utility >= np.nanmax(utility) - self.max_drop - _ROUNDING
        return _first_best(within, fairness, utility)

    def __repr__(self) -> str:
        names = f"{self.utility!r}, {self.fairness!r}"
        return f"best_within({names}, max_drop={self.max_drop!r})"


@dataclass(frozen=True)
class _Constrained:
    utility: str
    fairness: str
    bound: float

    def __call__(self, cv_results: Mapping[str, Any]) -> int:
        utility, fairness = _mean_scores(cv_results, self.utility, self.fairness)
        within = -fairness <= self.bound + _ROUNDING
        if within.any():
            return _first_best(within, utility, fairness)
        warnings.warn(
            f"No candidate meets the bound {self.bound:g} on -{self.fairness}: the "
            f"nearest has {-np.nanmax(fairness):g}, and is chosen. Search further or "
            "raise the bound.",
            UnmetBoundWarning,
            stacklevel=2,
        )
        return _first_best(~np.isnan(fairness), fairness, utility)

    def __repr__(self) -> str:
        names = f"{self.utility!r}, {self.fairness!r}"
        return f"constrained({names}, bound={self.bound!r})"


def best_within(utility: str, fairness: str, *, max_drop: float = 0.01) -> _BestWithin:
    """Choose the fairest candidate among those of nearly the best utility.

    Parameters
    ----------
    utility, fairness : str
        Keys of the search's ``scoring``; greater is better for both.
    max_drop : float, default=0.01
        How far below the best mean utility a candidate may lie, in the utility's unit.

    Returns
    -------
    callable
        For ``GridSearchCV(refit=...)``: takes ``cv_results_``, returns the index of the
        candidate. Of equally fair ones the more useful wins, then the first. Candidates
        with a NaN score are left out; it raises a ValueError if none remains.

    Raises
    ------
    ValueError
        If `max_drop` is negative.

    Examples
    --------
    >>> rule = best_within("ap", "dp", max_drop=0.01)
    >>> scores = {"mean_test_ap": [0.80, 0.79, 0.70], "mean_test_dp": [-0.2, -0.1, 0]}
    >>> rule(scores)
    1
    """
    _check_non_negative("max_drop", max_drop)
    return _BestWithin(utility, fairness, max_drop)


def constrained(utility: str, fairness: str, *, bound: float) -> _Constrained:
    """Choose the most useful candidate among those whose gap is within a bound.

    Parameters
    ----------
    utility, fairness : str
        Keys of the search's ``scoring``; greater is better for both, so that the gap is
        minus the fairness score.
    bound : float
        The largest gap allowed.

    Returns
    -------
    callable
        For ``GridSearchCV(refit=...)``: takes ``cv_results_``, returns the index of the
        candidate. Of equally useful ones the fairer wins, then the first. If none meets
        the bound, the nearest to it is chosen with an `UnmetBoundWarning`. Candidates
        with a NaN score are left out; it raises a ValueError if none remains.

    Raises
    ------
    ValueError
        If `bound` is negative.

    Examples
    --------
    >>> rule = constrained("ap", "dp", bound=0.05)
    >>> rule({"mean_test_ap": [0.8, 0.7, 0.6], "mean_test_dp": [-0.2, -0.05, 0]})
    1
    """
    _check_non_negative("bound", bound)
    return _Constrained(utility, fairness, bound)


def _check_non_negative(name: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{name} must be a number of at least 0, got {value!r}.")


def _mean_scores(
    cv_results: Mapping[str, Any], utility: str, fairness: str
) -> tuple[Floats, Floats]:
    """Return both mean scores of each candidate, NaN where either is."""
    prefix = "mean_test_"
    for name in (utility, fairness):
        if prefix + name not in cv_results:
            known = [
                key.removeprefix(prefix) for key in cv_results if key.startswith(prefix)
            ]
            raise ValueError(
                f"The search has no score {name!r}. Its scoring has the keys: "
                f"{', '.join(known)}."
            )
    both = np.array([cv_results[prefix + utility], cv_results[prefix + fairness]])
    both[:, np.isnan(both).any(axis=0)] = np.nan
    if np.isnan(both).all():
        raise ValueError(
            f"Every candidate has a NaN in {utility!r} or {fairness!r}, so none can be "
            "chosen. A gap is NaN where a fold has one group alone, or lacks a label "
            "in a group: see SensitiveStratifiedKFold."
        )
    return both[0], both[1]


def _first_best(allowed: Any, score: Floats, tie_breaker: Floats) -> int:
    candidates = np.flatnonzero(allowed)
    order = np.lexsort((candidates, -tie_breaker[candidates], -score[candidates]))
    return int(candidates[order[0]])
