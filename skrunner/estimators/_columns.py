"""Which columns of X the net sees, and which are sensitive features."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_features, validate_data

COLUMNS_HELP = (
    "Keep a DataFrame through the pipeline with set_output(transform='pandas'), pass "
    "positions, or pass a callable."
)


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
        If a column does not exist.
    """
    validate_data(estimator, X, skip_check_array=True, reset=reset)
    columns = estimator.sensitive_columns
    estimator._sensitive_positions = _positions(columns, X)  # noqa: SLF001 (same room)
    return drop_sensitive_columns(estimator, X), take_columns(columns, X)


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
    return _safe_indexing(X, _positions(columns, X), axis=1)


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
    if estimator.keep_sensitive:
        return X
    positions = estimator._sensitive_positions  # noqa: SLF001 (same room)
    kept = np.setdiff1d(np.arange(_num_features(X)), positions)
    if not len(kept):
        raise ValueError(
            "X has no other columns than the sensitive ones, so that none is left for "
            "the net. Add columns, or pass keep_sensitive=True."
        )
    return _safe_indexing(X, kept.tolist(), axis=1)


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
    if _lacks_sensitive(estimator, X):
        return X
    validate_data(estimator, X, skip_check_array=True, reset=False)
    return drop_sensitive_columns(estimator, X)


def _lacks_sensitive(estimator: Any, X: Any) -> bool:
    if estimator.keep_sensitive:
        return False
    positions = estimator._sensitive_positions  # noqa: SLF001 (same room)
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and hasattr(X, "columns"):
        return list(X.columns) == np.delete(names, positions).tolist()
    return bool(_num_features(X) == estimator.n_features_in_ - len(positions))


def _listed(columns: Any) -> list[str | int]:
    one = isinstance(columns, str) or not hasattr(columns, "__iter__")
    wanted = [columns] if one else list(columns)
    for column in wanted:
        named = isinstance(column, (str, int, np.integer))
        if not named or isinstance(column, bool):  # True would mean column 1
            raise ValueError(
                "sensitive_columns must hold names or positions of columns, or be a "
                f"callable; got {column!r} of type {type(column).__name__}."
            )
    return wanted


def _positions(columns: Any, X: Any) -> list[int]:
    wanted = _listed(columns)
    names = list(X.columns) if hasattr(X, "columns") else None
    n_features = _num_features(X)
    positions = []
    for column in wanted:
        if isinstance(column, str) and names is None:
            raise ValueError(
                f"sensitive_columns names {column!r}, but X is a "
                f"{type(X).__name__} without column names. {COLUMNS_HELP}"
            )
        known: Sequence[Any] = range(n_features)
        if isinstance(column, str) and names is not None:
            known = names
        if column not in known:
            listed = (
                f"0 to {n_features - 1}"
                if names is None
                else ", ".join(map(str, names))
            )
            raise ValueError(
                f"sensitive_columns holds {column!r}, which is not a column of X. "
                f"Known: {listed}."
            )
        positions.append(list(known).index(column))
    return positions
