"""A diagnosis leaves the module, its gradients and all random states as they were."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import nn
from torch.overrides import _get_current_function_mode

from skrunner.diagnosis import IMPORTANCES, diagnose_neurons
from tests.diagnosis.oracles import make_conv, make_images, make_mlp, make_rows

ALL = [*IMPORTANCES, "exact"]


class Fragile(nn.Module):
    """A net with norm and dropout whose forward pass fails at a given call."""

    def __init__(self, fail_at=10**9):
        super().__init__()
        self.hidden = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.dropout = nn.Dropout(0.5)
        self.out = nn.Linear(4, 1)
        self.calls, self.fail_at = 0, fail_at

    def forward(self, X):
        self.calls += 1
        value = self.norm(self.hidden(X)).relu()
        if self.calls == self.fail_at:
            raise ArithmeticError("no forward pass")
        return self.out(self.dropout(value))


def photograph(net):
    """Copy all that a caller can see of a module."""
    return {
        "state": copy.deepcopy(net.state_dict()),
        "flags": [part.training for part in net.modules()],
        "requires_grad": [p.requires_grad for p in net.parameters()],
        "grad": [None if p.grad is None else p.grad.clone() for p in net.parameters()],
        "ids": [id(p) for p in net.parameters()],
        "hooks": [
            (len(part._forward_hooks), len(part._forward_pre_hooks))
            for part in net.modules()
        ],
        "attributes": [sorted(vars(part)) for part in net.modules()],
    }


def assert_same(before, net):
    after = photograph(net)
    for name in ("flags", "requires_grad", "ids", "hooks", "attributes"):
        assert after[name] == before[name], name
    for name, value in before["state"].items():
        assert torch.equal(after["state"][name], value), name
    for old, new in zip(before["grad"], after["grad"], strict=True):
        assert (new is None) if old is None else torch.equal(old, new)
    assert _get_current_function_mode() is None


def mixed(net):
    """Set flags of every kind: training, evaluation, frozen, with a gradient."""
    net.train()
    net.norm.eval()
    net.hidden.weight.requires_grad_(False)
    net.out.weight.grad = torch.full_like(net.out.weight, 0.25)
    net.hidden.register_forward_hook(lambda *_: None)
    return net


@pytest.mark.parametrize("importance", ALL)
def test_module(importance):
    net, (X, problem) = mixed(Fragile().double()), make_rows()
    before = photograph(net)
    diagnose_neurons(
        net,
        X,
        problem.labels,
        sensitive_features=problem.groups,
        constraints="equalized_odds",
        importance=importance,
        batch_size=100,
    )
    assert_same(before, net)


@pytest.mark.parametrize("fail_at", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("importance", ["sum_sq", "taylor", "exact"])
def test_module_after_an_exception(importance, fail_at):
    net, (X, problem) = mixed(Fragile(fail_at).double()), make_rows()
    before = photograph(net)
    with pytest.raises(ArithmeticError, match="no forward pass"):
        diagnose_neurons(
            net,
            X,
            sensitive_features=problem.groups,
            importance=importance,
            batch_size=100,
        )
    assert net.calls == fail_at
    assert_same(before, net)


@pytest.mark.parametrize("importance", ALL)
@pytest.mark.parametrize("random_state", [None, 0])
def test_global_random_states(importance, random_state):
    net, (X, problem) = Fragile().double().train(), make_rows()
    torch_state = torch.get_rng_state()
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    diagnose_neurons(
        net,
        X,
        sensitive_features=problem.groups,
        importance=importance,
        random_state=random_state,
    )
    assert torch.equal(torch.get_rng_state(), torch_state)
    after = np.random.get_state()  # noqa: NPY002
    assert (after[0], *after[2:]) == (kind, *rest)
    assert_array_equal(after[1], keys)


@pytest.mark.parametrize("importance", ["sum_sq", "taylor", "signed", "exact"])
@pytest.mark.parametrize("make", [(make_mlp, make_rows), (make_conv, make_images)])
def test_frozen_modules_give_the_same(make, importance):
    net, (X, problem) = make[0](), make[1]()
    options = {"sensitive_features": problem.groups, "importance": importance}
    expected = diagnose_neurons(net, X, **options)
    net.requires_grad_(False)
    before = photograph(net)
    with torch.no_grad():
        found = diagnose_neurons(net, X, **options)
    assert_array_equal(found.importance, expected.importance)
    assert_same(before, net)


def test_running_statistics_and_training_mode_do_not_enter():
    net, (X, problem) = make_conv(), make_images()
    expected = diagnose_neurons(net, X, sensitive_features=problem.groups)
    net.train()
    found = diagnose_neurons(net, X, sensitive_features=problem.groups)
    assert_array_equal(found.importance, expected.importance)
