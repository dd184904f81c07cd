"""Which columns of X the net sees, and which are sensitive features."""

from typing import Any

import numpy as np
from sklearn.utils.validation import _num_features, validate_data

from skrunner.groups import find_columns, pick_columns

_PARAMETER = "sensitive_columns"


def has_named_columns(estimator: Any) -> bool:
    """Tell whether `sensitive_columns` names columns of X.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds `sensitive_columns`.

    Returns
    -------
    bool
        False for None and for a callable.
    """
    columns = estimator.sensitive_columns
    return columns is not None and not callable(columns)


def take_sensitive_columns(estimator: Any, X: Any, *, reset: bool) -> tuple[Any, Any]:
    """Split raw X at fit into the net's columns and the sensitive features.

    Records ``n_features_in_`` and ``feature_names_in_`` of raw X.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds `sensitive_columns` and `keep_sensitive`.
    X : array-like of shape (n_samples, n_features)
        Raw X.
    reset : bool
        Whether names and number of the columns are learned or compared.

    Returns
    -------
    X : array-like of shape (n_samples, net_n_features)
        What the net sees, not validated yet.
    sensitive_features : array-like of shape (n_samples, n_sensitive)
        The columns.

    Raises
    ------
    ValueError
        If a column does not exist, or the net was trained with other columns.
    """
    validate_data(estimator, X, skip_check_array=True, reset=reset)
    positions = find_columns(estimator.sensitive_columns, X, _PARAMETER)
    if not reset:
        check_same_columns(estimator, positions)
    estimator._sensitive_positions = positions  # noqa: SLF001 (same room)
    estimator._keeps_sensitive = estimator.keep_sensitive  # noqa: SLF001 (same room)
    return drop_sensitive_columns(estimator, X), pick_columns(X, positions)


def check_same_columns(estimator: Any, positions: list[int] | None) -> None:
    """Refuse to train a net further that has seen other columns.

    Parameters
    ----------
    estimator : BaseNetClassifier
        A fitted estimator.
    positions : list of int or None
        Of the sensitive columns now; None if there are none.

    Raises
    ------
    ValueError
        If the sensitive columns, or whether the net sees them, are not those of before.
    """
    before = getattr(estimator, "_sensitive_positions", None)
    kept = getattr(estimator, "_keeps_sensitive", estimator.keep_sensitive)
    if positions != before or (before and kept != estimator.keep_sensitive):
        raise ValueError(
            "sensitive_columns or keep_sensitive changed since the net was trained, "
            "which saw other columns. Set them back, or fit a new one "
            "(warm_start=False)."
        )


def take_columns(columns: Any, X: Any) -> Any:
    """Select columns by name or position.

    Parameters
    ----------
    columns : str, int or list of them
        Names or positions.
    X : array-like of shape (n_samples, n_features)
        Raw X.

    Returns
    -------
    array-like of shape (n_samples, n_columns)
        The columns.
    """
    return pick_columns(X, find_columns(columns, X, _PARAMETER))


def drop_sensitive_columns(estimator: Any, X: Any) -> Any:
    """Drop the sensitive columns from raw X, unless they are kept.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Knows the positions.
    X : array-like of shape (n_samples, n_features)
        Raw X with all columns.

    Returns
    -------
    array-like of shape (n_samples, net_n_features)
        What the net sees.
    """
    if estimator._keeps_sensitive:  # noqa: SLF001 (same room)
        return X
    positions = estimator._sensitive_positions  # noqa: SLF001 (same room)
    kept = np.setdiff1d(np.arange(_num_features(X)), positions)
    if not len(kept):
        raise ValueError(
            "X has no other columns than the sensitive ones, so that none is left for "
            "the net. Add columns, or pass keep_sensitive=True."
        )
    return pick_columns(X, kept.tolist())


def net_columns(estimator: Any, X: Any) -> Any:
    """Take the net's columns of X at prediction; sensitive columns may be absent.

    Parameters
    ----------
    estimator : BaseNetClassifier
        A fitted estimator.
    X : array-like of shape (n_samples, n_features) or (n_samples, net_n_features)
        Raw X, or raw X without the sensitive columns.

    Returns
    -------
    array-like of shape (n_samples, net_n_features)
        What the net sees, not validated yet.
    """
    if lacks_sensitive(estimator, X):
        return X
    validate_data(estimator, X, skip_check_array=True, reset=False)
    return drop_sensitive_columns(estimator, X)


def lacks_sensitive(estimator: Any, X: Any) -> bool:
    """Tell whether X comes without the sensitive columns, which the net does not see.

    Parameters
    ----------
    estimator : BaseNetClassifier
        A fitted estimator.
    X : array-like of shape (n_samples, n_features)
        Raw X.

    Returns
    -------
    bool
        By names where there are some, else by the number of columns.
    """
    if getattr(estimator, "_keeps_sensitive", True):
        return False
    positions = estimator._sensitive_positions  # noqa: SLF001 (same room)
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and hasattr(X, "columns"):
        return list(X.columns) == np.delete(names, positions).tolist()
    return bool(_num_features(X) == estimator.n_features_in_ - len(positions))
