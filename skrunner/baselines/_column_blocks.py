"""Which columns hold categories, and which of them belong together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


def find_two_valued(X: npt.NDArray[Any]) -> Indices:
    """Find the columns with at most two different values: indicators, however scaled.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    ndarray of int
        Their positions.

    Examples
    --------
    >>> find_two_valued(np.array([[0.0, 1.0, -0.5], [1.0, 2.0, 2.0], [1.0, 3.0, 2.0]]))
    array([0, 2])
    """
    two = (X.min(axis=0) == X) | (X.max(axis=0) == X)
    return np.flatnonzero(two.all(axis=0))


def read_blocks(
    given: Any, n_features: int, names: Sequence[str] | None
) -> list[Indices]:
    """Turn what the user says of categorical columns into positions.

    Parameters
    ----------
    given : array-like
        A mask of all columns, positions or names, or lists of positions or names.
    n_features : int
        Columns of X.
    names : sequence of str or None
        Their names, if X has some.

    Returns
    -------
    list of ndarray of int
        The positions of each block; a flat list is one block.

    Raises
    ------
    ValueError
        If a mask has another length, if a column does not exist or comes twice.
    """
    items = list(given)
    if items and all(isinstance(item, (bool, np.bool_)) for item in items):
        if len(items) != n_features:
            raise ValueError(
                f"categorical_features is a mask of {len(items)} column(s), but X has "
                f"{n_features}. Pass a mask of all columns, or positions."
            )
        return [np.flatnonzero(items)]
    nested = [_is_list(item) for item in items]
    if any(nested) and not all(nested):
        raise ValueError(
            "categorical_features mixes columns and lists of columns. Put a column "
            "that is a block by itself into a list of its own."
        )
    lists = items if any(nested) else [items]
    blocks = [
        np.array([_position(item, n_features, names) for item in block], np.int64)
        for block in lists
    ]
    columns, counts = np.unique(np.concatenate(blocks), return_counts=True)
    if (counts > 1).any():
        raise ValueError(
            "categorical_features holds column(s) more than once: "
            f"{columns[counts > 1].tolist()}. Name each column once."
        )
    return blocks


def _is_list(item: Any) -> bool:
    return isinstance(item, (list, tuple, np.ndarray))


def _position(item: Any, n_features: int, names: Sequence[str] | None) -> int:
    if isinstance(item, str) and names is None:
        raise ValueError(
            f"categorical_features names {item!r}, but X has no column names. Pass a "
            "DataFrame, or positions."
        )
    known: Sequence[Any] = range(n_features)
    if isinstance(item, str) and names is not None:
        known = list(names)
    if isinstance(item, (bool, np.bool_)) or item not in known:
        listed = (
            f"positions 0 to {n_features - 1}"
            if isinstance(known, range)
            else ", ".join(known)
        )
        raise ValueError(
            f"categorical_features holds {item!r}, which is not a column of X. Known: "
            f"{listed}."
        )
    return known.index(item)
