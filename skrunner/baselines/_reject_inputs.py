"""Check and encode the rows and groups that the reject option is given."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    assert_all_finite,
    validate_data,
)

from skrunner.estimators import (
    has_named_columns,
    net_columns,
    take_columns,
    take_sensitive_columns,
)
from skrunner.groups import GroupEncoding, check_group_sizes, encode_groups

PREDICTIONS = "predict, predict_proba or score"


@dataclass(frozen=True)
class RejectInput:
    """Validated rows of a fit.

    Attributes
    ----------
    X : array-like of shape (n_samples, n_features)
        What the inner estimator sees.
    y : ndarray of shape (n_samples,)
        Labels.
    labels : ndarray of int of shape (n_samples,)
        Label codes.
    classes : ndarray of shape (2,)
        The labels that there are.
    sensitive : array-like of n_samples rows
        Sensitive features as they came.
    groups : GroupEncoding
        The groups.
    weights : ndarray of float64 of shape (n_samples,)
        Weights of the rows.
    """

    X: Any
    y: Any
    labels: Any
    classes: Any
    sensitive: Any
    groups: GroupEncoding
    weights: Any

    @property
    def cells(self) -> Any:
        """The cell of each row."""
        return self.groups.codes * 2 + self.labels


def check_fit_rows(
    estimator: Any,
    X: Any,
    y: Any,
    sensitive: Any,
    *,
    sample_weight: Any = None,
    classes: Any = None,
) -> RejectInput:
    """Validate the rows of a fit, and record what is learned of the columns.

    Parameters
    ----------
    estimator : RejectOptionClassifier
        Whose fit it is.
    X : array-like of shape (n_samples, n_features)
        Raw X.
    y : array-like of shape (n_samples,)
        Labels.
    sensitive : array-like or None
        Sensitive features of the rows.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Weights of the rows; None makes them equal.
    classes : array-like of shape (n_classes,) or None, default=None
        Labels of an estimator that is fitted already.

    Returns
    -------
    RejectInput
        The rows.

    Raises
    ------
    ValueError
        With what was expected, what came and what to do.
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    X = _as_rows(estimator, X, ensure_2d=False)
    y = column_or_1d(y, warn=True)
    check_consistent_length(X, y)
    labels, classes = _check_labels(y, classes, name)
    if has_named_columns(estimator):
        X, taken = take_sensitive_columns(estimator, X, reset=True)
    else:
        validate_data(estimator, X, skip_check_array=True, reset=True)
        taken = None
    sensitive = _find_groups(estimator, X, sensitive, taken, "fit")
    groups = encode_groups(sensitive, n_samples=len(y), missing=estimator.missing)
    weights = _check_sample_weight(
        sample_weight, y, dtype=np.float64, ensure_non_negative=True
    )
    check_group_sizes(
        groups,
        labels,
        classes,
        constraints=estimator.constraints,
        min_group_size=estimator.min_group_size,
        min_cell_size=estimator.min_cell_size,
        weight=weights,
    )
    return RejectInput(X, y, labels, classes, sensitive, groups, weights)


def _check_labels(y: Any, classes: Any, name: str) -> tuple[Any, Any]:
    assert_all_finite(y, input_name="y")
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    classes = np.unique(y) if classes is None else np.asarray(classes)
    if kind != "binary" or len(classes) > 2:
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}"
            f", with the labels {classes.tolist()}: {name} needs one favorable label "
            "and one other. Merge labels, or train RunnerClassifier, which takes more."
        )
    if len(classes) < 2:
        raise ValueError(
            f"y has one class ({classes.tolist()}); a classifier needs two. Check the "
            "filter or the split that made y."
        )
    unknown = np.setdiff1d(y, classes).tolist()
    if unknown:
        raise ValueError(
            f"y holds labels that the fitted estimator does not know: {unknown}. It "
            f"knows {classes.tolist()}."
        )
    return np.searchsorted(classes, y), classes


def check_predict_rows(estimator: Any, X: Any, sensitive: Any) -> tuple[Any, Any]:
    """Find what the inner estimator sees and the sensitive features, at prediction.

    Parameters
    ----------
    estimator : RejectOptionClassifier
        Fitted.
    X : array-like of shape (n_samples, n_features)
        Raw X; where sensitive features are passed, without the sensitive columns too.
    sensitive : array-like or None
        What was passed.

    Returns
    -------
    X : array-like
        For the inner estimator.
    sensitive : array-like of n_samples rows
        Sensitive features.

    Raises
    ------
    ValueError
        If there are no sensitive features.
    """
    X = _as_rows(estimator, X, ensure_2d=hasattr(estimator, "n_features_in_"))
    if not has_named_columns(estimator):
        validate_data(estimator, X, skip_check_array=True, reset=False)
        return X, _find_groups(estimator, X, sensitive, None, PREDICTIONS)
    seen = net_columns(estimator, X)
    whole = estimator.keep_sensitive or seen is not X
    taken = None
    if sensitive is None and whole:
        taken = take_columns(estimator.sensitive_columns, X)
    return seen, _find_groups(estimator, X, sensitive, taken, PREDICTIONS)


def _as_rows(estimator: Any, X: Any, *, ensure_2d: bool) -> Any:
    # Values, frames of mixed types and images are the inner estimator's affair.
    if hasattr(X, "columns") or hasattr(X, "decode"):
        return X
    return check_array(
        X,
        accept_sparse=True,
        dtype=None,
        ensure_all_finite=False,
        ensure_2d=ensure_2d,
        allow_nd=True,
        estimator=estimator,
    )


def _find_groups(
    estimator: Any, X: Any, sensitive: Any, taken: Any, methods: str
) -> Any:
    if sensitive is not None:
        return sensitive
    if taken is not None:
        return taken
    if callable(estimator.sensitive_columns):
        return estimator.sensitive_columns(X)
    raise ValueError(
        f"{type(estimator).__name__} needs sensitive_features, for what it predicts "
        f"depends on the group. Pass sensitive_features=... to {methods}, or set "
        "sensitive_columns= where nothing can be passed. In a pipeline, a search or "
        "cross_validate, first sklearn.set_config(enable_metadata_routing=True); the "
        "scorers of skrunner.metrics pass them on, others cannot."
    )
