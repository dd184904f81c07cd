"""Scorers by name: one table, and the objects made from it."""

from collections.abc import Mapping
from functools import partial
from inspect import signature
from typing import Any

import sklearn.metrics

from skrunner.groups import check_constraints
from skrunner.metrics._measures import (
    constrained_average_precision,
    negative_label_gap,
    negative_score_gap,
    smallest_group_accuracy,
)
from skrunner.metrics._scorers import FairnessScorer, Measure


def _of(measure: Measure, constraints: str, agg: str = "sum") -> "partial[float]":
    # A name says what is measured: what it fixes here is no option.
    return partial(measure, constraints=constraints, agg=agg)


_MEASURES = {
    "neg_demographic_parity_difference": _of(negative_label_gap, "demographic_parity"),
    "neg_equalized_odds_difference": _of(negative_label_gap, "equalized_odds"),
    "neg_equalized_odds_difference_max": _of(
        negative_label_gap, "equalized_odds", "max"
    ),
    "neg_true_positive_rate_difference": _of(
        negative_label_gap, "true_positive_rate_parity"
    ),
    "neg_false_positive_rate_difference": _of(
        negative_label_gap, "false_positive_rate_parity"
    ),
    "neg_strong_demographic_parity_difference": _of(
        negative_score_gap, "demographic_parity"
    ),
    "neg_strong_equalized_odds_difference": _of(negative_score_gap, "equalized_odds"),
    "worst_group_accuracy": partial(smallest_group_accuracy),
    "constrained_average_precision": partial(constrained_average_precision),
}


def get_scorer_names() -> list[str]:
    """List the names of the scorers that need sensitive features.

    Returns
    -------
    list of str
        Names for `get_scorer`, which knows those of scikit-learn besides.

    Examples
    --------
    >>> "worst_group_accuracy" in get_scorer_names()
    True
    """
    return sorted(_MEASURES)


def get_scorer(name: str, *, sensitive_column: Any = None, **options: Any) -> Any:
    """Get a scorer by name.

    Parameters
    ----------
    name : str
        One of `get_scorer_names`, or a name that scikit-learn knows.
    sensitive_column : str, int, list of them, or callable, default=None
        Where X holds the sensitive features, for use without metadata routing: name or
        position of a column, several, or ``f(X)``. X is what the search was given,
        before any transformation.
    **options : dict
        Options of the measure: ``pos_label`` and ``average`` as in `delta_eo`;
        ``n_thresholds`` for the strong differences; ``bound`` (required, at least 0)
        and ``constraints`` for ``"constrained_average_precision"``, the average
        precision less what the gap exceeds the bound by, and -1 where all rows are
        predicted alike: one number for searches that take one.

    Returns
    -------
    FairnessScorer
        The scorer (greater is better), or scikit-learn's own for its names.

    Raises
    ------
    ValueError
        If the name or a value is unknown.
    TypeError
        If an option is unknown or missing.

    Examples
    --------
    >>> get_scorer("neg_equalized_odds_difference", sensitive_column="sex")
    get_scorer('neg_equalized_odds_difference', sensitive_column='sex')
    """
    if name in _MEASURES:
        _check_options(name, options)
        return FairnessScorer(name, _MEASURES[name], options, sensitive_column)
    if name not in sklearn.metrics.get_scorer_names():
        raise ValueError(
            f"Unknown scorer {name!r}. Pass one of: {', '.join(get_scorer_names())}; "
            "or a name of sklearn.metrics.get_scorer_names()."
        )
    if sensitive_column is not None or options:
        raise TypeError(
            f"{name!r} is a scorer of scikit-learn: it takes no sensitive_column and "
            "no options."
        )
    return sklearn.metrics.get_scorer(name)


def _check_options(name: str, options: Mapping[str, Any]) -> None:
    measure = _MEASURES[name]
    known = [
        parameter
        for parameter in signature(measure.func).parameters
        if parameter not in ("evaluation", *measure.keywords)
    ]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise TypeError(
            f"The scorer {name!r} has no option {', '.join(unknown)}. It takes: "
            f"{', '.join(known) or 'none'}."
        )
    if "bound" in known and not options.get("bound", -1) >= 0:
        raise ValueError(
            f"The scorer {name!r} needs bound, the largest gap that costs nothing, "
            f"a number of at least 0, got {options.get('bound')!r}."
        )
    if options.get("average", "") is None:
        raise ValueError(
            f"The scorer {name!r} has to return one number: average=None is for the "
            "function."
        )
    if "constraints" in options:
        check_constraints(options["constraints"])


neg_demographic_parity_difference = get_scorer("neg_demographic_parity_difference")
neg_equalized_odds_difference = get_scorer("neg_equalized_odds_difference")
neg_equalized_odds_difference_max = get_scorer("neg_equalized_odds_difference_max")
neg_true_positive_rate_difference = get_scorer("neg_true_positive_rate_difference")
neg_false_positive_rate_difference = get_scorer("neg_false_positive_rate_difference")
neg_strong_demographic_parity_difference = get_scorer(
    "neg_strong_demographic_parity_difference"
)
neg_strong_equalized_odds_difference = get_scorer(
    "neg_strong_equalized_odds_difference"
)
worst_group_accuracy = get_scorer("worst_group_accuracy")
