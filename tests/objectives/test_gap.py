"""The gap in the loss equals eqs 3 and 4 written out, in value and gradient."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skrunner.gaps import gap_structure
from skrunner.groups import CONSTRAINTS
from skrunner.nn import find_neuron_layers
from skrunner.objectives import (
    OUTPUT_GAPS,
    GapObjective,
    RepairSettings,
    StabilizingObjective,
    TermWeight,
)
from tests.objectives.nets import make_net
from tests.objectives.reference import Reference, cross_entropy
from tests.objectives.test_runner_step import EXACT, OUTPUTS, gradients, make_batch


def make_objective(constraints, shape, **settings):
    n_groups, n_outputs, n_classes = shape
    criterion = nn.BCEWithLogitsLoss() if n_outputs == 1 else nn.CrossEntropyLoss()
    structure = gap_structure(constraints, n_groups, n_classes)
    return GapObjective(criterion, structure, weight=TermWeight(0.7), **settings)


def written_out(net, batch, constraints, shape, *, reference=None, **settings):
    """Compute loss, predictive loss, term and gap in loops of float64."""
    n_groups, _, n_classes = shape
    if reference is None:
        reference = Reference(
            constraints, n_groups, n_classes, 0.7, neuron_ratio=1, **settings
        )
    logits, _ = net.outputs(batch.X)
    predictive = cross_entropy(logits, batch)
    gap = reference.output_gap(logits, batch, temperature=1.0, name="output")
    term = reference.output_term(gap, logits, batch)
    return predictive + 0.7 * term, predictive, term, gap


def assert_same_step(net, objective, expected, batch):
    step = objective(net, batch)
    assert expected[2].item() > 1e-3
    for ours, theirs in zip([*step[:3], step.gap], expected, strict=True):
        assert_close(ours.detach(), theirs.detach(), **EXACT)
    slopes = gradients(expected[0], net)
    plain = gradients(expected[1], net)
    assert (slopes - plain).abs().max() > 1e-3
    assert_close(gradients(step.loss, net), slopes, **EXACT)
    assert [part.requires_grad for part in step] == [True, False, False, False]


@pytest.mark.parametrize("gap", OUTPUT_GAPS)
@pytest.mark.parametrize("constraints", CONSTRAINTS)
@pytest.mark.parametrize(("n_outputs", "n_classes"), OUTPUTS)
@pytest.mark.parametrize("n_groups", [2, 3])
def test_step_equals_the_equations(n_groups, n_outputs, n_classes, constraints, gap):
    shape = (n_groups, n_outputs, n_classes)
    net, batch = make_net("mlp", n_outputs), make_batch(n_groups, n_classes)
    expected = written_out(net, batch, constraints, shape, gap=gap)
    assert_same_step(net, make_objective(constraints, shape, gap=gap), expected, batch)


@pytest.mark.parametrize(
    "rows", [{"weighted": True}, {"n_plain": 9}, {"missing": True}], ids=str
)
@pytest.mark.parametrize("gap", OUTPUT_GAPS)
@pytest.mark.parametrize("net_name", ["batchnorm", "conv"])
def test_weights_two_streams_and_missing_cells(net_name, gap, rows):
    shape, constraints = (3, 3, 3), "equalized_odds"
    net, batch = make_net(net_name, 3), make_batch(3, 3, **rows)
    expected = written_out(net, batch, constraints, shape, gap=gap)
    assert_same_step(net, make_objective(constraints, shape, gap=gap), expected, batch)


@pytest.mark.parametrize("gap", ["mean", "threshold"])
def test_running_means(gap):
    shape, constraints = (3, 1, 2), "equalized_odds"
    net = make_net("mlp", 1)
    settings = {"gap": gap, "gap_momentum": 0.8}
    objective = make_objective(constraints, shape, **settings)
    reference = Reference(constraints, 3, 2, 0.7, neuron_ratio=1, **settings)
    for seed, missing in enumerate([False, True, False, True]):
        batch = make_batch(3, 2, seed=seed, missing=missing)
        expected = written_out(net, batch, constraints, shape, reference=reference)
        assert_same_step(net, objective, expected, batch)


@pytest.mark.parametrize("momentum", [0.0, 0.8])
@pytest.mark.parametrize("gap", OUTPUT_GAPS)
@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_it_is_the_output_part_of_runner(constraints, gap, momentum):
    """With the hidden layers frozen no neuron is held still: the output remains."""
    shape = (3, 3, 3)
    net = make_net("mlp", 3)
    layers = find_neuron_layers(net, torch.zeros(2, 3, dtype=torch.float64))
    structure = gap_structure(constraints, 3, 3)
    settings = RepairSettings(0.7, 0.4, gap=gap, gap_momentum=momentum)
    criterion = nn.CrossEntropyLoss()
    for part in net.hidden:
        part.requires_grad_(requires_grad=False)
    runner = StabilizingObjective(criterion, structure, layers, settings)
    ours = make_objective(constraints, shape, gap=gap, gap_momentum=momentum)
    for seed in range(3):
        batch = make_batch(3, 3, seed=seed, n_plain=7)
        theirs, step = runner(net, batch), ours(net, batch)
        assert not any(mask.any() for mask in runner.selected)
        for one, other in zip(step, theirs, strict=True):
            assert_close(one, other, rtol=1e-12, atol=1e-14)
        found, expected = (
            torch.autograd.grad(each.loss, list(net.out.parameters()))
            for each in (step, theirs)
        )
        assert_close(found, expected, rtol=1e-12, atol=1e-14)


def test_one_forward_pass_of_the_whole_batch():
    net, batch = make_net("batchnorm", 1), make_batch(3, 2, n_plain=9)
    seen = []

    def forward(X):
        seen.append(len(X))
        return net(X)

    make_objective("equalized_odds", (3, 1, 2))(forward, batch)
    assert seen == [len(batch.y)]
