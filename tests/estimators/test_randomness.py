"""One seed, one net; the generators of the caller stay as they are."""

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import joblib
import numpy as np
import pytest
import sklearn
import torch
from sklearn.model_selection import GridSearchCV

from skrunner import NetClassifier, RunnerClassifier
from skrunner.metrics import neg_equalized_odds_difference
from tests.estimators.nets import FailsLater
from tests.estimators.rows import SMALL, A, X, Y, fit, runner, weights_of

# Small batches, dropout, a validation share and random neurons: all that is drawn.
DRAWING = {
    "net_params": {"hidden": (8, 8), "dropout": 0.3},
    "batch_size": 40,
    "fairness_batch_size": 60,
    "importance": "random",
    "neuron_ratio": 0.3,
    "select_epoch": "min_gap",
    "validation_fraction": 0.4,
    "lr": 0.03,
    "max_epochs": 3,
}
pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
]


@pytest.fixture(autouse=True)
def one_thread():
    """Fix the number of threads: bit equality holds at equal numbers only."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("sampling", ["two_stream", "shared", "balanced"])
@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_the_seed_makes_the_net(sampling, constraints):
    params = {**DRAWING, "sampling": sampling, "constraints": constraints}
    first, same, other = (
        fit(runner(**params, random_state=seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(weights_of(first), weights_of(same))
    assert np.abs(weights_of(first) - weights_of(other)).max() > 0.1
    columns = [name for name in first.history_ if name != "dur"]
    assert first.history_[columns].equals(same.history_[columns])


def test_a_generator_is_drawn_from_and_no_seed_is_another_every_time():
    twice = np.random.RandomState(3)
    nets = [
        weights_of(fit(NetClassifier(**{**SMALL, "random_state": seed})))
        for seed in (np.random.RandomState(3), twice, twice, None, None)
    ]
    np.testing.assert_array_equal(nets[0], nets[1])
    for one, other in [(1, 2), (2, 3), (3, 4)]:
        assert not np.array_equal(nets[one], nets[other])


def global_states():
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return random.getstate(), torch.get_rng_state().tolist(), kind, keys.tolist(), rest


CALLS = {
    "fit": lambda: fit(runner(**DRAWING)),
    "fit without a seed": lambda: fit(runner(**DRAWING, random_state=None)),
    "partial_fit": lambda: runner(**DRAWING).partial_fit(X, Y, sensitive_features=A),
    "predict": lambda: FITTED.predict(X),
    "predict_proba": lambda: FITTED.predict_proba(X),
    "diagnose": lambda: FITTED.diagnose(X, sensitive_features=A, importance="random"),
}
FITTED = fit(runner(net_params={"hidden": (8,), "dropout": 0.3}, lr=0.1))
FITTED.set_params(random_state=None)


@pytest.mark.parametrize("name", CALLS)
def test_global_generators_stay_as_they_are(name):
    before = global_states()
    CALLS[name]()
    assert global_states() == before


def test_global_generators_stay_as_they_are_if_training_breaks():
    estimator = runner(net=FailsLater(6), batch_size=40, fairness_batch_size=60)
    before = global_states()
    with pytest.raises(RuntimeError, match="the module broke"):
        fit(estimator)
    assert global_states() == before


def test_jobs_do_not_change_a_search():
    grid = {"fairness_weight": [0.0, 1.0], "neuron_ratio": [0.2, 0.6]}
    scoring = {"ap": "average_precision", "eo": neg_equalized_odds_difference}
    tables = []
    for n_jobs, backend in ((1, "loky"), (2, "loky"), (4, "threading")):
        search = GridSearchCV(
            RunnerClassifier(**{**SMALL, **DRAWING, "select_epoch": "last"}),
            grid,
            scoring=scoring,
            refit=False,
            cv=2,
            n_jobs=n_jobs,
        )
        with (
            sklearn.config_context(enable_metadata_routing=True),
            joblib.parallel_config(backend=backend),
        ):
            search.fit(X, Y, sensitive_features=A)
        tables.append(search.cv_results_)
    one, *others = tables
    compared = [name for name in one if "_test_" in name]
    assert len(compared) == 10
    for other, name in product(others, compared):
        np.testing.assert_array_equal(one[name], other[name])
    assert np.ptp(one["mean_test_eo"]) > 0


def test_threads_take_turns_with_the_generators():
    params = {**DRAWING, "select_epoch": "last", "max_epochs": 6}
    before = global_states()
    alone = [weights_of(fit(runner(**params, random_state=seed))) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(
            pool.map(lambda seed: fit(runner(**params, random_state=seed)), range(4))
        )
    for weights, estimator in zip(alone, together, strict=True):
        np.testing.assert_array_equal(weights, weights_of(estimator))
    assert global_states() == before
