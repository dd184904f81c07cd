"""The numbers that the scorers return, each a function of one evaluation."""

from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from skrunner.groups import encode_groups
from skrunner.metrics._evaluation import Evaluation
from skrunner.metrics._gaps import check_weights, label_gap
from skrunner.metrics._labels import encode_labels, score_columns
from skrunner.metrics._rates import divide, group_counts
from skrunner.metrics._score_gaps import score_gap

COLLAPSED = -1.0


def negative_label_gap(
    evaluation: Evaluation,
    *,
    constraints: str,
    agg: str = "sum",
    pos_label: Any = None,
    average: str = "macro",
) -> float:
    """Return minus the gap of the predicted labels.

    Parameters
    ----------
    evaluation : Evaluation
        What is scored.
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``.
    agg : str, default="sum"
        As in `delta_eo`.
    pos_label : label, default=None
        The positive class.
    average : str, default="macro"
        As in `delta_eo`.

    Returns
    -------
    float
        At most 0, and never -0.0.
    """
    gap = label_gap(
        constraints,
        evaluation.y,
        evaluation.respond("predict"),
        evaluation.sensitive_features,
        agg=agg,
        pos_label=pos_label,
        average=average,
        sample_weight=evaluation.sample_weight,
        classes=evaluation.classes,
    )
    return 0.0 - float(gap)


def negative_score_gap(
    evaluation: Evaluation,
    *,
    constraints: str,
    n_thresholds: int = 9,
    agg: str = "sum",
    pos_label: Any = None,
    average: str = "macro",
) -> float:
    """Return minus the mean gap over thresholds of the scores.

    Parameters
    ----------
    evaluation : Evaluation
        What is scored.
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``.
    n_thresholds : int, default=9
        Number of thresholds.
    agg : str, default="sum"
        As in `delta_eo`.
    pos_label : label, default=None
        The positive class.
    average : str, default="macro"
        As in `delta_eo`.

    Returns
    -------
    float
        At most 0, and never -0.0.
    """
    gap = score_gap(
        constraints,
        evaluation.y,
        evaluation.scores(),
        evaluation.sensitive_features,
        n_thresholds=n_thresholds,
        agg=agg,
        pos_label=pos_label,
        average=average,
        sample_weight=evaluation.sample_weight,
        classes=evaluation.classes,
    )
    return 0.0 - float(gap)


def smallest_group_accuracy(evaluation: Evaluation) -> float:
    """Return the smallest accuracy of a group.

    Parameters
    ----------
    evaluation : Evaluation
        What is scored.

    Returns
    -------
    float
        Between 0 and 1; NaN if a group's rows have no weight.
    """
    labels = encode_labels(
        evaluation.y,
        evaluation.respond("predict"),
        classes=evaluation.classes,
    )
    groups = encode_groups(evaluation.sensitive_features, n_samples=len(labels.y_true))
    counts = group_counts(
        labels.y_true,
        labels.y_pred,
        groups.codes,
        n_groups=groups.n_groups,
        n_classes=len(labels.classes),
        sample_weight=check_weights(evaluation.sample_weight, len(labels.y_true)),
    )
    right = np.trace(counts, axis1=1, axis2=2)
    return float(divide(right, counts.sum(axis=(1, 2))).min())


def constrained_average_precision(
    evaluation: Evaluation,
    *,
    bound: float,
    constraints: str = "demographic_parity",
    pos_label: Any = None,
) -> float:
    """Return the average precision less what the gap exceeds a bound by.

    Parameters
    ----------
    evaluation : Evaluation
        What is scored.
    bound : float
        The largest gap that costs nothing.
    constraints : str, default="demographic_parity"
        One of ``skrunner.groups.CONSTRAINTS``.
    pos_label : label, default=None
        The positive class. None: of more than two classes each against the rest, and
        both numbers are means over the classes.

    Returns
    -------
    float
        At most 1; -1 if all rows are predicted alike, NaN if a rate is undefined.
    """
    predicted = evaluation.respond("predict")
    if len(np.unique(predicted)) == 1:
        return COLLAPSED
    gap = label_gap(
        constraints,
        evaluation.y,
        predicted,
        evaluation.sensitive_features,
        pos_label=pos_label,
        sample_weight=evaluation.sample_weight,
        classes=evaluation.classes,
    )
    # np.maximum, unlike max, keeps an undefined gap undefined.
    return float(_average_precision(evaluation, pos_label) - np.maximum(gap - bound, 0))


def _average_precision(evaluation: Evaluation, pos_label: Any) -> float:
    labels = encode_labels(
        evaluation.y, evaluation.y, pos_label=pos_label, classes=evaluation.classes
    )
    columns = score_columns(evaluation.scores(), labels).T
    precisions = [
        average_precision_score(
            labels.y_true == label, column, sample_weight=evaluation.sample_weight
        )
        for label, column in zip(labels.measured, columns, strict=True)
    ]
    return float(np.mean(precisions))
