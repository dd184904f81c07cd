"""What is recorded, against activations computed by hand; and what is left behind."""

import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import _get_current_function_mode
from torch.testing import assert_close

from skrunner.nn import ActivationRecorder
from tests.nn.nets import ADDITIONS, ConvNet, Residual, Through

NONLINEARITIES = {
    "nn.ReLU": (nn.ReLU(), F.relu),
    "nn.ReLU in place": (nn.ReLU(inplace=True), F.relu),
    "F.relu": (F.relu, F.relu),
    "torch.relu": (torch.relu, F.relu),
    "Tensor.relu": (lambda x: x.relu(), F.relu),
    "relu_": (lambda x: x.relu_(), F.relu),
    "F.relu_": (F.relu_, F.relu),
    "F.relu in place": (lambda x: F.relu(x, inplace=True), F.relu),
    "leaky": (nn.LeakyReLU(), F.leaky_relu),
    "nn.Tanh": (nn.Tanh(), torch.tanh),
    "F.tanh": (torch.tanh, torch.tanh),
    "tanh_": (torch.tanh_, torch.tanh),
    "nn.GELU": (nn.GELU(), F.gelu),
    "F.gelu": (F.gelu, F.gelu),
    "SiLU": (nn.SiLU(), F.silu),
    "ELU": (nn.ELU(), F.elu),
    "Sigmoid": (nn.Sigmoid(), torch.sigmoid),
    "PReLU": (nn.PReLU(), lambda x: F.leaky_relu(x, 0.25)),
    "nn.RMSNorm": (nn.RMSNorm(4), lambda x: F.rms_norm(x, (4,))),
}


def record(net, X, *names):
    layers = {name: net.get_submodule(name) for name in names}
    with ActivationRecorder(layers) as recorder:
        recorder.logits = net(X)
    return recorder


@pytest.mark.parametrize("name", NONLINEARITIES)
def test_reads_behind_the_nonlinearity(name):
    function, by_hand = NONLINEARITIES[name]
    net, X = Through(function), torch.randn(5, 3)
    expected = by_hand(F.linear(X, net.hidden.weight, net.hidden.bias))
    recorder = record(net, X, "hidden", "out")
    assert_close(recorder.activations["hidden"], expected)
    assert_close(recorder.activations["out"], recorder.logits)
    assert recorder.depths == {"hidden": 1, "out": 0}
    # the chain ends at what reaches the next layer
    assert_close(net.out(recorder.activations["hidden"]), recorder.logits)


@pytest.mark.parametrize(
    "function", [nn.Identity(), nn.Dropout(0.5).eval(), lambda x: x * 2]
)
def test_nothing_that_follows_leaves_the_output_of_the_layer(function):
    net, X = Through(function), torch.randn(5, 3)
    recorder = record(net, X, "hidden")
    expected = F.linear(X, net.hidden.weight, net.hidden.bias)
    assert_close(recorder.activations["hidden"], expected)
    assert recorder.depths == {"hidden": 0}


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_reads_behind_batch_norm_and_relu(training, inplace):
    net, X = ConvNet(inplace=inplace).train(training), torch.randn(6, 2, 5, 5)
    maps, expected = X, {}
    for index in (0, 3):
        maps = F.conv2d(maps, **dict(net.features[index].named_parameters()), padding=1)
        if index == 3:
            maps = maps[:, :, 1:-1, 1:-1]
        norm = net.features[index + 1]
        mean, var = norm.running_mean, norm.running_var
        if training:
            mean, var = maps.mean((0, 2, 3)), maps.var((0, 2, 3), unbiased=False)
        scale = norm.weight / (var + norm.eps).sqrt()
        maps = (maps - mean[:, None, None]) * scale[:, None, None]
        maps = (maps + norm.bias[:, None, None]).clamp_min(0)
        expected[f"features.{index}"] = maps.clone()
    recorder = record(net, X, "features.0", "features.3")
    assert_close(recorder.activations, expected)
    assert recorder.depths == {"features.0": 2, "features.3": 2}


class TestResidual:
    def test_use_of_the_bare_output_elsewhere_changes_nothing(self):
        net, X = Through(lambda x: F.relu(x) + x), torch.randn(5, 3)
        recorder = record(net, X, "hidden")
        expected = F.linear(X, net.hidden.weight, net.hidden.bias).clamp_min(0)
        assert_close(recorder.activations["hidden"], expected)

    def test_of_two_nonlinearities_on_one_output_the_first_is_followed(self):
        net, X = Through(lambda x: F.relu(x) + torch.tanh(x)), torch.randn(5, 3)
        recorder = record(net, X, "hidden")
        expected = F.linear(X, net.hidden.weight, net.hidden.bias).clamp_min(0)
        assert_close(recorder.activations["hidden"], expected)
        assert recorder.depths == {"hidden": 1}

    @pytest.mark.parametrize("add", ADDITIONS)
    def test_a_sum_is_not_the_activation_of_its_terms(self, add):
        net, X = Residual(add).eval(), torch.randn(5, 3)
        recorder = record(net, X, "first", "second")
        skip = F.relu(F.linear(X, net.first.weight, net.first.bias))
        bare = F.linear(skip, net.second.weight, net.second.bias)
        expected = F.batch_norm(bare, net.norm.running_mean, net.norm.running_var)
        assert_close(recorder.activations["first"], skip)
        assert_close(recorder.activations["second"], expected)
        assert recorder.depths == {"first": 1, "second": 1}
        assert_close(recorder.logits, net.out(F.relu(expected + skip)))

    @pytest.mark.parametrize("add", ADDITIONS)
    def test_gradients_at_the_activation_and_at_the_weights(self, add):
        net, plain, X = Residual(add).eval(), Residual(torch.add), torch.randn(5, 3)
        plain.load_state_dict(net.state_dict())
        found = []
        for module in (net, plain.eval()):
            recorder = record(module, X, "second")
            wanted = [recorder.activations["second"], *module.parameters()]
            found.append(torch.autograd.grad(recorder.logits.sum(), wanted))
        assert_close(found[0], found[1])
        assert all(gradient.abs().sum() > 0 for gradient in found[0])

    @pytest.mark.parametrize("add", ADDITIONS)
    def test_gradients_lie_in_memory_as_the_images_do(self, add):
        layer, norm = nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)
        X = torch.randn(5, 2, 4, 6).to(memory_format=torch.channels_last)
        normalized = []
        norm.register_forward_hook(lambda *call: normalized.append(call[-1].grad_fn))
        with ActivationRecorder({"": layer}):
            total = F.relu(add(norm(layer(X)), torch.ones_like(X[:, :1]))).sum()
        lying = []
        normalized[0].register_prehook(lambda gradients: lying.append(gradients[0]))
        total.backward()
        assert lying[0].is_contiguous(memory_format=torch.channels_last)


def test_a_layer_that_runs_twice_is_read_at_its_last_call():
    class Twice(Through):
        def forward(self, X):
            hidden = torch.relu(self.hidden(X))
            self.last = torch.tanh(self.hidden(hidden))
            return self.out(self.last)

    net = Twice(None, n_features=4)
    recorder = record(net, torch.randn(5, 4), "hidden")
    assert_close(recorder.activations["hidden"], net.last)
    assert recorder.depths == {"hidden": 1}
    assert list(recorder.activations) == ["hidden"]


def test_the_graph_is_kept():
    net, X = Through(torch.relu).double(), torch.randn(5, 3, dtype=torch.float64)
    recorder = record(net, X, "hidden")
    activation = recorder.activations["hidden"]
    (gradient,) = torch.autograd.grad(
        recorder.logits.sum(), activation, retain_graph=True
    )
    assert_close(gradient, net.out.weight.expand(5, 4))
    (gradient,) = torch.autograd.grad(activation.sum(), net.hidden.bias)
    assert_close(gradient, (activation > 0).double().sum(0))


def test_outputs_are_the_same_with_and_without():
    net, X = ConvNet().eval(), torch.randn(4, 2, 5, 5)
    assert torch.equal(record(net, X, "features.0").logits, net(X))


class TestAfterwards:
    def assert_clean(self, net, recorder, before):
        assert not any(module._forward_hooks for module in net.modules())
        assert _get_current_function_mode() is None
        kept = dict(recorder.activations)
        net(torch.randn(7, 3))
        assert recorder.activations.keys() == kept.keys()
        for name, value in recorder.activations.items():
            assert value is kept[name]

    def test_nothing_is_left(self):
        net, X = Through(torch.relu), torch.randn(5, 3)
        recorder = record(net, X, "hidden", "out")
        assert len(recorder.activations) == 2
        self.assert_clean(net, recorder, X)

    def test_nothing_is_left_after_an_exception_in_the_forward_pass(self):
        net, X = Through(lambda x: x.view(3, 3, 3)), torch.randn(5, 3)
        recorder = ActivationRecorder({"hidden": net.hidden})
        with pytest.raises(RuntimeError, match="shape"), recorder:
            net(X)
        net.function = torch.relu
        self.assert_clean(net, recorder, X)

    def test_hooks_of_others_stay(self):
        net = Through(torch.relu)
        calls = []
        net.hidden.register_forward_hook(lambda *_: calls.append(1))
        record(net, torch.randn(5, 3), "hidden")
        assert len(net.hidden._forward_hooks) == 1
        assert calls == [1]


def test_nested_recorders_read_the_same():
    net, X = Through(torch.relu), torch.randn(5, 3)
    outer = ActivationRecorder({"a": net.hidden})
    inner = ActivationRecorder({"b": net.hidden})
    with outer:
        with inner:
            net(X)
        assert_close(outer.activations["a"], inner.activations["b"])
        assert inner.depths == {"b": 1}
        assert outer.depths == {"a": 1}
        net(X + 1)
    assert not torch.equal(outer.activations["a"], inner.activations["b"])
    assert not net.hidden._forward_hooks


def test_recorders_of_several_threads_do_not_meet():
    nets = [Through(torch.relu) for _ in range(4)]
    inputs = [torch.randn(5, 3) + i for i in range(4)]
    found = [None] * 4
    barrier = threading.Barrier(4)

    def work(i):
        with ActivationRecorder({"hidden": nets[i].hidden}) as recorder:
            barrier.wait(10)
            for _ in range(20):
                nets[i](inputs[i])
            barrier.wait(10)
        found[i] = recorder.activations["hidden"]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for net, X, activation in zip(nets, inputs, found, strict=True):
        expected = F.linear(X, net.hidden.weight, net.hidden.bias).clamp_min(0)
        assert_close(activation, expected)
