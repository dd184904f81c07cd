"""Which columns of X hold sensitive features: by name, or by position."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_features

_HELP = (
    "Keep a DataFrame through the pipeline with set_output(transform='pandas'), pass "
    "positions, or pass a callable."
)


def find_columns(columns: Any, X: Any, parameter: str) -> list[int]:
    """Find columns of X as scikit-learn does: strings are names, integers positions.

    Parameters
    ----------
    columns : str, int or list of them
        Names or positions.
    X : array-like of shape (n_samples, n_features)
        The rows.
    parameter : str
        What the caller calls `columns`, for the errors.

    Returns
    -------
    list of int
        The positions.

    Raises
    ------
    ValueError
        If a column does not exist, or has no name.
    """
    names = list(X.columns) if hasattr(X, "columns") else None
    positions = range(_num_features(X))
    found = []
    for column in _listed(columns, parameter):
        if isinstance(column, str) and names is None:
            raise ValueError(
                f"{parameter} names {column!r}, but X is a {type(X).__name__} without "
                f"column names. {_HELP}"
            )
        known: Sequence[Any] = names if isinstance(column, str) and names else positions
        if column not in known:
            listed = (
                ", ".join(map(str, names)) if names else f"0 to {len(positions) - 1}"
            )
            raise ValueError(
                f"{parameter} holds {column!r}, which is not a column of X. "
                f"Known: {listed}."
            )
        found.append(known.index(column))
    return found


def pick_columns(X: Any, positions: int | list[int]) -> Any:
    """Select columns by position.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The rows; lists of rows become an array.
    positions : int or list of int
        The columns.

    Returns
    -------
    array-like of shape (n_samples, n_columns), or (n_samples,) for an int
        The columns, of the kind of `X`.
    """
    rows = np.asarray(X) if isinstance(X, list | tuple) else X
    return _safe_indexing(rows, positions, axis=1)


def _listed(columns: Any, parameter: str) -> list[str | int]:
    one = isinstance(columns, str) or not hasattr(columns, "__iter__")
    wanted = [columns] if one else list(columns)
    for column in wanted:
        named = isinstance(column, (str, int, np.integer))
        if not named or isinstance(column, bool):  # True would mean column 1
            raise ValueError(
                f"{parameter} must hold names or positions of columns, or be a "
                f"callable; got {column!r} of type {type(column).__name__}."
            )
    return wanted
