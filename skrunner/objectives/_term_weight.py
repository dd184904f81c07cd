"""The weight of the fairness term: λ, how it rises, and how far it may overrule."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from skrunner._processes import joined_sums
from skrunner.objectives._settings import warmed_up

MEASURED_EVERY = 5


class TermWeight:
    """The weight of the fairness term at a step.

    With a limit c, the term's gradient is at most c times as long as that of the
    predictive loss: the weight is ``min(λ, c · |∇L_cls| / |∇L_fair|)``, with both norms
    over all trained parameters, measured at every fifth step and kept in between. The
    same scaling by gradients is known from multi-task learning; here it only ever
    weakens the term. For c < 1 every measured step still descends the predictive loss.

    Parameters
    ----------
    fairness_weight : float
        The final weight λ.
    warm_up_steps : int, default=0
        Steps over which it rises in a straight line.
    gradient_limit : float or None, default=None
        The limit c; None sets none.
    parameters : iterable of Parameter, default=()
        The net's; needed for a limit.
    """

    def __init__(
        self,
        fairness_weight: float,
        *,
        warm_up_steps: int = 0,
        gradient_limit: float | None = None,
        parameters: Iterable[nn.Parameter] = (),
    ) -> None:
        self._weight = fairness_weight
        self._warm_up_steps = warm_up_steps
        self._limit = gradient_limit
        self._parameters = [each for each in parameters if each.requires_grad]
        self._most: Tensor | None = None

    def add(self, predictive: Tensor, fairness: Tensor, step: int) -> Tensor:
        """Add the weighted term to the predictive loss.

        Parameters
        ----------
        predictive, fairness : Tensor of shape ()
            Both parts of the loss, attached to the graph.
        step : int
            The step, from 0.

        Returns
        -------
        Tensor of shape ()
            What is minimized.
        """
        weight = warmed_up(self._weight, step, self._warm_up_steps)
        if self._limit is None:
            return predictive.add(fairness, alpha=weight)
        if self._most is None or step % MEASURED_EVERY == 0:
            norms = [self._gradient_norm(part) for part in (predictive, fairness)]
            tiny = torch.finfo(norms[1].dtype).tiny
            self._most = self._limit * norms[0] / norms[1].clamp_min(tiny)
        return predictive + self._most.clamp_max(weight) * fairness

    def state_dict(self) -> dict[str, Any]:
        """Return what later steps depend on.

        Returns
        -------
        dict
            What the last measurement allows.
        """
        return {"most": self._most}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another weight of the same settings was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        most = state["most"]
        self._most = most if most is None else most.to(self._parameters[0].device)

    def _gradient_norm(self, part: Tensor) -> Tensor:
        gradients = torch.autograd.grad(
            part, self._parameters, retain_graph=True, materialize_grads=True
        )
        return nn.utils.get_total_norm(joined_sums(gradients))
