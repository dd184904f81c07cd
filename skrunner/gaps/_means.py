"""Means of rows within the bins of a constraint, of one batch or running."""

from dataclasses import dataclass

import torch
from torch import Tensor

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
    """

    matrix: Tensor
    present: Tensor

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
    matrix = rows / torch.where(totals > 0, totals, torch.ones_like(totals))
    return GroupMeans(matrix, present[:, 0])


class RunningMeans:
    """Exponential running means of the bins, for batches too small to trust.

    The value is the running mean, the gradient that of the batch: the sign of a
    difference is steady while its slope stays that of the current rows. Without it the
    absolute value of a small batch's noise is a constant penalty that shrinks the net.

    Parameters
    ----------
    momentum : float
        The share of the past in [0, 1); 0 uses the batch alone.
    """

    def __init__(self, momentum: float) -> None:
        self.momentum = momentum
        self._means: Tensor | None = None
        self._seen: Tensor | None = None

    def current(self, means: Tensor) -> Tensor:
        """Return the first columns of the running means, or a batch's own.

        Parameters
        ----------
        means : Tensor of shape (n_bins, n_columns)
            The batch's means of those columns.

        Returns
        -------
        Tensor of shape (n_bins, n_columns)
            The means to compare.
        """
        return means if self._means is None else self._means[:, : means.shape[1]]

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

    def update(self, means: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Take in a batch's means.

        Parameters
        ----------
        means : Tensor of shape (n_bins, n_columns)
            The means of the batch.
        present : Tensor of shape (n_bins,)
            1 where the batch has rows of the bin.

        Returns
        -------
        means : Tensor of shape (n_bins, n_columns)
            Running means, with the batch's gradient.
        present : Tensor of shape (n_bins,)
            1 where a bin has been seen at all.
        """
        if not self.momentum:
            return means, present
        batch = means.detach()
        if self._means is None or self._seen is None:
            self._means, self._seen = batch, present
            return means, present
        share = (1 - self.momentum * self._seen) * present
        self._means = torch.lerp(self._means, batch, share[:, None].to(batch.dtype))
        self._seen = torch.maximum(self._seen, present)
        return self._means + (means - batch), self._seen
