"""Nets that cannot be trained: what is said of each."""

import numpy as np
import pytest
import torch
from torch import nn

from skrunner import NetClassifier, RunnerClassifier
from skrunner.exceptions import UnsupportedModuleError
from tests.estimators.nets import EndsInSigmoid, EndsInSoftmax, Flat, OwnSteps, Tiny
from tests.estimators.rows import A, N, X, Y, case, fit, runner, skorch_net

NEEDS_SKORCH = r"net__lr needs a skorch net, but net is of type \w+. Set net_params"
THREE_CLASSES = {"y": np.arange(N) % 3}


def unsupported(name, match, net, data=()):
    return case(
        name, match, error=UnsupportedModuleError, params={"net": net}, data=data
    )


def with_lambda():
    module = Tiny(6)
    module.scale = lambda X: X
    return module


BAD_NETS = [
    case("unknown preset", r"Unknown net='resnet'. Pass one of .*'mlp'",
         params={"net": "resnet"}),
    case("unknown preset for images", r"Unknown net='resnet50'.*'resnet18'",
         params={"net": "resnet50"}, data={"X": np.zeros((240, 3, 8, 8), np.uint8)}),
    case("outputs of a preset", r"net_params holds n_outputs, which follow from",
         params={"net_params": {"n_outputs": 3}}),
    case("no net", r"net must be a preset's name, an nn\.Module class.*got 3",
         params={"net": 3}),
    case("unknown net_params", r"unexpected keyword argument 'height'", error=TypeError,
         params={"net_params": {"height": (4,)}}),
    unsupported("sigmoid", r"EndsInSigmoid ends in Sigmoid.*Remove the final Sigmoid",
                EndsInSigmoid(6)),
    unsupported("softmax", r"EndsInSoftmax ends in Softmax.*Remove the final Softmax",
                EndsInSoftmax(6, 2)),
    unsupported("three logits for two classes",
                r"Tiny returns 3 logit\(s\), but 2 classes take 1 or 2\.", Tiny(6, 3)),
    unsupported("one logit for three classes",
                r"Tiny returns 1 logit\(s\), but 3 classes take 3\.", Tiny(6),
                THREE_CLASSES),
    unsupported("other width",
                r"Tiny cannot run on rows of shape \(6,\).*width of X.*n_features",
                Tiny(7)),
    unsupported("no neurons", r"ReLU runs no nn\.Linear or nn\.Conv layer", nn.ReLU()),
    unsupported("all weights frozen", r"Tiny has no weights that can be trained.*requi",
                Tiny(6).requires_grad_(False)),
    unsupported("another criterion", r"criterion is NLLLoss.*logits.*BCEWithLogitsLoss",
                skorch_net(criterion=nn.NLLLoss)),
    unsupported("one logit under CrossEntropyLoss",
                r"1 logit\(s\), but 2 classes take 2 under CrossEntropyLoss",
                skorch_net(criterion=nn.CrossEntropyLoss, module__n_outputs=1)),
    unsupported("two logits under BCEWithLogitsLoss",
                r"2 logit\(s\), but 2 classes take 1 under BCEWithLogitsLoss",
                skorch_net(module__n_outputs=2)),
    unsupported("three classes under BCEWithLogitsLoss",
                r"3 classes take CrossEntropyLoss", skorch_net(), THREE_CLASSES),
    unsupported("own steps",
                r"OwnSteps overrides.*would train a plain net.*Only NetClassifier",
                OwnSteps(Tiny, criterion=nn.BCEWithLogitsLoss)),
    unsupported("instance that cannot be copied",
                r"Tiny instance cannot be copied and pickled \(.*lambda",
                with_lambda()),
]  # fmt: skip


@pytest.mark.parametrize(("params", "data", "error", "match"), BAD_NETS)
def test_a_message_and_no_training(params, data, error, match):
    estimator = runner(**params)
    with pytest.raises(error, match=f"(?s){match}"):
        fit(estimator, **data)
    assert not hasattr(estimator, "net_")


@pytest.mark.parametrize(
    ("net", "params"),
    [(Tiny(6), {"hidden": 3}), (skorch_net(), {"hidden": 3})],
    ids=["instance", "skorch"],
)
def test_net_params_have_nothing_to_go_to(net, params):
    estimator = RunnerClassifier(net, net_params=params)
    with pytest.raises(ValueError, match=r"arguments of a preset or an nn\.Module cl"):
        fit(estimator)


@pytest.mark.parametrize("net", ["mlp", Tiny, Tiny(6)], ids=["preset", "class", "one"])
def test_nested_parameters_need_a_skorch_net(net):
    estimator = RunnerClassifier(net)
    with pytest.raises(ValueError, match=NEEDS_SKORCH):
        estimator.set_params(net__lr=0.1)
    with pytest.raises(ValueError, match="Invalid parameter 'leraning_rate'"):
        estimator.set_params(leraning_rate=0.1)


def test_data_of_another_shape_stays_refused_where_a_net_takes_more_axes():
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        fit(runner(net=Tiny), X=X.to_numpy()[:, 0])
    with pytest.raises(UnsupportedModuleError, match=r"rows of shape \(2, 3\)"):
        fit(runner(net=Tiny(6)), X=np.zeros((N, 2, 3)))


IGNORED = {
    "precision": "fp64",
    "steps_per_epoch": 3,
    "select_epoch": "min_gap",
    "validation_fraction": 0.2,
    "patience": 3,
}


@pytest.mark.parametrize("name", [*IGNORED, "sample_weight"])
def test_own_steps_refuse_what_they_would_ignore(name):
    net = OwnSteps(Flat, module__n_features=6, criterion=nn.BCEWithLogitsLoss)
    params = {name: IGNORED[name]} if name in IGNORED else {}
    data = {} if name in IGNORED else {name: np.ones(N)}
    with pytest.raises(UnsupportedModuleError, match=f"know nothing of: {name}"):
        fit(NetClassifier(net, device="cpu", **params), **data)


def test_own_steps_return_logits_too():
    net = OwnSteps(
        EndsInSoftmax,
        module__n_features=6,
        module__n_outputs=2,
        criterion=nn.NLLLoss,
        max_epochs=1,
        verbose=0,
    )
    estimator = NetClassifier(net, device="cpu")
    with pytest.raises(UnsupportedModuleError, match="EndsInSoftmax ends in Softmax"):
        fit(estimator)
    assert not hasattr(estimator, "net_")


def test_own_steps_cannot_go_on():
    net = OwnSteps(Tiny, module__n_features=6, criterion=nn.BCEWithLogitsLoss)
    with pytest.raises(UnsupportedModuleError, match="partial_fit or warm_start"):
        NetClassifier(net, device="cpu").partial_fit(X, Y)


class FrozenBackbone(nn.Module):
    """A first layer that runs without a graph, as pretrained parts often do."""

    def __init__(self, n_features):
        super().__init__()
        self.back, self.hidden = nn.Linear(n_features, 8), nn.Linear(8, 8)
        self.out = nn.Linear(8, 1)

    def forward(self, X):
        with torch.no_grad():
            seen = self.back(X).relu()
        return self.out(self.hidden(seen).relu())


def test_layers_without_a_graph_are_never_chosen():
    estimator = fit(runner(net=FrozenBackbone, neuron_ratio=0.5))
    assert np.isfinite(estimator.history_["fairness_term"]).all()
    with pytest.raises(UnsupportedModuleError, match="without a graph"):
        estimator.diagnose(X, sensitive_features=A)
    assert len(estimator.diagnose(X, sensitive_features=A, layers="hidden")) == 8
