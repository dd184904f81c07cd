"""How far the groups of a batch are apart: what all gap terms measure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from skrunner.data import Batch
from skrunner.gaps import (
    GapStructure,
    GroupMeans,
    RunningMeans,
    class_probabilities,
    group_differences,
    row_slopes,
    wasserstein_gap,
    weighted_distances,
)
from skrunner.objectives._comparison import Comparison, Comparisons

THRESHOLD_TEMPERATURE = 0.25


class Measured(NamedTuple):
    """The differences between the groups of a batch.

    Attributes
    ----------
    differences : Tensor of shape (n_terms, n_columns)
        Of every column, the outputs' first, with their signs, detached.
    compared : Comparison
        What they are weighed by, for the bins that can be compared.
    means : GroupMeans
        The averaging matrix of the batch, with the bins that it has rows of.
    gap_parts : Tensor of shape (n_terms, n_outputs)
        What makes up the gap of the mean output, with its signs, detached.
    """

    differences: Tensor
    compared: Comparison
    means: GroupMeans
    gap_parts: Tensor


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
    momentum_in_parts : callable or None, default=None
        What it becomes where a step has to run in so many parts; None keeps it.
    """

    def __init__(
        self,
        structure: GapStructure,
        gap: str,
        momentum: float,
        momentum_in_parts: Callable[[int], float] | None = None,
    ) -> None:
        self.structure = structure
        self.running = RunningMeans(momentum)
        self._momentum_in_parts = momentum_in_parts
        self._gap = gap
        self._comparisons = Comparisons(structure)

    def run_in_parts(self, n_parts: int) -> None:
        """Go on with steps in parts, whose few rows may want running means.

        Parameters
        ----------
        n_parts : int
            Parts of a step.
        """
        if self._momentum_in_parts is not None:
            self.running.momentum = self._momentum_in_parts(n_parts)

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
        """Measure the differences of a batch, once a step: running means move on.

        Parameters
        ----------
        batch : Batch
            The rows.
        blocks : sequence of Tensor of shape (n_rows, ...)
            The outputs, and activations behind them.

        Returns
        -------
        Measured
            Differences and what they are weighed by.
        """
        means = self._comparisons.means_of(batch)
        differences = group_differences(self.structure, means, self.running, blocks)
        if self.running.momentum:
            seen = self.running.seen(means.present)
            compared = self._comparisons.weigh_seen(seen)
        else:
            compared = self._comparisons.weigh(means.present, batch)
        by_output = compared.by_output
        gap_parts = by_output * differences[:, : by_output.shape[1]]
        return Measured(differences, compared, means, gap_parts)

    def add_up(
        self, measured: Measured, weights: Tensor, blocks: Sequence[Tensor]
    ) -> Tensor:
        """Add up the distances by weight.

        Parameters
        ----------
        measured : Measured
            What `measure` found.
        weights : Tensor of shape (n_terms, n_columns)
            The weight of every distance.
        blocks : sequence of Tensor of shape (n_rows, ...)
            What was measured.

        Returns
        -------
        Tensor of shape ()
            The sum, attached to the graph of the blocks.
        """
        differences, _, means, _ = measured
        if self._gap != "mean":
            # The term does not compare the probabilities: no gradient to compute.
            blocks = [blocks[0].detach(), *blocks[1:]]
        return weighted_distances(self.structure, means, differences, weights, blocks)

    def gap_slopes(self, measured: Measured) -> Tensor:
        """Compute the gradient of the gap of the mean output at every row's output.

        Parameters
        ----------
        measured : Measured
            What `measure` found.

        Returns
        -------
        Tensor of shape (n_rows, n_outputs)
            The gradient; with running means, their signs count.
        """
        by_output = measured.compared.by_output
        signs = measured.differences[:, : by_output.shape[1]].sign()
        return row_slopes(self.structure, measured.means, by_output * signs)

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

    def state_dict(self) -> dict[str, Any]:
        """Return what later batches depend on.

        Returns
        -------
        dict
            The running means.
        """
        return {"running": self.running.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where other batches of the same structure was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        device = self.structure.differences.device
        self.running.load_state_dict(state["running"], device)
