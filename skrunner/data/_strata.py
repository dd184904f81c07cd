"""The strata that balanced batches hold equal shares of."""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from skrunner.data._dataset import GroupDataset
from skrunner.exceptions import SmallGroupWarning
from skrunner.groups import label_conditions


def strata_of(
    dataset: GroupDataset, constraints: str, *, all_labels: bool
) -> list[Tensor]:
    """Collect the rows of each stratum of a constraint.

    Groups for demographic parity (RUNNER, Alg. 1, line 21), else cells of group and
    label (line 2).

    Parameters
    ----------
    dataset : GroupDataset
        The rows.
    constraints : str
        One of ``skrunner.groups.CONSTRAINTS``.
    all_labels : bool
        Whether labels that the constraint does not look at form strata too: the
        predictive loss needs them.

    Returns
    -------
    list of Tensor of int64
        Row indices of each non-empty stratum, on the CPU.
    """
    if constraints == "demographic_parity":
        codes, wanted = (
            dataset.groups.cpu(),
            torch.ones(dataset.n_groups, dtype=torch.bool),
        )
    else:
        labels = torch.from_numpy(
            label_conditions(constraints, dataset.n_classes).any(axis=0)
        )
        codes = dataset.cells.cpu()
        wanted = (labels | all_labels).repeat(dataset.n_groups)
    return [rows for rows in rows_by_code(codes) if wanted[codes[rows[0]]]]


def equal_shares(strata: Sequence[Tensor], dataset: GroupDataset) -> Tensor:
    """Weigh rows so that strata count alike where every batch holds all rows.

    Parameters
    ----------
    strata : sequence of Tensor of int64
        Row indices of each stratum, which hold all rows.
    dataset : GroupDataset
        The rows.

    Returns
    -------
    Tensor of shape (n_samples,)
        Weights of mean 1, times those that the rows have.
    """
    weight = torch.empty(len(dataset), dtype=dataset.X.dtype)
    for rows in strata:
        weight[rows] = len(dataset) / (len(strata) * len(rows))
    weight = weight.to(dataset.y.device)
    return weight if dataset.weight is None else weight * dataset.weight


def rows_by_code(codes: Tensor) -> list[Tensor]:
    """Collect the rows of each code that occurs.

    Parameters
    ----------
    codes : Tensor of int64 of shape (n_samples,)
        Groups, labels or cells.

    Returns
    -------
    list of Tensor of int64
        Row indices of each code, in the order of the codes, on the CPU.

    Examples
    --------
    >>> [rows.tolist() for rows in rows_by_code(torch.tensor([3, 0, 3]))]
    [[1], [0, 2]]
    """
    codes = codes.cpu()
    order = codes.argsort(stable=True)
    return [rows for rows in torch.split(order, codes.bincount().tolist()) if len(rows)]


def warn_of_short_strata(strata: Sequence[Tensor], sizes: Sequence[int]) -> None:
    """Warn once if a stratum has fewer rows than each batch takes of it.

    Parameters
    ----------
    strata : sequence of Tensor
        Row indices of each stratum.
    sizes : sequence of int
        Rows that a batch takes of each.

    Warns
    -----
    SmallGroupWarning
        If rows repeat within a batch.
    """
    short = [
        f"{len(rows)} of {size}"
        for rows, size in zip(strata, sizes, strict=True)
        if len(rows) < size
    ]
    if short:
        warnings.warn(
            f"{len(short)} group(s) or cell(s) have fewer rows than a balanced batch "
            f"takes of them ({', '.join(short)}): their rows repeat within a batch. "
            "Pass a smaller batch_size (of two streams: fairness_batch_size) to draw "
            "without replacement.",
            SmallGroupWarning,
            stacklevel=2,
        )
