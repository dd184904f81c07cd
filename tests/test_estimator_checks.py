"""scikit-learn's own checks, every one of them, without an expected failure."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_array
from sklearn.utils.estimator_checks import estimator_checks_generator

from skrunner import NetClassifier, RunnerClassifier
from skrunner.baselines import (
    AdversarialClassifier,
    FairMixupClassifier,
    FairNeuronClassifier,
    FairSmoteClassifier,
    GapRegularizationClassifier,
    OversamplingClassifier,
    RejectOptionClassifier,
    ReweightingClassifier,
)
from tests.device import DEVICE

# Weights equal repetitions in full batches only. The checks' data are tiny, noisy or
# empty of signal, which our warnings are right to name.
pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.ColdAdversaryWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.FlaggedShareWarning"),
]
SMALL = {
    "net_params": {"hidden": (8,)},
    "max_epochs": 30,
    "lr": 0.05,
    "batch_size": 10_000,
    "precision": "fp64",
    "select_epoch": "last",
    "device": DEVICE,
    "random_state": 0,
}
NEEDS_AN_OPTION = "check_array_api_input"  # SCIPY_ARRAY_API=1 in the environment


def hashed_groups(X):
    """Draw groups that know nothing of the labels, the same for equal rows."""
    return (np.sin(X.sum(axis=1) * 12.9898) * 43758.5453) % 1 > 0.5


def hashed_raw_groups(X):
    """Do the same of rows that are not validated yet."""
    return hashed_groups(check_array(X, accept_sparse="csr"))


ESTIMATORS = [
    NetClassifier(**SMALL),
    RunnerClassifier(**SMALL, sensitive_columns=hashed_groups),
    AdversarialClassifier(**SMALL, sensitive_columns=hashed_groups),
    FairMixupClassifier(**SMALL, sensitive_columns=hashed_groups),
    FairNeuronClassifier(**SMALL, sensitive_columns=hashed_groups),
    GapRegularizationClassifier(**SMALL, sensitive_columns=hashed_groups),
    OversamplingClassifier(**SMALL, sensitive_columns=hashed_groups),
    FairSmoteClassifier(**SMALL, sensitive_columns=hashed_groups),
    ReweightingClassifier(**SMALL, sensitive_columns=hashed_groups),
    RejectOptionClassifier(LogisticRegression(), sensitive_columns=hashed_raw_groups),
]


def name_of(check):
    """Return the check's name and what sets it apart from others of that name."""
    settings = ",".join(f"{key}={value}" for key, value in check.keywords.items())
    return check.func.__name__ + (f"({settings})" if settings else "")


CHECKS = [
    pytest.param(estimator, check, id=f"{type(estimator).__name__}-{name_of(check)}")
    for one in ESTIMATORS
    for estimator, check in estimator_checks_generator(one, legacy=True)
    if check.func.__name__ != NEEDS_AN_OPTION
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_check(estimator, check):
    check(estimator)


def test_one_check_alone_is_left_out():
    # A new release may add checks that only run elsewhere: this list says so.
    for one in ESTIMATORS:
        names = [check.func.__name__ for _, check in estimator_checks_generator(one)]
        assert names.count(NEEDS_AN_OPTION) == 1
        assert len(names) >= 50  # more for those that take weights


def test_the_groups_of_the_checks_split_any_data():
    X = np.random.default_rng(0).normal(size=(1000, 3))
    assert 0.4 < hashed_groups(X).mean() < 0.6
