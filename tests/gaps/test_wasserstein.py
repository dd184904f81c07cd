"""The Wasserstein gap against scipy on standardized, weighted values."""

from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch.testing import assert_close

from skrunner.gaps import gap_structure, group_means, wasserstein_gap
from skrunner.groups import CONSTRAINTS
from tests.gaps.oracles import SHAPES, conditions, make_problem, mean_of_known


def decision_values(logits):
    if logits.shape[1] == 1:
        return logits
    if logits.shape[1] == 2:
        return logits[:, 1:] - logits[:, :1]
    return logits - logits.mean(1, keepdims=True)


def slow_wasserstein(logits, problem, constraints):
    groups, labels = np.array(problem.groups), np.array(problem.labels)
    weight = np.array(problem.weight)
    found = conditions(constraints, problem.n_classes)
    bins = [
        (groups == g) & np.isin(labels, list(wanted))
        for wanted, _, _ in found
        for g in range(problem.n_groups)
    ]
    bins = [rows for rows in bins if rows.any()]
    shares = sum(
        np.where(rows, weight, 0) / weight[rows].sum() / len(bins) for rows in bins
    )
    values = decision_values(logits)
    mean = np.average(values, axis=0, weights=shares)
    deviation = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=shares))
    values = values / deviation
    total = 0.0
    for wanted, outputs, condition_weight in found:
        rows = [
            (groups == g) & np.isin(labels, list(wanted))
            for g in range(problem.n_groups)
        ]
        for k, output_weight in enumerate(outputs):
            column = values[:, k]
            pairs = [
                wasserstein_distance(column[a], column[b], weight[a], weight[b])
                for a, b in combinations(rows, 2)
                if a.any() and b.any()
            ]
            total += condition_weight * output_weight * mean_of_known(pairs)
    return total


def gap_of(problem, constraints, logits):
    structure = gap_structure(constraints, problem.n_groups, problem.n_classes)
    weight = torch.tensor(problem.weight, dtype=torch.float64)
    means = group_means(structure, *problem.tensors(), weight)
    return wasserstein_gap(structure, logits, means)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_is_scipys_distance_averaged_over_pairs(constraints, shape):
    problem = make_problem(*shape)
    n_outputs = 1 if problem.n_classes == 2 else problem.n_classes
    logits = torch.randn(60, n_outputs, dtype=torch.float64)
    expected = slow_wasserstein(logits.numpy(), problem, constraints)
    assert_close(gap_of(problem, constraints, logits).item(), expected)


def test_two_logits_count_by_their_difference():
    problem = make_problem(3, 2)
    logits = torch.randn(60, 2, dtype=torch.float64)
    expected = slow_wasserstein(logits.numpy(), problem, "equalized_odds")
    assert_close(gap_of(problem, "equalized_odds", logits).item(), expected)


def test_ties_and_one_dimensional_logits():
    problem = make_problem(2, 2)
    logits = torch.randn(60, dtype=torch.float64).round()
    expected = slow_wasserstein(logits[:, None].numpy(), problem, "demographic_parity")
    assert_close(gap_of(problem, "demographic_parity", logits).item(), expected)


def test_shrinking_or_shifting_the_logits_gains_nothing():
    problem = make_problem(3, 3)
    logits = torch.randn(60, 3, dtype=torch.float64)
    before = gap_of(problem, "demographic_parity", logits)
    assert_close(gap_of(problem, "demographic_parity", 0.01 * logits + 5), before)


def test_equal_means_with_other_shapes_are_a_gap():
    problem = make_problem(2, 2)
    problem.groups, problem.labels = [0] * 20 + [1] * 40, [0, 1] * 30
    problem.weight = [1.0] * 60
    narrow, wide = torch.linspace(-1, 1, 20), torch.linspace(-3, 3, 40)
    logits = torch.cat([narrow, wide]).double()
    assert gap_of(problem, "demographic_parity", logits) > 0.5


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_gradient(constraints):
    problem = make_problem(3, 3, n=20)
    logits = torch.randn(20, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda values: gap_of(problem, constraints, values), logits
    )


def test_a_constant_output_has_no_gap_and_no_gradient():
    problem = make_problem(3, 2)
    logits = torch.zeros(60, 1, dtype=torch.float64, requires_grad=True)
    gap = gap_of(problem, "demographic_parity", logits)
    assert gap == 0
    (gradient,) = torch.autograd.grad(gap, logits)
    assert gradient.isfinite().all()
