"""What one step takes: rows, their codes, and which of them each loss is over."""

from typing import NamedTuple

from torch import Tensor

from skrunner._processes import RowShare


class WholeRows(NamedTuple):
    """The codes of a step's rows in all processes, for one that runs a share of them.

    Attributes
    ----------
    y, groups : Tensor of int64 of shape (n_rows,)
        Label and group codes.
    weight : Tensor of shape (n_rows,) or None
        Sample weights.
    n_predictive : int
        The predictive loss is over the first so many rows.
    fair_from : int
        The fairness term is over the rows from here on.
    share : RowShare
        Which rows this process runs.
    """

    y: Tensor
    groups: Tensor
    weight: Tensor | None
    n_predictive: int
    fair_from: int
    share: RowShare


class Batch(NamedTuple):
    """The rows of one step; one forward pass takes them all.

    Attributes
    ----------
    X : Tensor of shape (n_rows, ...)
        Inputs.
    y, groups : Tensor of int64 of shape (n_rows,)
        Label and group codes.
    weight : Tensor of shape (n_rows,) or None
        Sample weights.
    n_predictive : int
        The predictive loss is over the first so many rows.
    fair_from : int
        The fairness term is over the rows from here on.
    same_cells : bool
        Whether every batch of this length holds the same cells in the same places
        among the rows of the fairness term.
    flagged : Tensor of bool of shape (n_rows,) or None, default=None
        Rows that an objective treats in another way.
    whole : WholeRows or None, default=None
        Where several processes share a step: what the step is over in all of them.
    part : int, default=0
        The number of this part among those that a step runs one after another.
    ends_step : bool, default=True
        Whether it is the last of them.
    """

    X: Tensor
    y: Tensor
    groups: Tensor
    weight: Tensor | None
    n_predictive: int
    fair_from: int
    same_cells: bool
    flagged: Tensor | None = None
    whole: WholeRows | None = None
    part: int = 0
    ends_step: bool = True
