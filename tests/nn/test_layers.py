"""Which layers are found, in which order, and that the module stays as it was."""

import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torchvision.models import resnet18

from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn import (
    MLP,
    ActivationRecorder,
    evaluating,
    find_neuron_layers,
    neuron_first,
)
from tests.nn.nets import ConvNet, Ending, Through


class Backwards(nn.Module):
    """Layers run in another order than they were made; one never runs."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(5, 2)
        self.second = nn.Linear(4, 5)
        self.unused = nn.Linear(9, 9)
        self.first = nn.Linear(3, 4)

    def forward(self, X):
        return self.out(torch.tanh(self.second(self.first(X).relu())))


class TestFind:
    def test_order_is_that_of_the_forward_pass(self):
        net = Backwards()
        found = find_neuron_layers(net, torch.randn(2, 3))
        assert found.names == ("first", "second")
        assert found.modules == (net.first, net.second)
        assert found.depths == (1, 1)
        assert found.output == "out"
        assert found.n_outputs == 2
        assert found.as_mapping() == {"first": net.first, "second": net.second}
        assert found.weights() == (net.first.weight, net.second.weight)

    @pytest.mark.parametrize(
        ("layers", "expected"),
        [
            ("second", ("second",)),
            (["second", "first"], ("first", "second")),
            ("*t", ("first", "out")),
            (["out"], ("out",)),
            (["f*", "first"], ("first",)),
            ("[!o]*", ("first", "second")),
        ],
    )
    def test_names_and_patterns(self, layers, expected):
        found = find_neuron_layers(Backwards(), torch.randn(2, 3), layers)
        assert found.names == expected
        assert found.output == "out"

    @pytest.mark.parametrize(
        ("layers", "expected"),
        [
            (nn.Conv2d, ("features.0", "features.3")),
            ((nn.Conv2d, "out"), ("features.0", "features.3", "out")),
            (["*.3", nn.Conv2d], ("features.0", "features.3")),
            (nn.Module, ("features.0", "features.3", "hidden")),
            ([nn.Linear], ("hidden",)),
            ([nn.Linear, "features.3"], ("features.3", "hidden")),
        ],
    )
    def test_types_alone_and_among_names(self, layers, expected):
        class WithHead(ConvNet):
            def __init__(self):
                super().__init__()
                self.hidden, self.out = nn.Linear(5, 6), nn.Linear(6, 1)

            def forward(self, X):
                return self.out(self.hidden(self.features(X).mean((2, 3))).relu())

        found = find_neuron_layers(WithHead(), torch.randn(2, 2, 5, 5), layers)
        assert found.names == expected
        assert found.output == "out"

    def test_a_type_that_only_the_output_layer_has(self):
        match = r"layers=Linear matches .* but the output.*features.0 \(Conv2d\).*out "
        with pytest.raises(ValueError, match=match):
            find_neuron_layers(ConvNet(), torch.randn(2, 2, 5, 5), nn.Linear)

    @pytest.mark.parametrize("wrong", [3, nn.ReLU(), None])
    def test_what_names_no_layer(self, wrong):
        match = "names, patterns or module classes such as nn.Conv2d, got"
        with pytest.raises(TypeError, match=match):
            find_neuron_layers(Backwards(), torch.randn(2, 3), ["first", wrong])

    @pytest.mark.parametrize("layers", ["third", ["first", "conv*"], "unused"])
    def test_unknown_names(self, layers):
        wrong = layers if isinstance(layers, str) else layers[-1]
        match = f"layers='{wrong[:4]}.*matches no layer .*: first, second, out"
        with pytest.raises(ValueError, match=match):
            find_neuron_layers(Backwards(), torch.randn(2, 3), layers)

    def test_convolutions_of_every_dimension(self):
        for dimension, conv in enumerate((nn.Conv1d, nn.Conv2d, nn.Conv3d), 1):
            net = nn.Sequential(conv(2, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(3, 1))
            found = find_neuron_layers(net, torch.randn(2, 2, *[2] * dimension))
            assert found.names == ("0",)
            assert found.weights()[0].shape[0] == 3

    @pytest.mark.parametrize(
        ("ending", "n_outputs", "shape"),
        [
            (lambda z: z[:, 0], 1, 1),
            (lambda z: z, 1, 1),
            (lambda z: z, 2, 2),
            (lambda z: z, 5, 5),
        ],
    )
    def test_number_of_outputs(self, ending, n_outputs, shape):
        net = Ending(ending, n_outputs=n_outputs)
        assert find_neuron_layers(net, torch.randn(2, 3)).n_outputs == shape

    @pytest.mark.parametrize("module", [nn.Identity(), nn.Sequential(nn.ReLU())])
    def test_a_module_without_layers(self, module):
        match = rf"{type(module).__name__} runs no nn.Linear or nn.Conv layer"
        with pytest.raises(UnsupportedModuleError, match=match):
            find_neuron_layers(module, torch.randn(2, 3))

    @pytest.mark.parametrize(
        ("ending", "got"),
        [
            (lambda z: z[:, :, None], r"\(2, 1, 1\) for 2 rows"),
            (lambda z: z[:1], r"\(1, 1\) for 2 rows"),
            (lambda z: z.mean(), r"\(\) for 2 rows"),
        ],
    )
    def test_a_wrong_shape_of_output(self, ending, got):
        with pytest.raises(UnsupportedModuleError, match=f"returned shape {got}"):
            find_neuron_layers(Ending(ending), torch.randn(2, 3))

    def test_an_output_that_is_no_tensor(self):
        net = Ending(lambda z: (z, z))
        with pytest.raises(UnsupportedModuleError, match="Ending returned tuple; exp"):
            find_neuron_layers(net, torch.randn(2, 3))


class TestUnchanged:
    def mixed(self):
        net = ConvNet().train()
        net.features[1].eval()
        net.out.eval()
        return net, {name: part.training for name, part in net.named_modules()}

    def test_flags_and_statistics_after_finding(self):
        net, flags = self.mixed()
        state = copy.deepcopy(net.state_dict())
        find_neuron_layers(net, torch.randn(2, 2, 5, 5))
        assert {n: part.training for n, part in net.named_modules()} == flags
        for name, value in net.state_dict().items():
            assert torch.equal(value, state[name])
        assert not any(part._forward_hooks for part in net.modules())
        assert all(parameter.grad is None for parameter in net.parameters())

    def test_flags_inside_and_after_evaluating(self):
        net, flags = self.mixed()
        with evaluating(net):
            assert not any(part.training for part in net.modules())
        assert {n: part.training for n, part in net.named_modules()} == flags

    def test_flags_after_an_exception(self):
        net, flags = self.mixed()
        with pytest.raises(ZeroDivisionError), evaluating(net):
            raise ZeroDivisionError
        assert {n: part.training for n, part in net.named_modules()} == flags
        with pytest.raises(RuntimeError, match="channels"):
            find_neuron_layers(net, torch.randn(2, 3, 5, 5))
        assert {n: part.training for n, part in net.named_modules()} == flags
        assert not any(part._forward_hooks for part in net.modules())

    def test_dropout_draws_nothing(self):
        net = MLP(3, hidden=(4,), dropout=0.5)
        state = torch.get_rng_state()
        find_neuron_layers(net, torch.randn(2, 3, generator=torch.Generator()))
        assert torch.equal(torch.get_rng_state(), state)


class TestNeuronFirst:
    def test_channels_are_there_already(self):
        maps = torch.randn(2, 3, 4, 5)
        assert neuron_first(nn.Conv2d(1, 3, 1), maps) is maps
        units = torch.randn(2, 3)
        assert neuron_first(nn.Linear(1, 3), units) is units

    @pytest.mark.parametrize("shape", [(2, 7, 3), (2, 7, 8, 3)])
    def test_units_move_from_the_last_axis(self, shape):
        values = torch.randn(shape)
        moved = neuron_first(nn.Linear(1, 3), values)
        assert moved.shape == (2, 3, *shape[1:-1])
        for neuron in range(3):
            assert_close(moved[:, neuron], values[..., neuron])
        moved[:, 1] = 0
        assert values[..., 1].abs().sum() == 0, "it should be a view"


def test_resnet18():
    net, X = resnet18(num_classes=1).eval(), torch.randn(2, 3, 64, 64)
    found = find_neuron_layers(net, X)
    convolutions = [n for n, m in net.named_modules() if isinstance(m, nn.Conv2d)]
    assert sorted(found.names) == sorted(convolutions)
    assert len(found.names) == 20
    assert (found.names[0], found.output, found.n_outputs) == ("conv1", "fc", 1)
    # ReLU follows the norm of a block's first convolution; before the ReLU of its
    # second, and behind that of a skip, comes an addition.
    for name, depth in zip(found.names, found.depths, strict=True):
        assert depth == (2 if name.endswith("conv1") else 1)
    maps = {}
    for norm in ("bn1", "bn2"):
        net.layer1[0].get_submodule(norm).register_forward_hook(
            lambda _m, _a, output, norm=norm: maps.update({norm: output.clone()})
        )
    with ActivationRecorder(found.as_mapping()) as recorder:
        logits = net(X)
    assert_close(recorder.activations["layer1.0.conv1"], maps["bn1"].relu())
    assert_close(recorder.activations["layer1.0.conv2"], maps["bn2"])
    for name, layer in found.as_mapping().items():
        assert recorder.activations[name].shape[1] == layer.out_channels
    assert_close(logits, net(X))
    gradients = torch.autograd.grad(logits.sum(), list(recorder.activations.values()))
    assert all(gradient.abs().sum() > 0 for gradient in gradients)


def test_a_layer_that_is_followed_by_nothing_has_depth_zero():
    assert find_neuron_layers(Through(nn.Identity()), torch.randn(2, 3)).depths == (0,)


class Encoder(nn.Module):
    """A transformer layer over four tokens, with or without the rows first."""

    def __init__(self, *, batch_first, flat=False):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(
            4, 2, dim_feedforward=8, batch_first=batch_first
        )
        self.hidden, self.head = nn.Linear(4, 4), nn.Linear(4, 1)
        self.batch_first, self.flat = batch_first, flat

    def forward(self, X):
        tokens = X if self.batch_first else X.transpose(0, 1)
        tokens = self.layer(tokens)
        if self.flat:
            tokens = self.hidden(tokens.reshape(-1, 4)).reshape(tokens.shape)
        return self.head(tokens.mean(1 if self.batch_first else 0))


class TestRowsFirst:
    def test_rows_in_another_axis_are_refused(self):
        # As many tokens as rows: the shapes of one pass would not tell.
        with pytest.raises(UnsupportedModuleError, match=r"linear1.*batch_first=True"):
            find_neuron_layers(Encoder(batch_first=False), torch.randn(4, 4, 4))

    def test_rows_and_tokens_in_one_axis_are_refused(self):
        net = Encoder(batch_first=True, flat=True)
        with pytest.raises(UnsupportedModuleError, match=r"hidden have shape \(8, 4\)"):
            find_neuron_layers(net, torch.randn(2, 4, 4))
        found = find_neuron_layers(net, torch.randn(2, 4, 4), "layer.*")
        assert found.names == ("layer.linear1", "layer.linear2")

    def test_rows_in_front_are_taken(self):
        found = find_neuron_layers(Encoder(batch_first=True), torch.randn(4, 4, 4))
        assert "layer.linear1" in found.names


@pytest.mark.parametrize("layers", [[], ()])
def test_no_layers_at_all_are_refused(layers):
    with pytest.raises(ValueError, match="layers is empty"):
        find_neuron_layers(Backwards(), torch.randn(2, 3), layers)
