"""The forms of `net`: preset, class, instance and skorch net, and what each brings."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, LRScheduler
from torch import nn

from skrunner import NetClassifier, RunnerClassifier
from skrunner.nn import MLP
from skrunner.training import draw_seeds
from tests.device import DEVICE
from tests.estimators.nets import Flat, OwnSteps, SmallConv, Tiny
from tests.estimators.rows import SMALL, A, N, X, Y, fit, runner, skorch_net, weights_of

pytestmark = pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")
PLAIN = {**SMALL, "net_params": None}


class Mlp(MLP):
    """The preset as a class: one hidden layer of 4."""

    def __init__(self, n_features, n_outputs=1):
        super().__init__(n_features, n_outputs, hidden=(4,))


def test_one_net_in_its_forms():
    preset = fit(runner())
    by_class = fit(runner(net=Mlp))
    by_params = fit(runner(net=MLP, net_params={"hidden": (4,)}))
    configured = skorch_net(Mlp, optimizer=torch.optim.Adam, lr=1e-3, batch_size=-1)
    with torch.random.fork_rng():
        torch.manual_seed(draw_seeds(0).weights)
        start = Mlp(6)
    for other in (by_class, by_params, fit(runner(net=configured)),
                  fit(runner(net=start))):  # fmt: skip
        np.testing.assert_array_equal(weights_of(other), weights_of(preset))


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_a_class_is_told_width_and_outputs(n_classes):
    y = np.arange(N) % n_classes
    estimator = fit(runner(net=Tiny, net_params={"hidden": 5}), y=y)
    module = estimator.net_.module_
    assert module.hidden.weight.shape == (5, 6)
    assert module.out.weight.shape == (1 if n_classes == 2 else n_classes, 5)
    assert estimator.predict_proba(X).shape == (N, n_classes)


def test_logits_of_any_allowed_shape():
    torch.manual_seed(0)
    column, two = Tiny(6), Tiny(6, 2)
    flat = Flat(6)
    flat.load_state_dict(column.state_dict())
    two.hidden.load_state_dict(column.hidden.state_dict())
    with torch.no_grad():  # softmax of (-z/2, z/2) is the sigmoid of z
        two.out.weight.copy_(torch.cat([-column.out.weight, column.out.weight]) / 2)
        two.out.bias.copy_(torch.cat([-column.out.bias, column.out.bias]) / 2)
    still = {"optimizer": torch.optim.SGD, "lr": 1e-30}
    expected = fit(runner(net=column, **still)).predict_proba(X)
    for module in (flat, two):
        found = fit(runner(net=module, **still)).predict_proba(X)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    learned = [fit(runner(net=module)) for module in (column, flat)]
    np.testing.assert_array_equal(*map(weights_of, learned))


def images(n_samples=N):
    """Return images: class 1 is brighter on the left, group_2 everywhere."""
    noise = np.random.default_rng(0).normal(size=(n_samples, 1, 6, 6))
    noise[:, :, :, :3] += 2 * Y[:n_samples, None, None, None]
    return noise + 1.0 * (A == "group_2")[:n_samples, None, None, None]


@pytest.mark.filterwarnings("ignore:Cell.* without a row, so that groups give")
@pytest.mark.parametrize("sampling", ["two_stream", "shared", "balanced"])
def test_a_convolution_on_images(sampling):
    settings = {"lr": 0.05, "max_epochs": 5, "batch_size": 60}
    settings |= {"sampling": sampling, "fairness_batch_size": 30}
    estimator = fit(runner(net=SmallConv, **settings), X=images())
    assert estimator.score(images(), Y) > 0.85
    assert estimator.n_features_in_ == 1
    frame = estimator.diagnose(images(), sensitive_features=A).to_frame()
    assert frame["layer"].tolist() == ["conv"] * 4
    torch.manual_seed(1)
    start = SmallConv(n_outputs=3)
    three = fit(runner(net=start, **settings), X=images(), y=Y + (A == "group_2"))
    assert three.predict_proba(images(9)).shape == (9, 3)


def test_what_a_skorch_net_configures_holds_until_it_is_overridden():
    net = skorch_net(
        max_epochs=3,
        lr=0.02,
        batch_size=80,
        optimizer=torch.optim.SGD,
        optimizer__momentum=0.5,
        module__hidden=7,
    )
    free = {"select_epoch": "last", "random_state": 0}
    own = fit(NetClassifier(net, device=None, **free))
    assert len(own.history_) == 3
    assert own.net_.module_.hidden.out_features == 7
    assert own.net_.optimizer_.defaults["momentum"] == 0.5
    assert own.net_.optimizer_.param_groups[0]["lr"] == 0.02
    said = {"max_epochs": 3, "lr": 0.02, "batch_size": 80}
    plain = skorch_net(optimizer=torch.optim.SGD, optimizer__momentum=0.5,
                       module__hidden=7)  # fmt: skip
    # On CUDA one of the two takes the optimizer's fused form.
    exact = {"rtol": 0 if DEVICE == "cpu" else 1e-5}
    np.testing.assert_allclose(
        weights_of(fit(NetClassifier(plain, **said, **free))), weights_of(own), **exact
    )
    changed = fit(
        NetClassifier(net, max_epochs=2, optimizer=torch.optim.RMSprop, **free)
    )
    assert len(changed.history_) == 2
    assert isinstance(changed.net_.optimizer_, torch.optim.RMSprop)
    assert changed.net_.optimizer_.defaults["momentum"] == 0.5
    assert len(net.get_params()["callbacks"] or []) == 0


def test_the_parameters_of_a_skorch_net_are_searched():
    estimator = RunnerClassifier(
        skorch_net(callbacks=[("early", EarlyStopping("train_loss", patience=1))]),
        sensitive_columns=lambda X: X[:, 0] > 0,
        **{**PLAIN, "max_epochs": 3},
    )
    grid = {
        "net__lr": [1e-4, 0.1],
        "net__module__hidden": [3, 5],
        "net__optimizer": [torch.optim.SGD],
        "net__callbacks__early__threshold": [10.0],
    }
    search = GridSearchCV(estimator, grid, cv=2, error_score="raise").fit(X, Y)
    best = search.best_estimator_.net_
    assert (
        best.module_.hidden.out_features == search.best_params_["net__module__hidden"]
    )
    assert best.optimizer_.param_groups[0]["lr"] == search.best_params_["net__lr"]
    assert len(best.history) == 2  # no epoch improves by a factor of 10
    assert np.ptp(search.cv_results_["mean_test_score"]) > 0
    assert estimator.get_params()["net__module"] is Tiny


def test_callbacks_of_skorch(tmp_path):
    checkpoint = Checkpoint(monitor="valid_loss_best", dirname=str(tmp_path))
    estimator = runner(
        net=skorch_net(callbacks=[LRScheduler("StepLR", step_size=1, gamma=0.1)]),
        validation_fraction=0.3,
        max_epochs=6,
        lr=0.1,
        callbacks=[checkpoint, EarlyStopping(patience=2, threshold=0.9)],
    )
    fit(estimator)
    assert len(estimator.history_) == 3  # the first, and two that did not improve it
    rate = estimator.net_.optimizer_.param_groups[0]["lr"]
    assert rate == pytest.approx(0.1 * 0.1**2, rel=0.2) or rate == pytest.approx(1e-4)
    best = estimator.history_["valid_loss"].idxmin()
    again = fit(clone(estimator).set_params(max_epochs=int(best) + 1, callbacks=None))
    saved = torch.load(tmp_path / "params.pt", weights_only=True)
    for name, value in again.net_.module_.state_dict().items():
        assert torch.equal(saved[name], value)


class CountBatches(Callback):
    def on_train_begin(self, net, **kwargs):
        self.seen_ = 0

    def on_batch_end(self, net, **kwargs):
        self.seen_ += 1


def test_events_of_batches_change_nothing():
    params = {"batch_size": 50, "fairness_batch_size": 60}
    quiet = fit(runner(**params))
    loud = fit(runner(**params, callbacks=[CountBatches()]))
    np.testing.assert_array_equal(weights_of(loud), weights_of(quiet))
    counter = next(
        callback
        for _, callback in loud.net_.callbacks_
        if isinstance(callback, CountBatches)
    )
    assert counter.seen_ == 2 * 5


@pytest.mark.parametrize("criterion", [nn.BCEWithLogitsLoss, nn.CrossEntropyLoss])
def test_steps_of_its_own(criterion):
    one = criterion is nn.BCEWithLogitsLoss
    net = OwnSteps(
        Flat if one else Tiny,
        module__n_features=6,
        module__n_outputs=1 if one else 2,
        criterion=criterion,
        lr=0.1,
        max_epochs=3,
        verbose=0,
        train_split=None,
    )
    estimator = NetClassifier(net, random_state=0, device="cpu")
    fit(estimator, y=np.where(Y, "yes", "no"))
    rows, labels = np.array(X, np.float32), Y.astype(np.float32 if one else np.int64)
    with torch.random.fork_rng():
        torch.manual_seed(draw_seeds(0).weights)
        alone = clone(net).fit(rows, labels)
    np.testing.assert_array_equal(weights_of(estimator), weights_of_net(alone))
    logits = alone.forward(rows)
    expected = logits.sigmoid() if one else logits.softmax(1)[:, 1]
    np.testing.assert_allclose(
        estimator.predict_proba(X)[:, 1], expected, rtol=0, atol=1e-6
    )
    assert set(estimator.predict(X)) <= {"yes", "no"}
    assert len(estimator.history_) == estimator.chosen_epoch_ == 3
    assert len(estimator.diagnose(X, sensitive_features=A)) == 8


def weights_of_net(net):
    state = net.module_.state_dict()
    return torch.cat([value.double().flatten() for value in state.values()]).numpy()
