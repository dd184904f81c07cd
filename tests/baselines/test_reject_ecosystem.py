"""The reject option in cross-validation, pipelines and searches, against hand loops."""

import numpy as np
import pytest
import sklearn
from fairlearn.metrics import demographic_parity_difference
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline

from skrunner.baselines import RejectOptionClassifier
from skrunner.metrics import best_within, get_scorer, neg_demographic_parity_difference
from tests.ecosystem.people import NUMBERS, RACE, X, preprocessor, y

CV = StratifiedKFold(3)
# No gap exceeds 1: this is the average precision, by a scorer that passes groups on.
TWO = {
    "ap": get_scorer("constrained_average_precision", bound=1),
    "dp": neg_demographic_parity_difference,
}
READ = {
    "ap": "average_precision",  # scikit-learn's own will do where X holds the groups
    "dp": get_scorer("neg_demographic_parity_difference", sensitive_column="race"),
}


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture(params=[False, True], ids=["no routing", "routing"])
def routed(request):
    with sklearn.config_context(enable_metadata_routing=request.param):
        yield request.param


def option(**params):
    return RejectOptionClassifier(LogisticRegression(), theta=0.65, **params)


def bare():
    return option(), X[NUMBERS]


def piped():
    return make_pipeline(preprocessor(), option()), X


def around():
    inner = make_pipeline(preprocessor(), LogisticRegression())
    return RejectOptionClassifier(inner, theta=0.65), X


def by_hand(rows, train, test):
    """Return both scores of a fold, without any of our classes."""
    deciding = LogisticRegression()
    if "city" in rows:
        deciding = make_pipeline(preprocessor(), deciding)
    deciding.fit(rows.iloc[train], y.iloc[train])
    high = deciding.predict_proba(rows.iloc[train])[:, 1] > 0.5
    groups = RACE.iloc[train].astype(str).to_numpy()
    deprived = [g for g in set(groups) if high[groups == g].mean() < high.mean()]
    p = deciding.predict_proba(rows.iloc[test])[:, 1]
    inside = np.maximum(p, 1 - p) <= 0.65
    lucky = RACE.iloc[test].astype(str).isin(deprived).to_numpy()
    labels = np.where(inside, lucky, p > 0.5)
    scores = np.where(inside & (labels != (p > 0.5)), 1 - p, p)
    gap = demographic_parity_difference(
        y.iloc[test], labels, sensitive_features=RACE.iloc[test]
    )
    return average_precision_score(y.iloc[test], scores), -gap


def hand_scores(rows):
    folds = [by_hand(rows, train, test) for train, test in CV.split(rows, y)]
    return {"ap": [ap for ap, _ in folds], "dp": [dp for _, dp in folds]}


def assert_same(found, expected):
    for name, values in expected.items():
        np.testing.assert_allclose(found[f"test_{name}"], values, atol=1e-9)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("make", [bare, piped, around])
def test_cross_validation_is_the_loop(make):
    estimator, rows = make()
    found = cross_validate(
        estimator, rows, y, cv=CV, scoring=TWO, params={"sensitive_features": RACE}
    )
    assert_same(found, hand_scores(rows))
    plain = cross_validate(
        estimator[-1].estimator if make is piped else LogisticRegression(),
        X[NUMBERS], y, cv=CV, scoring=TWO, params={"sensitive_features": RACE},
    )  # fmt: skip
    assert plain["test_dp"].mean() < found["test_dp"].mean() - 0.02


@pytest.mark.parametrize("columns", ["race", lambda rows: rows["race"]])
def test_cross_validation_with_groups_from_columns(routed, columns):
    inner = make_pipeline(preprocessor(), LogisticRegression())
    estimator = RejectOptionClassifier(inner, theta=0.65, sensitive_columns=columns)
    rows = X.assign(race=RACE)
    found = cross_validate(estimator, rows, y, cv=CV, scoring=READ)
    assert_same(found, hand_scores(X))


@pytest.mark.usefixtures("routing")
def test_the_default_score_is_routed():
    found = cross_val_score(
        option(), X[NUMBERS], y, cv=CV, params={"sensitive_features": RACE}
    )
    for score, (train, test) in zip(found, CV.split(X, y), strict=True):
        fitted = option().fit(
            X[NUMBERS].iloc[train], y.iloc[train], sensitive_features=RACE.iloc[train]
        )
        labels = fitted.predict(
            X[NUMBERS].iloc[test], sensitive_features=RACE.iloc[test]
        )
        assert score == pytest.approx((labels == y.iloc[test]).mean())


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_pipeline_is_searched(n_jobs):
    grid = {
        "rejectoptionclassifier__theta": [0.51, 0.6, 0.7],
        "rejectoptionclassifier__estimator__C": [0.01, 1],
    }
    rule = best_within("ap", "dp", max_drop=0.05)
    search = GridSearchCV(piped()[0], grid, scoring=TWO, cv=CV, refit=rule,
                          n_jobs=n_jobs)  # fmt: skip
    search.fit(X, y, sensitive_features=RACE)
    gaps = search.cv_results_["mean_test_dp"]
    assert np.ptp(gaps) > 0.05
    again = clone(piped()[0]).set_params(**search.best_params_)
    again.fit(X, y, sensitive_features=RACE)
    np.testing.assert_array_equal(
        search.best_estimator_.predict(X, sensitive_features=RACE),
        again.predict(X, sensitive_features=RACE),
    )


def test_clones_of_a_fitted_estimator_say_what_to_do_and_frozen_ones_work(routed):
    inner = LogisticRegression().fit(X[NUMBERS], y)
    rows = X[NUMBERS].assign(race=RACE)
    prefit = option(sensitive_columns="race").set_params(estimator=inner, prefit=True)
    with pytest.raises(NotFittedError, match="clones of it are not fitted"):
        cross_validate(prefit, rows, y, scoring=READ, error_score="raise")
    frozen = clone(prefit).set_params(estimator=FrozenEstimator(inner), prefit=False)
    found = cross_validate(frozen, rows, y, cv=CV, scoring=READ, return_estimator=True)
    assert all(one.estimator_.estimator is inner for one in found["estimator"])
