"""The gradients of one step, part by part if need be, and the losses of an epoch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skrunner.data import Batch
from skrunner.objectives import Objective, StepLoss, total_weight
from skrunner.training._scoring import check_finite


def backward(objective: Objective, forward: Any, parts: list[Batch]) -> StepLoss:
    """Add up the gradients of the parts of a step.

    Parameters
    ----------
    objective : callable
        What the step minimizes.
    forward : callable
        From inputs to logits.
    parts : list of Batch
        The rows, see `skrunner.data.split_batch`.

    Returns
    -------
    StepLoss
        The losses, of several parts their mean by the weight of predictive rows.
    """
    if len(parts) == 1:
        step = objective(forward, parts[0])
        step.loss.backward()
        return step
    means: list[Any] = [None] * len(StepLoss._fields)
    shares = _shares(parts, objective.criterion)
    for part, share in zip(parts, shares, strict=True):
        step = objective(forward, part)
        (share * step.loss).backward()
        for i, value in enumerate(without_graph(step)):
            if value is not None:
                means[i] = share * value + (0 if means[i] is None else means[i])
    return StepLoss(*means)


def _shares(parts: list[Batch], criterion: nn.Module) -> list[Any]:
    """Return what part of the predictive loss each part of a step is."""
    sizes = [total_weight(criterion, part, part.n_predictive) for part in parts]
    whole: Any = sum(sizes)
    if isinstance(whole, Tensor):
        whole = whole.clamp_min(torch.finfo(whole.dtype).tiny)
    return [size / whole for size in sizes]


def without_graph(step: StepLoss) -> StepLoss:
    """Let go of the graph of a step.

    Parameters
    ----------
    step : StepLoss
        The losses.

    Returns
    -------
    StepLoss
        The same values.
    """
    return step._replace(loss=step.loss.detach())


def record_epoch(history: Any, steps: Sequence[StepLoss]) -> None:
    """Write the means of an epoch's losses into its history.

    Parameters
    ----------
    history : History
        Of skorch; its last row is the epoch.
    steps : sequence of StepLoss
        The losses of each step, on one device.

    Raises
    ------
    FloatingPointError
        If the loss is not finite.
    """
    means = stacked(steps).double().mean(0).cpu().numpy()
    check_finite(float(means[0]), len(history))
    before = history[:-1, "train_loss"] if len(history) > 1 else [np.inf]
    history.record("train_loss", float(means[0]))
    history.record("train_loss_best", bool(means[0] < min(before)))
    names = ("predictive_loss", "fairness_term", "train_gap")
    for name, mean in zip(names, means[1:], strict=True):
        history.record(name, float(mean))


def stacked(steps: Sequence[StepLoss]) -> Tensor:
    """Return the losses and the gaps of an epoch side by side.

    Parameters
    ----------
    steps : sequence of StepLoss
        The losses of each step, on one device.

    Returns
    -------
    Tensor of shape (n_steps, 4)
        Loss, predictive loss, fairness term and gap; NaN where there is none.
    """
    like = steps[0].loss
    columns = [_column(values, like) for values in zip(*steps, strict=True)]
    return torch.stack(
        [*columns[:3], columns[3].abs().reshape(len(steps), -1).sum(1)], 1
    )


def _column(values: Sequence[Tensor | None], like: Tensor) -> Tensor:
    nothing = like.new_full((), torch.nan)
    return torch.stack([nothing if v is None else v for v in values]).to(like)
