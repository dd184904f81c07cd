"""Fair Mixup in a fit: which rows, which loss, and a slope that shrinks."""

import numpy as np
import pytest
import torch
from sklearn.utils.validation import has_fit_parameter

from skrunner import NetClassifier
from skrunner.baselines import FairMixupClassifier
from skrunner.data import GroupDataset
from skrunner.estimators import Budget
from skrunner.gaps import gap_structure
from skrunner.objectives import MixupObjective
from skrunner.training import draw_seeds
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
CODES = np.unique(A, return_inverse=True)[1]


@pytest.mark.parametrize("batch_size", [10_000, 50])
@pytest.mark.parametrize("sampling", ["two_stream", "balanced"])
@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_steps_are_those_of_the_objective(constraints, sampling, batch_size):
    torch.manual_seed(0)
    module = Tiny(6).double()
    estimator = FairMixupClassifier(
        net=module,
        max_epochs=2,
        lr=0.1,
        optimizer=torch.optim.SGD,
        precision="fp64",
        batch_size=batch_size,
        fairness_batch_size=60,
        constraints=constraints,
        sampling=sampling,
        fairness_weight=0.7,
        select_epoch="last",
        device="cpu",
        random_state=0,
    )
    fit(estimator, X=X.to_numpy())
    seeds = draw_seeds(0)
    data = GroupDataset(
        torch.tensor(X.to_numpy()), torch.tensor(Y), torch.tensor(CODES), 3, 2
    )
    batches = estimator._make_batches(data, Budget(2, batch_size), seeds)
    objective = MixupObjective(
        torch.nn.BCEWithLogitsLoss(),
        gap_structure(constraints, 3, 2),
        fairness_weight=0.7,
        seed=seeds.importance,
    )
    before = torch.cat([p.detach().flatten() for p in module.parameters()])
    losses = []
    for batch in [batch for _ in range(2) for batch in batches]:
        if batch_size < N:
            two = sampling == "two_stream"
            assert len(batch.y) - batch.fair_from == (60 if two else 50)
        step = objective(module, batch)
        losses.append(step.loss.item())
        slopes = torch.autograd.grad(step.loss, list(module.parameters()))
        with torch.no_grad():
            for parameter, slope in zip(module.parameters(), slopes, strict=True):
                parameter.sub_(0.1 * slope)
    after = torch.cat([p.detach().flatten() for p in module.parameters()])
    assert (after - before).abs().max() > 1e-3
    np.testing.assert_allclose(weights_of(estimator), after, rtol=0, atol=1e-12)
    recorded = estimator.history_["train_loss"].mean()
    assert recorded == pytest.approx(np.mean(losses), rel=1e-9)


@pytest.mark.parametrize("sampling", ["two_stream", "balanced"])
def test_no_weight_is_the_loss_alone(sampling):
    ours = FairMixupClassifier(**DRAWING, sampling=sampling, fairness_weight=0.0)
    plain = weights_of(fit(NetClassifier(**DRAWING)))
    if sampling == "two_stream":
        np.testing.assert_array_equal(weights_of(fit(ours)), plain)
    else:
        assert not np.array_equal(weights_of(fit(ours)), plain)


def test_the_gap_shrinks_with_the_weight():
    gaps = []
    for weight in (0.0, 3.0):
        estimator = FairMixupClassifier(
            **{**SMALL, "max_epochs": 60, "lr": 0.05}, fairness_weight=weight
        )
        p = fit(estimator).predict_proba(X)[:, 1]
        a, b, c = (p[name == A].mean() for name in np.unique(A))
        gaps.append((abs(a - b) + abs(a - c) + abs(b - c)) / 3)
    assert gaps[0] > 0.2
    assert gaps[1] < 0.5 * gaps[0]


def test_two_columns_and_three_labels():
    labels = np.digitize(X.iloc[:, 0], [-0.5, 0.5])
    both = TWO_COLUMNS["race"] + TWO_COLUMNS["sex"]
    one, other = (
        fit(
            FairMixupClassifier(**SMALL, constraints="equalized_odds"),
            y=labels,
            sensitive_features=groups,
        )
        for groups in (TWO_COLUMNS, both)
    )
    np.testing.assert_array_equal(weights_of(one), weights_of(other))
    assert one.predict_proba(X).shape == (N, 3)


def test_there_is_no_sample_weight():
    estimator = FairMixupClassifier(**SMALL)
    assert not has_fit_parameter(estimator, "sample_weight")
    with pytest.raises(TypeError, match="sample_weight"):
        fit(estimator, sample_weight=np.ones(N))


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"fairness_weight": -1.0}, "'fairness_weight' parameter"),
        ({"fairness_weight": None}, "'fairness_weight' parameter"),
        ({"sampling": "shared"}, "'sampling' parameter .* must be a str among"),
        ({"fairness_batch_size": 0}, "'fairness_batch_size' parameter"),
    ],
)
def test_bad_parameters(params, match):
    estimator = FairMixupClassifier(**SMALL, **params)
    with pytest.raises(ValueError, match=match):
        fit(estimator)
    assert not hasattr(estimator, "net_")


@pytest.mark.parametrize("sampling", ["two_stream", "balanced"])
def test_seeds(sampling):
    check_seeds(FairMixupClassifier, sampling=sampling)


def test_copies(tmp_path):
    check_copies(FairMixupClassifier, tmp_path)


def test_search():
    check_search(FairMixupClassifier, "fairness_weight", [0.0, 1.0])
