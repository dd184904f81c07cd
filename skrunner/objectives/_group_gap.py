"""How far the groups of a batch are apart: what all gap terms measure."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from skrunner.data import Batch
from skrunner.gaps import (
    GapStructure,
    GroupMeans,
    RunningMeans,
    class_probabilities,
    group_distances,
    wasserstein_gap,
)
from skrunner.objectives._comparison import Comparison, Comparisons

THRESHOLD_TEMPERATURE = 0.25


class Measured(NamedTuple):
    """The distances between the groups of a batch.

    Attributes
    ----------
    distances : Tensor of shape (n_terms, n_columns)
        Of every column, the outputs' first, attached to the graph.
    compared : Comparison
        What they are weighed by, for the bins that can be compared.
    means : GroupMeans
        The averaging matrix of the batch, with the bins that it has rows of.
    gap : Tensor of shape ()
        The gap of the mean output, detached.
    """

    distances: Tensor
    compared: Comparison
    means: GroupMeans
    gap: Tensor


class GroupGap:
    """Measure the gap between groups batch by batch, by running means if wanted.

    Parameters
    ----------
    structure : GapStructure
        What is compared, on the device of the batches.
    gap : str
        One of ``OUTPUT_GAPS``: how the outputs are compared in the term.
    momentum : float
        The share of the past in running means.
    """

    def __init__(self, structure: GapStructure, gap: str, momentum: float) -> None:
        self.structure = structure
        self.running = RunningMeans(momentum)
        self._gap = gap
        self._comparisons = Comparisons(structure)

    def outputs(self, logits: Tensor) -> list[Tensor]:
        """Turn logits into the outputs that are compared.

        Parameters
        ----------
        logits : Tensor of shape (n_rows,), (n_rows, 1) or (n_rows, n_classes)
            Of the whole batch.

        Returns
        -------
        list of Tensor of shape (n_rows, n_outputs)
            The probabilities, and what stands for decisions if these are compared.
        """
        outputs = [class_probabilities(logits)]
        if self._gap == "threshold":
            outputs.append(class_probabilities(logits, THRESHOLD_TEMPERATURE))
        return outputs

    def measure(self, batch: Batch, blocks: Sequence[Tensor]) -> Measured:
        """Measure the distances of a batch, once a step: running means move on.

        Parameters
        ----------
        batch : Batch
            The rows.
        blocks : sequence of Tensor of shape (n_rows, ...)
            The outputs, and activations behind them.

        Returns
        -------
        Measured
            Distances and what they are weighed by.
        """
        means = self._comparisons.means_of(batch)
        distances = group_distances(self.structure, means, self.running, blocks)
        if self.running.momentum:
            seen = self.running.seen(means.present)
            compared = self._comparisons.weigh_seen(seen)
        else:
            compared = self._comparisons.weigh(means.present, batch)
        by_output = compared.by_output
        gap = (by_output * distances.detach()[:, : by_output.shape[1]]).sum()
        return Measured(distances, compared, means, gap)

    def weigh_outputs(self, compared: Comparison, *, include: bool) -> list[Tensor]:
        """Weigh the distances of the outputs in the term.

        Parameters
        ----------
        compared : Comparison
            The weights of a batch.
        include : bool
            Whether the outputs are part of the term.

        Returns
        -------
        list of Tensor of shape (n_terms, n_outputs)
            One for each of `outputs`; zero but for those that the term compares.
        """
        n_blocks = 2 if self._gap == "threshold" else 1
        columns = [torch.zeros_like(compared.by_output)] * n_blocks
        if include and self._gap != "wasserstein":
            columns[-1] = compared.by_output
        return columns

    def add_distributions(
        self, fairness: Tensor, logits: Tensor, means: GroupMeans
    ) -> Tensor:
        """Add what no mean holds: the distance of whole distributions, if wanted.

        Parameters
        ----------
        fairness : Tensor of shape ()
            The term so far.
        logits : Tensor of shape (n_rows,) or (n_rows, n_logits)
            Of the whole batch.
        means : GroupMeans
            The averaging matrix of the batch.

        Returns
        -------
        Tensor of shape ()
            The term.
        """
        if self._gap != "wasserstein":
            return fairness
        return fairness + wasserstein_gap(self.structure, logits, means)
