"""FairNeuron: its stages against a slow tracer and loops written beside it."""

import io
import pickle
import random
from collections import Counter

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import LRScheduler
from torch import nn

from skrunner import NetClassifier
from skrunner.baselines import FairNeuronClassifier
from skrunner.exceptions import (
    FlaggedShareWarning,
    IgnoredWeightsWarning,
    UnsupportedModuleError,
)
from skrunner.nn import MLP
from skrunner.training import draw_seeds, isolated_rng
from tests.baselines.path_oracle import layers_of, paths_of
from tests.device import DEVICE
from tests.estimators.nets import FailsLater, SmallConv, Tiny
from tests.estimators.rows import SMALL, A, N, X, Y, fit, skorch_net, weights_of
from tests.nn.test_chain import hooks_of

EXACT = {
    **SMALL,
    "net_params": {"hidden": (5, 4)},
    "precision": "fp64",
    "lr": 0.02,
    "max_epochs": 3,
}
X64 = np.asarray(X, dtype=np.float64)
DEEPER = {"net_params": {"hidden": (6, 5)}, "lr": 0.02}
pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
]


def neuron(**changes):
    params = {**SMALL, **DEEPER, **changes}
    if "net" in changes:
        params["net_params"] = changes.get("net_params")
    return FairNeuronClassifier(**params)


def exact(**changes):
    params = {**EXACT, **changes}
    if "net" in changes:
        params["net_params"] = changes.get("net_params")
    return neuron(**params)


def plain(**changes):
    return NetClassifier(**{**EXACT, **changes})


def linears(estimator):
    return [
        part for part in estimator.net_.module_.modules() if type(part) is nn.Linear
    ]


def labels(n_classes):
    return Y if n_classes == 2 else (np.arange(N) % 5 + Y) % n_classes


def thinned_training(start, flagged, y, *, dropout, first_only, epochs, weight=None):
    """Train on all rows at once, with masks of flagged rows, in a loop beside ours."""
    torch.set_num_threads(1)
    layers = [part for part in start.modules() if type(part) is nn.Linear]
    seeds = draw_seeds(0).advanced(epochs)
    generator = torch.Generator().manual_seed(seeds.importance)
    optimizer = torch.optim.Adam(start.parameters(), lr=EXACT["lr"])
    inputs, flags = torch.tensor(X64), torch.tensor(flagged)[:, None]
    targets = torch.tensor(y.tolist())
    weight = torch.ones(N) if weight is None else torch.from_numpy(weight)
    for _ in range(epochs):
        values = inputs
        for index, layer in enumerate(layers):
            if index == 1 or (index > 1 and not first_only):
                drawn = torch.rand(values.shape, generator=generator)
                kept = (drawn >= dropout).double() / (1 - dropout)
                values = torch.where(flags, values * kept, values)
            values = layer(values)
            values = values.relu() if index < len(layers) - 1 else values
        if values.shape[1] == 1:
            values = torch.cat([torch.zeros_like(values), values], 1)
        losses = nn.functional.cross_entropy(values, targets, reduction="none")
        optimizer.zero_grad()
        ((losses * weight).sum() / weight.sum()).backward()
        optimizer.step()
    return start


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("first_only", [False, True])
@pytest.mark.parametrize("baseline", ["mean", "zero"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_all_three_stages_equal_a_training_beside(
    n_classes, baseline, first_only, weighted
):
    y = labels(n_classes)
    weight = 1 + np.arange(N) % 3 / 1.0 if weighted else None
    fitted = fit(
        exact(
            baseline=baseline,
            gamma=0.7,
            theta=0.4,
            dropout=0.3,
            dropout_layers="first" if first_only else "all",
            device="cpu",  # the training beside draws its masks there
        ),
        y=y,
        sample_weight=weight,
    )
    diagnosed = fit(plain(device="cpu"), y=y, sample_weight=weight)
    rows = [1] * N if weight is None else weight.astype(int).tolist()
    paths = paths_of(layers_of(linears(diagnosed)), X64.tolist(), 0.7, baseline, rows)
    repeated = [
        path for path, times in zip(paths, rows, strict=True) for _ in range(times)
    ]
    counts = Counter(repeated)
    assert fitted.path_counts_.tolist() == sorted(counts.values(), reverse=True)
    most = max(0.4 * max(counts.values()), 1)
    flagged = [counts[path] <= most for path in paths]
    share = np.average(flagged, weights=rows)
    assert fitted.flagged_share_ == pytest.approx(share, rel=1e-12)
    assert 0.05 < share < 0.9
    expected = thinned_training(
        diagnosed.net_.module_.cpu(),
        flagged,
        y,
        dropout=0.3,
        first_only=first_only,
        epochs=3,
        weight=weight,
    )
    for name, value in expected.state_dict().items():
        found = fitted.net_.module_.state_dict()[name].cpu()
        torch.testing.assert_close(found, value, rtol=1e-9, atol=1e-11)
    assert fitted.diagnosed_epoch_ == 3
    assert fitted.history_["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert fitted.chosen_epoch_ == 6


def test_the_diagnosed_weights_are_trained_on_by_a_new_optimizer():
    # The released code diagnoses one net and trains another.
    diagnosed = fit(plain())
    again = fit(plain(net=diagnosed.net_.module_, net_params=None))
    found = fit(exact(dropout=0.0))
    np.testing.assert_array_equal(weights_of(found), weights_of(again))
    losses = [*diagnosed.history_["train_loss"], *again.history_["train_loss"]]
    np.testing.assert_array_equal(found.history_["train_loss"], losses)


def test_a_fresh_start_has_other_weights_and_forgets_the_diagnosed_ones():
    seeds = draw_seeds(0).advanced(3)
    with isolated_rng(seeds.weights):
        fresh = MLP(6, hidden=(5, 4))
    expected = fit(plain(net=fresh, net_params=None))
    found = fit(exact(dropout=0.0, init="fresh"))
    np.testing.assert_array_equal(weights_of(found), weights_of(expected))
    losses = found.history_["train_loss"].to_numpy()
    assert abs(losses[0] - losses[3]) > 1e-4
    dropped = fit(exact(dropout=0.5, init="fresh"))
    assert np.abs(weights_of(dropped) - weights_of(found)).max() > 1e-3


class Lazy(nn.Module):
    """Takes the width of X from the first rows that it sees."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.LazyLinear(5), nn.ReLU(), nn.LazyLinear(1))

    def forward(self, X):
        return self.layers(X)


def test_a_fresh_start_of_an_instance_is_the_instance():
    torch.manual_seed(4)
    own = MLP(6, hidden=(5, 4))
    losses = fit(exact(net=own, init="fresh", dropout=0.0)).history_["train_loss"]
    assert losses.tolist()[:3] == losses.tolist()[3:]
    lazy = fit(exact(net=Lazy, init="fresh", dropout=0.0)).history_["train_loss"]
    assert lazy[0] != lazy[3]


def test_a_fresh_start_warns_of_ignored_weights_once():
    net = skorch_net(Tiny, module__n_features=6).initialize()
    with pytest.warns(IgnoredWeightsWarning, match="weights are ignored") as caught:
        fit(neuron(net=net, init="fresh"))
    assert len(caught) == 1


def test_the_analysis_is_of_the_trained_net_and_of_the_training_rows():
    options = {"select_epoch": "min_gap", "validation_fraction": 0.25}
    fitted = fit(exact(**options, theta=0.1, gamma=0.7))
    assert fitted.path_counts_.sum() == 180
    assert fitted.history_["valid_gap"].notna().all()
    assert fitted.chosen_epoch_ > 3  # of the second training
    untrained = fit(exact(lr=1e-12, theta=0.1, gamma=0.7))
    trained = fit(exact(lr=0.1, theta=0.1, gamma=0.7))
    assert untrained.path_counts_.tolist() != trained.path_counts_.tolist()


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.FlaggedShareWarning")
def test_a_training_without_flagged_or_without_other_rows():
    # An empty part ends the released code with an error.
    few = X64[np.arange(N) % 6]
    none = fit(exact(dropout=0.5, theta=0.0), X=few)
    assert none.flagged_share_ == 0
    assert len(none.path_counts_) <= 6
    undropped = fit(exact(dropout=0.0, theta=0.0), X=few)
    np.testing.assert_array_equal(weights_of(none), weights_of(undropped))
    every = fit(exact(dropout=0.3, theta=1.0, device="cpu"))
    assert every.flagged_share_ == 1
    expected = thinned_training(
        fit(plain(device="cpu")).net_.module_,
        [True] * N,
        Y,
        dropout=0.3,
        first_only=False,
        epochs=3,
    )
    for name, value in expected.state_dict().items():
        found = every.net_.module_.state_dict()[name]
        torch.testing.assert_close(found, value, rtol=1e-9, atol=1e-11)


def test_a_share_that_selects_nothing_is_warned_of():
    few = np.asarray(X)[np.arange(N) % 6]
    with pytest.warns(
        FlaggedShareWarning,
        match=r"flagged 0\.0% of the training rows: there are \d paths.*\d+ rows take"
        r".*plain training for \(nearly\) all rows\. Raise gamma or theta",
    ) as caught:
        fit(neuron(theta=0.0), X=few)
    assert caught[0].filename.endswith("rows.py")  # who called fit
    with pytest.warns(
        FlaggedShareWarning,
        match=r"flagged 100\.0% .*dropout for \(nearly\) all rows\. Lower gamma or th",
    ):
        fit(neuron(theta=1.0))


def test_no_stage_looks_at_the_sensitive_features():
    two = pd.DataFrame({"one": A, "two": np.where(np.arange(N) % 3, "x", "y")})
    shuffled = np.random.default_rng(0).permutation(A)
    nets = [
        weights_of(fit(neuron(min_group_size=0, min_cell_size=0), sensitive_features=a))
        for a in (A, shuffled, two)
    ]
    np.testing.assert_array_equal(nets[0], nets[1])
    np.testing.assert_array_equal(nets[0], nets[2])


def test_groups_are_needed_all_the_same():
    with pytest.raises(ValueError, match="sensitive_features"):
        neuron().fit(X, Y)


def test_predictions_know_no_dropout_and_no_hook_is_left():
    # The released notebook's net kept dropping units when it predicted.
    fitted = fit(neuron(dropout=0.9))
    module = fitted.net_.module_
    np.testing.assert_array_equal(fitted.predict_proba(X), fitted.predict_proba(X))
    assert not hooks_of(module)
    with torch.no_grad():
        logits = module(torch.tensor(X64).float().to(DEVICE)).cpu()
    scores = torch.sigmoid(logits.double())[:, 0].numpy()
    np.testing.assert_allclose(fitted.predict_proba(X)[:, 1], scores, rtol=1e-6)


class Normed(nn.Module):
    """Two hidden layers with batch normalization."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Linear(n_features, 6), nn.BatchNorm1d(6), nn.ReLU(inplace=True)),
            *(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, n_outputs)),
        )

    def forward(self, X):
        return self.layers(X)


def test_running_statistics_are_those_of_all_rows():
    # Steps too small to move a weight: the first norm sees what all rows answer.
    fitted = fit(exact(net=Normed, lr=1e-14, max_epochs=60, dropout=0.3))
    first, norm = (fitted.net_.module_.layers[index] for index in (0, 1))
    with torch.no_grad():
        answers = first(torch.tensor(X64).to(DEVICE))
    assert norm.num_batches_tracked == 120
    torch.testing.assert_close(norm.running_mean, answers.mean(0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(norm.running_var, answers.var(0), rtol=1e-4, atol=1e-4)


def test_nets_that_are_no_chain_are_refused_before_they_train():
    images = np.zeros((N, 1, 4, 4), dtype=np.float32)
    with pytest.raises(
        UnsupportedModuleError, match=r"no linear layer behind conv \(Conv2d\)"
    ):
        fit(neuron(net=SmallConv), X=images)
    with pytest.raises(UnsupportedModuleError, match="no linear layer but its output"):
        fit(neuron(net_params={"hidden": ()}))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gamma", [0, 1.1, "all"]),
        ("theta", [-0.1, 1.1, None]),
        ("dropout", [1.0, -0.1]),
        ("dropout_layers", ["last", 1]),
        ("init", ["random", None]),
        ("baseline", ["median", 0]),
    ],
)
def test_parameters_are_checked(name, values):
    for value in values:
        with pytest.raises(ValueError, match=f"The '{name}' parameter of FairNeuron"):
            fit(neuron(**{name: value}))


DRAWING = {"batch_size": 40, "max_epochs": 2, "dropout": 0.4}


def test_the_seed_makes_the_net():
    first, same, other = (
        fit(neuron(**DRAWING, random_state=seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(weights_of(first), weights_of(same))
    assert np.abs(weights_of(first) - weights_of(other)).max() > 0.1
    assert first.path_counts_.tolist() == same.path_counts_.tolist()


def global_states():
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return random.getstate(), torch.get_rng_state().tolist(), kind, keys.tolist(), rest


def test_global_generators_stay_as_they_are():
    before = global_states()
    fit(neuron(**DRAWING, init="fresh"))
    assert global_states() == before
    failing = neuron(**DRAWING, net=FailsLater, net_params={"n_features": 6, "at": 20})
    with pytest.raises(RuntimeError, match="the module broke"):
        fit(failing)
    assert global_states() == before


def test_training_goes_on():
    warm = fit(neuron(warm_start=True))
    losses = warm.history_["train_loss"].tolist()
    fit(warm)
    assert warm.history_["train_loss"].tolist()[:4] == losses
    assert len(warm.history_) == 8
    assert warm.diagnosed_epoch_ == 6
    parts = neuron()
    for _ in range(2):
        parts.partial_fit(X, Y, sensitive_features=A)
    assert len(parts.history_) == 4
    assert parts.diagnosed_epoch_ == 3
    whole = fit(neuron(max_epochs=1))
    first = neuron().partial_fit(X, Y, sensitive_features=A)
    np.testing.assert_array_equal(weights_of(first), weights_of(whole))


def test_patience_counts_in_each_training():
    # Dropout and fresh weights have a greater loss than where the first one ended.
    fitted = fit(exact(init="fresh", max_epochs=30, patience=2))
    losses = fitted.history_["train_loss"].to_numpy()
    assert len(losses) == 60
    assert losses[30:36].min() > losses[29]


def test_a_scheduler_begins_anew_in_the_second_training():
    falls = LRScheduler("CosineAnnealingLR", T_max=4)
    clf = fit(neuron(max_epochs=4, lr=0.02, callbacks=[falls]))
    rates = [0.02 * (1 + np.cos(np.pi * epoch / 4)) / 2 for epoch in range(4)]
    assert clf.net_.history[:, "event_lr"] == pytest.approx([*rates, *rates])
    assert clf.net_.history[:, "epoch"] == list(range(1, 9))
    assert 5 <= clf.chosen_epoch_ <= 8


def test_labels_of_any_type():
    named = np.where(Y == 1, "yes", "no")
    fitted = fit(neuron(), y=named)
    assert fitted.classes_.tolist() == ["no", "yes"]
    np.testing.assert_array_equal(
        fitted.predict(X) == "yes", fit(neuron()).predict(X) == 1
    )


def test_pickles_and_clones():
    fitted = fit(neuron(gamma=0.8, theta=0.01))
    for copy in (pickle.loads(pickle.dumps(fitted)), roundtrip(fitted)):
        np.testing.assert_array_equal(copy.predict_proba(X), fitted.predict_proba(X))
        assert copy.flagged_share_ == fitted.flagged_share_
    again = fit(clone(fitted))
    assert again.get_params()["gamma"] == 0.8
    np.testing.assert_array_equal(weights_of(again), weights_of(fitted))


def roundtrip(estimator):
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.FlaggedShareWarning")
def test_a_search_in_a_pipeline_routes_the_groups():
    grid = {"fairneuronclassifier__theta": [0.0, 1.0]}
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), neuron(dropout=0.6, max_epochs=8))
        search = GridSearchCV(pipeline, grid, cv=2, scoring="average_precision")
        search.fit(X, Y, sensitive_features=A)
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] != scores[1]
    assert search.best_estimator_[-1].group_names_ == tuple(sorted(set(A)))
