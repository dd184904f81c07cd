"""RUNNER's loss: diagnose neurons, then hold the chosen ones still between groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from skrunner.data import Batch
from skrunner.diagnosis import (
    n_selected,
    neuron_importance,
    resolve_criteria,
    top_neurons,
)
from skrunner.gaps import (
    GapStructure,
    GroupMeans,
    RunningMeans,
    activation_gap,
    class_probabilities,
    group_means,
    output_gap,
    spread,
    wasserstein_gap,
)
from skrunner.nn import ActivationRecorder, NeuronLayers, neuron_first
from skrunner.objectives._predictive import Forward, StepLoss, predictive_loss

OUTPUT_GAPS = ("mean", "threshold", "wasserstein")
REDUCTIONS = ("mean", "sum")
THRESHOLD_TEMPERATURE = 0.25


@dataclass(frozen=True)
class RepairSettings:
    """How the fairness term is made.

    Parameters
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
    seed: int = 0


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
    """

    def __init__(
        self,
        criterion: nn.Module,
        structure: GapStructure,
        layers: NeuronLayers,
        settings: RepairSettings,
    ) -> None:
        self.criterion = criterion
        self.settings = settings
        self._structure = structure
        self._layers = layers
        self._hooked = layers.as_mapping()
        self._running = RunningMeans(settings.gap_momentum)
        generator = torch.Generator().manual_seed(settings.seed)
        self._criteria = resolve_criteria(
            settings.importance, layers.modules, generator
        )
        self._constant_means: dict[int, GroupMeans] = {}
        self._step = 0
        self.selected: list[Tensor] = []

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
        with ActivationRecorder(self._hooked) as recorder:
            logits = forward(batch.X)
        activations = [recorder.activations[name] for name in self._layers.names]
        predictive = predictive_loss(
            self.criterion, logits[: batch.n_predictive], batch
        )
        means = self._means(batch)
        gap = self._output_gap("output", class_probabilities(logits), means)
        if self._step % self.settings.diagnose_every == 0:
            self._diagnose(gap, activations)
        self._step += 1
        fairness = self._neuron_term(activations, means)
        if self.settings.include_output:
            fairness = fairness + self._output_term(logits, gap, means)
        loss = predictive + self.settings.fairness_weight * fairness
        return StepLoss(loss, predictive.detach(), fairness.detach(), gap.detach())

    def _means(self, batch: Batch) -> GroupMeans:
        n_rows = len(batch.y)
        if batch.same_cells and n_rows in self._constant_means:
            return self._constant_means[n_rows]
        weight = batch.weight
        if batch.fair_from:
            takes_part = torch.ones_like(
                batch.y, dtype=self._structure.membership.dtype
            )
            takes_part[: batch.fair_from] = 0
            weight = takes_part if weight is None else weight * takes_part
        means = group_means(self._structure, batch.groups, batch.y, weight)
        if batch.same_cells:
            self._constant_means[n_rows] = means
        return means

    def _output_gap(self, name: str, values: Tensor, means: GroupMeans) -> Tensor:
        averaged, present = self._running.update(name, means.of(values), means.present)
        return output_gap(self._structure, averaged, present)

    def _output_term(self, logits: Tensor, gap: Tensor, means: GroupMeans) -> Tensor:
        if self.settings.gap == "threshold":
            steep = class_probabilities(logits, THRESHOLD_TEMPERATURE)
            return self._output_gap("steep output", steep, means)
        if self.settings.gap == "wasserstein":
            return wasserstein_gap(self._structure, logits, means)
        return gap

    def _diagnose(self, gap: Tensor, activations: Sequence[Tensor]) -> None:
        modules = self._layers.modules
        weights = self._layers.weights()
        # A frozen layer, as in fine-tuning, has no gradient to be chosen by.
        free = [i for i, weight in enumerate(weights) if weight.requires_grad]
        scores = neuron_importance(
            gap,
            [modules[i] for i in free],
            [activations[i] for i in free],
            [self._criteria[i] for i in free],
        )
        ratio = 1.0 if self.settings.importance == "all" else self.settings.neuron_ratio
        self.selected = [
            torch.zeros(len(weight), dtype=torch.bool, device=weight.device)
            for weight in weights
        ]
        for i, score in zip(free, scores, strict=True):
            self.selected[i] = top_neurons(score, ratio)

    def _neuron_term(self, activations: Sequence[Tensor], means: GroupMeans) -> Tensor:
        total = means.matrix.new_zeros(())
        for name, layer, activation, selected in zip(
            self._layers.names,
            self._layers.modules,
            activations,
            self.selected,
            strict=True,
        ):
            values = neuron_first(layer, activation)
            averaged, present = self._running.update(
                name, means.of(values), means.present
            )
            gaps = activation_gap(self._structure, averaged, present)
            if self.settings.normalize:
                tiny = torch.finfo(gaps.dtype).eps
                gaps = gaps / spread(values.to(gaps.dtype), means).clamp_min(tiny)
            held = (gaps * selected).sum()
            if self.settings.reduction == "mean":
                ratio = self.settings.neuron_ratio
                all_of_them = self.settings.importance == "all"
                held = held / n_selected(len(gaps), 1.0 if all_of_them else ratio)
            total = total + held
        return total
