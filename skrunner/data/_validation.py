"""Set rows aside to choose an epoch by."""

import numpy as np
import numpy.typing as npt


def split_validation(
    cells: npt.NDArray[np.int64], fraction: float, rng: np.random.RandomState
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split rows so that every cell gives the same share.

    Parameters
    ----------
    cells : ndarray of int of shape (n_samples,)
        The cell of each row.
    fraction : float
        The share of each cell that is set aside, in (0, 1); a cell of one row stays.
    rng : RandomState
        The source of the choice.

    Returns
    -------
    train, valid : ndarray of int
        Row indices, sorted.

    Examples
    --------
    >>> cells = np.array([0] * 8 + [1] * 4 + [2])
    >>> train, valid = split_validation(cells, 0.25, np.random.RandomState(0))
    >>> cells[valid].tolist()
    [0, 0, 1]
    """
    order = rng.permutation(len(cells))
    order = order[np.argsort(cells[order], kind="stable")]
    counts = np.bincount(cells)
    starts = np.cumsum(counts) - counts
    place = np.arange(len(cells)) - starts[cells[order]]
    n_valid = np.where(counts > 1, np.round(fraction * counts), 0)
    aside = place < np.minimum(n_valid, counts - 1)[cells[order]]
    return np.sort(order[~aside]), np.sort(order[aside])
