"""Weighted distances of many blocks at once, against loops over rows and groups."""

from itertools import combinations

import pytest
import torch
from torch.testing import assert_close

from skrunner.gaps import (
    RunningMeans,
    gap_structure,
    group_differences,
    group_means,
    row_slopes,
    weighted_distances,
)
from skrunner.groups import CONSTRAINTS
from tests.device import DEVICE
from tests.gaps.oracles import SHAPES, conditions, make_problem, slow_mean

WIDTHS = [(1,), (3,), (2, 2)]
N_COLUMNS = 8


def setting(constraints, shape, *, empty_cell):
    """Return what is compared, and rows of three blocks that need gradients."""
    problem = make_problem(*shape, empty_cell=empty_cell)
    structure = gap_structure(constraints, *shape)
    weight = torch.tensor(problem.weight, dtype=torch.float64)
    means = group_means(structure, *problem.tensors(), weight)
    generator = torch.Generator().manual_seed(3)
    blocks = [
        torch.randn(60, *width, dtype=torch.float64, generator=generator)
        for width in WIDTHS
    ]
    weights = torch.rand(
        len(structure.differences), N_COLUMNS, dtype=torch.float64, generator=generator
    )
    weights *= structure.term_weights(means.present)[:, None]
    return problem, structure, means, [*blocks, weights]


def slow_differences(problem, constraints, rows):
    """Subtract the means of every two groups, condition by condition, column by column.

    The mean of a group without rows counts as 0.
    """
    flat = torch.cat([block.flatten(1) for block in rows], 1)
    found = []
    for labels, _, _ in conditions(constraints, problem.n_classes):
        means = [
            [slow_mean(list(column), problem, g, labels) for column in flat.T]
            for g in range(problem.n_groups)
        ]
        means = [
            torch.stack([torch.as_tensor(m).nan_to_num() for m in row]) for row in means
        ]
        found += [a - b for a, b in combinations(means, 2)]
    return torch.stack(found)


def leaves(tensors):
    return [tensor.clone().requires_grad_() for tensor in tensors]


@pytest.mark.parametrize("empty_cell", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
class TestAgainstLoops:
    def test_differences(self, constraints, shape, empty_cell):
        problem, structure, means, (*blocks, _) = setting(
            constraints, shape, empty_cell=empty_cell
        )
        found = group_differences(structure, means, RunningMeans(0), leaves(blocks))
        assert_close(found, slow_differences(problem, constraints, blocks))

    def test_sum_and_gradients(self, constraints, shape, empty_cell):
        problem, structure, means, tensors = setting(
            constraints, shape, empty_cell=empty_cell
        )
        *ours, weights = leaves(tensors)
        differences = group_differences(structure, means, RunningMeans(0), ours)
        total = weighted_distances(structure, means, differences, weights, ours)
        found = torch.autograd.grad(3 * total, [*ours, weights])
        *rows, slow_weights = leaves(tensors)
        slow = slow_differences(problem, constraints, rows)
        expected = (slow_weights * slow.abs()).sum()
        assert_close(total, expected)
        assert_close(
            list(found), list(torch.autograd.grad(3 * expected, [*rows, slow_weights]))
        )

    def test_slopes_of_the_rows(self, constraints, shape, empty_cell):
        problem, structure, means, (*blocks, slopes) = setting(
            constraints, shape, empty_cell=empty_cell
        )
        rows = leaves(blocks)
        total = (slopes * slow_differences(problem, constraints, rows)).sum()
        expected = torch.autograd.grad(total, rows)
        assert_close(
            row_slopes(structure, means, slopes),
            torch.cat([gradient.flatten(1) for gradient in expected], 1),
        )


def test_running_means_give_the_value_and_the_batch_the_gradient():
    structure = gap_structure("demographic_parity", 2, 2)
    groups = torch.tensor([0, 0, 1])
    means = group_means(structure, groups, groups)
    running = RunningMeans(0.75)
    group_differences(structure, means, running, [torch.zeros(3, 1).double()])
    values = torch.tensor([[1.0], [3.0], [6.0]]).double().requires_grad_()
    differences = group_differences(structure, means, running, [values])
    assert_close(differences.item(), (2.0 - 6.0) / 4)
    weights = torch.full((1, 1), 10.0).double()
    total = weighted_distances(structure, means, differences, weights, [values])
    (gradient,) = torch.autograd.grad(total, values)
    assert_close(total.item(), 10.0)
    assert_close(gradient.flatten().tolist(), [-5.0, -5.0, 10.0])


def test_a_bin_that_a_batch_lacks_keeps_its_running_mean():
    structure = gap_structure("demographic_parity", 2, 2)
    running = RunningMeans(0.75)
    both, first = torch.tensor([0, 1]), torch.tensor([0, 0])
    found = []
    for groups, values in ((both, [8.0, 4.0]), (first, [2.0, 6.0])):
        means = group_means(structure, groups, groups)
        rows = torch.tensor(values).double()[:, None]
        found.append(group_differences(structure, means, running, [rows]).item())
    assert found == [4.0, 0.75 * 8 + 0.25 * 4 - 4]


def test_half_precision_is_averaged_in_the_type_of_the_matrix():
    structure = gap_structure("demographic_parity", 2, 2).to("cpu", torch.float32)
    groups = torch.tensor([0, 1] * 2048)
    means = group_means(structure, groups, groups)
    values = torch.where(groups == 0, 3.0, 1.0)[:, None].bfloat16().requires_grad_()
    differences = group_differences(structure, means, RunningMeans(0), [values])
    weights = torch.full((1, 1), 512.0)
    total = weighted_distances(structure, means, differences, weights, [values])
    (gradient,) = torch.autograd.grad(total, values)
    assert differences.dtype == total.dtype == torch.float32
    assert differences.item() == 2
    assert gradient.dtype == torch.bfloat16
    assert_close(gradient[:, 0].float(), torch.where(groups == 0, 0.25, -0.25))


def test_blocks_without_a_graph_have_no_gradient():
    _, structure, means, tensors = setting("equalized_odds", (3, 2), empty_cell=False)
    *blocks, weights = tensors
    blocks[1].requires_grad_()
    differences = group_differences(structure, means, RunningMeans(0), blocks)
    total = weighted_distances(structure, means, differences, weights, blocks)
    total.backward()
    assert [block.grad is not None for block in blocks] == [False, True, False]


def lying_images():
    values = torch.randn(12, 3, 4, 5, dtype=torch.float64)
    return values.to(memory_format=torch.channels_last)


def lying_units():
    return torch.randn(12, 7, 3, dtype=torch.float64).movedim(-1, 1)


def every_other_column():
    return torch.randn(12, 3, 4, 10, dtype=torch.float64)[..., ::2]


@pytest.mark.parametrize("make", [lying_images, lying_units, every_other_column])
@pytest.mark.parametrize("constraints", CONSTRAINTS[:2])
def test_how_values_lie_in_memory_changes_nothing(make, constraints):
    structure = gap_structure(constraints, 2, 2)
    rows = torch.arange(12)
    means = group_means(structure, rows % 2, rows // 6)
    lying = make()
    found = []
    for block in (lying, lying.contiguous()):
        block.requires_grad_()
        differences = group_differences(structure, means, RunningMeans(0), [block])
        weights = torch.linspace(1, 2, differences.numel(), dtype=torch.float64)
        weights = weights.reshape(differences.shape)
        total = weighted_distances(structure, means, differences, weights, [block])
        (gradient,) = torch.autograd.grad(total, block)
        found.append((differences, total, gradient))
    for ours, expected in zip(*found, strict=True):
        assert_close(ours, expected)
    if lying.permute(
        *sorted(range(lying.ndim), key=lying.stride)[::-1]
    ).is_contiguous():
        assert found[0][2].stride() == lying.stride()


@pytest.mark.parametrize("constraints", CONSTRAINTS[:2])
def test_columns_of_blocks_that_lie_in_different_orders_keep_their_places(constraints):
    structure = gap_structure(constraints, 2, 2)
    rows = torch.arange(12)
    means = group_means(structure, rows % 2, rows // 6)
    lying = [lying_images(), torch.randn(12, 2).double(), lying_units(), lying_images()]
    found = []
    for values in (lying, [block.contiguous() for block in lying]):
        blocks = [block.clone().requires_grad_() for block in values]
        differences = group_differences(structure, means, RunningMeans(0), blocks)
        weights = torch.linspace(1, 2, differences.numel(), dtype=torch.float64)
        weights = weights.reshape(differences.shape)
        total = weighted_distances(structure, means, differences, weights, blocks)
        found.append((differences, total, *torch.autograd.grad(total, blocks)))
    for ours, expected in zip(*found, strict=True):
        assert_close(ours, expected)


@pytest.mark.parametrize("constraints", CONSTRAINTS[:2])
def test_gradients_in_half_precision_are_those_in_single_to_its_rounding(constraints):
    structure = gap_structure(constraints, 2, 2).to("cpu", torch.float32)
    rows = torch.arange(12)
    means = group_means(structure, rows % 2, rows // 6)
    found = []
    half = lying_images().bfloat16()
    for block in (half, half.float()):
        block.requires_grad_()
        differences = group_differences(structure, means, RunningMeans(0), [block])
        weights = torch.linspace(1, 2, differences.numel()).reshape(differences.shape)
        total = weighted_distances(structure, means, differences, weights, [block])
        (gradient,) = torch.autograd.grad(total, block)
        found.append((differences, gradient))
    assert_close(found[0][0], found[1][0])
    assert found[0][1].dtype == torch.bfloat16
    apart = (found[0][1].float() - found[1][1]).abs().max()
    assert apart <= 2**-7 * found[1][1].abs().max()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("constraints", CONSTRAINTS[:2])
def test_means_of_half_precision_lose_no_more_than_single_would_hide(
    constraints, dtype
):
    structure = gap_structure(constraints, 2, 2)
    generator = torch.Generator().manual_seed(0)
    # Uneven cells, whose shares no half precision holds, and means far from zero.
    groups = (torch.rand(613, generator=generator) < 0.3).long()
    labels = (torch.rand(613, generator=generator) < 0.4).long()
    values = (3 + torch.randn(613, 5, 3, 2, generator=generator)).to(dtype)
    values = values.to(memory_format=torch.channels_last)
    exact = group_means(structure, groups, labels)
    expected = group_differences(structure, exact, RunningMeans(0), [values.double()])
    structure = structure.to(DEVICE, torch.float32)
    means = group_means(structure, groups.to(DEVICE), labels.to(DEVICE))
    found = group_differences(structure, means, RunningMeans(0), [values.to(DEVICE)])
    assert found.dtype == torch.float32
    assert_close(found.double().cpu(), expected, rtol=0, atol=1e-4)
