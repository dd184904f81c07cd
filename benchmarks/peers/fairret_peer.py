"""fairret's losses on the net, the rows and the budget of all others.

Needs ``pip install fairret``, and the projection ``pip install cvxpy`` too (both are in
the extra ``benchmarks``); a fit without them is recorded as one that failed, with the
reason.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from skrunner.data import Batch, EpochBatches
from skrunner.estimators import BaseNetClassifier
from skrunner.nn import NeuronLayers
from skrunner.objectives import (
    Objective,
    PredictiveObjective,
    StepLoss,
    predictive_loss,
)
from skrunner.training import GroupNet, Seeds


@dataclass(kw_only=True, eq=False, repr=False)
class FairretClassifier(BaseNetClassifier):
    """Predictive loss + λ · one of fairret's losses, both on the same random rows.

    Parameters
    ----------
    penalty : {"norm", "projection"}, default="norm"
        The norm of the relative violations, or the Kullback-Leibler divergence to the
        nearest scores without one.
    fairness_weight : float, default=0.1
        The weight λ.
    """

    penalty: str = "norm"
    fairness_weight: float = 0.1
    select_epoch: str = "within_utility"

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseNetClassifier._parameter_constraints,
        "penalty": "no_validation",
        "fairness_weight": "no_validation",
    }

    def _make_objective(
        self,
        net: GroupNet,
        layers: NeuronLayers,  # noqa: ARG002 (the template's)
        batches: EpochBatches,
        seeds: Seeds,  # noqa: ARG002
    ) -> Objective:
        return FairretObjective(
            net.criterion_,
            make_loss(self.penalty, self.constraints),
            fairness_weight=self.fairness_weight,
            n_groups=batches.dataset.n_groups,
            by_label=self.constraints == "equalized_odds",
        )


def make_loss(penalty: str, constraints: str) -> nn.Module:
    """Make one of fairret's losses, in the way in which release 0.1.3 works.

    Its projections are doubled where they are to be normalized, and far from solved
    after the ten steps of its solver that are the default. Of two rates at once it
    projects to half of each; one after the other is the same projection, because they
    are of different rows.

    Parameters
    ----------
    penalty : {"norm", "projection"}
        Its kind.
    constraints : {"demographic_parity", "equalized_odds"}
        Which rates are compared.

    Returns
    -------
    Module
        The loss.

    Raises
    ------
    ImportError
        If fairret, or cvxpy for a projection, is not installed.
    """
    losses = importlib.import_module("fairret.loss")
    rates = importlib.import_module("fairret.statistic")
    if constraints == "demographic_parity":
        statistics = [rates.PositiveRate()]
    else:
        statistics = [rates.TruePositiveRate(), rates.FalsePositiveRate()]
    if penalty == "projection":
        options = {"force_proj_normalized": False, "max_iters": 100}
        return LossSum([losses.KLProjectionLoss(one, **options) for one in statistics])
    return LossSum([losses.NormLoss(one) for one in statistics])


class LossSum(nn.Module):
    """The sum of losses of the same arguments.

    Parameters
    ----------
    losses : sequence of Module
        The losses.
    """

    def __init__(self, losses: Sequence[nn.Module]) -> None:
        super().__init__()
        self.losses = nn.ModuleList(losses)

    def forward(self, *arguments: Tensor) -> Tensor:
        """Add the losses."""
        return torch.stack([loss(*arguments) for loss in self.losses]).sum()


class FairretObjective(PredictiveObjective):
    """The loss of a step.

    Parameters
    ----------
    criterion : Module
        The predictive loss.
    loss : Module
        fairret's.
    fairness_weight : float
        The weight λ.
    n_groups : int
        The groups.
    by_label : bool
        Whether the loss takes the labels.
    """

    joins_processes = False

    def __init__(
        self,
        criterion: nn.Module,
        loss: nn.Module,
        *,
        fairness_weight: float,
        n_groups: int,
        by_label: bool,
    ) -> None:
        super().__init__(criterion)
        self._loss = loss
        self._fairness_weight = fairness_weight
        self._n_groups = n_groups
        self._by_label = by_label

    def __call__(self, forward: Any, batch: Batch) -> StepLoss:
        """Compute the loss of a batch."""
        logits: Tensor = forward(batch.X)
        predictive = predictive_loss(
            self.criterion, logits[: batch.n_predictive], batch
        )
        column = logits.reshape(len(batch.y), 1)
        groups = one_hot(batch.groups, self._n_groups).to(column.dtype)
        labels = [batch.y[:, None].to(column.dtype)] if self._by_label else []
        fairness = self._loss(column, groups, *labels).to(column.dtype)
        loss = predictive + self._fairness_weight * fairness
        return StepLoss(loss, predictive.detach(), fairness.detach())
