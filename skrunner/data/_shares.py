"""The share of a step that one of several processes runs."""

from typing import NamedTuple

import torch
from torch import Tensor

from skrunner._processes import RowShare
from skrunner.data._batch import Batch, WholeRows
from skrunner.data._dataset import GroupDataset
from skrunner.data._parts import every_nth


class Plan(NamedTuple):
    """The rows that one process runs in a step, before they are read.

    Attributes
    ----------
    rows : Tensor of int64 of shape (n_own,)
        Its indices in the data set.
    every : Tensor of int64 of shape (n_rows,)
        Those of all processes.
    share : RowShare
        Where its rows stand among all.
    n_predictive, fair_from : int
        As in `Batch`, of its own rows.
    whole_predictive, whole_from : int
        The same of all rows.
    """

    rows: Tensor
    every: Tensor
    share: RowShare
    n_predictive: int
    fair_from: int
    whole_predictive: int
    whole_from: int


def own_plan(
    every: Tensor, n_predictive: int, fair_from: int, process: tuple[int, int]
) -> Plan:
    """Take a process's rows of a step: each n-th of either kind.

    Balanced rows are in the order of their strata, so every share of them is balanced
    as well.

    Parameters
    ----------
    every : Tensor of int64 of shape (n_rows,)
        Row indices of the step.
    n_predictive, fair_from : int
        As in `Batch`.
    process : (int, int)
        Its number, and how many there are.

    Returns
    -------
    Plan
        The share.
    """
    rank, n_processes = process
    places = torch.arange(len(every), device=every.device)
    own = every_nth(places, fair_from, rank, n_processes)
    place = torch.cat(own)
    return Plan(
        every[place],
        every,
        RowShare(place, len(every)),
        len(own[0]),
        len(own[0]) if fair_from else 0,
        n_predictive,
        fair_from,
    )


def shared_batch(
    data: GroupDataset, plan: Plan, X: Tensor, *, same_cells: bool
) -> Batch:
    """Put the batch of a process together.

    Parameters
    ----------
    data : GroupDataset
        All rows: every process has their codes.
    plan : Plan
        Which of them are its own in this step.
    X : Tensor of shape (n_own, ...)
        Their inputs.
    same_cells : bool
        As in `Batch`.

    Returns
    -------
    Batch
        The own rows, and the codes of all.
    """
    weight = data.weight
    whole = WholeRows(
        data.y[plan.every],
        data.groups[plan.every],
        None if weight is None else weight[plan.every],
        plan.whole_predictive,
        plan.whole_from,
        plan.share,
    )
    return Batch(
        X,
        data.y[plan.rows],
        data.groups[plan.rows],
        None if weight is None else weight[plan.rows],
        plan.n_predictive,
        plan.fair_from,
        same_cells,
        None if data.flagged is None else data.flagged[plan.rows],
        whole,
    )
