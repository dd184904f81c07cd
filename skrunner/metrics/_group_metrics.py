"""A table of metrics by group: fairlearn's MetricFrame with undefined rates as NaN."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from fairlearn.metrics import MetricFrame, count
from sklearn.metrics import average_precision_score

from skrunner.groups import encode_groups
from skrunner.metrics._gaps import check_weights
from skrunner.metrics._labels import LabelEncoding, encode_labels, score_columns
from skrunner.metrics._rates import Floats

Metric = Callable[..., float]


def group_metrics(
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any,
    y_score: Any = None,
    metrics: Mapping[str, Metric] | None = None,
    pos_label: Any = None,
    sample_weight: Any = None,
) -> MetricFrame:
    """Compute metrics for each group.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Sensitive features; several columns are intersected.
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
        Scores of the positive class, or of each class in the order of the sorted
        labels; adds the average precision.
    metrics : dict of str to callable, default=None
        Functions ``f(y_true, y_pred)`` to report in place of the default ones; those
        that have a parameter ``sample_weight`` or ``y_score`` are given it.
    pos_label : label, default=None
        The positive class. None: of two classes the second of the sorted labels; of
        more, each in turn, and the names of the rates end in ``_<label>``.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    MetricFrame
        With ``count``, ``accuracy``, ``selection_rate``, ``true_positive_rate``,
        ``false_positive_rate`` and, given `y_score`, ``average_precision`` in
        ``by_group`` and ``overall``. A rate that has no rows is NaN, where fairlearn's
        own metrics say 0; ``difference()`` skips it, so look at ``by_group`` first.

    Raises
    ------
    ValueError
        On unequal lengths and on predictions that are not labels.

    Examples
    --------
    >>> frame = group_metrics(
    ...     [0, 1, 0, 0], [0, 1, 1, 0], sensitive_features=["a", "a", "b", "b"]
    ... )
    >>> frame.by_group[["count", "selection_rate", "true_positive_rate"]]
                       count  selection_rate  true_positive_rate
    sensitive_feature
    a                    2.0             0.5                 1.0
    b                    2.0             0.5                 NaN
    """
    labels = encode_labels(y_true, y_pred, pos_label=pos_label)
    n_samples = len(labels.y_true)
    groups = encode_groups(sensitive_features, n_samples=n_samples)
    taken = {"y_true", "y_pred"} & set(groups.feature_names)
    if taken:
        raise ValueError(
            f"A sensitive feature is named {', '.join(sorted(taken))}, as the labels "
            "of the table are. Rename it."
        )
    functions = dict(_rate_metrics(labels) if metrics is None else metrics)
    weights = check_weights(sample_weight, n_samples)
    params: dict[str, Any] = {} if weights is None else {"sample_weight": weights}
    if y_score is not None:
        params["y_score"] = np.asarray(y_score)
    sample_params = {name: _accepted(f, params) for name, f in functions.items()}
    if y_score is not None and metrics is None:
        for name, label, score in _scored(y_score, labels):
            functions[name] = partial(_average_precision, label=label)
            sample_params[name] = params | {"y_score": score}
    names = list(groups.feature_names)
    # A value of one feature may itself be a tuple.
    by_group = groups.values if len(names) > 1 else [(v,) for v in groups.values]  # noqa: PD011
    frame = pd.DataFrame(list(by_group), columns=names)
    return MetricFrame(
        metrics=functions,
        y_true=labels.classes[labels.y_true],
        y_pred=labels.classes[labels.y_pred],
        sensitive_features=frame.iloc[groups.codes].reset_index(drop=True),
        sample_params=sample_params,
    )


def _rate_metrics(labels: LabelEncoding) -> dict[str, Metric]:
    metrics: dict[str, Metric] = {"count": count, "accuracy": _accuracy}
    for rate, among in (
        ("selection_rate", _everyone),
        ("true_positive_rate", np.equal),
        ("false_positive_rate", np.not_equal),
    ):
        for suffix, label in _suffixes(labels):
            metrics[rate + suffix] = partial(_rate, label=label, among=among)
    return metrics


def _suffixes(labels: LabelEncoding) -> list[tuple[str, Any]]:
    measured = labels.classes[labels.measured]
    return [("" if len(measured) == 1 else f"_{label}", label) for label in measured]


def _scored(y_score: Any, labels: LabelEncoding) -> list[tuple[str, Any, Floats]]:
    columns = score_columns(y_score, labels).T
    return [
        (f"average_precision{suffix}", label, column)
        for (suffix, label), column in zip(_suffixes(labels), columns, strict=True)
    ]


def _accepted(metric: Metric, params: Mapping[str, Any]) -> dict[str, Any]:
    known = inspect.signature(metric).parameters
    return {name: value for name, value in params.items() if name in known}


def _everyone(y_true: npt.NDArray[Any], label: Any) -> npt.NDArray[np.bool_]:
    del label
    return np.ones(len(y_true), dtype=bool)


def _accuracy(
    y_true: npt.NDArray[Any],
    y_pred: npt.NDArray[Any],
    sample_weight: Floats | None = None,
) -> float:
    return _share(y_true == y_pred, _everyone(y_true, None), sample_weight)


def _rate(
    y_true: npt.NDArray[Any],
    y_pred: npt.NDArray[Any],
    sample_weight: Floats | None = None,
    *,
    label: Any,
    among: Callable[[npt.NDArray[Any], Any], npt.NDArray[np.bool_]],
) -> float:
    return _share(y_pred == label, among(y_true, label), sample_weight)


def _average_precision(
    y_true: npt.NDArray[Any],
    y_pred: npt.NDArray[Any],
    y_score: Floats,
    sample_weight: Floats | None = None,
    *,
    label: Any,
) -> float:
    del y_pred
    positive = y_true == label
    if np.isnan(_share(positive, positive, sample_weight)):
        return np.nan
    return float(
        average_precision_score(positive, y_score, sample_weight=sample_weight)
    )


def _share(
    hits: npt.NDArray[np.bool_],
    rows: npt.NDArray[np.bool_],
    sample_weight: Floats | None,
) -> float:
    weights = rows * (1.0 if sample_weight is None else sample_weight)
    total = weights.sum()
    return float(weights @ hits / total) if total > 0 else np.nan
