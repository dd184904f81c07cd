"""Fair Mixup: the slope of the output on the way from one group to another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from skrunner.data import Batch
from skrunner.gaps import GapStructure, class_probabilities
from skrunner.objectives._predictive import Forward, StepLoss, predictive_loss


@dataclass(frozen=True)
class Pairing:
    """Which rows of a batch are mixed, for every two bins that are compared.

    Attributes
    ----------
    member : Tensor of bool of shape (n_bins, n_rows)
        Whether a row belongs to a bin, on the CPU.
    first, second : Tensor of int64 of shape (n_terms,)
        The bins of each term of which both have rows.
    weights : Tensor of shape (n_terms, n_outputs)
        The weight of each term's slope.
    n_pairs : int
        Pairs of each term: the mean number of rows of a bin.
    """

    member: Tensor
    first: Tensor
    second: Tensor
    weights: Tensor
    n_pairs: int

    def draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Pair rows at random; the rows of a smaller bin repeat.

        Parameters
        ----------
        generator : Generator
            The source of the order.

        Returns
        -------
        first, second : Tensor of int64 of shape (n_terms * n_pairs,)
            Indices of rows, the pairs of each term side by side.
        """
        n_rows = self.member.shape[1]
        keys = torch.rand(n_rows, generator=generator, dtype=torch.float64)
        order = torch.where(self.member, keys, 2).argsort(1)
        sizes = self.member.sum(1, keepdim=True).clamp_min(1)
        rows = order.gather(1, torch.arange(self.n_pairs) % sizes)
        return rows[self.first].flatten(), rows[self.second].flatten()


class MixupObjective:
    """Predictive loss + λ · slope of the mean output between groups.

    Rows of two groups are mixed, x_t = t x_a + (1 - t) x_b, with one t for each step,
    and the derivative of the net's mean probability with respect to t is pulled to
    zero. The rows of all pairs are in one forward pass with those of the predictive
    loss, as batch normalization needs it.

    Parameters
    ----------
    criterion : Module
        The predictive loss.
    structure : GapStructure
        What is compared, on the device of the batches.
    fairness_weight : float
        The weight λ of the slope.
    seed : int, default=0
        The seed of t and of the pairs.
    """

    def __init__(
        self,
        criterion: nn.Module,
        structure: GapStructure,
        *,
        fairness_weight: float,
        seed: int = 0,
    ) -> None:
        self.criterion = criterion
        self._structure = structure
        self._fairness_weight = fairness_weight
        self._generator = torch.Generator().manual_seed(seed)
        self._known: dict[int, Pairing] = {}

    def __call__(self, forward: Forward, batch: Batch) -> StepLoss:
        """Compute the loss of a batch.

        Parameters
        ----------
        forward : callable
            From inputs to logits, twice differentiable in its inputs.
        batch : Batch
            The rows.

        Returns
        -------
        StepLoss
            The loss and its parts; the gap itself is not measured.
        """
        pairing = self._pairing_of(batch)
        first, second = pairing.draw(self._generator)
        t = torch.rand((), generator=self._generator, dtype=torch.float64).item()
        rows = batch.X[batch.fair_from :]
        ends = rows[second.to(rows.device)]
        path = rows[first.to(rows.device)] - ends
        mixed = (ends + t * path).requires_grad_()
        logits = forward(torch.cat([batch.X[: batch.n_predictive], mixed]))
        predictive = predictive_loss(
            self.criterion, logits[: batch.n_predictive], batch
        )
        outputs = class_probabilities(logits)[batch.n_predictive :]
        shape = (len(pairing.first), pairing.n_pairs, outputs.shape[1])
        means = outputs.reshape(shape).mean(1)
        fairness = _total_slope(means, pairing.weights, mixed, path)
        loss = predictive + self._fairness_weight * fairness
        return StepLoss(loss, predictive.detach(), fairness.detach())

    def state_dict(self) -> dict[str, Any]:
        """Return what later steps depend on.

        Returns
        -------
        dict
            The state of the generator of t and of the pairs.
        """
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another objective of the same settings was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        self._generator.set_state(state["generator"])

    def _pairing_of(self, batch: Batch) -> Pairing:
        if batch.same_cells and len(batch.y) in self._known:
            return self._known[len(batch.y)]
        structure = self._structure
        cells = batch.groups * structure.n_classes + batch.y
        inside = structure.membership[:, cells[batch.fair_from :]]
        present = inside.amax(1)
        complete = structure.differences.abs() @ present == 2
        terms = structure.differences[complete]
        member = inside.bool().cpu()
        n_pairs = int(member.sum()) // max(1, int(present.sum()))
        pairing = Pairing(
            member,
            terms.argmax(1).cpu(),
            terms.argmin(1).cpu(),
            structure.term_output_weights(present)[complete],
            n_pairs,
        )
        if batch.same_cells:
            self._known[len(batch.y)] = pairing
        return pairing


def _total_slope(means: Tensor, weights: Tensor, mixed: Tensor, path: Tensor) -> Tensor:
    """Add up the absolute derivatives of means along the path of the mixed rows.

    Batch normalization lets every row depend on all others, so a derivative is that of
    moving them all. Once its sign is known, the weighted sum of all is the derivative
    of one number, and one backward pass whatever the number of groups and classes.
    """
    if weights.numel() > 1:
        weights = weights * _signs(means, mixed, path)
    (slope,) = torch.autograd.grad(means, mixed, weights, create_graph=True)
    return (slope * path).sum().abs()


def _signs(means: Tensor, mixed: Tensor, path: Tensor) -> Tensor:
    """Return the signs of the derivatives: a backward pass, itself derived."""
    pull = torch.zeros_like(means, requires_grad=True)
    (slope,) = torch.autograd.grad(means, mixed, pull, create_graph=True)
    (derivatives,) = torch.autograd.grad(slope, pull, path)
    return derivatives.sign()
