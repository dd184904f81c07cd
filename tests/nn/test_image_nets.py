"""The image nets are torchvision's, with our logits; their neurons are all read."""

import pickle
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close
from torchvision import models
from torchvision.models import AlexNet_Weights, ResNet18_Weights, VisionTransformer

from skrunner.exceptions import UnsupportedModuleError
from skrunner.nn import (
    ActivationRecorder,
    alexnet,
    find_neuron_layers,
    make_preset,
    neuron_first,
    resnet18,
)

PAIRS = [(alexnet, models.alexnet), (resnet18, models.resnet18)]
IDS = ["alexnet", "resnet18"]
LAST = {alexnet: "classifier.6", resnet18: "fc"}
WEIGHTS = [(alexnet, AlexNet_Weights), (resnet18, ResNet18_Weights)]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=IDS)
def test_the_net_is_torchvisions(ours, theirs):
    net, reference = ours(3).eval(), theirs(num_classes=3).eval()
    reference.load_state_dict(net.state_dict())
    X = torch.randn(2, 3, 65, 80)
    assert_close(net(X), reference(X))


@pytest.mark.parametrize("size", [(63, 63), (109, 89), (64, 130)])
@pytest.mark.parametrize("n_outputs", [1, 4])
def test_sizes_of_images_and_numbers_of_logits(n_outputs, size):
    for name in ("alexnet", "resnet18"):
        net = make_preset(name, None, n_outputs).eval()
        assert net(torch.randn(2, 3, *size)).shape == (2, n_outputs)


@pytest.mark.parametrize("size", [(1, 1), (5, 40)])
def test_resnet_takes_any_size(size):
    assert resnet18().eval()(torch.randn(2, 3, *size)).shape == (2, 1)


@pytest.mark.parametrize("size", [(62, 200), (200, 62)])
def test_alexnet_needs_63_pixels_a_side(size):
    with pytest.raises(RuntimeError, match="too small"):
        models.alexnet(num_classes=1)(torch.randn(2, 3, *size))
    match = rf"at least 63 x 63 pixels, got {size[0]} x {size[1]}.*resnet18"
    with pytest.raises(UnsupportedModuleError, match=match):
        alexnet()(torch.randn(2, 3, *size))


@pytest.mark.parametrize("shape", [(2, 5), (2, 1, 64, 64), (3, 64, 64), (2, 64, 64, 3)])
def test_what_is_no_batch_of_images_is_refused(shape):
    for net in (alexnet(), resnet18()):
        match = rf"shape \(n_samples, 3, height, width\), got {re.escape(str(shape))}"
        with pytest.raises(UnsupportedModuleError, match=match):
            net(torch.randn(shape))


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_the_head_of_fair_mixup_by_hand(n_outputs):
    net = resnet18(n_outputs, head="fair_mixup").eval()
    maps = {}
    net.layer4.register_forward_hook(lambda _m, _a, z: maps.update(last=z.clone()))
    logits = net(torch.randn(2, 3, 256, 256))
    assert maps["last"].shape == (2, 512, 8, 8)
    hidden = F.linear(maps["last"].mean((2, 3)), net.fc[0].weight, net.fc[0].bias)
    assert hidden.shape == (2, 512)
    expected = F.linear(hidden.clamp_min(0), net.fc[2].weight, net.fc[2].bias)
    assert_close(logits, expected)
    assert logits.shape == (2, n_outputs)


def test_heads_are_checked():
    with pytest.raises(ValueError, match='"linear" or "fair_mixup", got \'mixup\''):
        resnet18(head="mixup")


@pytest.mark.parametrize("ours", [alexnet, resnet18], ids=IDS)
def test_every_build_is_fresh_and_survives_a_pickle(ours):
    first, second = ours(), ours()
    weights = [net.get_parameter(f"{LAST[ours]}.weight") for net in (first, second)]
    assert not torch.equal(*weights)
    X = torch.randn(2, 3, 64, 64)
    again = pickle.loads(pickle.dumps(first.eval()))
    assert_close(again(X), first(X))


@pytest.fixture
def checkpoints(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(("ours", "kind"), WEIGHTS, ids=IDS)
@pytest.mark.parametrize("as_text", [False, True])
def test_weights_are_never_downloaded(ours, kind, as_text, checkpoints):
    chosen = "IMAGENET1K_V1" if as_text else kind.DEFAULT
    match = rf"{kind.__name__}.IMAGENET1K_V1 is not on this machine.*downloads nothing"
    with pytest.raises(FileNotFoundError, match=match):
        ours(1, weights=chosen)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=IDS)
@pytest.mark.parametrize("head", ["linear", "fair_mixup"])
def test_local_weights_are_taken_but_for_the_last_layer(
    ours, theirs, head, checkpoints, monkeypatch
):
    kind = dict(WEIGHTS)[ours]
    (checkpoints / kind.DEFAULT.url.rsplit("/", 1)[-1]).touch()
    reference = theirs().eval()
    monkeypatch.setattr(kind, "get_state_dict", lambda *_, **__: reference.state_dict())
    params = {} if head == "linear" or ours is alexnet else {"head": head}
    net = make_preset(ours.__name__, None, 3, weights=kind.DEFAULT, **params).eval()
    kept = reference.state_dict()
    for name, value in net.state_dict().items():
        if not name.startswith(LAST[ours]):
            assert torch.equal(value, kept[name]), name
    assert net(torch.randn(2, 3, 64, 64)).shape == (2, 3)


def test_unknown_names_of_weights_are_refused():
    with pytest.raises(ValueError, match=r"weights='bogus'.*IMAGENET1K_V1, DEFAULT"):
        resnet18(weights="bogus")


def test_weights_of_another_net_are_refused(checkpoints):
    with pytest.raises(TypeError, match="expected ResNet18_Weights"):
        resnet18(weights=AlexNet_Weights.DEFAULT)


@pytest.mark.parametrize("training", [False, True])
def test_neurons_of_alexnet_are_read_behind_their_relu_in_place(training):
    net, X = alexnet().train(training), torch.randn(3, 3, 64, 64)
    found = find_neuron_layers(net, X)
    convolutions = tuple(f"features.{i}" for i in (0, 3, 6, 8, 10))
    assert found.names == (*convolutions, "classifier.1", "classifier.4")
    assert (found.output, found.n_outputs) == ("classifier.6", 1)
    assert set(found.depths) == {1}
    behind = {}
    for name in found.names:
        part, _, place = name.partition(".")
        net.get_submodule(f"{part}.{int(place) + 1}").register_forward_hook(
            lambda _m, _a, z, name=name: behind.update({name: z.clone()})
        )
    with ActivationRecorder(found.as_mapping()) as recorder:
        logits = net(X)
    for name, activation in recorder.activations.items():
        assert_close(activation, behind[name])
        assert (activation == 0).any()
        assert (activation >= 0).all()
    gradients = torch.autograd.grad(logits.sum(), list(recorder.activations.values()))
    assert all(gradient.abs().sum() > 0 for gradient in gradients)


def test_the_hidden_layer_of_a_head_holds_neurons():
    net, X = resnet18(head="fair_mixup"), torch.randn(2, 3, 64, 64)
    found = find_neuron_layers(net, X)
    assert len(found.names) == 21
    assert (found.names[-1], found.depths[-1], found.output) == ("fc.0", 1, "fc.2")
    assert find_neuron_layers(net, X, nn.Linear).names == ("fc.0",)


def test_neurons_of_a_vision_transformer():
    net = VisionTransformer(
        image_size=32,
        patch_size=8,
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        mlp_dim=32,
        num_classes=1,
    ).eval()
    nn.init.normal_(net.heads.head.weight)  # torchvision's is zero
    X = torch.randn(3, 3, 32, 32)
    found = find_neuron_layers(net, X)
    blocks = [f"encoder.layers.encoder_layer_{i}.mlp" for i in (0, 1)]
    units = [f"{block}.{place}" for block in blocks for place in (0, 3)]
    assert found.names == ("conv_proj", *units)
    assert found.depths == (0, 1, 0, 1, 0)
    assert found.output == "heads.head"
    maps = {}
    for name in ("conv_proj", f"{blocks[0]}.1", f"{blocks[1]}.3"):
        net.get_submodule(name).register_forward_hook(
            lambda _m, _a, z, name=name: maps.update({name: z.clone()})
        )
    with ActivationRecorder(found.as_mapping()) as recorder:
        logits = net(X)
    read = {
        name: neuron_first(layer, recorder.activations[name])
        for name, layer in found.as_mapping().items()
    }
    # 16 patches, and the token of the class beside them in the blocks
    assert [tuple(value.shape[1:]) for value in read.values()] == [
        (16, 4, 4),
        *[(32, 17), (16, 17)] * 2,
    ]
    assert_close(read["conv_proj"], maps["conv_proj"])
    assert_close(read[f"{blocks[0]}.0"], maps[f"{blocks[0]}.1"].movedim(2, 1))
    assert_close(read[f"{blocks[1]}.3"], maps[f"{blocks[1]}.3"].movedim(2, 1))
    assert_close(logits, net(X))
    gradients = torch.autograd.grad(logits.sum(), list(recorder.activations.values()))
    assert all(gradient.abs().sum() > 0 for gradient in gradients)
    assert find_neuron_layers(net, X, nn.Conv2d).names == ("conv_proj",)
    assert find_neuron_layers(net, X, nn.Linear).names == tuple(units)
