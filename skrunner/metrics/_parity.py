"""From the rates of groups to the gap of a constraint, fast and without a warning."""

import numpy as np

from skrunner.groups import check_constraints
from skrunner.metrics._rates import Codes, Floats, GroupRates, group_rates

# The rates (fields of GroupRates) whose differences between groups make a gap.
REQUIRED_RATES = {
    "demographic_parity": ("selection",),
    "equalized_odds": ("true_positive", "false_positive"),
    "true_positive_rate_parity": ("true_positive",),
    "false_positive_rate_parity": ("false_positive",),
}


def rate_differences(constraints: str, rates: GroupRates) -> Floats:
    """Take the differences between groups of the rates that a constraint compares.

    Parameters
    ----------
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``.
    rates : GroupRates
        The rates of each group.

    Returns
    -------
    ndarray of shape (n_rates, ..., n_classes)
        Largest less smallest rate over the groups, NaN if a group's rate is; two rates
        (true, then false positive) for equalized odds, else one.
    """
    required = REQUIRED_RATES[check_constraints(constraints)]
    return np.stack([np.ptp(getattr(rates, name), axis=-2) for name in required])


def parity_gap(
    constraints: str,
    y_true_codes: Codes,
    y_pred_codes: Codes,
    group_codes: Codes,
    *,
    n_groups: int,
    n_classes: int,
    sample_weight: Floats | None = None,
) -> float:
    """Compute the gap of a constraint from codes, fast and without a warning.

    The number is that of `delta_dp`, of `delta_eo` with ``agg="sum"``, or of the
    difference in one rate: what the history of a training and the choice of an epoch
    are made of.

    Parameters
    ----------
    constraints : {"demographic_parity", "equalized_odds", \
            "true_positive_rate_parity", "false_positive_rate_parity"}
        The rates to compare; equalized odds adds the differences in true and in false
        positive rates.
    y_true_codes, y_pred_codes : ndarray of int of shape (n_samples,)
        Label and prediction codes, from 0 to ``n_classes - 1``.
    group_codes : ndarray of int of shape (n_samples,)
        Group codes, from 0 to ``n_groups - 1``.
    n_groups, n_classes : int
        Number of groups and of classes. Two classes: the rates of class 1; more: the
        mean over the classes, each against the rest.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the rows; None counts each once.

    Returns
    -------
    float
        The gap; 0 means equal rates, NaN that a required rate has no rows.

    Raises
    ------
    ValueError
        If `constraints` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0, 1, 0, 1], [0, 1, 1, 1]])
    >>> groups = np.array([0, 0, 1, 1])
    >>> parity_gap("equalized_odds", y_true, y_pred, groups, n_groups=2, n_classes=2)
    1.0
    """
    rates = group_rates(
        y_true_codes,
        y_pred_codes,
        group_codes,
        n_groups=n_groups,
        n_classes=n_classes,
        sample_weight=sample_weight,
    )
    gaps = rate_differences(constraints, rates).sum(axis=0)
    return float(gaps[1] if n_classes == 2 else gaps.mean())
