"""A weight that rises in a straight line, by hand and in a training."""

import numpy as np
import pytest
import torch

from skrunner import RunnerClassifier
from skrunner.baselines import GapRegularizationClassifier
from skrunner.objectives._settings import warmed_up
from tests.estimators.images import A, N, Y, assert_same, fit
from tests.estimators.rows import weights_of

pytestmark = pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning")


@pytest.mark.parametrize(
    ("weight", "steps", "expected"),
    [
        (3.0, 0, [3.0, 3.0, 3.0, 3.0, 3.0, 3.0]),
        (3.0, 1, [0.0, 3.0, 3.0, 3.0, 3.0, 3.0]),
        (3.0, 4, [0.0, 0.75, 1.5, 2.25, 3.0, 3.0]),
        (0.0, 4, [0.0] * 6),
        (1.0, 10, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
    ],
)
def test_by_hand(weight, steps, expected):
    found = [warmed_up(weight, step, steps) for step in range(6)]
    assert found == pytest.approx(expected, abs=1e-15)


KINDS = [RunnerClassifier, GapRegularizationClassifier]
SETTINGS = {"fairness_weight": 2.0, "precision": "fp64", "max_epochs": 5}
SETTINGS |= {"batch_size": N, "gap_momentum": 0.0, "fairness_gradient_limit": np.inf}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.4, 0.6, 1.0])
def test_the_weight_of_every_step(kind, share):
    """One step an epoch: five in all, of which the given share rises."""
    history = fit(kind, fairness_warm_up=share, **SETTINGS).history_
    weighted = history["train_loss"] - history["predictive_loss"]
    found = weighted / history["fairness_term"]
    rising = int(share * 5)
    expected = [2.0 * min(1, step / max(rising, 1e-9)) for step in range(1, 5)]
    np.testing.assert_allclose(found[1:], expected, rtol=1e-6)
    assert found[0] == pytest.approx(0.0 if rising else 2.0, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_step_of_a_warm_up_is_a_plain_one(kind):
    one = {**SETTINGS, "max_epochs": 1}
    plain = fit(kind, **{**one, "fairness_weight": 0.0})
    rising = fit(kind, fairness_warm_up=1.0, **one)
    at_once = fit(kind, **one)
    np.testing.assert_allclose(weights_of(rising), weights_of(plain), rtol=1e-12)
    assert not np.allclose(weights_of(at_once), weights_of(plain), rtol=1e-6)


def test_none_is_the_default_and_changes_nothing():
    without = fit(RunnerClassifier, fairness_weight=2.0)
    zero = fit(RunnerClassifier, fairness_weight=2.0, fairness_warm_up=0)
    assert_same(weights_of(zero), weights_of(without))
    # Two epochs of three steps: less than a sixth is less than a step.
    short = fit(RunnerClassifier, fairness_weight=2.0, fairness_warm_up=0.16)
    assert_same(weights_of(short), weights_of(without))
    long = fit(RunnerClassifier, fairness_weight=2.0, fairness_warm_up=0.5)
    assert not np.array_equal(weights_of(long), weights_of(without))


def test_every_call_of_partial_fit_counts_as_a_training_of_its_own():
    estimator = RunnerClassifier("mlp", fairness_warm_up=1.0, max_epochs=50)
    X = torch.randn(N, 4, generator=torch.Generator().manual_seed(0)).numpy()
    estimator.set_params(random_state=0, steps_per_epoch=4, fairness_weight=1.0)
    estimator.partial_fit(X, Y, sensitive_features=A)
    (record,) = estimator.history_.to_dict("records")
    weighted = record["train_loss"] - record["predictive_loss"]
    # Steps 0 to 3 of 4 weigh 0, 1/4, 2/4 and 3/4: less than the term's mean.
    assert 0.25 < weighted / record["fairness_term"] < 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [-0.1, 1.01, "half", None])
def test_no_share(kind, value):
    with pytest.raises(ValueError, match=r"'fairness_warm_up' parameter of .* a float"):
        fit(kind, fairness_warm_up=value)
