"""What is accepted as an index of rows, in place of NumPy's many kinds of index."""

from typing import Any

import numpy as np


def several(rows: Any) -> Any:
    """Turn a single row number into a list of one.

    Parameters
    ----------
    rows : object
        An index of rows.

    Returns
    -------
    object
        An index that selects, and does not take out, rows.
    """
    return [rows] if np.ndim(rows) == 0 and not isinstance(rows, slice) else rows


def row_key(key: Any) -> Any:
    """Take the rows from an index, which may be followed by all of the other axes.

    Parameters
    ----------
    key : object
        What was written between brackets.

    Returns
    -------
    int, slice or ndarray of int or bool
        An index of rows, for NumPy.

    Raises
    ------
    IndexError
        If it selects anything but rows.
    """
    if isinstance(key, tuple):
        whole = (Ellipsis, slice(None))
        if not key or not all(
            isinstance(part, type(Ellipsis) | slice) and part in whole
            for part in key[1:]
        ):
            raise IndexError(
                "ImageRows is indexed by rows only. Decode first for pixels: "
                "images[rows].decode()[:, channel]."
            )
        key = key[0]
    if key is Ellipsis:
        return slice(None)
    if isinstance(key, slice):
        return key
    index = np.asarray(key)
    if not index.size and index.ndim == 1 and index.dtype != bool:
        index = index.astype(np.intp)
    kinds = "iub" if index.ndim else "iu"
    if index.ndim > 1 or index.dtype.kind not in kinds:
        raise IndexError(
            "rows must be a number, a slice, or a flat array of integers or booleans, "
            f"got {key!r}."
        )
    return index[()]
