"""Adversarial debiasing: a step that helps the labels and not the adversary."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from skrunner.data import Batch
from skrunner.objectives._adversary import Adversary
from skrunner.objectives._predictive import Forward, StepLoss, predictive_loss
from skrunner.objectives._settings import AdversarySettings


class AdversarialObjective:
    r"""Train a predictor against an adversary (Zhang, Lemoine and Mitchell, 2018).

    With the gradients :math:`g_P` of the predictive loss :math:`L_P` and :math:`g_A` of
    the adversary's loss :math:`L_A`, both in the predictor's parameters and at the same
    weights of both nets, the predictor goes along

    .. math:: \hat g = g_P - \mathrm{proj}_{g_A} g_P - \alpha g_A,

    which is the gradient of no loss. The loss of a step has the value
    :math:`L_P - \alpha L_A` and exactly this gradient, so that any optimizer can take
    it; its own additions, such as weight decay, stay out of the projection. The
    adversary takes a step of its own on :math:`\nabla L_A` at every call.

    Parameters
    ----------
    criterion : Module
        The predictive loss.
    adversary : Adversary
        On the device of the batches; trained in place.
    parameters : iterable of Parameter
        The predictor's; those that need no gradient are left out.
    settings : AdversarySettings
        How the two meet.
    optimizer : Optimizer or None, default=None
        The predictor's, whose learning rate ``alpha_schedule="sqrt"`` lowers.
    """

    def __init__(
        self,
        criterion: nn.Module,
        adversary: Adversary,
        parameters: Iterable[nn.Parameter],
        settings: AdversarySettings,
        optimizer: torch.optim.Optimizer | None = None,
    ) -> None:
        self.criterion = criterion
        self.adversary = adversary
        self.settings = settings
        self._parameters = list(parameters)
        self._own = list(adversary.parameters())
        fusible = self._own[0].device.type in ("cpu", "cuda")
        self.adversary_optimizer = torch.optim.Adam(
            self._own, lr=settings.adversary_lr, fused=fusible or None
        )
        self._optimizer = optimizer
        groups = [] if optimizer is None else optimizer.param_groups
        self._rates = [group["lr"] for group in groups]
        self._steps = 0

    def __call__(self, forward: Forward, batch: Batch) -> StepLoss:
        """Compute the loss of a batch, and let the adversary learn from it.

        Parameters
        ----------
        forward : callable
            From inputs to logits.
        batch : Batch
            The rows.

        Returns
        -------
        StepLoss
            The fairness term is the adversary's loss, in nats.
        """
        round_number = self._round()
        logits = forward(batch.X)
        predictive = predictive_loss(
            self.criterion, logits[: batch.n_predictive], batch
        )
        seen = logits[batch.fair_from :]
        if round_number < 1:
            seen = seen.detach()
        adversarial = self.adversary.loss(seen, batch)
        loss = predictive
        gradients: list[Tensor] = []
        if round_number < 1:
            gradients = list(torch.autograd.grad(adversarial, self._own))
        else:
            weight = self._weight(round_number)
            loss, gradients = self._oppose(predictive, adversarial, weight)
        self._teach(gradients, seen.detach(), batch)
        self._steps += batch.ends_step
        return StepLoss(loss, predictive.detach(), adversarial.detach())

    def state_dict(self) -> dict[str, Any]:
        """Return what later steps depend on.

        Returns
        -------
        dict
            The number of steps, the adversary and its optimizer.
        """
        return {
            "steps": self._steps,
            # It learns in place, within a step.
            "adversary": copy.deepcopy(self.adversary.state_dict()),
            "optimizer": copy.deepcopy(self.adversary_optimizer.state_dict()),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another objective of the same settings was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        self._steps = state["steps"]
        self.adversary.load_state_dict(state["adversary"])
        self.adversary_optimizer.load_state_dict(state["optimizer"])

    def _round(self) -> int:
        """Count the epochs behind the warm-up, from 1."""
        settings = self.settings
        epoch = settings.epochs_before + self._steps // settings.steps_per_epoch
        round_number = epoch - settings.warm_up + 1
        if settings.alpha_schedule == "sqrt":
            groups = [] if self._optimizer is None else self._optimizer.param_groups
            for group, rate in zip(groups, self._rates, strict=True):
                group["lr"] = rate / max(round_number, 1)
        return round_number

    def _weight(self, round_number: int) -> float:
        growth = 1.0
        if self.settings.alpha_schedule == "sqrt":
            growth = round_number**0.5
        return self.settings.adversary_weight * growth

    def _oppose(
        self, predictive: Tensor, adversarial: Tensor, weight: float
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the predictor's loss and the adversary's gradients."""
        trained = [part for part in self._parameters if part.requires_grad]
        plain: Sequence[Tensor | None] = torch.autograd.grad(
            predictive, trained, retain_graph=True, allow_unused=True
        )
        pairs = [
            (part, gradient)
            for part, gradient in zip(trained, plain, strict=True)
            if gradient is not None
        ]
        used = [part for part, _ in pairs]
        both = torch.autograd.grad(
            adversarial, [*used, *self._own], materialize_grads=True
        )
        sizes = [part.numel() for part in used]
        helping = _flat(gradient for _, gradient in pairs)
        against = _flat(both[: len(used)])
        direction = opposed(
            helping, against, weight, sizes=sizes, projection=self.settings.projection
        )
        # Linear in the parameters: its gradient is the direction, its value is 0.
        carrier = _flat(used) @ direction
        value = predictive.detach() - weight * adversarial.detach()
        return value + (carrier - carrier.detach()), list(both[len(used) :])

    def _teach(self, gradients: list[Tensor], seen: Tensor, batch: Batch) -> None:
        for _ in range(self.settings.adversary_steps - 1):
            self._step(gradients)
            again = self.adversary.loss(seen, batch)
            gradients = list(torch.autograd.grad(again, self._own))
        self._step(gradients)

    def _step(self, gradients: list[Tensor]) -> None:
        for part, gradient in zip(self._own, gradients, strict=True):
            part.grad = gradient
        self.adversary_optimizer.step()
        self.adversary_optimizer.zero_grad()


def opposed(
    helping: Tensor,
    against: Tensor,
    weight: float,
    *,
    sizes: list[int],
    projection: str,
) -> Tensor:
    """Return where the predictor goes (Zhang, Lemoine and Mitchell, eq. 1).

    Parameters
    ----------
    helping, against : Tensor of shape (n_parameters,)
        The gradients of the predictive loss and of the adversary's.
    weight : float
        The weight of the latter.
    sizes : list of int
        The parameters of each tensor.
    projection : {"global", "per_tensor", "none"}
        What may not help the adversary.

    Returns
    -------
    Tensor of shape (n_parameters,)
        The direction of steepest ascent, as a gradient is.

    Examples
    --------
    >>> g_p, g_a = torch.tensor([3.0, 1.0]), torch.tensor([2.0, 0.0])
    >>> opposed(g_p, g_a, 0.5, sizes=[2], projection="global")
    tensor([-1.,  1.])
    """
    parts = [len(helping)] if projection == "global" else sizes
    if projection != "none":
        pairs = zip(
            torch.split(helping, parts), torch.split(against, parts), strict=True
        )
        helping = torch.cat([_without(first, second) for first, second in pairs])
    return helping - weight * against


def _without(vector: Tensor, other: Tensor) -> Tensor:
    """Take away what a vector has in the direction of another; nothing if that is 0."""
    largest = other.abs().max()
    # Squares of a small gradient underflow, and 0 / 0 would be NaN: scale it first.
    unit = other / torch.where(largest > 0, largest, torch.ones_like(largest))
    length = unit @ unit
    share = (vector @ unit) / torch.where(largest > 0, length, torch.ones_like(length))
    return vector - share * unit


def _flat(parts: Iterable[Tensor]) -> Tensor:
    return torch.cat([part.flatten() for part in parts])
