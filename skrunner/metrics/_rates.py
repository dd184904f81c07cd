"""One table of counts, and the rates that follow from it.

Owns the arithmetic of the room: plain integer codes in, arrays out, no pandas and no
loop over rows or groups, so that a training loop can afford it at every epoch.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


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
