"""The labels of a fit become codes."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets


def check_labels(y: Any, classes: Any) -> tuple[Any, Any]:
    """Validate and encode the labels of a fit.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels of any type.
    classes : array-like of shape (n_classes,) or None
        All labels that may come; None takes those in `y`.

    Returns
    -------
    codes : ndarray of int64 of shape (n_samples,)
        Places in `classes`.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.

    Raises
    ------
    ValueError
        On missing or unknown labels, and on a single class.
    """
    labels = column_or_1d(y, warn=True)
    missing = int(pd.isna(labels).sum())
    if missing:
        raise ValueError(f"Input y contains NaN: {missing} of {len(labels)} labels.")
    assert_all_finite(labels, input_name="y")
    found = LabelEncoder().fit(labels)  # it refuses strings among numbers by name
    check_classification_targets(labels)
    if classes is None:
        classes, codes = found.classes_, found.transform(labels)
    else:
        classes = np.unique(classes)
        codes = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
        if (classes[codes] != labels).any():
            unknown = np.setdiff1d(labels, classes).tolist()
            raise ValueError(
                f"y holds labels that are not in classes: {unknown}. Known classes: "
                f"{classes.tolist()}."
            )
    if len(classes) < 2:
        raise ValueError(
            f"y has one class ({classes.tolist()}); a classifier needs at least two. "
            "Check the filter or the split that made y."
        )
    return codes.astype(np.int64), classes
