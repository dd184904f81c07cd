"""Means of bins against loops; running means against their recursion."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from skrunner.gaps import GroupMeans, RunningMeans, gap_structure, group_means
from skrunner.groups import CONSTRAINTS
from tests.gaps.oracles import SHAPES, conditions, make_problem, slow_mean


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_means_of_every_bin(constraints, shape, weighted):
    problem = make_problem(*shape)
    weight = torch.tensor(problem.weight, dtype=torch.float64) if weighted else None
    if not weighted:
        problem.weight = [1.0] * len(problem.weight)
    structure = gap_structure(constraints, *shape)
    values = torch.randn(60, 2, 3, dtype=torch.float64)
    means = group_means(structure, *problem.tensors(), weight)
    expected = [
        [
            [slow_mean(values[:, i, j].tolist(), problem, g, labels) for j in range(3)]
            for i in range(2)
        ]
        for labels, _, _ in conditions(constraints, problem.n_classes)
        for g in range(problem.n_groups)
    ]
    expected = torch.tensor(expected, dtype=torch.float64)
    empty = expected.isnan()
    assert_close(means.of(values), expected.masked_fill(empty, 0.0))
    assert_close(means.present, (~empty[:, 0, 0]).double())
    if constraints == "equalized_odds":
        assert empty.any(), "the problem should hold an empty bin"


def test_a_row_of_weight_zero_takes_no_part():
    structure = gap_structure("demographic_parity", 2, 2)
    groups, labels = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])
    weight = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64)
    means = group_means(structure, groups, labels, weight)
    assert_close(means.matrix[0], weight)
    assert_close(means.present, torch.tensor([1.0, 0.0], dtype=torch.float64))


def test_half_precision_is_averaged_in_the_type_of_the_matrix():
    values = torch.full((4096, 1), 3.0, dtype=torch.bfloat16)
    matrix = torch.full((1, 4096), 1 / 4096, dtype=torch.float32)
    result = GroupMeans(matrix, torch.ones(1)).of(values)
    assert result.dtype == torch.float32
    assert result.item() == 3.0


def test_running_means_follow_the_exponential_recursion():
    rng = np.random.default_rng(0)
    batches = rng.normal(size=(5, 3, 2))
    seen = np.array([[1, 0, 1], [1, 0, 0], [1, 1, 1], [0, 1, 1], [1, 1, 1]])
    running = RunningMeans(0.8)
    state, known = np.zeros((3, 2)), np.zeros(3, dtype=bool)
    for batch, present in zip(batches, seen, strict=True):
        for b in range(3):
            if present[b]:
                past = 0.8 if known[b] else 0.0
                state[b] = past * state[b] + (1 - past) * batch[b]
                known[b] = True
        means = torch.tensor(batch * present[:, None])
        rows = torch.tensor(present).double()
        assert_close(running.update(means, rows).numpy(), state)
        assert_close(running.seen(rows).numpy(), known.astype(float))


def test_momentum_zero_is_the_batch_itself():
    means, present = torch.randn(3, 2), torch.tensor([1.0, 0.0, 1.0])
    running = RunningMeans(0)
    running.update(torch.randn(3, 2), torch.ones(3))
    assert running.update(means, present) is means
    assert running.seen(present) is present
