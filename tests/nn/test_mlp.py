"""The preset MLP against its formula."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skrunner.nn import MLP


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("hidden", [(), (4,), (4, 6, 5)])
def test_is_affine_maps_with_relu_between(hidden, n_outputs):
    net, X = MLP(3, n_outputs, hidden=hidden), torch.randn(7, 3)
    layers = [part for part in net.modules() if isinstance(part, nn.Linear)]
    assert [layer.out_features for layer in layers] == [*hidden, n_outputs]
    value = X
    for layer in layers[:-1]:
        value = (value @ layer.weight.T + layer.bias).clamp_min(0)
    expected = value @ layers[-1].weight.T + layers[-1].bias
    assert_close(net(X), expected)


def test_default_is_the_papers():
    widths = [p.shape for p in MLP(120).parameters() if p.ndim == 2]
    assert widths == [(200, 120), (200, 200), (1, 200)]


def test_dropout_acts_in_training_only():
    net, X = MLP(3, hidden=(50,), dropout=0.5), torch.randn(5, 3)
    assert not torch.equal(net(X), net(X))
    net.eval()
    assert torch.equal(net(X), net(X))
    assert_close(net(X), net.layers[3](net.layers[0](X).relu()))
    drops = [part.p for part in net.modules() if isinstance(part, nn.Dropout)]
    assert drops == [0.5]
