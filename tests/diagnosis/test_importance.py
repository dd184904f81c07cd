"""The criteria on recorded activations, also in training mode under BatchNorm."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skrunner.diagnosis import IMPORTANCES, neuron_importance, resolve_criteria
from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn import ActivationRecorder
from tests.diagnosis.oracles import (
    make_conv,
    make_images,
    make_mlp,
    make_rows,
    plain_gap,
    slow_importance,
)

HIDDEN = {"layers.0": "layers.1", "layers.2": "layers.3"}
CONVOLUTIONS = {"features.0": "features.2", "features.3": "features.5"}


def forward(net, X, problem, layers, constraints="equalized_odds"):
    parts = {name: net.get_submodule(name) for name in layers}
    with ActivationRecorder(parts) as recorder:
        gap = plain_gap(net(X), problem, constraints)
    return gap, list(parts.values()), [recorder.activations[n] for n in layers]


def scores_of(evidence, importance):
    _, layers, _ = evidence
    return neuron_importance(*evidence, resolve_criteria(importance, layers))


@pytest.mark.parametrize("importance", ["sum_sq", "signed", "taylor"])
@pytest.mark.parametrize("make", [(make_mlp, make_rows), (make_conv, make_images)])
def test_against_scaling_each_neuron(make, importance):
    net, (X, problem) = make[0](), make[1]()
    names = HIDDEN if make[0] is make_mlp else CONVOLUTIONS
    scores = scores_of(forward(net, X, problem, names), importance)
    for score, (layer, behind) in zip(scores, names.items(), strict=True):
        expected = slow_importance(
            net,
            X,
            problem,
            "equalized_odds",
            importance=importance,
            layer=layer,
            behind=behind,
        )
        assert_close(score.numpy(), expected, rtol=1e-6, atol=1e-15)


def test_taylor_is_eq_6_with_the_bias_on_a_relu_net():
    net, (X, problem) = make_mlp(), make_rows()
    evidence = gap, layers, _ = forward(net, X, problem, HIDDEN)
    for score, layer in zip(scores_of(evidence, "taylor"), layers, strict=True):
        parameters = [layer.weight, layer.bias]
        weight, bias = torch.autograd.grad(gap, parameters, retain_graph=True)
        for neuron in range(len(score)):
            inner = (weight[neuron] @ layer.weight[neuron]).item()
            inner += (bias[neuron] * layer.bias[neuron]).item()
            assert_close(score[neuron].item(), inner**2, rtol=1e-9, atol=1e-18)


def test_a_weight_before_batch_norm_has_no_first_order_effect_but_its_answer_has():
    net, (X, problem) = make_conv().train(), make_images()
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eps = 1e-12
    evidence = forward(net, X, problem, CONVOLUTIONS)
    by_weight = [score.square() for score in scores_of(evidence, "signed")]
    by_answer = scores_of(evidence, "taylor")
    per_weight = scores_of(evidence, "sum_sq")
    for zero, score, squares in zip(by_weight, by_answer, per_weight, strict=True):
        assert zero.max() < 1e-20
        assert score.median() > 1e-8
        assert squares.median() > 1e-8


def test_auto_takes_squares_for_linear_layers_and_taylor_for_convolutions():
    layers = [nn.Conv1d(1, 2, 1), nn.Linear(2, 3), nn.Conv2d(1, 2, 1)]
    auto = resolve_criteria("auto", layers)
    (sum_sq,) = resolve_criteria("sum_sq", layers[:1])
    (taylor,) = resolve_criteria("taylor", layers[:1])
    assert auto == (taylor, sum_sq, taylor)


def test_controls():
    evidence = forward(make_mlp(), *make_rows(), HIDDEN)
    for score, n_neurons in zip(scores_of(evidence, "all"), (6, 5), strict=True):
        assert score.tolist() == [1.0] * n_neurons
    _, layers, _ = evidence
    draws = []
    for seed in (0, 0, 1):
        generator = torch.Generator().manual_seed(seed)
        criteria = resolve_criteria("random", layers, generator)
        draws.append(torch.cat(neuron_importance(*evidence, criteria)))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert len(draws[0].unique()) == 11


def test_the_graph_serves_the_loss_afterwards_and_grad_stays_empty():
    net, (X, problem) = make_mlp(), make_rows()
    evidence = gap, _, _ = forward(net, X, problem, HIDDEN)
    for importance in IMPORTANCES:
        scores_of(evidence, importance)
    assert all(parameter.grad is None for parameter in net.parameters())
    gap.backward()
    expected = torch.autograd.grad(
        plain_gap(net(X), problem, "equalized_odds"), list(net.parameters())
    )
    assert_close([parameter.grad for parameter in net.parameters()], list(expected))


@pytest.mark.parametrize("importance", ["sum_sq", "signed", "taylor"])
def test_a_layer_without_effect_scores_zero(importance):
    class DeadEnd(nn.Module):
        def __init__(self):
            super().__init__()
            self.live, self.dead = nn.Linear(3, 4), nn.Linear(3, 2)
            self.out = nn.Linear(4, 1)

        def forward(self, X):
            self.dead(X)
            return self.out(self.live(X).tanh())

    net, (X, problem) = DeadEnd().double(), make_rows()
    live, dead = scores_of(forward(net, X, problem, ["live", "dead"]), importance)
    assert dead.tolist() == [0.0, 0.0]
    assert (live != 0).all()


def test_unknown_name_lists_the_known():
    match = "Unknown importance='tailor'. Pass one of: auto, sum_sq, taylor, signed"
    with pytest.raises(ValueError, match=match):
        resolve_criteria("tailor", [nn.Linear(1, 1)])


def normed(part):
    return nn.utils.parametrizations.weight_norm(part)


def test_weights_that_are_computed_have_no_gradient():
    net, (X, problem) = make_mlp(), make_rows()
    plain = scores_of(forward(net, X, problem, HIDDEN), "taylor")
    for name in HIDDEN:
        normed(net.get_submodule(name))
    evidence = forward(net, X, problem, HIDDEN)
    for importance in ("auto", "taylor"):
        for found, expected in zip(scores_of(evidence, importance), plain, strict=True):
            assert_close(found, expected)
    for importance in ("sum_sq", "signed"):
        with pytest.raises(ValueError, match=r"parametrized.*importance='taylor'"):
            scores_of(evidence, importance)


def test_layers_without_a_graph_are_named():
    net, (X, problem) = make_mlp(), make_rows()
    with torch.no_grad():
        _, layers, activations = forward(net, X, problem, HIDDEN)
    gap = plain_gap(net(X), problem, "equalized_odds")
    with pytest.raises(UnsupportedModuleError, match=r"without a graph.*layers="):
        scores_of((gap, layers, activations), "taylor")
