"""Means of rows within the bins of a constraint, of one batch or running."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from skrunner._processes import RowShare
from skrunner.gaps._structure import GapStructure


@dataclass(frozen=True)
class GroupMeans:
    """A matrix that averages the rows of each bin, and the bins that have rows.

    Attributes
    ----------
    matrix : Tensor of shape (n_bins, n_samples)
        Each row sums to 1, or is zero if its bin is empty.
    present : Tensor of shape (n_bins,)
        1 where a bin has rows, else 0.
    contrasts : Tensor of shape (n_terms, n_samples) or None, default=None
        The differences of the rows of `matrix`, where they are fewer than the bins:
        one product subtracts as it averages.
    share : RowShare or None, default=None
        Where several processes share the rows: the columns of `matrix` are the own
        rows, but each row of it sums to 1 over all processes.
    whole : GroupMeans or None, default=None
        The averaging matrix of the rows of all processes, if they share.
    """

    matrix: Tensor
    present: Tensor
    contrasts: Tensor | None = None
    share: RowShare | None = None
    whole: "GroupMeans | None" = None

    def of_share(self, share: RowShare) -> "GroupMeans":
        """Keep the columns of one process's rows.

        Parameters
        ----------
        share : RowShare
            Its rows.

        Returns
        -------
        GroupMeans
            What it takes gives a part of each mean; the parts add up to the mean.
        """
        contrasts = self.contrasts
        if contrasts is not None:
            contrasts = contrasts[:, share.own]
        matrix = self.matrix[:, share.own]
        return GroupMeans(matrix, self.present, contrasts, share, self)

    def of(self, values: Tensor) -> Tensor:
        """Average values within the bins.

        Parameters
        ----------
        values : Tensor of shape (n_samples, ...)
            Outputs or activations; half precision is averaged in the matrix's type.

        Returns
        -------
        Tensor of shape (n_bins, ...)
            The means; zero for an empty bin.
        """
        flat = values.reshape(len(values), -1).to(self.matrix.dtype)
        return (self.matrix @ flat).reshape(-1, *values.shape[1:])


def group_means(
    structure: GapStructure,
    groups: Tensor,
    labels: Tensor,
    weight: Tensor | None = None,
) -> GroupMeans:
    """Make the averaging matrix of a batch.

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    groups, labels : Tensor of int64 of shape (n_samples,)
        Group and label codes.
    weight : Tensor of shape (n_samples,) or None, default=None
        Non-negative weights of the rows; a row of weight 0 takes no part.

    Returns
    -------
    GroupMeans
        The matrix.
    """
    rows = structure.membership[:, groups * structure.n_classes + labels]
    if weight is not None:
        rows = rows * weight
    totals = rows.sum(1, keepdim=True)
    present = (totals > 0).to(rows.dtype)
    matrix = rows / totals.clamp_min(torch.finfo(totals.dtype).tiny)
    n_terms, n_bins = structure.differences.shape
    contrasts = structure.differences @ matrix if n_terms < n_bins else None
    return GroupMeans(matrix, present[:, 0], contrasts)


class RunningMeans:
    """Exponential running means of the bins, for batches too small to trust.

    The sign of a difference of running means is steady. Without it the absolute value
    of a small batch's noise is a constant penalty that shrinks the net.

    Parameters
    ----------
    momentum : float
        The share of the past in [0, 1); 0 uses the batch alone.
    """

    def __init__(self, momentum: float) -> None:
        self.momentum = momentum
        self._means: Tensor | None = None
        self._seen: Tensor | None = None
        self._present: Tensor | None = None
        self._steady = False
        self._share = torch.empty(0)

    def seen(self, present: Tensor) -> Tensor:
        """Tell which bins can be compared after a batch.

        Parameters
        ----------
        present : Tensor of shape (n_bins,)
            1 where the batch has rows of the bin.

        Returns
        -------
        Tensor of shape (n_bins,)
            The same without momentum, else 1 where a bin has been seen at all.
        """
        return present if self._seen is None else self._seen

    def update(self, means: Tensor, present: Tensor) -> Tensor:
        """Take in a batch's means.

        Parameters
        ----------
        means : Tensor of shape (n_bins, n_columns)
            The means of the batch, without a graph.
        present : Tensor of shape (n_bins,)
            1 where the batch has rows of the bin.

        Returns
        -------
        Tensor of shape (n_bins, n_columns)
            The running means.
        """
        if not self.momentum:
            return means
        if self._means is None or self._seen is None:
            self._means, self._seen = means, present
            return means
        again = present is self._present  # what batches of the same cells share
        if not (again and self._steady):
            # 1 - momentum for a bin of the batch that was seen before, 1 for a new one
            share = torch.addcmul(present, self._seen, present, value=-self.momentum)
            self._seen = torch.maximum(self._seen, present)
            self._present, self._steady, self._share = present, again, share[:, None]
        self._means = torch.lerp(self._means, means, self._share)
        return self._means

    def state_dict(self) -> dict[str, Tensor | None]:
        """Return what later means depend on.

        Returns
        -------
        dict
            The running means and which bins have been seen; None before any batch.
        """
        return {"means": self._means, "seen": self._seen}

    def load_state_dict(
        self, state: Mapping[str, Tensor | None], device: torch.device | str
    ) -> None:
        """Go on where other running means were.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        device : device or str
            Where the batches are.
        """
        means, seen = state["means"], state["seen"]
        self._means = None if means is None else means.to(device)
        self._seen = None if seen is None else seen.to(device)
        self._present = None
