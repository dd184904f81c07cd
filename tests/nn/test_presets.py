"""Nets by name."""

import pytest
import torch

from skrunner.nn import MLP, make_preset


def test_mlp_with_parameters():
    net = make_preset("mlp", 3, 2, hidden=(5,), dropout=0.1)
    assert isinstance(net, MLP)
    assert [tuple(p.shape) for p in net.parameters()] == [(5, 3), (5,), (2, 5), (2,)]


def test_every_call_initializes_afresh():
    first, second = (make_preset("mlp", 3, 1, hidden=(5,)) for _ in range(2))
    assert not torch.equal(next(first.parameters()), next(second.parameters()))


def test_unknown_name():
    match = "Unknown net='mpl'. Pass one of .*'mlp'.*, an nn.Module class"
    with pytest.raises(ValueError, match=match):
        make_preset("mpl", 3, 1)
