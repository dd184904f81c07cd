"""The four forms of `net`: what is read from them and which module is built."""

import warnings

import pytest
import torch
from skorch import NeuralNet, NeuralNetBinaryClassifier, NeuralNetClassifier
from skorch.callbacks import EarlyStopping
from torch import nn

from skrunner.exceptions import IgnoredWeightsWarning, UnsupportedModuleError
from skrunner.nn import MLP
from skrunner.training import build_module, model_dtype, read_net
from tests.training.nets import make_rows, make_settings, start


class Sized(nn.Module):
    """Asks for both widths."""

    def __init__(self, n_features, n_outputs, units=4):
        super().__init__()
        self.hidden = nn.Linear(n_features, units)
        self.out = nn.Linear(units, n_outputs)

    def forward(self, X):
        return self.out(self.hidden(X).relu())


class Fixed(nn.Module):
    """Asks for nothing."""

    def __init__(self, units=4):
        super().__init__()
        self.hidden = nn.Linear(3, units)
        self.out = nn.Linear(units, 1)

    def forward(self, X):
        return self.out(self.hidden(X).relu())


def widths(module):
    return (
        module.hidden.in_features,
        module.hidden.out_features,
        module.out.out_features,
    )


@pytest.mark.parametrize(("n_classes", "n_outputs"), [(2, 1), (3, 3), (5, 5)])
def test_presets_have_one_logit_for_two_classes(n_classes, n_outputs):
    module = build_module(read_net("mlp", {"hidden": (7,)}), 3, n_classes)
    assert isinstance(module, MLP)
    shapes = [tuple(weight.shape) for weight in module.parameters()]
    assert shapes == [(7, 3), (7,), (n_outputs, 7), (n_outputs,)]


@pytest.mark.parametrize(("n_classes", "n_outputs"), [(2, 1), (3, 3)])
def test_classes_get_the_widths_they_ask_for(n_classes, n_outputs):
    assert widths(build_module(read_net(Sized, None), 9, n_classes)) == (
        9,
        4,
        n_outputs,
    )
    given = read_net(Sized, {"units": 6, "n_outputs": 8})
    assert widths(build_module(given, 9, n_classes)) == (9, 6, 8)


def test_classes_that_ask_for_no_width_get_none():
    assert widths(build_module(read_net(Fixed, {"units": 6}), 9, 2)) == (3, 6, 1)


def test_every_build_of_a_class_is_fresh():
    spec = read_net(Sized, None)
    first, second = (build_module(spec, 3, 2) for _ in range(2))
    assert not torch.equal(first.hidden.weight, second.hidden.weight)


def test_instances_are_copied_with_their_weights():
    users = Fixed()
    module = build_module(read_net(users, None), 9, 2)
    assert module is not users
    assert torch.equal(module.hidden.weight, users.hidden.weight)
    with torch.no_grad():
        module.hidden.weight.zero_()
    assert users.hidden.weight.abs().sum() > 0


def test_instances_that_cannot_be_pickled_are_refused():
    class Local(Fixed):
        pass

    spec = read_net(Local(), None)
    with pytest.raises(UnsupportedModuleError, match=r"Local instance.*top level"):
        build_module(spec, 3, 2)


def test_an_unpicklable_part_is_named_as_the_cause():
    module = Fixed()
    module.function = lambda X: X
    with pytest.raises(UnsupportedModuleError, match=r"Fixed.*lambda") as caught:
        build_module(read_net(module, None), 3, 2)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("net", [Fixed(), NeuralNet(Fixed, nn.BCEWithLogitsLoss)])
def test_arguments_need_a_preset_or_a_class(net):
    with pytest.raises(ValueError, match=f"net_params.*net is a {type(net).__name__}"):
        read_net(net, {"units": 6})


@pytest.mark.parametrize("net", [3, None, nn.ReLU.forward, int])
def test_anything_else_is_refused(net):
    with pytest.raises(ValueError, match=r"preset's name, an nn\.Module class"):
        read_net(net, None)


def test_unknown_presets_are_named():
    with pytest.raises(ValueError, match=r"net='mlpp'.*'mlp'"):
        build_module(read_net("mlpp", None), 3, 2)


@pytest.mark.parametrize("kind", [NeuralNet, NeuralNetClassifier])
@pytest.mark.parametrize("made", [False, True], ids=["class", "instance"])
@pytest.mark.parametrize("criterion", [nn.BCEWithLogitsLoss, nn.CrossEntropyLoss])
def test_skorch_nets_with_a_cross_entropy_of_logits(criterion, made, kind):
    chosen = criterion() if made else criterion
    net = kind(Sized, criterion=chosen, lr=0.3, batch_size=7)
    spec = read_net(net, None)
    assert spec.foreign is None
    assert spec.source is Sized
    assert (spec.settings["lr"], spec.settings["batch_size"]) == (0.3, 7)
    # Cross entropy of two classes needs two logits.
    n_outputs = 1 if criterion is nn.BCEWithLogitsLoss else 2
    assert widths(build_module(spec, 9, 2)) == (9, 4, n_outputs)
    assert widths(build_module(spec, 9, 3)) == (9, 4, 3)


def test_the_binary_classifier_of_skorch_is_accepted():
    spec = read_net(NeuralNetBinaryClassifier(Sized), None)
    assert spec.foreign is None
    assert spec.criterion is nn.BCEWithLogitsLoss


@pytest.mark.parametrize("criterion", [nn.NLLLoss, nn.BCELoss, nn.MSELoss()])
def test_other_criteria_are_refused(criterion):
    name = getattr(criterion, "__name__", type(criterion).__name__)
    with pytest.raises(UnsupportedModuleError, match=f"criterion is {name};.*logits"):
        read_net(NeuralNet(Sized, criterion), None)


def test_the_default_of_skorchs_classifier_is_refused():
    with pytest.raises(UnsupportedModuleError, match=r"NLLLoss.*CrossEntropyLoss"):
        read_net(NeuralNetClassifier(Sized), None)


def test_arguments_of_the_module_go_to_the_module():
    net = NeuralNet(Sized, nn.BCEWithLogitsLoss, module__units=6, optimizer__eps=0.1)
    spec = read_net(net, None)
    assert spec.params == {"units": 6}
    assert widths(build_module(spec, 9, 2)) == (9, 6, 1)
    assert spec.settings["optimizer__eps"] == 0.1
    assert not [name for name in spec.settings if name.startswith("module")]


def test_a_module_instance_with_arguments_is_made_anew_as_skorch_does():
    net = NeuralNet(Fixed(units=2), nn.BCEWithLogitsLoss, module__units=6)
    assert widths(build_module(read_net(net, None), 9, 2)) == (3, 6, 1)


def test_weights_of_an_initialized_net_are_ignored_with_a_warning():
    net = NeuralNet(Fixed, nn.BCEWithLogitsLoss)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_net(net, None)
    net.initialize()
    with pytest.warns(IgnoredWeightsWarning, match=r"net=net\.module_"):
        spec = read_net(net, None)
    module = build_module(spec, 3, 2)
    assert not torch.equal(module.hidden.weight, net.module_.hidden.weight)


class OwnLoss(NeuralNet):
    def get_loss(self, y_pred, y_true, X=None, training=False):
        return super().get_loss(y_pred, y_true, X, training=training) * 2


class OwnStep(NeuralNetClassifier):
    def train_step(self, batch, **params):
        return super().train_step(batch, **params)


class OwnSingleStep(NeuralNet):
    def train_step_single(self, batch, **params):
        return super().train_step_single(batch, **params)


class Heir(OwnLoss):
    """Inherits a loss of its own."""


@pytest.mark.parametrize("kind", [OwnLoss, OwnStep, OwnSingleStep, Heir])
def test_nets_with_their_own_steps_are_told_apart(kind):
    net = kind(Sized, criterion=nn.MSELoss)
    assert read_net(net, None).foreign is net


class Logging(NeuralNetClassifier):
    """Overrides what does not touch the loss."""

    def on_epoch_end(self, net, **params):
        super().on_epoch_end(net, **params)


@pytest.mark.parametrize("kind", [NeuralNet, NeuralNetBinaryClassifier, Logging])
def test_nets_that_keep_skorchs_steps_are_not(kind):
    net = kind(Sized, criterion=nn.BCEWithLogitsLoss)
    assert read_net(net, None).foreign is None


def made_by(net, **settings):
    """Return our net as `make_net` puts it together from the user's."""
    dtype = model_dtype(settings.get("precision", "fp32"))
    return start(make_rows(dtype=dtype), net=net, **settings)


def test_the_users_parameters_are_taken_over():
    stopping = EarlyStopping(patience=9)
    net = NeuralNet(
        Fixed,
        nn.BCEWithLogitsLoss,
        criterion__pos_weight=torch.tensor(3.0),
        optimizer=torch.optim.SGD,
        optimizer__momentum=0.5,
        lr=0.3,
        max_epochs=4,
        callbacks=[("stopping", stopping)],
        callbacks__print_log=None,
    )
    ours = made_by(net, lr=None)
    assert type(ours.optimizer_) is torch.optim.SGD
    group = ours.optimizer_.param_groups[0]
    assert (group["lr"], group["momentum"]) == (0.3, 0.5)
    assert ours.criterion_.pos_weight == 3
    names = [name for name, _ in ours.callbacks_]
    assert "stopping" in names
    assert "print_log" not in names
    assert net.initialized_ is False


def test_settings_of_the_estimator_override_the_nets():
    net = NeuralNet(Fixed, nn.BCEWithLogitsLoss, lr=0.3, optimizer=torch.optim.SGD)
    ours = made_by(net, lr=0.01, optimizer=torch.optim.AdamW, max_epochs=11)
    assert type(ours.optimizer_) is torch.optim.AdamW
    assert ours.optimizer_.param_groups[0]["lr"] == 0.01
    assert ours.max_epochs == 11


def test_defaults_without_a_skorch_net():
    ours = start(make_rows(), lr=None)
    group = ours.optimizer_.param_groups[0]
    assert type(ours.optimizer_) is torch.optim.Adam
    assert (group["lr"], group["fused"]) == (1e-3, True)
    assert type(ours.criterion_) is nn.BCEWithLogitsLoss
    three = start(make_rows(n_classes=3))
    assert type(three.criterion_) is nn.CrossEntropyLoss
    assert make_settings().patience is None


@pytest.mark.parametrize(
    "choice", ["optimizer__foreach", "optimizer__capturable", "optimizer__fused"]
)
def test_a_choice_of_the_optimizers_form_is_respected(choice):
    net = NeuralNet(
        Fixed, nn.BCEWithLogitsLoss, optimizer=torch.optim.Adam, **{choice: False}
    )
    group = made_by(net).optimizer_.param_groups[0]
    assert not group["fused"]


def test_class_weights_follow_the_precision():
    net = NeuralNet(
        Sized, nn.CrossEntropyLoss, criterion__weight=torch.tensor([1.0, 2.0])
    )
    ours = made_by(net, precision="fp64")
    assert ours.criterion_.weight.dtype == torch.float64
    assert ours.criterion_.weight.tolist() == [1, 2]
