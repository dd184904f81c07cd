"""Gap regularization: the gap of the output itself as a term of the loss."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from skrunner.data import Batch
from skrunner.gaps import GapStructure
from skrunner.objectives._group_gap import GroupGap
from skrunner.objectives._predictive import Forward, StepLoss, predictive_loss
from skrunner.objectives._settings import warmed_up


class GapObjective:
    """Predictive loss + λ · gap of the output: RUNNER's loss without its neurons.

    Parameters
    ----------
    criterion : Module
        The predictive loss.
    structure : GapStructure
        What is compared, on the device of the batches.
    fairness_weight : float
        The weight λ of the gap.
    gap : {"mean", "threshold", "wasserstein"}, default="mean"
        How the outputs of groups are compared.
    gap_momentum : float, default=0.0
        The share of the past in running means of the groups.
    warm_up_steps : int, default=0
        Steps over which the weight rises to λ in a straight line.
    """

    joins_processes = True

    def __init__(
        self,
        criterion: nn.Module,
        structure: GapStructure,
        *,
        fairness_weight: float,
        gap: str = "mean",
        gap_momentum: float = 0.0,
        warm_up_steps: int = 0,
    ) -> None:
        self.criterion = criterion
        self._fairness_weight = fairness_weight
        self._warm_up_steps = warm_up_steps
        self._step = 0
        self._groups = GroupGap(structure, gap, gap_momentum)

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
        weight = warmed_up(self._fairness_weight, self._step, self._warm_up_steps)
        self._step += 1
        loss = predictive + weight * fairness
        return StepLoss(loss, predictive.detach(), fairness.detach(), measured.gap)

    def state_dict(self) -> dict[str, Any]:
        """Return what later steps depend on.

        Returns
        -------
        dict
            The number of steps and the running means.
        """
        return {"step": self._step, "groups": self._groups.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another objective of the same settings was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        self._step = state["step"]
        self._groups.load_state_dict(state["groups"])
