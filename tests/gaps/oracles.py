"""The gaps by loops over rows, groups and classes, from the formulas alone."""

from dataclasses import dataclass
from itertools import combinations
from math import nan

import numpy as np
import torch

SHAPES = [(2, 2), (3, 2), (2, 3), (3, 3)]


@dataclass
class Problem:
    """Rows in groups of unequal sizes, with one cell that has no row."""

    groups: list
    labels: list
    weight: list
    n_groups: int
    n_classes: int

    def tensors(self):
        return torch.tensor(self.groups), torch.tensor(self.labels)


def make_problem(n_groups, n_classes, *, seed=0, n=60, empty_cell=True):
    rng = np.random.default_rng([seed, n_groups, n_classes])
    sizes = np.array([0.6, 0.25, 0.15])[:n_groups]
    groups = rng.choice(n_groups, n, p=sizes / sizes.sum())
    labels = rng.integers(0, n_classes, n)
    if empty_cell:
        labels[(groups == n_groups - 1) & (labels == 1)] = 0
    weight = rng.uniform(0.2, 3, n)
    return Problem(
        groups.tolist(), labels.tolist(), weight.tolist(), n_groups, n_classes
    )


def conditions(constraints, n_classes):
    """List (labels that count, weight of each output, weight of the condition)."""
    classes = range(n_classes)
    outputs = [1.0] if n_classes == 2 else [0.5] * n_classes
    if constraints == "demographic_parity":
        return [(set(classes), outputs, 1.0)]
    if constraints == "equalized_odds":
        return [({y}, outputs, 1.0) for y in classes]
    true_positive = constraints == "true_positive_rate_parity"
    if n_classes == 2:
        return [({1} if true_positive else {0}, [1.0], 1.0)]
    found = []
    for c in classes:
        labels = {c} if true_positive else set(classes) - {c}
        one = [1.0 if k == c else 0.0 for k in classes]
        found.append((labels, one, 1.0 / n_classes))
    return found


def slow_mean(values, problem, group, labels):
    """Average a list of numbers over the rows of a group with such labels."""
    total = count = 0.0
    rows = zip(values, problem.groups, problem.labels, problem.weight, strict=True)
    for value, g, y, w in rows:
        if g == group and y in labels:
            total, count = total + w * value, count + w
    return total / count if count else nan


def slow_pairs(values, problem, labels):
    """Return |difference| of each pair of groups; NaN where a group has no such row."""
    means = [slow_mean(values, problem, g, labels) for g in range(problem.n_groups)]
    return [abs(a - b) for a, b in combinations(means, 2)]


def mean_of_known(values):
    known = [value for value in values if value == value]  # noqa: PLR0124 (NaN)
    return sum(known) / len(known) if known else 0.0


def slow_output_gap(probabilities, problem, constraints):
    """Sum the gap over conditions and outputs, averaged over pairs of groups."""
    gap = 0.0
    for labels, outputs, weight in conditions(constraints, problem.n_classes):
        for k, output_weight in enumerate(outputs):
            column = [float(row[k]) for row in probabilities]
            pairs = slow_pairs(column, problem, labels)
            gap += weight * output_weight * mean_of_known(pairs)
    return gap


def slow_pairwise_gap(activations, problem, constraints):
    """Return the gap of each neuron (rows) and pair (columns); positions averaged."""
    flat = np.asarray(activations).reshape(*activations.shape[:2], -1)
    n_pairs = problem.n_groups * (problem.n_groups - 1) // 2
    gaps = np.zeros((flat.shape[1], n_pairs))
    for labels, _, weight in conditions(constraints, problem.n_classes):
        for neuron, position in np.ndindex(flat.shape[1:]):
            pairs = slow_pairs(flat[:, neuron, position].tolist(), problem, labels)
            gaps[neuron] += weight * np.nan_to_num(pairs) / flat.shape[2]
    return gaps


def slow_activation_gap(activations, problem, constraints):
    flat = np.asarray(activations).reshape(*activations.shape[:2], -1)
    gaps = np.zeros(flat.shape[1])
    for labels, _, weight in conditions(constraints, problem.n_classes):
        for neuron, position in np.ndindex(flat.shape[1:]):
            pairs = slow_pairs(flat[:, neuron, position].tolist(), problem, labels)
            gaps[neuron] += weight * mean_of_known(pairs) / flat.shape[2]
    return gaps
