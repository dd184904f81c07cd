"""Weights count rows, in the loss and in the groups' means."""

import numpy as np
import pytest
import torch

from skrunner import NetClassifier
from skrunner.exceptions import SmallGroupWarning
from skrunner.groups import CONSTRAINTS
from tests.estimators.nets import Tiny
from tests.estimators.rows import SMALL, A, N, X, Y, fit, runner, weights_of

RNG = np.random.default_rng(0)
COUNTS = RNG.integers(0, 4, size=N)
REPEATED = {
    "X": X.to_numpy().repeat(COUNTS, axis=0),
    "y": Y.repeat(COUNTS),
    "sensitive_features": A.repeat(COUNTS),
}
WEIGHTED = {"X": X.to_numpy(), "sample_weight": COUNTS}
EXACT = {"precision": "fp64", "max_epochs": 20, "lr": 0.02}


@pytest.mark.parametrize("gap", ["mean", "threshold", "wasserstein"])
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_a_weight_is_a_repetition(constraints, gap):
    params = {**EXACT, "constraints": constraints, "gap": gap, "fairness_weight": 1.0}
    weighted = fit(runner(**params), **WEIGHTED)
    repeated = fit(runner(**params), **REPEATED)
    unweighted = fit(runner(**params))
    error = np.abs(weights_of(weighted) - weights_of(repeated)).max()
    assert error < 1e-9
    assert np.abs(weights_of(weighted) - weights_of(unweighted)).max() > 0.01


def test_a_weight_is_a_repetition_without_a_repair():
    params = {**SMALL, **EXACT}
    weighted = fit(NetClassifier(**params), **WEIGHTED)
    repeated = fit(NetClassifier(**params), **REPEATED)
    np.testing.assert_allclose(
        weights_of(weighted), weights_of(repeated), rtol=0, atol=1e-9
    )


def mean_gap(outputs, weight):
    """Return the mean over the pairs of groups of their means' absolute difference."""
    means = [
        np.average(outputs[name == A], weights=weight[name == A])
        for name in np.unique(A)
    ]
    pairs = [(0, 1), (0, 2), (1, 2)]
    return np.mean([abs(means[i] - means[j]) for i, j in pairs])


@pytest.mark.parametrize("batch_size", [10_000, 60])
def test_weights_reach_the_fairness_term(batch_size):
    torch.manual_seed(0)
    module = Tiny(6).double()
    with torch.no_grad():
        X_tensor = torch.tensor(X.to_numpy())
        outputs = module(X_tensor).sigmoid()[:, 0].numpy()
    weight = np.where(outputs > np.median(outputs), 3.0, 0.5) * RNG.uniform(1, 2, N)
    weight[A == "group_1"] = RNG.uniform(0.1, 3, (A == "group_1").sum())
    estimator = runner(
        net=module,
        precision="fp64",
        optimizer=torch.optim.SGD,
        lr=1e-30,
        max_epochs=1,
        batch_size=batch_size,
        sampling="shared",
        gap_momentum=0.0,
    )
    fit(estimator, sample_weight=weight)
    found = estimator.history_["train_gap"][0]
    if batch_size > N:
        assert found == pytest.approx(mean_gap(outputs, weight), rel=1e-9)
        assert abs(found - mean_gap(outputs, np.ones(N))) > 0.01
    else:
        unweighted = fit(runner(**estimator.get_params(deep=False)))
        assert found != unweighted.history_["train_gap"][0]


def test_weights_may_be_read_only():
    weight = COUNTS.astype(np.float32)
    writeable = fit(runner(), sample_weight=weight)
    weight.flags.writeable = False  # as joblib's memory maps are
    np.testing.assert_array_equal(
        weights_of(fit(runner(), sample_weight=weight)), weights_of(writeable)
    )


def test_rows_without_weight_do_not_count():
    # A group of which all rows weigh nothing is left out of the fairness term.
    weight = (A != "group_2").astype(float)
    with pytest.warns(SmallGroupWarning, match=r"group_2 \(0 rows\)"):
        estimator = fit(runner(**EXACT), sample_weight=weight)
    kept = A != "group_2"
    two = fit(
        runner(**EXACT),
        X=X.to_numpy()[kept],
        y=Y[kept],
        sensitive_features=A[kept],
    )
    np.testing.assert_allclose(
        weights_of(estimator), weights_of(two), rtol=0, atol=1e-9
    )
