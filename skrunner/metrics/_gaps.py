"""From labels and sensitive features to one gap, with a warning where it is undefined.

Owns what every difference of the room shares: the options `agg` and `average`, and the
rule that a required rate without rows makes the gap NaN and is named.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import column_or_1d

from skrunner.exceptions import UndefinedRateWarning
from skrunner.groups import GroupEncoding, check_constraints, encode_groups
from skrunner.metrics._labels import LabelEncoding, encode_labels
from skrunner.metrics._parity import REQUIRED_RATES, rate_differences
from skrunner.metrics._rates import (
    Floats,
    group_counts,
    rate_denominators,
    rates_of_counts,
)

Reduction = Callable[..., Any]
AGGREGATES: dict[str, Reduction] = {"sum": np.sum, "max": np.max, "mean": np.mean}
AVERAGES: dict[str, Reduction] = {"macro": np.mean, "max": np.max}


def label_gap(
    constraints: str,
    y_true: Any,
    y_pred: Any,
    sensitive_features: Any,
    *,
    agg: str = "sum",
    pos_label: Any = None,
    average: str | None = "macro",
    sample_weight: Any = None,
    classes: Sequence[Any] | None = None,
) -> float | Floats:
    """Compute the gap of a constraint between groups.

    Parameters
    ----------
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``.
    y_true, y_pred : array-like of shape (n_samples,)
        Labels and predicted labels.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Sensitive features.
    agg : {"sum", "max", "mean"}, default="sum"
        How the two differences of equalized odds become one number.
    pos_label : label, default=None
        The one class to measure.
    average : {"macro", "max"} or None, default="macro"
        What becomes of several measured classes.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    classes : sequence of labels, default=None
        Labels known beforehand.

    Returns
    -------
    float or ndarray of shape (n_classes,)
        The gap.
    """
    labels = encode_labels(y_true, y_pred, pos_label=pos_label, classes=classes)
    groups = encode_groups(sensitive_features, n_samples=len(labels.y_true))
    counts = group_counts(
        labels.y_true,
        labels.y_pred,
        groups.codes,
        n_groups=groups.n_groups,
        n_classes=len(labels.classes),
        sample_weight=check_weights(sample_weight, len(labels.y_true)),
    )
    warn_of_undefined(constraints, counts.sum(axis=-1), groups, labels)
    differences = rate_differences(constraints, rates_of_counts(counts))
    differences = differences[..., labels.measured]
    return average_classes(aggregate(differences, agg, groups), average)


def check_weights(sample_weight: Any, n_samples: int) -> Floats | None:
    """Validate the weights of rows.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
        The weights.
    n_samples : int
        How many there should be.

    Returns
    -------
    ndarray of float64 of shape (n_samples,) or None
        The weights; None stays None.

    Raises
    ------
    ValueError
        On another length, on negative weights and on NaN.
    """
    if sample_weight is None:
        return None
    weights: Floats = column_or_1d(sample_weight, dtype=np.float64)
    if len(weights) != n_samples or not ((weights >= 0) & np.isfinite(weights)).all():
        raise ValueError(
            f"sample_weight must hold {n_samples} finite non-negative numbers, one for "
            f"each row, got {len(weights)} with minimum {weights.min(initial=np.inf)}."
        )
    return weights


def aggregate(differences: Floats, agg: str, groups: GroupEncoding) -> Floats:
    """Make one number of the differences in several rates.

    Parameters
    ----------
    differences : ndarray of shape (n_rates, ..., n_measured)
        As from `rate_differences`.
    agg : {"sum", "max", "mean"}
        How.
    groups : GroupEncoding
        The groups; nothing can differ within a single one.

    Returns
    -------
    ndarray of shape (..., n_measured)
        The gaps, NaN with a single group.

    Raises
    ------
    ValueError
        If `agg` is unknown.
    """
    if agg not in AGGREGATES:
        raise ValueError(f"agg must be one of {', '.join(AGGREGATES)}, got {agg!r}.")
    gaps: Floats = AGGREGATES[agg](differences, axis=0)
    return gaps if groups.n_groups > 1 else np.full_like(gaps, np.nan)


def average_classes(gaps: Floats, average: str | None) -> float | Floats:
    """Average the gaps of the measured classes.

    Parameters
    ----------
    gaps : ndarray of shape (n_measured,)
        The gap of each class.
    average : {"macro", "max"} or None
        How; None keeps several classes apart.

    Returns
    -------
    float or ndarray of shape (n_measured,)
        One number, always if there is one class.

    Raises
    ------
    ValueError
        If `average` is unknown.
    """
    if average is not None and average not in AVERAGES:
        raise ValueError(
            f"average must be one of {', '.join(AVERAGES)} or None, got {average!r}."
        )
    if len(gaps) == 1:
        return float(gaps[0])
    return gaps if average is None else float(AVERAGES[average](gaps))


def warn_of_undefined(
    constraints: str,
    label_counts: Floats,
    groups: GroupEncoding,
    labels: LabelEncoding,
) -> None:
    """Name the groups whose required rates have no rows.

    Parameters
    ----------
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``.
    label_counts : ndarray of shape (n_groups, n_classes)
        Rows, or their weight, of each group and label.
    groups : GroupEncoding
        The groups.
    labels : LabelEncoding
        The labels.

    Warns
    -----
    UndefinedRateWarning
        If there is one group only, or a rate has no rows.
    """
    denominators = rate_denominators(label_counts)
    faults = [
        f"{rate.replace('_', ' ')} rate of {groups.names[group]} "
        f"({_describe(label_counts[group], labels.classes)})"
        for rate in REQUIRED_RATES[check_constraints(constraints)]
        for group in np.flatnonzero(
            (getattr(denominators, rate)[:, labels.measured] == 0).any(axis=1)
        )
    ]
    if groups.n_groups == 1:
        faults = [f"{groups.names[0]} is the only group"]
    if faults:
        warnings.warn(
            f"The gap is NaN, for a rate it compares is undefined: {'; '.join(faults)}."
            " Measure on more rows or merge groups.",
            UndefinedRateWarning,
            stacklevel=4,
        )


def _describe(counts: Floats, classes: npt.NDArray[Any]) -> str:
    return ", ".join(
        f"{count:g} with label {label}"
        for count, label in zip(counts, classes, strict=True)
    )
