"""How the fairness term of RUNNER is made, and how an adversary is trained."""

from collections.abc import Callable
from dataclasses import dataclass

OUTPUT_GAPS = ("mean", "threshold", "wasserstein")
REDUCTIONS = ("mean", "sum")
PROJECTIONS = ("global", "per_tensor", "none")
ALPHA_SCHEDULES = ("constant", "sqrt")


@dataclass(frozen=True)
class RepairSettings:
    """How the fairness term is made.

    Attributes
    ----------
    fairness_weight : float
        The weight of the term, λ of eqs 9 and 10.
    neuron_ratio : float
        The share of each layer's neurons that is held still, k of eq. 7.
    importance : str, default="auto"
        The criterion that chooses them, see `skrunner.diagnosis.resolve_criteria`.
    include_output : bool, default=True
        Whether the output's own gap is added, with the weight of one layer.
    reduction : {"mean", "sum"}, default="mean"
        Over the chosen neurons of a layer; layers are added up.
    normalize : bool, default=False
        Whether a neuron's gap is divided by the standard deviation of its activation.
    diagnose_every : int, default=5
        Steps from one diagnosis to the next.
    gap : {"mean", "threshold", "wasserstein"}, default="mean"
        The gap of the output that is added.
    gap_momentum : float, default=0.0
        The share of the past in running means of the groups.
    momentum_in_parts : callable or None, default=None
        What it becomes where a step has to run in so many parts; None keeps it.
    warm_up_steps : int, default=0
        Steps over which the weight rises to λ in a straight line.
    gradient_limit : float or None, default=None
        The most that the norm of the term's gradient may be of the predictive loss's.
    seed : int, default=0
        The seed of ``importance="random"``.
    """

    fairness_weight: float
    neuron_ratio: float
    importance: str = "auto"
    include_output: bool = True
    reduction: str = "mean"
    normalize: bool = False
    diagnose_every: int = 5
    gap: str = "mean"
    gap_momentum: float = 0.0
    momentum_in_parts: Callable[[int], float] | None = None
    warm_up_steps: int = 0
    gradient_limit: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class AdversarySettings:
    """How predictor and adversary meet.

    Attributes
    ----------
    adversary_weight : float, default=0.5
        The weight of the adversary's gradient, alpha in the paper.
    projection : {"global", "per_tensor", "none"}, default="global"
        Along what the predictive gradient may not help the adversary: its gradient as
        one vector, each parameter's own, or nothing.
    adversary_lr : float, default=0.001
        The learning rate of the adversary's Adam.
    adversary_steps : int, default=1
        The adversary's steps in one step of the predictor.
    warm_up : int, default=1
        Epochs in which both learn and do not meet.
    alpha_schedule : {"constant", "sqrt"}, default="constant"
        ``"sqrt"`` multiplies the weight by √t and divides the predictor's learning rate
        by t in the t-th epoch behind the warm-up.
    steps_per_epoch : int, default=1
        Steps of an epoch.
    epochs_before : int, default=0
        Epochs of an earlier training that this one continues.
    """

    adversary_weight: float = 0.5
    projection: str = "global"
    adversary_lr: float = 1e-3
    adversary_steps: int = 1
    warm_up: int = 1
    alpha_schedule: str = "constant"
    steps_per_epoch: int = 1
    epochs_before: int = 0


def warmed_up(weight: float, step: int, warm_up_steps: int) -> float:
    """Let a weight rise in a straight line.

    Parameters
    ----------
    weight : float
        Its final value.
    step : int
        The step, from 0.
    warm_up_steps : int
        The step at which it is reached; 0 has it from the start.

    Returns
    -------
    float
        The weight of this step.

    Examples
    --------
    >>> [warmed_up(2.0, step, 4) for step in (0, 1, 4, 5)]
    [0.0, 0.5, 2.0, 2.0]
    """
    return weight if step >= warm_up_steps else weight * step / warm_up_steps
