"""RUNNER's loss: diagnose neurons, then hold the chosen ones still between groups."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from skrunner.data import Batch
from skrunner.diagnosis import (
    n_selected,
    neuron_importance,
    resolve_criteria,
    top_neurons,
)
from skrunner.gaps import GapStructure, GroupMeans, spread
from skrunner.nn import ActivationReader, NeuronLayers, neuron_first
from skrunner.objectives._comparison import Comparison, length_of
from skrunner.objectives._group_gap import GroupGap, Measured
from skrunner.objectives._predictive import Forward, StepLoss, predictive_loss
from skrunner.objectives._settings import RepairSettings
from skrunner.objectives._term_weight import TermWeight


class StabilizingObjective:
    """Predictive loss + λ · activation gap of the responsible neurons (eqs 9 and 10).

    Every `diagnose_every` steps one backward pass of the output's gap chooses the top k
    neurons of each layer; the same forward pass serves the loss, so that batch
    normalization and dropout see one batch and no gradient is written twice.

    Parameters
    ----------
    criterion : Module
        The predictive loss.
    structure : GapStructure
        What is compared, on the device of the batches.
    layers : NeuronLayers
        The layers whose neurons are diagnosed; those with frozen weights are skipped.
    settings : RepairSettings
        How the fairness term is made.
    parameters : iterable of Parameter, default=()
        The net's; needed for a limit of the term's gradient.
    """

    reads_neurons = True
    joins_processes = True

    def __init__(
        self,
        criterion: nn.Module,
        structure: GapStructure,
        layers: NeuronLayers,
        settings: RepairSettings,
        parameters: Iterable[nn.Parameter] = (),
    ) -> None:
        self.criterion = criterion
        self.settings = settings
        self._groups = GroupGap(
            structure,
            settings.gap,
            settings.gap_momentum,
            settings.momentum_in_parts,
        )
        self.run_in_parts = self._groups.run_in_parts
        self._layers = layers
        self._reader = ActivationReader(layers)
        self._generator = torch.Generator().manual_seed(settings.seed)
        self._criteria = resolve_criteria(
            settings.importance, layers.modules, self._generator
        )
        self._weight = TermWeight(
            settings.fairness_weight,
            warm_up_steps=settings.warm_up_steps,
            gradient_limit=settings.gradient_limit,
            parameters=parameters,
        )
        self._column_weights: dict[int, Tensor] = {}
        self._step = 0
        self.selected: list[Tensor] = []
        self._share = structure.differences.new_empty(0)
        self._parts: dict[tuple[int, ...], Tensor] = {}

    def __call__(self, forward: Forward, batch: Batch) -> StepLoss:
        """Compute the loss of a batch.

        Parameters
        ----------
        forward : callable
            From inputs to logits; runs the layers.
        batch : Batch
            The rows.

        Returns
        -------
        StepLoss
            The loss and its parts.
        """
        with self._reader.reading() as found:
            logits = forward(batch.X)
        activations = [found[name] for name in self._layers.names]
        predictive = predictive_loss(
            self.criterion, logits[: batch.n_predictive], batch
        )
        outputs = self._groups.outputs(logits)
        views = [
            neuron_first(layer, activation)
            for layer, activation in zip(self._layers.modules, activations, strict=True)
        ]
        blocks = [*outputs, *views]
        measured = self._groups.measure(batch, blocks)
        if self._step % self.settings.diagnose_every == 0 and not batch.part:
            self._diagnose(outputs[0], measured, activations, views)
        weights = self._weigh_columns(measured.compared, batch)
        if self.settings.normalize:
            weights = weights / self._scale(outputs, views, measured.means)
        fairness = self._groups.add_up(measured, weights, blocks)
        if self.settings.include_output:
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
            The number of steps, the neurons of the last diagnosis and their share, the
            weight's limit, running means, the state of random importance's generator.
        """
        return {
            "step": self._step,
            "selected": self.selected,
            "share": self._share,
            "weight": self._weight.state_dict(),
            "groups": self._groups.state_dict(),
            "generator": self._generator.get_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another objective of the same settings was.

        Parameters
        ----------
        state : mapping
            From `state_dict`.
        """
        device = self._groups.structure.differences.device
        self._step = state["step"]
        self.selected = [chosen.to(device) for chosen in state["selected"]]
        self._share = state["share"].to(device)
        self._column_weights = {}
        self._weight.load_state_dict(state["weight"])
        self._groups.load_state_dict(state["groups"])
        self._generator.set_state(state["generator"])

    def _weigh_columns(self, compared: Comparison, batch: Batch) -> Tensor:
        """Weigh every distance, of shape (n_terms, n_columns), in the fairness term."""
        n_rows = length_of(batch)
        if compared.constant and n_rows in self._column_weights:
            return self._column_weights[n_rows]
        columns = self._groups.weigh_outputs(
            compared, include=self.settings.include_output
        )
        columns.append(torch.outer(compared.by_term, self._share))
        weights = torch.cat(columns, 1)
        if compared.constant:
            self._column_weights[n_rows] = weights
        return weights

    def _scale(
        self, outputs: Sequence[Tensor], views: Sequence[Tensor], means: GroupMeans
    ) -> Tensor:
        """Return the standard deviation of each neuron's columns, 1 for the outputs."""
        dtype = means.matrix.dtype
        ones = [means.matrix.new_ones(values.shape[1]) for values in outputs]
        spreads = [
            spread(values.to(dtype), means).repeat_interleave(values.shape[2:].numel())
            for values in views
        ]
        return torch.cat([*ones, *spreads]).clamp_min(torch.finfo(dtype).eps)

    def _diagnose(
        self,
        probabilities: Tensor,
        measured: Measured,
        activations: Sequence[Tensor],
        views: Sequence[Tensor],
    ) -> None:
        modules = self._layers.modules
        weights = self._layers.weights()
        # A frozen layer, or one that runs without a graph, as in fine-tuning, has no
        # gradient to be chosen by.
        free = [
            i
            for i, (weight, activation) in enumerate(
                zip(weights, activations, strict=True)
            )
            if weight.requires_grad and activation.requires_grad
        ]
        scores = neuron_importance(
            probabilities,
            [modules[i] for i in free],
            [activations[i] for i in free],
            [self._criteria[i] for i in free],
            self._groups.gap_slopes(measured).to(probabilities.dtype),
            share=measured.means.share,
        )
        ratio = 1.0 if self.settings.importance == "all" else self.settings.neuron_ratio
        chosen = {
            i: top_neurons(score, ratio) for i, score in zip(free, scores, strict=True)
        }
        self.selected = [
            chosen[i]
            if i in chosen
            else weight.new_zeros(len(weight), dtype=torch.bool)
            for i, weight in enumerate(weights)
        ]
        self._column_weights = {}
        self._share = self._spread_over_columns(views, ratio)

    def _spread_over_columns(self, views: Sequence[Tensor], ratio: float) -> Tensor:
        """Spread a layer's weight over its selected neurons and their positions."""
        if not self.selected:
            return self._share
        positions = tuple(values.shape[2:].numel() for values in views)
        if positions not in self._parts:
            self._parts = {positions: self._equal_parts(positions, ratio)}
        chosen = [
            selected if n == 1 else selected.repeat_interleave(n)
            for selected, n in zip(self.selected, positions, strict=True)
        ]
        return torch.cat(chosen) * self._parts[positions]

    def _equal_parts(self, positions: Sequence[int], ratio: float) -> Tensor:
        """Return the share of each column, if its neuron is selected."""
        by_mean = self.settings.reduction == "mean"
        like = self._groups.structure.differences
        parts = []
        for selected, n in zip(self.selected, positions, strict=True):
            n_held = n_selected(len(selected), ratio) if by_mean else 1
            parts.append(like.new_full((n * len(selected),), 1 / (n * n_held)))
        return torch.cat(parts)
