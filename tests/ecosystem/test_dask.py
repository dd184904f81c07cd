"""A search whose fits run in the processes of a Dask cluster."""

import os

import joblib
import numpy as np
import pytest
from dask.distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skrunner.metrics import best_within
from tests.ecosystem.people import RACE, SCORING, X, pipe, y

pytestmark = [
    pytest.mark.usefixtures("routing"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
]
GRID = {"runnerclassifier__fairness_weight": [0.0, 1.0, 3.0]}


def process_of(estimator, X, y):
    """Tell where a candidate was scored, in place of a score."""
    return os.getpid()


@pytest.fixture
def cluster():
    """Start two workers of one thread each: threads share torch's generators."""
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as started, Client(started):
        yield


def search(**options):
    given = {
        "net_params": {"hidden": (8,), "dropout": 0.2},
        "batch_size": 60,
        "fairness_batch_size": 60,
    }
    found = GridSearchCV(
        pipe(**given),
        GRID,
        scoring={**SCORING, "process": process_of},
        refit=best_within("ap", "dp", max_drop=0.1),
        cv=StratifiedKFold(2),
        error_score="raise",
        **options,
    )
    return found.fit(X, y, sensitive_features=RACE)


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_a_cluster_finds_what_one_process_finds():
    alone = search(n_jobs=1)
    with joblib.parallel_config(backend="dask"):
        spread = search()
    names = [f"split{fold}_test_{name}" for name in SCORING for fold in range(2)]
    for name in names:
        found, expected = spread.cv_results_[name], alone.cv_results_[name]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert np.ptp(alone.cv_results_["mean_test_dp"]) > 0.02
    assert spread.best_params_ == alone.best_params_
    np.testing.assert_array_equal(spread.predict_proba(X), alone.predict_proba(X))
    assert processes_of(alone) == {os.getpid()}
    assert len(processes_of(spread) - {os.getpid()}) == 2


def processes_of(search):
    table = search.cv_results_
    return {*table["split0_test_process"], *table["split1_test_process"]}
