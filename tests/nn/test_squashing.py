"""Modules that return probabilities are refused, whatever follows the squashing."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn import find_neuron_layers
from tests.nn.nets import Ending

ONE = {
    "Sigmoid module": (nn.Sigmoid(), "Sigmoid"),
    "torch.sigmoid": (torch.sigmoid, "Sigmoid"),
    "F.sigmoid": (F.sigmoid, "Sigmoid"),
    "method": (lambda z: z.sigmoid(), "Sigmoid"),
    "in place": (lambda z: z.sigmoid_(), "Sigmoid"),
    "expit": (torch.special.expit, "Sigmoid"),
    "LogSigmoid": (nn.LogSigmoid(), "LogSigmoid"),
    "Hardsigmoid": (nn.Hardsigmoid(), "Hardsigmoid"),
    "squeeze": (lambda z: torch.sigmoid(z).squeeze(1), "Sigmoid"),
    "squeeze all": (lambda z: torch.sigmoid(z).squeeze(), "Sigmoid"),
    "flatten": (lambda z: torch.sigmoid(z).flatten(), "Sigmoid"),
    "torch.flatten": (lambda z: torch.flatten(torch.sigmoid(z)), "Sigmoid"),
    "view": (lambda z: torch.sigmoid(z).view(-1), "Sigmoid"),
    "reshape": (lambda z: torch.sigmoid(z).reshape(-1), "Sigmoid"),
    "column": (lambda z: torch.sigmoid(z)[:, 0], "Sigmoid"),
    "columns": (lambda z: torch.sigmoid(z)[:, [0]], "Sigmoid"),
    "squeeze before": (lambda z: torch.sigmoid(z.squeeze(1)), "Sigmoid"),
    "two steps": (lambda z: z.sigmoid().unsqueeze(0).squeeze(0).squeeze(1), "Sigmoid"),
    "clone": (lambda z: torch.sigmoid(z).squeeze(1).clone(), "Sigmoid"),
    "other type": (lambda z: torch.sigmoid(z).double().squeeze(1), "Sigmoid"),
    "clamped": (lambda z: torch.sigmoid(z).clamp(1e-6, 1 - 1e-6), "Sigmoid"),
    "pair": (lambda z: torch.cat([1 - z.sigmoid(), z.sigmoid()], 1), "Sigmoid"),
    "stacked": (lambda z: torch.stack([-z[:, 0], z[:, 0].sigmoid()], 1), "Sigmoid"),
}
TWO = {
    "Softmax module": (nn.Softmax(1), "Softmax"),
    "F.softmax": (lambda z: F.softmax(z, 1), "Softmax"),
    "method": (lambda z: z.softmax(-1), "Softmax"),
    "special": (lambda z: torch.special.softmax(z, 1), "Softmax"),
    "Softmin": (nn.Softmin(1), "Softmin"),
    "LogSoftmax": (nn.LogSoftmax(1), "LogSoftmax"),
    "log_softmax": (lambda z: torch.log_softmax(z, 1), "LogSoftmax"),
    "column": (lambda z: F.softmax(z, 1)[:, 1], "Softmax"),
    "last column": (lambda z: torch.softmax(z, -1)[..., 1:], "Softmax"),
    "select": (lambda z: z.softmax(1).select(1, 1), "Softmax"),
    "contiguous": (lambda z: z.softmax(1)[:, 1].contiguous(), "Softmax"),
}


@pytest.mark.parametrize("name", ONE)
def test_sigmoid_endings(name):
    ending, squashing = ONE[name]
    match = f"Ending ends in {squashing}; .*Remove the final {squashing}"
    with pytest.raises(UnsupportedModuleError, match=match):
        find_neuron_layers(Ending(ending), torch.randn(2, 3))


@pytest.mark.parametrize("name", TWO)
def test_softmax_endings(name):
    ending, squashing = TWO[name]
    with pytest.raises(UnsupportedModuleError, match=f"ends in {squashing}; "):
        find_neuron_layers(Ending(ending, n_outputs=2), torch.randn(2, 3))


@pytest.mark.parametrize(
    "ending",
    [
        nn.Identity(),
        lambda z: z.squeeze(1),
        lambda z: z * z.sigmoid(),  # a gate
        lambda z: torch.logit(z.sigmoid()),
        lambda z: z[:, [0]],
    ],
)
def test_logits_pass(ending):
    assert find_neuron_layers(Ending(ending), torch.randn(2, 3)).n_outputs == 1


def test_a_sigmoid_inside_passes():
    net = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 1))
    assert find_neuron_layers(net, torch.randn(2, 3)).depths == (1,)
