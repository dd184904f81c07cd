"""The gap of a constraint at many thresholds of a score, from one count of bins."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from skrunner.groups import GroupEncoding, encode_groups
from skrunner.metrics._gaps import (
    aggregate,
    average_classes,
    check_weights,
    warn_of_undefined,
)
from skrunner.metrics._labels import encode_labels, score_columns
from skrunner.metrics._parity import rate_differences
from skrunner.metrics._rates import Codes, Floats, group_counts, rates_of_counts


def score_gap(
    constraints: str,
    y_true: Any,
    y_score: Any,
    sensitive_features: Any,
    *,
    n_thresholds: int = 9,
    agg: str = "sum",
    pos_label: Any = None,
    average: str | None = "macro",
    sample_weight: Any = None,
    classes: Sequence[Any] | None = None,
) -> float | Floats:
    """Compute the mean gap of a constraint over thresholds of the score.

    Parameters
    ----------
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``.
    y_true : array-like of shape (n_samples,)
        Labels.
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes)
        Scores.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Sensitive features.
    n_thresholds : int, default=9
        Number of thresholds.
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
    labels = encode_labels(y_true, y_true, pos_label=pos_label, classes=classes)
    groups = encode_groups(sensitive_features, n_samples=len(labels.y_true))
    weights = check_weights(sample_weight, len(labels.y_true))
    scores = score_columns(y_score, labels)
    check_scalar(n_thresholds, "n_thresholds", Integral, min_val=1)
    quantiles = np.arange(1, n_thresholds + 1) / (n_thresholds + 1)
    gaps = []
    for label, score in zip(labels.measured, scores.T, strict=True):
        positive = (labels.y_true == label).astype(np.int64)
        thresholds = np.quantile(score, quantiles)
        counts = _threshold_counts(score, thresholds, positive, groups, weights)
        differences = rate_differences(constraints, rates_of_counts(counts))
        gaps.append(aggregate(differences, agg, groups)[:, 1].mean())
    label_counts = group_counts(
        labels.y_true,
        labels.y_true,
        groups.codes,
        n_groups=groups.n_groups,
        n_classes=len(labels.classes),
        sample_weight=weights,
    ).sum(axis=-1)
    warn_of_undefined(constraints, label_counts, groups, labels)
    return average_classes(np.array(gaps), average)


def _threshold_counts(
    score: Floats,
    thresholds: Floats,
    positive: Codes,
    groups: GroupEncoding,
    weights: Floats | None,
) -> Floats:
    """Count as `group_counts` does, for every threshold: one more leading axis."""
    n_bins = len(thresholds) + 1
    bins = np.searchsorted(thresholds, score)
    cells = (groups.codes * 2 + positive) * n_bins + bins
    flat = np.bincount(cells, weights=weights, minlength=groups.n_groups * 2 * n_bins)
    counts = flat.reshape(groups.n_groups, 2, n_bins)
    below = counts.cumsum(axis=-1)[..., :-1]
    above = counts[..., ::-1].cumsum(axis=-1)[..., ::-1][..., 1:]
    return np.moveaxis(np.stack([below, above], axis=-1), 2, 0).astype(np.float64)
