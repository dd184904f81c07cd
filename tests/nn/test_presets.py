"""Nets by name."""

import pytest
import torch

from skrunner.nn import MLP, PRESETS, make_preset


def test_mlp_with_parameters():
    net = make_preset("mlp", 3, 2, hidden=(5,), dropout=0.1)
    assert isinstance(net, MLP)
    assert [tuple(p.shape) for p in net.parameters()] == [(5, 3), (5,), (2, 5), (2,)]


def test_every_call_initializes_afresh():
    first, second = (make_preset("mlp", 3, 1, hidden=(5,)) for _ in range(2))
    assert not torch.equal(next(first.parameters()), next(second.parameters()))


def test_nets_are_told_what_they_ask_for_and_no_more():
    assert set(PRESETS) == {"mlp", "alexnet", "resnet18"}
    assert make_preset("resnet18", 7, 4, head="fair_mixup").fc[2].out_features == 4
    with pytest.raises(TypeError, match="hidden"):
        make_preset("resnet18", None, 2, hidden=(5,))


def test_unknown_name():
    match = "Unknown net='mpl'. Pass one of .*'mlp'.*, an nn.Module class"
    with pytest.raises(ValueError, match=match):
        make_preset("mpl", 3, 1)
