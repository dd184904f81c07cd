"""A batch in parts, for steps whose rows do not fit on the device at once."""

from typing import Any

import torch
from torch import Tensor

from skrunner.data._batch import Batch


def split_batch(batch: Batch, n_parts: int) -> list[Batch]:
    """Split a batch into parts of the same make-up.

    Every part takes each n-th row of the predictive rows and each n-th row of those of
    the fairness term, so that balanced rows, which are in the order of their strata,
    stay balanced.

    Parameters
    ----------
    batch : Batch
        The batch.
    n_parts : int
        How many parts; no more than there are rows of either kind, so that none is
        empty.

    Returns
    -------
    list of Batch
        The parts; the batch itself if it is to stay whole.

    Examples
    --------
    >>> codes = torch.tensor([0, 0, 1, 1])
    >>> whole = Batch(torch.zeros(4, 1), codes, codes, None, 4, 0, True)
    >>> [part.groups.tolist() for part in split_batch(whole, 2)]
    [[0, 1], [0, 1]]
    """
    n_parts = min(n_parts, most_parts(batch))
    if n_parts == 1:
        return [batch]
    rows = torch.arange(len(batch.y), device=batch.y.device)
    return [
        _take(batch, every_nth(rows, batch.fair_from, i, n_parts))._replace(
            part=i, ends_step=i == n_parts - 1
        )
        for i in range(n_parts)
    ]


def every_nth(rows: Tensor, fair_from: int, start: int, n: int) -> list[Tensor]:
    """Take each n-th row of both kinds.

    Parameters
    ----------
    rows : Tensor of shape (n_rows,)
        The rows of a batch.
    fair_from : int
        As in `Batch`.
    start, n : int
        Which row of each kind is the first, and every how many.

    Returns
    -------
    list of Tensor
        Those of the predictive rows, and of the fairness term's if they are others.
    """
    kinds = [rows[:fair_from], rows[fair_from:]] if fair_from else [rows]
    return [kind[start::n] for kind in kinds]


def most_parts(batch: Batch) -> int:
    """Return how many parts a batch can be split into.

    Parameters
    ----------
    batch : Batch
        The rows.

    Returns
    -------
    int
        As many as there are rows of the rarer kind.
    """
    return min(len(batch.y) - batch.fair_from, batch.n_predictive)


def _take(batch: Batch, blocks: list[Tensor]) -> Batch:
    rows = torch.cat(blocks)
    fields = ("X", "y", "groups", "weight", "flagged")
    values = {name: getattr(batch, name) for name in fields}
    taken: dict[str, Any] = {
        name: None if value is None else value[rows] for name, value in values.items()
    }
    first = len(blocks[0])
    two = len(blocks) > 1
    n_predictive = first if two else int((rows < batch.n_predictive).sum())
    return batch._replace(
        **taken,
        n_predictive=n_predictive,
        fair_from=first if two else 0,
        same_cells=False,
    )
