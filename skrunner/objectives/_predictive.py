"""The predictive loss alone: what Vanilla training minimizes."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from skrunner.data import Batch, WholeRows

Forward = Callable[[Tensor], Tensor]


class StepLoss(NamedTuple):
    """The parts of a step's loss.

    An epoch adds up what can wait: a step of a small net is bound by its operations.

    Attributes
    ----------
    loss : Tensor of shape ()
        What is minimized, attached to the graph.
    predictive : Tensor of shape ()
        The predictive loss.
    fairness : Tensor of shape () or None
        The fairness term before it is weighted.
    gap_parts : Tensor of shape (n_terms, n_outputs) or None
        The weighted differences of the mean output between groups, with their signs:
        their absolute values add up to the gap.
    """

    loss: Tensor
    predictive: Tensor
    fairness: Tensor | None = None
    gap_parts: Tensor | None = None

    @property
    def gap(self) -> Tensor | None:
        """Add up the gap of the mean output between groups.

        Returns
        -------
        Tensor of shape () or None
            The gap.
        """
        return None if self.gap_parts is None else self.gap_parts.abs().sum()


class Objective(Protocol):
    """What one step minimizes: a forward pass and a batch make a loss.

    Attributes
    ----------
    criterion : Module
        What the predictive loss is the mean of.
    """

    criterion: nn.Module

    def __call__(self, forward: Forward, batch: Batch) -> StepLoss:
        """Compute the loss of a batch, running the net once."""

    def state_dict(self) -> dict[str, Any]:
        """Return what later steps depend on, in tensors, numbers and containers."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another objective of the same settings was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """


class PredictiveObjective:
    """The mean loss of the predictive rows.

    Parameters
    ----------
    criterion : Module
        ``BCEWithLogitsLoss`` for one logit, ``CrossEntropyLoss`` for one a class.
    """

    joins_processes = True

    def __init__(self, criterion: nn.Module) -> None:
        self.criterion = criterion

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
            Without a fairness term.
        """
        logits = forward(batch.X)[: batch.n_predictive]
        loss = predictive_loss(self.criterion, logits, batch)
        return StepLoss(loss, loss.detach())

    def state_dict(self) -> dict[str, Any]:
        """Return what later steps depend on.

        Returns
        -------
        dict
            Nothing.
        """
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another objective of the same settings was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """


def predictive_loss(criterion: nn.Module, logits: Tensor, batch: Batch) -> Tensor:
    """Average the loss of the predictive rows, by their weights if they have some.

    Parameters
    ----------
    criterion : Module
        ``BCEWithLogitsLoss`` or ``CrossEntropyLoss``.
    logits : Tensor of shape (n_predictive,), (n_predictive, 1) or (n_predictive, C)
        The logits of the first rows of the batch.
    batch : Batch
        The rows.

    Returns
    -------
    Tensor of shape ()
        The mean loss; of processes that share a step each has a part of it, and the
        parts add up.
    """
    labels = batch.y[: len(logits)]
    if isinstance(criterion, nn.BCEWithLogitsLoss):
        logits, target = logits.reshape(len(logits)), labels.to(logits.dtype)
    else:
        target = labels
    if batch.weight is None and batch.whole is None:
        mean: Tensor = criterion(logits, target)
        return mean
    single = copy.copy(criterion)
    single.reduction = "none"  # type: ignore[assignment]
    losses: Tensor = single(logits, target)
    if batch.weight is not None:
        losses = batch.weight[: len(logits)] * losses
    if batch.whole is None:
        total = total_weight(criterion, batch, len(logits))
    else:
        total = total_weight(criterion, batch.whole, batch.whole.n_predictive)
    total = torch.as_tensor(total)
    return losses.sum() / torch.where(total > 0, total, torch.ones_like(total))


def total_weight(
    criterion: nn.Module, rows: Batch | WholeRows, n_rows: int
) -> Tensor | int:
    """Return what the sum of losses is divided by to be their mean.

    Parameters
    ----------
    criterion : Module
        Its class weights count too.
    rows : Batch or WholeRows
        Labels and weights.
    n_rows : int
        How many rows, from the first.

    Returns
    -------
    Tensor of shape () or int
        The sum of the weights; without any, the number of rows.
    """
    share = None if rows.weight is None else rows.weight[:n_rows]
    if isinstance(criterion, nn.CrossEntropyLoss) and criterion.weight is not None:
        of_class = criterion.weight[rows.y[:n_rows]]
        share = of_class if share is None else share * of_class
    return n_rows if share is None else share.sum()
