"""The caller's module stays as it was, whatever happens to our copy."""

import copy

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from skrunner import NetClassifier
from skrunner.exceptions import IgnoredWeightsWarning
from tests.estimators.nets import FailsLater, SmallConv, Tiny
from tests.estimators.rows import A, X, Y, fit, runner, skorch_net, weights_of

# Too few steps to learn much: the copy may name one class.
pytestmark = pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")


class StopError(RuntimeError):
    """What the callback raises."""


class RaiseAt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise StopError


def picture(module):
    """Return all that may be changed of a module."""
    parts = {
        name: (
            part.training,
            *map(len, (part._forward_hooks, part._forward_pre_hooks)),
            *map(len, (part._backward_hooks, part._backward_pre_hooks)),
        )
        for name, part in module.named_modules()
    }
    weights = {
        name: (p.requires_grad, p.device, p.dtype, p.data_ptr(), p.grad is None)
        for name, p in module.named_parameters()
    }
    return parts, weights


def observer(module, args, output):
    """Do nothing: a hook of the caller."""


@pytest.fixture
def module():
    """Return a net in a peculiar state: partly frozen, partly evaluating, hooked."""
    torch.manual_seed(0)
    module = Tiny(6)
    module.hidden.bias.requires_grad_(False)
    module.out.eval()
    module.hidden.register_forward_hook(observer)
    return module


@pytest.fixture
def check(module):
    before, state = picture(module), copy.deepcopy(module.state_dict())
    yield
    assert picture(module) == before
    for name, value in module.state_dict().items():
        assert torch.equal(value, state[name])


PRECISIONS = ["fp32", "fp64", "bf16"]


@pytest.mark.usefixtures("check")
@pytest.mark.parametrize("precision", PRECISIONS)
def test_fit_and_all_that_follows(module, precision):
    estimator = fit(runner(net=module, precision=precision, lr=0.1, warm_start=True))
    assert estimator.net_.module_ is not module
    for name, value in module.state_dict().items():
        frozen = name == "hidden.bias"
        moved = estimator.net_.module_.state_dict()[name]
        assert torch.equal(moved.to(value), value) == frozen
    fit(estimator)
    estimator.partial_fit(X, Y, sensitive_features=A)
    estimator.predict(X)
    estimator.diagnose(X, sensitive_features=A, importance="exact")


@pytest.mark.usefixtures("check")
def test_a_callback_that_raises(module):
    estimator = runner(net=module, max_epochs=5, callbacks=[RaiseAt(2)])
    with pytest.raises(StopError):
        fit(estimator)
    assert not hasattr(estimator, "net_")
    with pytest.raises(ValueError, match="is not fitted yet"):
        estimator.predict(X)


@pytest.mark.parametrize("at", [2, 4])
def test_a_module_that_raises(at):
    module = FailsLater(6, at=at)
    before, state = picture(module), copy.deepcopy(module.state_dict())
    estimator = runner(net=module, batch_size=40, fairness_batch_size=60)
    with pytest.raises(RuntimeError, match="the module broke"):
        fit(estimator)
    assert picture(module) == before
    assert module.left == at
    assert all(torch.equal(state[name], w) for name, w in module.state_dict().items())


def test_batch_statistics_are_the_copys():
    module = SmallConv()
    images = np.random.default_rng(0).normal(size=(240, 1, 5, 5)) + 2
    estimator = fit(runner(net=module), X=images)
    assert torch.equal(module.norm.running_mean, torch.zeros(4))
    assert estimator.net_.module_.norm.running_mean.abs().max() > 0.01
    before = weights_of(estimator)
    estimator.diagnose(images, sensitive_features=A)
    estimator.predict(images)
    np.testing.assert_array_equal(weights_of(estimator), before)


def test_the_repair_starts_from_the_given_weights():
    module = Tiny(6)
    params = {"optimizer": torch.optim.SGD, "lr": 1e-30}
    estimator = fit(runner(net=module, **params))
    for name, value in estimator.net_.module_.state_dict().items():
        assert torch.equal(value.cpu(), module.state_dict()[name])
    other = fit(runner(net=module, **params, random_state=1))
    np.testing.assert_array_equal(weights_of(other), weights_of(estimator))
    fresh = fit(runner(net=Tiny, **params))
    assert not np.array_equal(weights_of(fresh), weights_of(estimator))


def test_the_weights_of_a_skorch_net_are_named_as_ignored():
    net = skorch_net(module__n_features=6).initialize()
    before = copy.deepcopy(net.module_.state_dict())
    with pytest.warns(IgnoredWeightsWarning, match=r"Pass net=net\.module_"):
        estimator = fit(NetClassifier(net, random_state=0, device="cpu"))
    assert estimator.net_ is not net
    for name, value in net.module_.state_dict().items():
        assert torch.equal(value, before[name])
    assert net.history == []


def test_a_failed_warm_start_keeps_the_net_of_before():
    estimator = fit(runner(warm_start=True))
    weights, epochs = weights_of(estimator), len(estimator.net_.history)
    estimator.set_params(callbacks=[RaiseAt(epochs + 2)], max_epochs=5, lr=0.5)
    with pytest.raises(StopError):
        fit(estimator)
    np.testing.assert_array_equal(weights_of(estimator), weights)
    assert len(estimator.net_.history) == epochs
