"""What the rows of a batch are averaged by, and how their differences are weighed."""

from typing import NamedTuple

import torch
from torch import Tensor

from skrunner.data import Batch
from skrunner.gaps import GapStructure, GroupMeans, group_means


def length_of(batch: Batch) -> int:
    """Count the rows of a step, in all processes that share it.

    Parameters
    ----------
    batch : Batch
        The rows of this process.

    Returns
    -------
    int
        Batches of one length may hold the same cells, see ``Batch.same_cells``.
    """
    rows = batch if batch.whole is None else batch.whole
    return rows.y.shape[0]


class Comparison(NamedTuple):
    """The weights of the differences between bins.

    Attributes
    ----------
    by_term : Tensor of shape (n_terms,)
        The weight of each difference in a neuron's gap.
    by_output : Tensor of shape (n_terms, n_outputs)
        The weight of each difference in the outputs' gap.
    constant : bool
        Whether all later batches of this length have the same weights.
    """

    by_term: Tensor
    by_output: Tensor
    constant: bool


class Comparisons:
    """Compare batches; what stays the same from batch to batch is computed once.

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    """

    def __init__(self, structure: GapStructure) -> None:
        self._structure = structure
        self._means: dict[int, GroupMeans] = {}
        self._weights: dict[int, Comparison] = {}
        self._complete: Comparison | None = None

    def means_of(self, batch: Batch) -> GroupMeans:
        """Return what averages the rows of a batch.

        Parameters
        ----------
        batch : Batch
            The rows.

        Returns
        -------
        GroupMeans
            The matrix; rows that only the predictive loss sees have no part in it.
        """
        n_rows = length_of(batch)
        if batch.same_cells and n_rows in self._means:
            return self._means[n_rows]
        rows = batch if batch.whole is None else batch.whole
        weight = rows.weight
        if rows.fair_from:
            takes_part = torch.ones_like(rows.y, dtype=self._structure.membership.dtype)
            takes_part[: rows.fair_from] = 0
            weight = takes_part if weight is None else weight * takes_part
        means = group_means(self._structure, rows.groups, rows.y, weight)
        if batch.whole is not None:
            means = means.of_share(batch.whole.share)
        if batch.same_cells:
            self._means[n_rows] = means
        return means

    def weigh(self, present: Tensor, batch: Batch) -> Comparison:
        """Weigh the differences by the bins that a batch has rows of.

        Parameters
        ----------
        present : Tensor of shape (n_bins,)
            1 where the batch has rows of a bin.
        batch : Batch
            The rows.

        Returns
        -------
        Comparison
            The weights.
        """
        n_rows = length_of(batch)
        if not batch.same_cells:
            return self._weights_of(present, constant=False)
        if n_rows not in self._weights:
            self._weights[n_rows] = self._weights_of(present, constant=True)
        return self._weights[n_rows]

    def weigh_seen(self, seen: Tensor) -> Comparison:
        """Weigh the differences of running means by the bins seen so far.

        Parameters
        ----------
        seen : Tensor of shape (n_bins,)
            1 where a bin has been seen; once 1, always 1.

        Returns
        -------
        Comparison
            The weights.
        """
        if self._complete is not None:
            return self._complete
        complete = bool(seen.all())
        weights = self._weights_of(seen, constant=complete)
        if complete:
            self._complete = weights
        return weights

    def _weights_of(self, present: Tensor, *, constant: bool) -> Comparison:
        by_term = self._structure.term_weights(present)
        by_output = self._structure.output_shares()
        return Comparison(by_term, by_term[:, None] * by_output, constant)
