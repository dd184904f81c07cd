"""Differences over all thresholds of a score: strong demographic parity and its kin."""

from typing import Any

from skrunner.metrics._rates import Floats
from skrunner.metrics._score_gaps import score_gap


def strong_delta_dp(
    y_true: Any,
    y_score: Any,
    *,
    sensitive_features: Any,
    n_thresholds: int = 9,
    pos_label: Any = None,
    average: str | None = "macro",
    sample_weight: Any = None,
) -> float | Floats:
    r"""Compute the mean demographic parity difference over thresholds of the score.

    With T thresholds, the j-th, :math:`t_j`, is the :math:`j / (T + 1)` quantile of the
    scores of all rows (.1 to .9 by default, weights ignored), and the result is
    :math:`\frac{1}{T} \sum_j [\max_a P(s > t_j | a) - \min_a P(s > t_j | a)]`. It does
    not change under increasing transformations of the score, and is 0 only if the
    groups' scores agree at every threshold: strong demographic parity [1]_, whose own
    measure takes the thresholds uniform on [0, 1].

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels; only which labels there are matters.
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes)
        Scores of the positive class, or of each class in the order of the sorted
        labels.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Sensitive features; several columns are intersected.
    n_thresholds : int, default=9
        Number of thresholds.
    pos_label : label, default=None
        The class that is scored, see `delta_dp`.
    average : {"macro", "max"} or None, default="macro"
        What becomes of more than two classes, see `delta_dp`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    float or ndarray of shape (n_classes,)
        The mean difference, between 0 and 1; NaN if a rate has no rows.

    Raises
    ------
    ValueError
        On unequal lengths, unknown options and scores that do not match the classes.

    Warns
    -----
    UndefinedRateWarning
        If there is one group only, or a rate has no rows: the result is NaN.

    References
    ----------
    .. [1] R. Jiang et al., "Wasserstein Fair Classification", UAI 2020.

    Examples
    --------
    >>> y_true, y_score = [0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9]
    >>> groups = ["a", "a", "b", "b"]
    >>> strong_delta_dp(y_true, y_score, sensitive_features=groups, n_thresholds=1)
    1.0
    """
    return score_gap(
        "demographic_parity",
        y_true,
        y_score,
        sensitive_features,
        n_thresholds=n_thresholds,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
    )


def strong_delta_eo(
    y_true: Any,
    y_score: Any,
    *,
    sensitive_features: Any,
    n_thresholds: int = 9,
    agg: str = "sum",
    pos_label: Any = None,
    average: str | None = "macro",
    sample_weight: Any = None,
) -> float | Floats:
    """Compute the mean equalized odds difference over thresholds of the score.

    As `strong_delta_dp`, with `delta_eo` in place of `delta_dp` at each threshold.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes)
        Scores of the positive class, or of each class in the order of the sorted
        labels.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Sensitive features; several columns are intersected.
    n_thresholds : int, default=9
        Number of thresholds, at equally spaced quantiles of the scores of all rows.
    agg : {"sum", "max", "mean"}, default="sum"
        How the differences in true and false positive rates become one number.
    pos_label : label, default=None
        The class that is scored, see `delta_dp`.
    average : {"macro", "max"} or None, default="macro"
        What becomes of more than two classes, see `delta_dp`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    float or ndarray of shape (n_classes,)
        The mean difference; NaN if a rate has no rows.

    Raises
    ------
    ValueError
        On unequal lengths, unknown options and scores that do not match the classes.

    Warns
    -----
    UndefinedRateWarning
        If there is one group only, or a rate has no rows: the result is NaN.

    Examples
    --------
    >>> y_true, y_score = [0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9]
    >>> groups = ["a", "a", "b", "b"]
    >>> strong_delta_eo(y_true, y_score, sensitive_features=groups, n_thresholds=1)
    2.0
    """
    return score_gap(
        "equalized_odds",
        y_true,
        y_score,
        sensitive_features,
        n_thresholds=n_thresholds,
        agg=agg,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
    )
