"""New rows between neighbors: how Fair-SMOTE fills cells that have too few rows.

Arrays only; the caller says which rows form a cell and which columns are categories.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

Rows = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]
N_DONORS = 3  # the parent and its two nearest neighbors


@dataclass(frozen=True)
class RowRule:
    """How the values of a new row come from its three donors.

    Attributes
    ----------
    scale : float, default=0.8
        The share of the neighbors' difference that is added to the parent's numbers.
    crossover : float, default=0.8
        The chance of each number to be changed.
    strict : bool, default=False
        Whether every number is changed, and loses its sign, as in the released code.
    blocks : sequence of ndarray of int, default=()
        Columns whose values are taken from one donor; each block draws its own.
    """

    scale: float = 0.8
    crossover: float = 0.8
    strict: bool = False
    blocks: tuple[Indices, ...] = ()


def fill_cells(
    X: Rows, cells: Indices, rule: RowRule, rng: np.random.Generator
) -> tuple[Rows, Indices]:
    """Make rows for every cell but the largest, until all have as many.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        All rows.
    cells : ndarray of int of shape (n_samples,)
        The cell of each row; cells without a row stay empty.
    rule : RowRule
        How a row is made. A cell of fewer than three rows repeats them instead.
    rng : Generator
        The source of parents and values.

    Returns
    -------
    made : ndarray of shape (n_made, n_features)
        The new rows, sorted by cell.
    made_cells : ndarray of int of shape (n_made,)
        Their cells.

    Examples
    --------
    >>> X, cells = np.arange(7.0)[:, None], np.array([0, 0, 0, 0, 1, 1, 1])
    >>> made, cell = fill_cells(X, cells, RowRule(), np.random.default_rng(0))
    >>> made.shape, cell
    ((1, 1), array([1]))
    """
    counts = np.bincount(cells)
    missing = np.where(counts > 0, counts.max() - counts, 0)
    made = [X[:0]]
    for cell in np.flatnonzero(missing):
        rows = X[cells == cell]
        parents = rng.integers(len(rows), size=missing[cell])
        if len(rows) < N_DONORS:
            made.append(rows[parents])
        else:
            made.append(make_rows(rows, two_nearest(rows, parents), rule, rng))
    return np.concatenate(made), np.repeat(np.arange(len(counts)), missing)


def two_nearest(rows: Rows, parents: Indices) -> Indices:
    """Find the two nearest other rows of each parent.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        The rows of a cell, at least three.
    parents : ndarray of int of shape (n_made,)
        Indices of rows.

    Returns
    -------
    ndarray of int of shape (n_made, 3)
        Each parent itself, its nearest and its second nearest other row. Equal rows
        are other rows.
    """
    wanted, back = np.unique(parents, return_inverse=True)
    search = NearestNeighbors(n_neighbors=N_DONORS).fit(rows)
    # Which of equally near rows are found depends on the number of threads.
    with threadpool_limits(limits=1):
        found = search.kneighbors(rows[wanted], return_distance=False)
    itself = found == wanted[:, None]
    itself[~itself.any(axis=1), -1] = True  # three rows equal to it came first
    others = found[~itself].reshape(-1, N_DONORS - 1)
    return np.column_stack([parents, others[back]])


def make_rows(
    rows: Rows, donors: Indices, rule: RowRule, rng: np.random.Generator
) -> Rows:
    """Make a row of each three donors.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        The rows of a cell.
    donors : ndarray of int of shape (n_made, 3)
        Indices of a parent p and of two neighbors c1 and c2.
    rule : RowRule
        Numbers become ``p + scale * (c1 - c2)``, or under the strict rule its absolute
        value; blocks are taken from one of the three.
    rng : Generator
        The source of what is changed, and of whose block it is.

    Returns
    -------
    ndarray of shape (n_made, n_features)
        The new rows.
    """
    numbers = np.setdiff1d(np.arange(rows.shape[1]), _joined(rule.blocks))
    made = np.empty_like(rows, shape=(len(donors), rows.shape[1]))
    parent, one, two = (rows[np.ix_(donor, numbers)] for donor in donors.T)
    moved = parent + rule.scale * (one - two)
    if rule.strict:
        made[:, numbers] = np.abs(moved)
    else:
        changed = rng.random(moved.shape) < rule.crossover
        made[:, numbers] = np.where(changed, moved, parent)
    for block in rule.blocks:
        chosen = rng.integers(N_DONORS, size=len(donors))
        giver = donors[np.arange(len(donors)), chosen]
        made[:, block] = rows[np.ix_(giver, block)]
    return made


def _joined(blocks: tuple[Indices, ...]) -> Indices:
    return np.concatenate([np.empty(0, np.int64), *blocks])
