"""How many rows a group and a cell (group and label) have, and whether they suffice."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from skrunner.exceptions import SmallGroupWarning
from skrunner.groups._constraints import label_conditions
from skrunner.groups._encoding import GroupEncoding


def cell_counts(
    codes: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
    n_groups: int,
    n_classes: int,
) -> npt.NDArray[np.int64]:
    """Count the rows of each cell.

    Parameters
    ----------
    codes : ndarray of int of shape (n_samples,)
        Group codes.
    labels : ndarray of int of shape (n_samples,)
        Label codes.
    n_groups, n_classes : int
        Number of groups and of classes.

    Returns
    -------
    ndarray of int of shape (n_groups, n_classes)
        The counts.
    """
    flat = np.bincount(codes * n_classes + labels, minlength=n_groups * n_classes)
    return flat.reshape(n_groups, n_classes)


def check_group_sizes(
    groups: GroupEncoding,
    labels: npt.NDArray[np.int64],
    classes: Sequence[object],
    *,
    constraints: str,
    min_group_size: int = 20,
    min_cell_size: int = 5,
    weight: Any = None,
) -> npt.NDArray[np.int64]:
    """Refuse a single group; warn of groups and cells that are too small.

    Parameters
    ----------
    groups : GroupEncoding
        The groups of the rows.
    labels : ndarray of int of shape (n_samples,)
        Label codes, indices into `classes`.
    classes : sequence
        The labels as the user knows them, for messages.
    constraints : str
        One of ``CONSTRAINTS``: small cells matter only where it conditions on labels.
    min_group_size : int, default=20
        Rows of a group below which a warning names it.
    min_cell_size : int, default=5
        Rows of a cell below which a warning names it; empty cells of any label that
        occurs are named too, unless this is 0.
    weight : ndarray of shape (n_samples,) or None, default=None
        Weights of the rows; those of weight 0 do not count.

    Returns
    -------
    ndarray of int of shape (n_groups, n_classes)
        Rows of each cell.

    Raises
    ------
    ValueError
        If there are fewer than two groups, or rows of weight 0 are all that others
        than one have.

    Warns
    -----
    SmallGroupWarning
        If a group or a cell is too small, or only one of the groups has rows; an empty
        cell has no rate to compare.
    """
    if groups.n_groups < 2:
        raise ValueError(
            f"sensitive_features has one group ({', '.join(groups.names)}); a gap "
            "needs at least two. Pass a feature that varies, or train NetClassifier "
            "without sensitive_features."
        )
    some = slice(None) if weight is None else np.asarray(weight) > 0
    counts = cell_counts(
        groups.codes[some], labels[some], groups.n_groups, len(classes)
    )
    if (counts.sum(axis=1) > 0).sum() < 2:
        _check_why_one(groups)
        return counts
    small = [
        f"{name} ({size} rows)"
        for name, size in zip(groups.names, counts.sum(axis=1), strict=True)
        if size < min_group_size
    ]
    if small:
        _warn(f"Group(s) with fewer than min_group_size={min_group_size} rows: ", small)
    _warn_of_cells(groups, counts, classes, constraints, min_cell_size)
    return counts


def _check_why_one(groups: GroupEncoding) -> None:
    """Refuse weights that leave one group, and warn of rows that are of one."""
    present = np.unique(groups.codes)
    if len(present) > 1:
        raise ValueError(
            "sample_weight is 0 for all rows but those of one group; a gap needs at "
            "least two. Give rows of other groups a weight, or train NetClassifier "
            "without sensitive_features."
        )
    # A chunk of rows, whose other groups are known from those before.
    warnings.warn(
        f"All rows are of one group ({groups.names[int(present[0])]}), so that nothing "
        "is compared with them. Pass rows of other groups beside them.",
        SmallGroupWarning,
        stacklevel=4,
    )


def _warn_of_cells(
    groups: GroupEncoding,
    counts: npt.NDArray[np.int64],
    classes: Sequence[object],
    constraints: str,
    min_cell_size: int,
) -> None:
    parity = constraints == "demographic_parity"
    needed = not parity and label_conditions(constraints, len(classes)).any(axis=0)
    few = (counts < min_cell_size) & needed
    empty = _names(groups, classes, few & (counts == 0))
    small = _names(groups, classes, few & (counts > 0), counts)
    # No rate hangs on the other labels, but a group without one gives labels away.
    occurs = (counts.sum(axis=0) > 0) & (counts.sum(axis=1, keepdims=True) > 0)
    never = _names(groups, classes, (counts == 0) & occurs & ~few)
    if empty:
        _warn(
            "Cell(s) without a row, whose rates are undefined and not repaired: ", empty
        )
    if small:
        _warn(f"Cell(s) with fewer than min_cell_size={min_cell_size} rows: ", small)
    if never and min_cell_size:
        _warn("Cell(s) without a row, so that groups give labels away: ", never)


def _names(
    groups: GroupEncoding,
    classes: Sequence[object],
    cells: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.int64] | None = None,
) -> list[str]:
    return [
        f"{groups.names[group]} with label {classes[label]}"
        + ("" if counts is None else f" ({counts[group, label]} rows)")
        for group, label in np.argwhere(cells)
    ]


def _warn(text: str, items: Sequence[str]) -> None:
    advice = "Gaps of so few rows are noise: merge groups or get more data."
    warnings.warn(
        f"{text}{'; '.join(items)}. {advice}", SmallGroupWarning, stacklevel=4
    )
