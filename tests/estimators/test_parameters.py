"""Parameters: resolved defaults, the paper's settings, devices, formats, printing."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skrunner import NetClassifier, RunnerClassifier
from skrunner.data import split_validation
from skrunner.datasets import make_biased_classification
from skrunner.training import draw_seeds
from tests.estimators.nets import Tiny
from tests.estimators.rows import SMALL, A, X, Y, fit, runner, skorch_net, weights_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
]
ESTIMATORS = [NetClassifier, RunnerClassifier]


@pytest.mark.parametrize("classifier", ESTIMATORS)
def test_parameters_go_round(classifier):
    estimator = classifier(skorch_net(module__hidden=3), lr=0.1)
    params = estimator.get_params()
    assert params["net__module__hidden"] == 3
    other = classifier().set_params(**estimator.get_params(deep=False))
    assert other.get_params(deep=False) == estimator.get_params(deep=False)
    copied = clone(estimator).set_params(net__module__hidden=5, net__lr=0.3, lr=0.2)
    assert copied.get_params()["net__module__hidden"] == 5
    assert copied.net.lr == 0.3
    assert copied.lr == 0.2
    assert estimator.net.get_params()["module__hidden"] == 3
    assert clone(fit(classifier(**SMALL))).__dict__ == classifier(**SMALL).__dict__


def test_a_clone_copies_a_module_and_starts_from_it():
    estimator = runner(net=Tiny(6))
    copied = clone(fit(estimator))
    assert copied.net is not estimator.net
    np.testing.assert_array_equal(weights_of(fit(copied)), weights_of(estimator))


def test_defaults_of_the_budget():
    made = make_biased_classification(1500, n_groups=3, random_state=0)
    rows, labels = made.data, made.target
    plain = NetClassifier(random_state=0).fit(rows, labels)
    said = NetClassifier(
        "mlp",
        net_params={"hidden": (200, 200)},
        max_epochs=20,
        lr=1e-3,
        batch_size=150,
        steps_per_epoch=10,
        optimizer=torch.optim.Adam,
        device="cuda" if torch.cuda.is_available() else "cpu",
        select_epoch="last",
        random_state=0,
        verbose=0,
    ).fit(rows, labels)
    np.testing.assert_array_equal(weights_of(said), weights_of(plain))
    assert len(plain.history_) == 20


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_defaults_of_the_repair(constraints):
    free = {"random_state": 0, "max_epochs": 2, "constraints": constraints,
            "net_params": {"hidden": (40,)}}  # fmt: skip
    estimator = fit(RunnerClassifier(**free))
    groups = np.unique(A, return_inverse=True)[1]
    split = np.random.RandomState(draw_seeds(0).split)
    kept = split_validation(groups * 2 + Y, 0.2, split)[0]
    parity = constraints == "demographic_parity"
    strata = np.bincount((groups if parity else groups * 2 + Y)[kept]).tolist()
    # docs/results/quick.md and defaults.md
    assert estimator.gap_ == "threshold"
    assert estimator.fairness_weight_ == (0.2 if parity else 0.3)
    assert estimator.neuron_ratio_ == 0.05
    said = RunnerClassifier(
        **free,
        fairness_weight=estimator.fairness_weight_,
        neuron_ratio=estimator.neuron_ratio_,
        gap="threshold",
        importance="auto",
        include_output=True,
        reduction="mean",
        diagnose_every=5,
        sampling="two_stream",
        batch_size=64,
        fairness_batch_size=len(strata) * max(min(strata), 32),
        gap_momentum=0.0,
        select_epoch="within_utility",
        validation_fraction=0.2,
        utility_drop=0.01,
    )
    np.testing.assert_array_equal(weights_of(fit(said)), weights_of(estimator))
    for name in ("fairness_weight", "neuron_ratio", "gap"):
        assert getattr(estimator, name) is None


def test_running_means_are_for_small_batches():
    def weights(**params):
        small = {"batch_size": 40, "fairness_batch_size": 30, **params}
        return weights_of(fit(runner(**small)))

    np.testing.assert_array_equal(weights(), weights(gap_momentum=0.9))
    assert not np.array_equal(weights(), weights(gap_momentum=0.0))
    large = {"fairness_batch_size": 120}
    np.testing.assert_array_equal(weights(**large), weights(**large, gap_momentum=0.0))
    shared = {"sampling": "shared", "batch_size": 150}
    np.testing.assert_array_equal(
        weights(**shared), weights(**shared, gap_momentum=0.9)
    )


DATASETS = ["adult", "compas", "credit", "lsac"]


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_the_papers_settings(dataset, constraints):
    settings = RunnerClassifier.paper_settings(dataset, constraints)
    parity = constraints == "demographic_parity"
    # README of the released code; section 4.1 and Table 6 of the paper.
    light = parity and dataset != "compas"
    assert settings["fairness_weight"] == (0.3 if light else 1.0)
    assert settings["neuron_ratio"] == (0.1 if dataset == "adult" else 0.05)
    assert settings["batch_size"] == (1000 if parity else 2000)
    assert settings["constraints"] == constraints
    assert settings["max_epochs"] * settings["steps_per_epoch"] == 500
    assert (settings["sampling"], settings["diagnose_every"]) == ("balanced", 1)
    assert (settings["gap"], settings["importance"]) == ("mean", "sum_sq")
    assert settings["include_output"]
    quick = {"max_epochs": 1, "steps_per_epoch": 2, "batch_size": 60, "random_state": 0}
    estimator = fit(RunnerClassifier(**{**settings, **quick}))
    hidden = [p.shape for n, p in estimator.net_.module_.named_parameters()
              if n.endswith("weight")]  # fmt: skip
    assert hidden == [(200, 6), (200, 200), (1, 200)]


@pytest.mark.parametrize(
    ("dataset", "constraints"),
    [("german", "equalized_odds"), ("adult", "true_positive_rate_parity")],
)
def test_unknown_settings_of_the_paper(dataset, constraints):
    message = rf"no settings for '{dataset}' with '{constraints}'. Known: adult/demogr"
    with pytest.raises(ValueError, match=message):
        RunnerClassifier.paper_settings(dataset, constraints)


AUTO = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize(
    ("device", "expected"), [("cpu", "cpu"), ("cpu:0", "cpu"), ("auto", AUTO)]
)
def test_devices(device, expected):
    estimator = fit(runner(device=device))
    parameter = next(estimator.net_.module_.parameters())
    assert parameter.device.type == expected


def test_no_device_is_the_skorch_nets():
    estimator = fit(NetClassifier(skorch_net(device="cpu"), device=None, max_epochs=1))
    assert estimator.net_.device == "cpu"
    assert fit(runner(device=None)).net_.device == "cpu"


@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16", "fp64"])
def test_number_formats(precision):
    params = {"max_epochs": 8, "lr": 0.1, "fairness_weight": 0.1}
    before = torch.get_float32_matmul_precision()
    estimator = fit(runner(precision=precision, **params))
    assert torch.get_float32_matmul_precision() == before
    double = precision == "fp64"
    for weight in estimator.net_.module_.parameters():
        assert weight.dtype == (torch.float64 if double else torch.float32)
    exact = fit(runner(precision="fp64", **params))
    error = np.abs(estimator.predict_proba(X) - exact.predict_proba(X)).max()
    low, high = {"fp64": (-1, 0), "bf16": (1e-4, 0.2)}.get(precision, (1e-12, 0.01))
    assert low < error <= high
    assert estimator.score(X, Y) > 0.8


@pytest.mark.parametrize("classifier", ESTIMATORS)
@pytest.mark.parametrize("verbose", [None, 0, 1, 2, True])
def test_what_is_printed(classifier, verbose, capfd):
    estimator = fit(classifier(**SMALL, verbose=verbose))
    estimator.predict(X)
    printed, bar = capfd.readouterr()
    assert ("2/2" in bar) == bool(verbose)
    assert ("train_loss" in printed) == (verbose == 2)
    if not verbose:
        assert printed == bar == ""


def test_a_skorch_net_says_how_much_is_printed(capfd):
    net = skorch_net(max_epochs=2).set_params(verbose=1)
    fit(NetClassifier(net, device="cpu", random_state=0))
    assert "train_loss" in capfd.readouterr()[0]
    fit(NetClassifier(net, device="cpu", random_state=0, verbose=0))
    assert capfd.readouterr() == ("", "")


def test_steps_of_an_epoch():
    long = fit(runner(steps_per_epoch=8, max_epochs=1))
    short = fit(runner(steps_per_epoch=2, max_epochs=4))
    np.testing.assert_array_equal(weights_of(long), weights_of(short))
    assert (len(long.history_), len(short.history_)) == (1, 4)
