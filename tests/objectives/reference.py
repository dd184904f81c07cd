"""One RUNNER step written out: loops over groups, labels, classes, layers, neurons.

It shares nothing with the package but the meaning of a batch. Every quantity is a
float64 scalar of autograd, so that values and gradients can be compared.
"""

from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np
import torch
from scipy.stats import wasserstein_distance


@dataclass
class Comparison:
    """Rows with these labels are compared between groups, with this weight."""

    labels: set
    weight: float
    class_weights: dict


@dataclass
class Reference:
    """What a step of RUNNER computes; `memory` holds the running means of groups."""

    constraints: str
    n_groups: int
    n_classes: int
    fairness_weight: float
    neuron_ratio: float
    importance: str = "sum_sq"
    include_output: bool = True
    reduction: str = "mean"
    normalize: bool = False
    diagnose_every: int = 1
    gap: str = "mean"
    gap_momentum: float = 0.0
    seed: int = 0
    memory: dict = field(default_factory=dict)
    n_steps: int = 0

    def __post_init__(self):
        self.generator = torch.Generator().manual_seed(self.seed)
        self.comparisons = comparisons(self.constraints, self.n_classes)

    def step(self, module, batch):
        """Return loss, predictive loss, fairness term, gap and chosen neurons."""
        logits, activations = module.outputs(batch.X)
        predictive = cross_entropy(logits, batch)
        gap = self.output_gap(logits, batch, temperature=1.0, name="output")
        if self.n_steps % self.diagnose_every == 0:
            self.chosen = self.choose(gap, module, activations)
        self.n_steps += 1
        fairness = torch.zeros((), dtype=torch.float64)
        for layer, activation in enumerate(activations):
            deltas = [
                self.discrimination(activation[:, neuron], batch, (layer, neuron))
                for neuron in range(activation.shape[1])
            ]
            held = sum(deltas[neuron] for neuron in self.chosen[layer])
            if self.reduction == "mean":
                held = held / len(self.chosen[layer])
            fairness = fairness + held
        if self.include_output:
            fairness = fairness + self.output_term(gap, logits, batch)
        loss = predictive + self.fairness_weight * fairness
        return loss, predictive, fairness, gap

    def output_gap(self, logits, batch, *, temperature, name):
        """Compute eqs 3 and 4."""
        gap = torch.zeros((), dtype=torch.float64)
        for comparison in self.comparisons:
            for c, class_weight in comparison.class_weights.items():
                p = probability(logits, c, temperature)
                pairs = self.pairs_of_means(p, batch, comparison, (name, c))
                gap = gap + comparison.weight * class_weight * mean_of(pairs)
        return gap

    def output_term(self, gap, logits, batch):
        if self.gap == "threshold":
            return self.output_gap(logits, batch, temperature=0.25, name="steep")
        if self.gap == "wasserstein":
            return self.wasserstein(logits, batch)
        return gap

    def choose(self, gap, module, activations):
        """Choose the top k of each layer, eqs 6 and 7."""
        chosen = []
        for layer, activation in zip(module.hidden, activations, strict=True):
            scores = self.scores(gap, layer, activation)
            n_neurons = len(scores)
            k = max(1, round(self.neuron_ratio * n_neurons))
            if self.importance == "all":
                k = n_neurons
            ranking = sorted(range(n_neurons), key=lambda m: (-scores[m], m))
            chosen.append(sorted(ranking[:k]))
        return chosen

    def scores(self, gap, layer, activation):
        n_neurons = len(layer.weight)
        if self.importance == "all":
            return [1.0] * n_neurons
        if self.importance == "random":
            draw = torch.rand(n_neurons, generator=self.generator, dtype=torch.float64)
            return draw.tolist()
        linear = isinstance(layer, torch.nn.Linear)
        if self.importance == "taylor" or (self.importance == "auto" and not linear):
            (slope,) = torch.autograd.grad(gap, activation, retain_graph=True)
            products = (activation * slope).detach()
            return [products[:, m].sum().item() ** 2 for m in range(n_neurons)]
        (slope,) = torch.autograd.grad(gap, layer.weight, retain_graph=True)
        scores = []
        for neuron in range(n_neurons):
            products = (layer.weight[neuron] * slope[neuron]).flatten().tolist()
            signed = self.importance == "signed"
            scores.append(sum(p if signed else p * p for p in products))
        return scores

    def discrimination(self, values, batch, key):
        """Compute the gap of one neuron, eqs 8 and 10; maps: mean over positions."""
        positions = values.reshape(len(values), -1)
        delta = torch.zeros((), dtype=torch.float64)
        for comparison in self.comparisons:
            for place in range(positions.shape[1]):
                value = positions[:, place]
                pairs = self.pairs_of_means(value, batch, comparison, (*key, place))
                share = comparison.weight / positions.shape[1]
                delta = delta + share * mean_of(pairs)
        if self.normalize:
            delta = delta / self.deviation(positions, batch)
        return delta

    def pairs_of_means(self, values, batch, comparison, key):
        """Return |difference| of each pair of groups that both have rows."""
        means = []
        for group in range(self.n_groups):
            rows = members(batch, group, comparison.labels)
            mean = weighted_mean(values, batch, rows) if rows else None
            bin_ = (*key, group, *sorted(comparison.labels))
            mean = self.remembered(bin_, mean)
            if mean is not None:
                means.append(mean)
        return [(a - b).abs() for a, b in combinations(means, 2)]

    def remembered(self, bin_, mean):
        """Return the running mean with the gradient of the batch."""
        if not self.gap_momentum:
            return mean
        past = self.memory.get(bin_)
        if mean is None:
            return past
        now = mean.detach()
        if past is not None:
            now = self.gap_momentum * past + (1 - self.gap_momentum) * now
        self.memory[bin_] = now
        return now + mean - mean.detach()

    def shares(self, batch):
        """Return the share of each row when every bin weighs the same."""
        weights = row_weights(batch)
        bins = [
            members(batch, group, comparison.labels)
            for comparison in self.comparisons
            for group in range(self.n_groups)
        ]
        bins = [rows for rows in bins if rows]
        shares = [0.0] * len(batch.y)
        for rows in bins:
            total = sum(weights[i] for i in rows)
            for i in rows:
                shares[i] += weights[i] / total / len(bins)
        return torch.tensor(shares, dtype=torch.float64)

    def deviation(self, positions, batch):
        """Return the standard deviation over rows and positions."""
        shares = self.shares(batch)
        mean = (shares * positions.mean(1)).sum()
        return (shares * ((positions - mean) ** 2).mean(1)).sum().sqrt()

    def wasserstein(self, logits, batch):
        """Integrate |F_a - F_b| of the standardized logits; scipy must agree."""
        total = torch.zeros((), dtype=torch.float64)
        for comparison in self.comparisons:
            for c, class_weight in comparison.class_weights.items():
                values = decision(logits, c)
                values = values / self.deviation(values[:, None], batch)
                pairs = []
                for a, b in combinations(range(self.n_groups), 2):
                    rows_a = members(batch, a, comparison.labels)
                    rows_b = members(batch, b, comparison.labels)
                    if rows_a and rows_b:
                        pairs.append(transport(values, batch, rows_a, rows_b))
                total = total + comparison.weight * class_weight * mean_of(pairs)
        return total


def comparisons(constraints, n_classes):
    """Say which rows are compared and on which outputs."""
    classes = range(n_classes)
    everyone = {1: 1.0} if n_classes == 2 else dict.fromkeys(classes, 0.5)
    if constraints == "demographic_parity":
        return [Comparison(set(classes), 1.0, everyone)]
    if constraints == "equalized_odds":
        return [Comparison({y}, 1.0, everyone) for y in classes]
    true_positive = constraints == "true_positive_rate_parity"
    if n_classes == 2:
        return [Comparison({1 if true_positive else 0}, 1.0, everyone)]
    return [
        Comparison({c} if true_positive else set(classes) - {c}, 1 / n_classes, {c: 1})
        for c in classes
    ]


def row_weights(batch):
    return [1.0] * len(batch.y) if batch.weight is None else batch.weight.tolist()


def members(batch, group, labels):
    """List the rows of the fairness term in a group with such labels."""
    rows = enumerate(zip(batch.groups.tolist(), batch.y.tolist(), strict=True))
    return [
        i for i, (g, y) in rows if g == group and y in labels and i >= batch.fair_from
    ]


def weighted_mean(values, batch, rows):
    weights = torch.tensor(row_weights(batch), dtype=torch.float64)[rows]
    return (weights * values[rows]).sum() / weights.sum()


def mean_of(numbers):
    return sum(numbers) / len(numbers) if numbers else torch.zeros(())


def probability(logits, c, temperature):
    if logits.ndim == 1 or logits.shape[1] == 1:
        return 1 / (1 + torch.exp(-logits.reshape(-1) / temperature))
    powers = torch.exp(logits / temperature)
    return powers[:, c] / powers.sum(1)


def decision(logits, c):
    if logits.ndim == 1 or logits.shape[1] == 1:
        return logits.reshape(-1)
    if logits.shape[1] == 2:
        return logits[:, 1] - logits[:, 0]
    return logits[:, c] - logits.mean(1)


def cross_entropy(logits, batch):
    """Average -log p(label) over the predictive rows."""
    total = weight = 0.0
    for i in range(batch.n_predictive):
        label = batch.y[i].item()
        p = probability(logits, label, 1.0)[i]
        if logits.ndim == 1 or logits.shape[1] == 1:
            p = p if label == 1 else 1 - p
        w = row_weights(batch)[i]
        total, weight = total - w * torch.log(p), weight + w
    return total / weight


def transport(values, batch, rows_a, rows_b):
    weights = row_weights(batch)
    total_a = sum(weights[i] for i in rows_a)
    total_b = sum(weights[i] for i in rows_b)
    order = sorted([*rows_a, *rows_b], key=lambda i: values[i].item())
    distance, level = torch.zeros((), dtype=torch.float64), 0.0
    for here, there in pairwise(order):
        level += weights[here] / total_a if here in rows_a else 0
        level -= weights[here] / total_b if here in rows_b else 0
        distance = distance + abs(level) * (values[there] - values[here])
    plain, weights = values.detach().numpy(), np.array(weights)
    expected = wasserstein_distance(
        plain[rows_a], plain[rows_b], weights[rows_a], weights[rows_b]
    )
    assert abs(distance.item() - expected) < 1e-12
    return distance
