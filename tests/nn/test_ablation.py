"""Silencing a neuron, against zeroed weights and against a silenced channel."""

import copy

import pytest
import torch
from torch import nn
from torch.overrides import _get_current_function_mode
from torch.testing import assert_close

from skrunner.nn import MLP, ablated
from tests.nn.nets import ADDITIONS, ConvNet, Residual, Through


def without_parameters(net, layer, neuron):
    """Return a copy whose neuron has zero weights and bias (eq. 5)."""
    other = copy.deepcopy(net)
    with torch.no_grad():
        other.get_submodule(layer).weight[neuron] = 0
        other.get_submodule(layer).bias[neuron] = 0
    return other


@pytest.mark.parametrize("layer", ["layers.0", "layers.2"])
def test_equals_zero_weights_and_bias_of_a_relu_net(layer):
    net, X = MLP(3, hidden=(5, 4)).double(), torch.randn(9, 3, dtype=torch.float64)
    part = net.get_submodule(layer)
    changed = 0
    for neuron in range(part.out_features):
        with ablated({layer: part}, 1, neuron):
            result = net(X)
        expected = without_parameters(net, layer, neuron)(X)
        assert_close(result, expected, rtol=1e-12, atol=1e-12)
        changed += not torch.equal(expected, net(X))
    assert changed >= 3


@pytest.mark.parametrize(
    "function",
    [
        nn.ReLU(inplace=True),
        lambda x: x.relu_(),
        lambda x: (x.relu_(), x)[1],  # the returned value is not used
        torch.tanh,
        nn.GELU(),
    ],
)
def test_holds_for_functions_that_keep_zero(function):
    net, X = Through(function).double(), torch.randn(9, 3, dtype=torch.float64)
    for neuron in range(4):
        with ablated({"hidden": net.hidden}, 1, neuron):
            result = net(X)
        assert_close(result, without_parameters(net, "hidden", neuron)(X))
        assert not torch.allclose(result, net(X))


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("index", [0, 3])
def test_silences_a_channel_behind_norm_and_relu(index, inplace):
    net, X = ConvNet(inplace=inplace).eval(), torch.randn(4, 2, 5, 5)
    layer, shifted = net.features[index], 0
    for neuron in range(layer.out_channels):
        with ablated({"conv": layer}, 2, neuron):
            result = net(X)
        maps = net.features[: index + 3](X).clone()
        maps[:, neuron] = 0
        expected = net.out(net.features[index + 3 :](maps).mean((2, 3)))
        assert_close(result, expected)
        with ablated({"conv": layer}, 0, neuron):
            shifted += not torch.allclose(net(X), expected)
    assert shifted >= 2, "a silent convolution should leave the norm's shift"


@pytest.mark.parametrize("add", ADDITIONS)
def test_a_skip_that_is_added_stays(add):
    net, X = Residual(add).eval(), torch.randn(5, 3)
    skip = torch.relu(net.first(X))
    for neuron in range(4):
        with ablated({"second": net.second}, 1, neuron):
            result = net(X)
        value = net.norm(net.second(skip)).clone()
        value[:, neuron] = 0
        assert_close(result, net.out(torch.relu(value + skip)))


def test_units_of_a_linear_layer_over_positions_are_in_the_last_axis():
    net, X = Through(torch.relu), torch.randn(5, 7, 3)
    with ablated({"hidden": net.hidden}, 1, 2):
        result = net(X)
    assert_close(result, without_parameters(net, "hidden", 2)(X))


def test_nothing_is_left_also_after_an_exception():
    net, X = MLP(3, hidden=(4,)), torch.randn(5, 3)
    before = net(X)
    context = ablated({"layers.0": net.layers[0]}, 1, 0)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), context:
        net(torch.randn(5, 4))
    assert torch.equal(net(X), before)
    assert not net.layers[0]._forward_hooks
    assert _get_current_function_mode() is None
