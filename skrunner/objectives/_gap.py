"""Gap regularization: the gap of the output itself as a term of the loss."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from skrunner.data import Batch
from skrunner.gaps import GapStructure
from skrunner.objectives._group_gap import GroupGap
from skrunner.objectives._predictive import Forward, StepLoss, predictive_loss
from skrunner.objectives._term_weight import TermWeight


class GapObjective:
    """Predictive loss + λ · gap of the output: RUNNER's loss without its neurons.

    Parameters
    ----------
    criterion : Module
        The predictive loss.
    structure : GapStructure
        What is compared, on the device of the batches.
    weight : TermWeight
        The weight λ of the gap.
    gap : {"mean", "threshold", "wasserstein"}, default="mean"
        How the outputs of groups are compared.
    gap_momentum : float, default=0.0
        The share of the past in running means of the groups.
    momentum_in_parts : callable or None, default=None
        What it becomes where a step has to run in so many parts; None keeps it.
    """

    joins_processes = True

    def __init__(
        self,
        criterion: nn.Module,
        structure: GapStructure,
        *,
        weight: TermWeight,
        gap: str = "mean",
        gap_momentum: float = 0.0,
        momentum_in_parts: Callable[[int], float] | None = None,
    ) -> None:
        self.criterion = criterion
        self._weight = weight
        self._step = 0
        self._groups = GroupGap(structure, gap, gap_momentum, momentum_in_parts)
        self.run_in_parts = self._groups.run_in_parts

    def __call__(self, forward: Forward, batch: Batch) -> StepLoss:
        """Compute the loss of a batch.

        Parameters
        ----------
        forward : callable
            From inputs to logits.
        batch : Batch
            The rows.

        Returns
        -------
        StepLoss
            The loss and its parts.
        """
        logits = forward(batch.X)
        predictive = predictive_loss(
            self.criterion, logits[: batch.n_predictive], batch
        )
        outputs = self._groups.outputs(logits)
        measured = self._groups.measure(batch, outputs)
        columns = self._groups.weigh_outputs(measured.compared, include=True)
        fairness = self._groups.add_up(measured, torch.cat(columns, 1), outputs)
        fairness = self._groups.add_distributions(fairness, logits, measured.means)
        loss = self._weight.add(predictive, fairness, self._step)
        self._step += batch.ends_step
        return StepLoss(
            loss, predictive.detach(), fairness.detach(), measured.gap_parts
        )

    def state_dict(self) -> dict[str, Any]:
        """Return what later steps depend on.

        Returns
        -------
        dict
            The number of steps, the weight's limit and the running means.
        """
        return {
            "step": self._step,
            "weight": self._weight.state_dict(),
            "groups": self._groups.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another objective of the same settings was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        self._step = state["step"]
        self._weight.load_state_dict(state["weight"])
        self._groups.load_state_dict(state["groups"])
