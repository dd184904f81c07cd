"""Gap regularization is RUNNER without neurons, and a plain net without a weight."""

import numpy as np
import pytest
import torch

from skrunner import NetClassifier, RunnerClassifier
from skrunner.baselines import GapRegularizationClassifier
from skrunner.groups import CONSTRAINTS
from tests.baselines.cases import (
    DRAWING,
    TWO_COLUMNS,
    check_copies,
    check_search,
    check_seeds,
)
from tests.estimators.nets import Tiny
from tests.estimators.rows import SMALL, A, N, X, Y, fit, weights_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
]
EXACT = {"precision": "fp64", "max_epochs": 4, "lr": 0.05}


def frozen_module():
    """Return a net of which only the output layer learns."""
    torch.manual_seed(0)
    module = Tiny(6).double()
    layers = [part for part in module.modules() if isinstance(part, torch.nn.Linear)]
    for layer in layers[:-1]:
        layer.requires_grad_(requires_grad=False)
    return module


@pytest.mark.parametrize("sampling", ["two_stream", "shared", "balanced"])
@pytest.mark.parametrize("gap", [None, "mean", "threshold", "wasserstein"])
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_it_is_runner_where_no_neuron_can_be_held(constraints, gap, sampling):
    params = {
        **SMALL,
        **EXACT,
        "net_params": None,
        "net": frozen_module(),
        "batch_size": 60,
        "fairness_batch_size": 90,
        "constraints": constraints,
        "gap": gap,
        "sampling": sampling,
    }
    ours = fit(GapRegularizationClassifier(**params))
    runner = fit(RunnerClassifier(**params))
    assert (ours.gap_, ours.fairness_weight_) == (runner.gap_, runner.fairness_weight_)
    np.testing.assert_allclose(weights_of(ours), weights_of(runner), rtol=0, atol=1e-12)
    names = ["predictive_loss", "fairness_term", "train_gap"]
    np.testing.assert_allclose(
        ours.history_[names], runner.history_[names], rtol=1e-9, atol=1e-12
    )
    plain = weights_of(fit(GapRegularizationClassifier(**params, fairness_weight=0.0)))
    assert np.abs(weights_of(ours) - plain).max() > 1e-4


@pytest.mark.parametrize("sampling", ["two_stream", "shared"])
def test_no_weight_trains_a_plain_net(sampling):
    ours = GapRegularizationClassifier(
        **DRAWING, sampling=sampling, fairness_weight=0.0
    )
    plain = fit(NetClassifier(**DRAWING))
    np.testing.assert_array_equal(weights_of(fit(ours)), weights_of(plain))


def slow_gap(p, constraints):
    """Return the gap of mean probabilities, averaged over pairs of groups."""
    labels = [[0], [1]] if constraints == "equalized_odds" else [[0, 1]]
    gap = 0.0
    for some in labels:
        rows = np.isin(Y, some)
        a, b, c = (p[rows & (name == A)].mean() for name in np.unique(A))
        gap += (abs(a - b) + abs(a - c) + abs(b - c)) / 3
    return gap


def test_the_gap_shrinks_with_the_weight():
    params = {**SMALL, **EXACT, "max_epochs": 60, "gap": "mean"}
    gaps = []
    for weight in (0.0, 3.0):
        estimator = GapRegularizationClassifier(**params, fairness_weight=weight)
        p = fit(estimator).predict_proba(X)[:, 1]
        gaps.append(slow_gap(p, "demographic_parity"))
    assert gaps[0] > 0.2
    assert gaps[1] < 0.3 * gaps[0]


def test_the_recorded_gap_is_that_of_the_first_outputs():
    module = frozen_module()
    with torch.no_grad():
        p = module(torch.tensor(X.to_numpy())).sigmoid()[:, 0].numpy()
    for constraints in ("demographic_parity", "equalized_odds"):
        estimator = GapRegularizationClassifier(
            **{**SMALL, **EXACT, "net_params": None, "max_epochs": 1},
            net=module,
            constraints=constraints,
        )
        found = fit(estimator).history_["train_gap"][0]
        assert found == pytest.approx(slow_gap(p, constraints), rel=1e-9)


def test_a_weight_is_a_repetition():
    counts = np.random.default_rng(0).integers(0, 4, size=N)
    params = {**SMALL, **EXACT, "constraints": "equalized_odds", "fairness_weight": 1.0}
    weighted = fit(GapRegularizationClassifier(**params), sample_weight=counts)
    repeated = fit(
        GapRegularizationClassifier(**params),
        X=X.loc[X.index.repeat(counts)],
        y=Y.repeat(counts),
        sensitive_features=A.repeat(counts),
    )
    np.testing.assert_allclose(
        weights_of(weighted), weights_of(repeated), rtol=0, atol=1e-9
    )


def test_two_columns_and_three_labels():
    labels = np.digitize(X.iloc[:, 0], [-0.5, 0.5])
    estimator = GapRegularizationClassifier(**SMALL, constraints="equalized_odds")
    fit(estimator, y=labels, sensitive_features=TWO_COLUMNS)
    both = TWO_COLUMNS["race"] + TWO_COLUMNS["sex"]
    one = GapRegularizationClassifier(**SMALL, constraints="equalized_odds")
    fit(one, y=labels, sensitive_features=both)
    np.testing.assert_array_equal(weights_of(estimator), weights_of(one))
    assert estimator.predict_proba(X).shape == (N, 3)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"fairness_weight": -1.0}, "'fairness_weight' parameter"),
        ({"gap": "median"}, "'gap' parameter .* must be a str among"),
        ({"sampling": "plain"}, "'sampling' parameter .* must be a str among"),
        ({"gap_momentum": 1.0}, "'gap_momentum' parameter"),
        ({"fairness_batch_size": 0}, "'fairness_batch_size' parameter"),
    ],
)
def test_bad_parameters(params, match):
    estimator = GapRegularizationClassifier(**SMALL, **params)
    with pytest.raises(ValueError, match=match):
        fit(estimator)
    assert not hasattr(estimator, "net_")


@pytest.mark.parametrize("sampling", ["two_stream", "shared", "balanced"])
def test_seeds(sampling):
    check_seeds(GapRegularizationClassifier, sampling=sampling)


def test_copies(tmp_path):
    check_copies(GapRegularizationClassifier, tmp_path)


def test_search():
    check_search(GapRegularizationClassifier, "fairness_weight", [0.0, 1.0])
