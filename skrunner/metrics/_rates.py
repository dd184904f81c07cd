"""One table of counts, and the rates and gaps that follow from it.

Owns the arithmetic of the room: plain integer codes in, arrays out, no pandas and no
loop over rows or groups, so that a training loop can afford it at every epoch.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skrunner.groups import check_constraints

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# The rates (fields of GroupRates) whose differences between groups make a gap.
REQUIRED_RATES = {
    "demographic_parity": ("selection",),
    "equalized_odds": ("true_positive", "false_positive"),
    "true_positive_rate_parity": ("true_positive",),
    "false_positive_rate_parity": ("false_positive",),
}


class GroupRates(NamedTuple):
    """Rates of each group, one class against the rest.

    Attributes
    ----------
    selection : ndarray of shape (..., n_groups, n_classes)
        Share of the group's rows that are predicted to be of the class.
    true_positive : ndarray of shape (..., n_groups, n_classes)
        The same share among the rows that are of the class.
    false_positive : ndarray of shape (..., n_groups, n_classes)
        The same share among the rows that are not of the class.
    """

    selection: Floats
    true_positive: Floats
    false_positive: Floats


def group_counts(
    y_true_codes: Codes,
    y_pred_codes: Codes,
    group_codes: Codes,
    *,
    n_groups: int,
    n_classes: int,
    sample_weight: Floats | None = None,
) -> Floats:
    """Count the rows, or add up their weights, by group, label and prediction.

    Parameters
    ----------
    y_true_codes, y_pred_codes, group_codes : ndarray of int of shape (n_samples,)
        Codes of labels, predictions and groups, counted from 0.
    n_groups, n_classes : int
        Number of groups and of classes.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the rows; None counts each once.

    Returns
    -------
    ndarray of float64 of shape (n_groups, n_classes, n_classes)
        A confusion matrix for each group: labels in rows, predictions in columns.
    """
    cells = (group_codes * n_classes + y_true_codes) * n_classes + y_pred_codes
    shape = (n_groups, n_classes, n_classes)
    flat = np.bincount(cells, weights=sample_weight, minlength=np.prod(shape))
    return flat.reshape(shape).astype(np.float64, copy=False)


def rate_denominators(label_counts: Floats) -> GroupRates:
    """Tell how many rows each rate is taken over.

    Parameters
    ----------
    label_counts : ndarray of shape (..., n_groups, n_classes)
        Rows, or their weight, of each group and label.

    Returns
    -------
    GroupRates
        The rows of the group, those of the class and those of the rest.
    """
    rows = label_counts.sum(axis=-1, keepdims=True)
    return GroupRates(
        selection=np.broadcast_to(rows, label_counts.shape),
        true_positive=label_counts,
        false_positive=label_counts @ _rest(label_counts.shape[-1]),
    )


def rates_of_counts(counts: Floats) -> GroupRates:
    """Turn confusion matrices of groups into rates.

    Parameters
    ----------
    counts : ndarray of shape (..., n_groups, n_classes, n_classes)
        As from `group_counts`.

    Returns
    -------
    GroupRates
        The rates; NaN where there is no row to take them from.
    """
    hits = GroupRates(
        selection=counts.sum(axis=-2),
        true_positive=np.diagonal(counts, axis1=-2, axis2=-1),
        false_positive=np.einsum("...yp,yp->...p", counts, _rest(counts.shape[-1])),
    )
    rows = rate_denominators(counts.sum(axis=-1))
    return GroupRates(*map(divide, hits, rows))


def group_rates(
    y_true_codes: Codes,
    y_pred_codes: Codes,
    group_codes: Codes,
    *,
    n_groups: int,
    n_classes: int,
    sample_weight: Floats | None = None,
) -> GroupRates:
    """Compute the selection, true and false positive rates of each group and class.

    Parameters
    ----------
    y_true_codes, y_pred_codes, group_codes : ndarray of int of shape (n_samples,)
        Codes of labels, predictions and groups, counted from 0.
    n_groups, n_classes : int
        Number of groups and of classes.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the rows; None counts each once.

    Returns
    -------
    GroupRates
        The rates; NaN where there is no row to take them from.
    """
    counts = group_counts(
        y_true_codes,
        y_pred_codes,
        group_codes,
        n_groups=n_groups,
        n_classes=n_classes,
        sample_weight=sample_weight,
    )
    return rates_of_counts(counts)


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


def divide(hits: Floats, rows: Floats) -> Floats:
    """Divide, with NaN where there is nothing to divide by.

    Parameters
    ----------
    hits, rows : ndarray of equal shapes
        Numerators and denominators.

    Returns
    -------
    ndarray of the same shape
        The quotients.
    """
    rates = np.full(hits.shape, np.nan)
    np.divide(hits, rows, out=rates, where=rows > 0)
    return rates


def _rest(n_classes: int) -> Floats:
    # Adding the other classes up, unlike subtracting one, leaves no residue of weights.
    return 1.0 - np.eye(n_classes)
