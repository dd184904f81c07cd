"""The gaps against loops, the paper's two-group formulas and finite differences."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from skrunner.gaps import (
    activation_gap,
    class_probabilities,
    gap_structure,
    group_means,
    output_gap,
    pairwise_gap,
    spread,
)
from skrunner.groups import CONSTRAINTS
from tests.gaps.oracles import (
    SHAPES,
    make_problem,
    slow_activation_gap,
    slow_output_gap,
    slow_pairwise_gap,
)


def means_of(problem, constraints):
    structure = gap_structure(constraints, problem.n_groups, problem.n_classes)
    weight = torch.tensor(problem.weight, dtype=torch.float64)
    return structure, group_means(structure, *problem.tensors(), weight)


def logits_for(problem, seed=1):
    generator = torch.Generator().manual_seed(seed)
    n_outputs = 1 if problem.n_classes == 2 else problem.n_classes
    shape = (len(problem.groups), n_outputs)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def gap_of(problem, constraints, logits):
    structure, means = means_of(problem, constraints)
    probabilities = class_probabilities(logits)
    return output_gap(structure, means.of(probabilities), means.present)


@pytest.mark.parametrize("empty_cell", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
class TestAgainstLoops:
    def test_output_gap(self, constraints, shape, empty_cell):
        problem = make_problem(*shape, empty_cell=empty_cell)
        logits = logits_for(problem)
        if problem.n_classes == 2:
            probabilities = 1 / (1 + np.exp(-logits.numpy()))
        else:
            probabilities = np.exp(logits.numpy())
            probabilities /= probabilities.sum(1, keepdims=True)
        expected = slow_output_gap(probabilities, problem, constraints)
        assert_close(gap_of(problem, constraints, logits).item(), expected)

    @pytest.mark.parametrize("positions", [(), (2, 3)])
    def test_activation_gap(self, constraints, shape, empty_cell, positions):
        problem = make_problem(*shape, empty_cell=empty_cell)
        structure, means = means_of(problem, constraints)
        values = torch.randn(60, 4, *positions, dtype=torch.float64)
        arguments = (structure, means.of(values), means.present)
        expected = slow_activation_gap(values, problem, constraints)
        assert_close(activation_gap(*arguments).numpy(), expected)
        expected = slow_pairwise_gap(values, problem, constraints)
        assert_close(pairwise_gap(*arguments).numpy(), expected)


class TestPaper:
    """Two groups and two labels, worked by hand."""

    groups = torch.tensor([0, 0, 0, 1, 1, 1, 1])
    labels = torch.tensor([0, 1, 1, 0, 0, 1, 1])
    outputs = torch.tensor([0.1, 0.5, 0.9, 0.2, 0.4, 0.3, 0.7], dtype=torch.float64)

    def gap(self, constraints, measure, values):
        structure = gap_structure(constraints, 2, 2)
        means = group_means(structure, self.groups, self.labels)
        return measure(structure, means.of(values), means.present)

    @pytest.mark.parametrize(
        ("constraints", "expected"),
        [
            ("demographic_parity", 0.5 - 0.4),  # eq. 3: |1.5 / 3 - 1.6 / 4|
            ("equalized_odds", 0.2 + 0.2),  # eq. 4: |.1 - .3| + |.7 - .5|
            ("true_positive_rate_parity", 0.2),
            ("false_positive_rate_parity", 0.2),
        ],
    )
    def test_output_gap_eqs_3_and_4(self, constraints, expected):
        result = self.gap(constraints, output_gap, self.outputs[:, None])
        assert_close(result.item(), expected)

    @pytest.mark.parametrize(
        ("constraints", "expected"),
        [
            # eq. 8: the second neuron is 1 on group 1 only; the third is label 1
            ("demographic_parity", [0.1, 1.0, 2 / 3 - 1 / 2]),
            ("equalized_odds", [0.4, 2.0, 0.0]),  # eq. 10 adds both labels
        ],
    )
    def test_activation_gap_eqs_8_and_10(self, constraints, expected):
        columns = [self.outputs, self.groups.double(), self.labels.double()]
        result = self.gap(constraints, activation_gap, torch.stack(columns, 1))
        assert_close(result.tolist(), expected)

    def test_a_group_that_is_absent_leaves_no_gap(self):
        structure = gap_structure("equalized_odds", 2, 2)
        only = torch.zeros(3, dtype=torch.int64)
        means = group_means(structure, only, torch.tensor([0, 1, 1]))
        values = torch.randn(3, 1, dtype=torch.float64)
        assert output_gap(structure, means.of(values), means.present) == 0


class TestProbabilities:
    def test_one_logit_is_a_sigmoid_in_either_shape(self):
        logits = torch.tensor([-1.0, 0.0, 2.0], dtype=torch.float64)
        expected = 1 / (1 + np.exp([[1.0], [0.0], [-2.0]]))
        assert_close(class_probabilities(logits).numpy(), expected)
        assert_close(class_probabilities(logits[:, None]).numpy(), expected)

    @pytest.mark.parametrize("temperature", [1.0, 0.25])
    def test_two_logits_are_the_sigmoid_of_their_difference(self, temperature):
        logits = torch.randn(20, 2, dtype=torch.float64)
        result = class_probabilities(logits, temperature)
        scaled = np.exp(logits.numpy() / temperature)
        assert_close(result.numpy(), scaled[:, 1:] / scaled.sum(1, keepdims=True))
        one = class_probabilities(logits[:, 1] - logits[:, 0], temperature)
        assert_close(result, one)

    @pytest.mark.parametrize("temperature", [1.0, 0.25])
    def test_three_logits_are_a_softmax(self, temperature):
        logits = torch.randn(20, 3, dtype=torch.float64)
        scaled = np.exp(logits.numpy() / temperature)
        expected = scaled / scaled.sum(1, keepdims=True)
        assert_close(class_probabilities(logits, temperature).numpy(), expected)

    def test_a_two_way_softmax_has_the_gap_of_the_sigmoid(self):
        problem = make_problem(3, 2)
        one = logits_for(problem)
        two = torch.cat([torch.full_like(one, 0.7), one + 0.7], 1)
        for constraints in CONSTRAINTS:
            assert_close(
                gap_of(problem, constraints, two), gap_of(problem, constraints, one)
            )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
class TestInvariance:
    def test_names_of_groups_do_not_matter(self, constraints, shape):
        problem = make_problem(*shape)
        logits = logits_for(problem)
        before = gap_of(problem, constraints, logits)
        problem.groups = [(g + 1) % problem.n_groups for g in problem.groups]
        assert_close(gap_of(problem, constraints, logits), before)

    def test_order_of_rows_does_not_matter(self, constraints, shape):
        problem = make_problem(*shape)
        logits = logits_for(problem)
        before = gap_of(problem, constraints, logits)
        order = np.random.default_rng(0).permutation(len(problem.groups))
        for name in ("groups", "labels", "weight"):
            setattr(problem, name, np.array(getattr(problem, name))[order].tolist())
        assert_close(gap_of(problem, constraints, logits[order]), before)

    def test_gradients(self, constraints, shape):
        problem = make_problem(*shape, n=20)
        logits = logits_for(problem).requires_grad_()
        assert torch.autograd.gradcheck(
            lambda values: gap_of(problem, constraints, values), logits
        )
        structure, means = means_of(problem, constraints)
        values = torch.randn(20, 2, 2, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(
            lambda v: activation_gap(structure, means.of(v), means.present), values
        )


class TestSpread:
    @pytest.mark.parametrize("constraints", CONSTRAINTS)
    def test_is_the_deviation_with_bins_of_equal_weight(self, constraints):
        problem = make_problem(3, 2)
        _, means = means_of(problem, constraints)
        values = torch.randn(60, 2, 3, dtype=torch.float64)
        shares = np.zeros(60)
        matrix = means.matrix.numpy()
        occupied = [row for row in matrix if row.sum() > 0]
        for row in occupied:
            shares += row / len(occupied)
        for column in range(2):
            pooled = values[:, column].numpy().ravel()
            weight = np.repeat(shares, 3)
            mean = np.average(pooled, weights=weight)
            variance = np.average((pooled - mean) ** 2, weights=weight)
            assert_close(spread(values, means)[column].item(), np.sqrt(variance))

    def test_is_numpy_std_where_bins_are_as_large(self):
        structure = gap_structure("demographic_parity", 2, 2)
        groups = torch.tensor([0, 1] * 20)
        means = group_means(structure, groups, groups)
        values = torch.randn(40, 3, dtype=torch.float64)
        assert_close(spread(values, means).numpy(), values.numpy().std(0))

    def test_gradient_is_right_and_finite_at_a_constant(self):
        problem = make_problem(3, 3)
        _, means = means_of(problem, "equalized_odds")
        values = torch.randn(60, 2, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda v: spread(v, means), values)
        constant = torch.zeros(60, 1, dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(spread(constant, means).sum(), constant)
        assert_close(gradient, torch.zeros_like(constant))
