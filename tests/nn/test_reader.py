"""What is met at module calls, against what a recorder follows in the same pass."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import _get_current_function_mode
from torch.testing import assert_close

from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn import ActivationReader, ActivationRecorder, find_neuron_layers
from skrunner.nn import alexnet as make_alexnet
from skrunner.nn import resnet18 as make_resnet18
from tests.nn.nets import ADDITIONS, ConvNet, Residual, Through


def read(reader, net, X):
    """Return the activations and the logits of a pass, seeded as all others."""
    torch.manual_seed(0)
    with reader.reading() as activations:
        logits = net(X)
    return activations, logits


def follow(net, layers, X):
    torch.manual_seed(0)
    with ActivationRecorder(layers.as_mapping()) as recorder:
        logits = net(X)
    return recorder.activations, logits


def assert_meets_what_is_followed(net, X):
    """Two passes are read; the second without following functions."""
    layers = find_neuron_layers(net, X)
    reader = ActivationReader(layers)
    for _ in range(2):
        activations, logits = read(reader, net, X)
        expected, expected_logits = follow(net, layers, X)
        assert_close(activations, expected, rtol=0, atol=0)
        assert torch.equal(logits, expected_logits)
        wanted = [*activations.values(), *net.parameters()]
        gradients = torch.autograd.grad(logits.square().sum(), wanted)
        wanted = [*expected.values(), *net.parameters()]
        by_recorder = torch.autograd.grad(expected_logits.square().sum(), wanted)
        assert_close(gradients, by_recorder)
        assert not reader.follows


@pytest.mark.parametrize("inplace", [False, True])
def test_behind_batch_norm_and_relu(inplace):
    net = ConvNet(inplace=inplace).eval()
    assert_meets_what_is_followed(net, torch.randn(6, 2, 5, 5))


@pytest.mark.parametrize(
    "function",
    [
        nn.Tanh(),
        nn.Sequential(nn.ReLU(), nn.Dropout(0.5)),
        nn.Sequential(nn.Dropout(0.5), nn.ReLU()),
        nn.Sequential(nn.LayerNorm(4), nn.GELU(), nn.Identity()),
    ],
)
def test_what_follows_a_linear_layer(function):
    assert_meets_what_is_followed(Through(function), torch.randn(5, 3))


@pytest.mark.parametrize("add", ADDITIONS)
def test_an_activation_that_is_overwritten(add):
    net = Residual(add).eval()
    net.rectify = nn.ReLU()
    net.forward = lambda X: net.out(
        F.relu(net.add(net.norm(net.second(skip := net.rectify(net.first(X)))), skip))
    )
    assert_meets_what_is_followed(net, torch.randn(5, 3))


@pytest.mark.parametrize(
    ("make", "size"), [(make_resnet18, 32), (make_alexnet, 64)], ids=["resnet", "alex"]
)
def test_nets_of_images(make, size):
    torch.manual_seed(0)
    net = make().eval()
    assert_meets_what_is_followed(net, torch.randn(2, 3, size, size))


def test_one_relu_that_all_layers_share():
    relu = nn.ReLU()
    net = nn.Sequential(nn.Linear(3, 4), relu, nn.Linear(4, 5), relu, nn.Linear(5, 1))
    assert_meets_what_is_followed(net, torch.randn(5, 3))


def test_a_layer_that_runs_twice_is_read_at_its_last_call():
    class Twice(Through):
        def forward(self, X):
            return self.out(self.function(self.hidden(self.function(self.hidden(X)))))

    net = Twice(nn.ReLU(), n_features=4)
    assert_meets_what_is_followed(net, torch.randn(5, 4))


@pytest.mark.parametrize("function", [F.relu, lambda x: F.relu(x) + x])
def test_a_function_in_the_midst_is_followed_in_every_pass(function):
    net, X = Through(function), torch.randn(5, 3)
    layers = find_neuron_layers(net, X)
    reader = ActivationReader(layers)
    for _ in range(2):
        activations, _logits = read(reader, net, X)
        assert_close(activations["hidden"], F.relu(net.hidden(X)))
        assert reader.follows


class Switching(nn.Module):
    """Runs another layer once more, or one less, when told to."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.relu, self.out = nn.ReLU(), nn.Linear(3, 1)
        self.runs = [self.first, self.second]

    def forward(self, X):
        for layer in self.runs:
            X = self.relu(layer(X))
        return self.out(X)


def test_a_pass_of_other_calls_is_followed_again():
    net, X = Switching(), torch.randn(5, 3)
    reader = ActivationReader(find_neuron_layers(net, X))
    read(reader, net, X)
    net.runs = [net.first, net.second, net.first]
    read(reader, net, X)
    assert reader.follows
    activations, _logits = read(reader, net, X)
    hidden = net.relu(net.second(net.relu(net.first(X))))
    assert_close(activations["second"], hidden)
    assert_close(activations["first"], net.relu(net.first(hidden)))
    assert not reader.follows


def test_a_layer_that_does_not_run_is_named():
    net, X = Switching(), torch.randn(5, 3)
    reader = ActivationReader(find_neuron_layers(net, X))
    for runs in ([net.first, net.second], [net.first], [net.first]):
        net.runs = runs
        if len(runs) == 2:
            read(reader, net, X)
            continue
        with pytest.raises(UnsupportedModuleError, match="did not run second"):
            read(reader, net, X)
        assert reader.follows


@pytest.mark.parametrize("passes", [0, 1])
def test_nothing_is_left_after_an_exception(passes):
    net, X = Through(nn.ReLU()), torch.randn(5, 3)
    reader = ActivationReader(find_neuron_layers(net, X))
    for _ in range(passes):
        read(reader, net, X)
    with pytest.raises(RuntimeError, match="shape"), reader.reading() as activations:
        net(X[:, :2])
    assert not activations
    assert not any(module._forward_hooks for module in net.modules())
    assert _get_current_function_mode() is None
    activations, _logits = read(reader, net, X)
    assert_close(activations["hidden"], F.relu(net.hidden(X)))
