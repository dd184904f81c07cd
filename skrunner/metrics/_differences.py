"""Differences in rates between groups: the paper's two."""

from typing import Any

from skrunner.metrics._gaps import label_gap
from skrunner.metrics._rates import Floats


def delta_dp(
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any,
    pos_label: Any = None,
    average: str | None = "macro",
    sample_weight: Any = None,
) -> float | Floats:
    r"""Compute the demographic parity difference.

    For groups :math:`a` it is :math:`\max_a P(\hat y = 1 | a) - \min_a P(\hat y = 1 |
    a)`, between 0 (equal selection rates) and 1; with two groups eq. 1 of [1]_.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels; only which labels there are matters.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Sensitive features; several columns are intersected.
    pos_label : label, default=None
        The class whose rates are compared. None: of two classes the second of the
        sorted labels; of more, each class against the rest, see `average`.
    average : {"macro", "max"} or None, default="macro"
        With more than two classes the mean or the largest of their differences, or
        None for an array of them in the order of the sorted labels. No effect
        otherwise.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    float or ndarray of shape (n_classes,)
        The difference; NaN if a group has no rows of positive weight.

    Raises
    ------
    ValueError
        On unequal lengths, unknown options and predictions that are not labels.

    Warns
    -----
    UndefinedRateWarning
        If there is one group only, or a rate has no rows: the result is NaN.

    References
    ----------
    .. [1] T. Li et al., "RUNNER: Responsible UNfair NEuron Repair for Enhancing Deep
       Neural Network Fairness", ICSE 2024.

    Examples
    --------
    >>> delta_dp([0, 1, 0, 1], [1, 1, 1, 0], sensitive_features=["a", "a", "b", "b"])
    0.5
    """
    return label_gap(
        "demographic_parity",
        y_true,
        y_pred,
        sensitive_features,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
    )


def delta_eo(
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any,
    agg: str = "sum",
    pos_label: Any = None,
    average: str | None = "macro",
    sample_weight: Any = None,
) -> float | Floats:
    r"""Compute the equalized odds difference.

    The differences between groups (largest less smallest) in true and in false positive
    rate are added: eq. 2 of [1]_ for two groups. fairlearn's default, the larger of the
    two, is ``agg="max"``; its ``agg="mean"`` is the same as here.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Sensitive features; several columns are intersected.
    agg : {"sum", "max", "mean"}, default="sum"
        How the two differences become one number: between 0 and 2 for "sum", else
        between 0 and 1.
    pos_label : label, default=None
        The class whose rates are compared. None: of two classes the second of the
        sorted labels; of more, each class against the rest, see `average`.
    average : {"macro", "max"} or None, default="macro"
        With more than two classes the mean or the largest of their differences, or
        None for an array of them in the order of the sorted labels. No effect
        otherwise.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    float or ndarray of shape (n_classes,)
        The difference; NaN if a group has no row with a label that is required.

    Raises
    ------
    ValueError
        On unequal lengths, unknown options and predictions that are not labels.

    Warns
    -----
    UndefinedRateWarning
        If there is one group only, or a rate has no rows: the result is NaN.

    References
    ----------
    .. [1] T. Li et al., "RUNNER: Responsible UNfair NEuron Repair for Enhancing Deep
       Neural Network Fairness", ICSE 2024.

    Examples
    --------
    >>> y_true, y_pred = [0, 1, 0, 1], [0, 1, 1, 1]
    >>> delta_eo(y_true, y_pred, sensitive_features=["a", "a", "b", "b"])
    1.0
    >>> delta_eo(y_true, y_pred, sensitive_features=["a", "a", "b", "b"], agg="mean")
    0.5
    """
    return label_gap(
        "equalized_odds",
        y_true,
        y_pred,
        sensitive_features,
        agg=agg,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
    )
