"""What the rows of a batch are averaged by, and how their differences are weighed."""

from dataclasses import dataclass

import torch
from torch import Tensor

from skrunner.data import Batch
from skrunner.gaps import GapStructure, GroupMeans, group_means


@dataclass(frozen=True)
class Comparison:
    """The averaging matrix of a batch and the weights of its differences.

    Attributes
    ----------
    means : GroupMeans
        The matrix; rows that only the predictive loss sees have no part in it.
    by_term : Tensor of shape (n_terms,)
        The weight of each difference in a neuron's gap.
    by_output : Tensor of shape (n_terms, n_outputs)
        The weight of each difference in the outputs' gap.
    """

    means: GroupMeans
    by_term: Tensor
    by_output: Tensor


class Comparisons:
    """Compare batches; those that hold the same cells in the same places only once.

    Parameters
    ----------
    structure : GapStructure
        What is compared.
    """

    def __init__(self, structure: GapStructure) -> None:
        self._structure = structure
        self._known: dict[int, Comparison] = {}

    def of(self, batch: Batch) -> Comparison:
        """Return the comparison of a batch.

        Parameters
        ----------
        batch : Batch
            The rows.

        Returns
        -------
        Comparison
            Its matrix and weights.
        """
        n_rows = len(batch.y)
        if batch.same_cells and n_rows in self._known:
            return self._known[n_rows]
        weight = batch.weight
        if batch.fair_from:
            takes_part = torch.ones_like(
                batch.y, dtype=self._structure.membership.dtype
            )
            takes_part[: batch.fair_from] = 0
            weight = takes_part if weight is None else weight * takes_part
        compared = self.of_means(
            group_means(self._structure, batch.groups, batch.y, weight)
        )
        if batch.same_cells:
            self._known[n_rows] = compared
        return compared

    def of_means(self, means: GroupMeans) -> Comparison:
        """Weigh the differences by the bins that have rows.

        Parameters
        ----------
        means : GroupMeans
            The averaging matrix.

        Returns
        -------
        Comparison
            The matrix with its weights.
        """
        return Comparison(
            means,
            self._structure.term_weights(means.present),
            self._structure.term_output_weights(means.present),
        )
