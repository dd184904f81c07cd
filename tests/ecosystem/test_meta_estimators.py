"""Calibration, thresholds, votes and bags around the classifier."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrunner.metrics import delta_dp
from tests.ecosystem.people import (
    NUMBERS,
    RACE,
    SEX,
    X,
    pipe,
    small,
    y,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
]
CV = StratifiedKFold(2)
TABLE = make_column_transformer((StandardScaler(), NUMBERS))


@pytest.mark.usefixtures("routing")
def test_calibration():
    calibrated = CalibratedClassifierCV(pipe(), cv=CV)
    calibrated.fit(X, y, sensitive_features=RACE)
    for part, (train, _) in zip(
        calibrated.calibrated_classifiers_, CV.split(X, y), strict=True
    ):
        model = pipe().fit(
            X.iloc[train], y.iloc[train], sensitive_features=RACE.iloc[train]
        )
        np.testing.assert_array_equal(
            part.estimator.predict_proba(X), model.predict_proba(X)
        )
    found = calibrated.predict_proba(X)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert np.corrcoef(found[:, 1], model.predict_proba(X)[:, 1])[0, 1] > 0.8


@pytest.mark.usefixtures("routing")
def test_a_tuned_threshold():
    tuned = TunedThresholdClassifierCV(
        pipe(), scoring="balanced_accuracy", cv=CV, thresholds=20
    )
    tuned.fit(X, y, sensitive_features=RACE)
    model = pipe().fit(X, y, sensitive_features=RACE)
    positive = model.predict_proba(X)[:, 1]
    expected = (positive >= tuned.best_threshold_).astype(int)
    np.testing.assert_array_equal(tuned.predict(X), expected)


@pytest.mark.usefixtures("no_routing")
def test_a_vote_reads_the_groups_from_a_column():
    frame = X.drop(columns="city").assign(race=RACE)
    estimators = [
        ("parity", small(sensitive_columns="race")),
        ("odds", small(sensitive_columns="race", constraints="equalized_odds")),
        ("linear", make_pipeline(TABLE, LogisticRegression())),
    ]
    labels = y.map({0: "no", 1: "yes"})
    vote = VotingClassifier(estimators, voting="soft").fit(frame, labels)
    # A vote encodes the labels before it hands them on.
    parts = [clone(model).fit(frame, y) for _, model in estimators]
    expected = np.mean([part.predict_proba(frame) for part in parts], axis=0)
    np.testing.assert_allclose(vote.predict_proba(frame), expected, atol=1e-12)
    assert set(vote.predict(frame)) == {"no", "yes"}
    passed = small().fit(X[NUMBERS], y, sensitive_features=RACE)
    np.testing.assert_array_equal(
        parts[0].predict_proba(frame), passed.predict_proba(X[NUMBERS])
    )


@pytest.mark.usefixtures("routing")
def test_a_vote_passes_the_groups_on():
    vote = VotingClassifier([("a", small()), ("b", small(random_state=1))])
    vote.fit(X[NUMBERS], y, sensitive_features=RACE)
    for part in vote.estimators_:
        assert part.group_names_ == ("group_0", "group_1", "group_2")


@pytest.mark.usefixtures("routing")
def test_bags_and_one_against_rest():
    rows = X[NUMBERS].to_numpy()
    bag = BaggingClassifier(small(), n_estimators=2, random_state=0)
    bag.fit(rows, y, sensitive_features=RACE)
    parts = [part.predict_proba(rows) for part in bag.estimators_]
    np.testing.assert_allclose(bag.predict_proba(rows), np.mean(parts, axis=0))
    four = y + 2 * (SEX == "f")
    rest = OneVsRestClassifier(small()).fit(rows, four, sensitive_features=RACE)
    alone = small().fit(rows, four == 2, sensitive_features=RACE)
    np.testing.assert_array_equal(
        rest.estimators_[2].predict_proba(rows), alone.predict_proba(rows)
    )
    assert rest.predict_proba(rows).shape == (len(rows), 4)


def test_a_frozen_estimator():
    model = small().fit(X[NUMBERS], y, sensitive_features=RACE)
    frozen = clone(FrozenEstimator(model)).fit(None, None)
    np.testing.assert_array_equal(
        frozen.predict_proba(X[NUMBERS]), model.predict_proba(X[NUMBERS])
    )
    calibrated = CalibratedClassifierCV(frozen).fit(X[NUMBERS], y)
    assert calibrated.predict_proba(X[NUMBERS]).shape == (len(X), 2)


@pytest.mark.usefixtures("routing")
def test_a_tuned_threshold_may_be_chosen_by_fairness():
    scorer = make_scorer(delta_dp, greater_is_better=False)
    tuned = TunedThresholdClassifierCV(
        pipe(),
        scoring=scorer.set_score_request(sensitive_features=True),
        cv=CV,
        thresholds=20,
    )
    tuned.fit(X, y, sensitive_features=RACE)
    # Nobody or everybody is the fairest of all thresholds: such a gap is no repair.
    assert len(set(tuned.predict(X))) == 1
