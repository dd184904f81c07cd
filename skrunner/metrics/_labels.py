"""Labels become codes, scores columns; the classes to measure are settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import unique_labels

from skrunner.metrics._rates import Codes, Floats

# Lone labels that have a customary opposite: scikit-learn's convention.
_CUSTOMARY = ([0, 1], [-1, 1])


@dataclass(frozen=True)
class LabelEncoding:
    """Labels and predictions as codes.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    y_true, y_pred : ndarray of int of shape (n_samples,)
        Indices into `classes`.
    measured : ndarray of int
        The classes whose rates are measured against the rest.
    """

    classes: npt.NDArray[Any]
    y_true: Codes
    y_pred: Codes
    measured: Codes


def encode_labels(
    y_true: Any,
    y_pred: Any,
    *,
    pos_label: Any = None,
    classes: Sequence[Any] | None = None,
) -> LabelEncoding:
    """Encode labels and predictions by the labels that occur in either.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        Labels and predicted labels.
    pos_label : label, default=None
        The one class to measure. None: of two classes the second of the sorted labels,
        of more every one.
    classes : sequence of labels, default=None
        Labels known beforehand, as an estimator's ``classes_``; others may join them.

    Returns
    -------
    LabelEncoding
        Codes and classes.

    Raises
    ------
    ValueError
        On labels of unequal length or of another kind (probabilities), that are
        missing, on a
        `pos_label` that does not occur, and on a lone label whose opposite is unknown.
    """
    y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
    for name, labels in (("y_true", y_true), ("y_pred", y_pred)):
        missing = int(pd.isna(labels).sum())
        if missing:
            raise ValueError(f"{name} misses {missing} of {len(labels)} labels.")
    check_consistent_length(y_true, y_pred)
    known = [y_true, y_pred] if classes is None else [y_true, y_pred, classes]
    labels = complete_labels(unique_labels(*known), pos_label)
    return LabelEncoding(
        labels,
        np.searchsorted(labels, y_true),
        np.searchsorted(labels, y_pred),
        measured_classes(labels, pos_label),
    )


def complete_labels(labels: npt.NDArray[Any], pos_label: Any) -> npt.NDArray[Any]:
    """Add the opposite of a lone label, where it has one.

    Parameters
    ----------
    labels : ndarray
        Sorted labels.
    pos_label : label or None
        The positive class, if the user named it.

    Returns
    -------
    ndarray
        The labels; two unless the lone one is `pos_label` itself.

    Raises
    ------
    ValueError
        If there is none, or one label, other than 0, 1 and -1, and no `pos_label`.
    """
    if not len(labels):
        raise ValueError("y_true and y_pred have no rows. Pass at least one.")
    if len(labels) != 1:
        return labels
    if pos_label is not None:
        return np.unique(np.asarray([labels[0], pos_label]))
    for customary in _CUSTOMARY:
        if labels[0] in customary:
            return np.asarray(customary)
    raise ValueError(
        f"All labels and predictions are {labels[0]!r}, so the positive class is "
        "unknown. Pass pos_label."
    )


def measured_classes(labels: npt.NDArray[Any], pos_label: Any) -> Codes:
    """Tell which classes a gap is measured for.

    Parameters
    ----------
    labels : ndarray
        Sorted labels.
    pos_label : label or None
        The class the user named.

    Returns
    -------
    ndarray of int
        Indices into `labels`.

    Raises
    ------
    ValueError
        If `pos_label` is not a label.
    """
    if pos_label is None:
        return np.arange(len(labels)) if len(labels) > 2 else np.array([1])
    found = np.flatnonzero(labels == pos_label)
    if len(found) == 0:
        raise ValueError(
            f"pos_label={pos_label!r} is not a label. Pass one of: "
            f"{', '.join(map(str, labels))}."
        )
    return found


def score_columns(y_score: Any, labels: LabelEncoding) -> Floats:
    """Pick the score of each measured class.

    Parameters
    ----------
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes)
        Scores.
    labels : LabelEncoding
        The labels.

    Returns
    -------
    ndarray of float64 of shape (n_samples, n_measured)
        The scores.

    Raises
    ------
    ValueError
        If the number of columns does not fit the labels.
    """
    scores: Floats = check_array(y_score, ensure_2d=False, dtype=np.float64)
    check_consistent_length(labels.y_true, scores)
    if scores.ndim == 1 and len(labels.measured) == 1:
        return scores[:, None]
    if scores.ndim == 2 and scores.shape[1] == len(labels.classes):
        return scores[:, labels.measured]
    raise ValueError(
        f"y_score has shape {scores.shape}, but there are {len(labels.classes)} labels "
        f"({', '.join(map(str, labels.classes))}). Pass one column for each label, or "
        "one score a row with two labels or with pos_label."
    )
