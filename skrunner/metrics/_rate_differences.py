"""Differences in one rate between groups: the two halves of equalized odds."""

from typing import Any

from skrunner.metrics._gaps import label_gap
from skrunner.metrics._rates import Floats


def delta_tpr(
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any,
    pos_label: Any = None,
    average: str | None = "macro",
    sample_weight: Any = None,
) -> float | Floats:
    r"""Compute the true positive rate difference (equal opportunity).

    It is :math:`\max_a P(\hat y = 1 | y = 1, a) - \min_a P(\hat y = 1 | y = 1, a)`,
    between 0 and 1: the first half of `delta_eo`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Sensitive features; several columns are intersected.
    pos_label : label, default=None
        The class whose rates are compared, see `delta_eo`.
    average : {"macro", "max"} or None, default="macro"
        What becomes of more than two classes, see `delta_eo`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    float or ndarray of shape (n_classes,)
        The difference; NaN if a group has no positives.

    Raises
    ------
    ValueError
        On unequal lengths, unknown options and predictions that are not labels.

    Warns
    -----
    UndefinedRateWarning
        If there is one group only, or a rate has no rows: the result is NaN.

    Examples
    --------
    >>> delta_tpr([1, 1, 1, 1], [1, 1, 1, 0], sensitive_features=["a", "a", "b", "b"])
    0.5
    """
    return label_gap(
        "true_positive_rate_parity",
        y_true,
        y_pred,
        sensitive_features,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
    )


def delta_fpr(
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any,
    pos_label: Any = None,
    average: str | None = "macro",
    sample_weight: Any = None,
) -> float | Floats:
    r"""Compute the false positive rate difference (predictive equality).

    It is :math:`\max_a P(\hat y = 1 | y = 0, a) - \min_a P(\hat y = 1 | y = 0, a)`,
    between 0 and 1: the second half of `delta_eo`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Sensitive features; several columns are intersected.
    pos_label : label, default=None
        The class whose rates are compared, see `delta_eo`.
    average : {"macro", "max"} or None, default="macro"
        What becomes of more than two classes, see `delta_eo`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    float or ndarray of shape (n_classes,)
        The difference; NaN if a group has no negatives.

    Raises
    ------
    ValueError
        On unequal lengths, unknown options and predictions that are not labels.

    Warns
    -----
    UndefinedRateWarning
        If there is one group only, or a rate has no rows: the result is NaN.

    Examples
    --------
    >>> delta_fpr([0, 0, 0, 0], [1, 1, 1, 0], sensitive_features=["a", "a", "b", "b"])
    0.5
    """
    return label_gap(
        "false_positive_rate_parity",
        y_true,
        y_pred,
        sensitive_features,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
    )
