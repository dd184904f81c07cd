"""Searches and cross-validation with metadata routing: no request call anywhere."""

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)

from skrunner.metrics import (
    SensitiveStratifiedKFold,
    best_within,
    constrained,
    get_scorer,
)
from tests.ecosystem.people import RACE, SCORING, SEX, N, X, pipe, small, two_scores, y

pytestmark = [
    pytest.mark.usefixtures("routing"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning"),
]
CV = StratifiedKFold(2)
GRID = {"runnerclassifier__fairness_weight": [0.0, 3.0],
        "runnerclassifier__neuron_ratio": [0.3, 1.0]}  # fmt: skip


def fitted_on(model, rows):
    return clone(model).fit(
        X.iloc[rows], y.iloc[rows], sensitive_features=RACE.iloc[rows]
    )


@pytest.mark.parametrize(
    ("rule", "n_jobs"),
    [
        (best_within("ap", "dp", max_drop=0.1), None),
        (constrained("ap", "dp", bound=0.2), 2),
    ],
    ids=["best_within", "constrained, two jobs"],
)
def test_a_pipeline_is_searched_for_utility_and_fairness(rule, n_jobs):
    search = GridSearchCV(
        pipe(), GRID, scoring=SCORING, refit=rule, cv=CV, n_jobs=n_jobs
    )
    search.fit(X, y, sensitive_features=RACE)
    table = search.cv_results_
    for candidate, params in enumerate(table["params"]):
        for fold, (train, test) in enumerate(CV.split(X, y)):
            expected = two_scores(fitted_on(pipe().set_params(**params), train), test)
            for name, value in expected.items():
                found = table[f"split{fold}_test_{name}"][candidate]
                assert found == pytest.approx(value, abs=1e-9)
    assert np.ptp(table["mean_test_dp"]) > 0.02
    assert search.best_index_ == rule(table)
    again = fitted_on(pipe().set_params(**search.best_params_), np.arange(N))
    np.testing.assert_array_equal(search.predict_proba(X), again.predict_proba(X))


def test_scorers_by_name_and_two_columns():
    labels = y.map({0: "no", 1: "yes"})
    groups = X[[]].assign(race=RACE, sex=SEX)
    search = GridSearchCV(
        pipe(),
        {"runnerclassifier__constraints": ["demographic_parity", "equalized_odds"]},
        scoring={
            "accuracy": "accuracy",
            "worst": get_scorer("worst_group_accuracy"),
            "strong": get_scorer("neg_strong_demographic_parity_difference"),
        },
        refit="worst",
        cv=SensitiveStratifiedKFold(2, shuffle=True, random_state=0),
    )
    search.fit(X, labels, sensitive_features=groups)
    assert len(search.best_estimator_[-1].group_names_) == 6
    table = search.cv_results_
    folds = list(search.cv.split(X, labels, sensitive_features=groups))
    for fold, (train, test) in enumerate(folds):
        model = pipe(constraints="equalized_odds")
        model.fit(
            X.iloc[train], labels.iloc[train], sensitive_features=groups.iloc[train]
        )
        right = model.predict(X.iloc[test]) == labels.iloc[test]
        worst = right.groupby([RACE.iloc[test], SEX.iloc[test]]).mean().min()
        assert table[f"split{fold}_test_worst"][1] == pytest.approx(worst, abs=1e-9)
    score = search.score(X, labels, sensitive_features=groups)
    right = search.predict(X) == labels
    assert score == pytest.approx(right.groupby([RACE, SEX]).mean().min(), abs=1e-9)


def test_cross_validation():
    found = cross_validate(
        pipe(),
        X,
        y,
        scoring=SCORING,
        cv=CV,
        params={"sensitive_features": RACE},
        return_estimator=True,
    )
    proba = cross_val_predict(
        pipe(), X, y, cv=CV, params={"sensitive_features": RACE}, method="predict_proba"
    )
    for fold, (train, test) in enumerate(CV.split(X, y)):
        model = fitted_on(pipe(), train)
        expected = model.predict_proba(X.iloc[test])
        np.testing.assert_array_equal(proba[test], expected)
        np.testing.assert_array_equal(
            found["estimator"][fold].predict_proba(X.iloc[test]), expected
        )
        for name, value in two_scores(model, test).items():
            assert found[f"test_{name}"][fold] == pytest.approx(value, abs=1e-9)


def test_a_search_in_a_cross_validation():
    inner = GridSearchCV(
        pipe(),
        {"runnerclassifier__fairness_weight": [0.0, 3.0]},
        scoring={name: SCORING[name] for name in ("ap", "dp")},
        refit=best_within("ap", "dp", max_drop=0.2),
        cv=SensitiveStratifiedKFold(2),
    )
    found = cross_validate(
        inner,
        X,
        y,
        scoring=SCORING,
        cv=CV,
        params={"sensitive_features": RACE},
        return_estimator=True,
    )
    for fold, (train, test) in enumerate(CV.split(X, y)):
        search = fitted_on(inner, train)
        assert found["estimator"][fold].best_params_ == search.best_params_
        for name, value in two_scores(search, test).items():
            assert found[f"test_{name}"][fold] == pytest.approx(value, abs=1e-9)


def test_a_random_search():
    search = RandomizedSearchCV(
        pipe(),
        {"runnerclassifier__fairness_weight": loguniform(0.1, 10)},
        n_iter=3,
        scoring=SCORING["dp"],
        cv=CV,
        random_state=0,
    )
    search.fit(X, y, sensitive_features=RACE)
    weights = search.cv_results_["param_runnerclassifier__fairness_weight"]
    assert len(set(weights)) == 3
    best = search.cv_results_["mean_test_score"].max()
    assert search.best_score_ == best
    assert search.best_estimator_[-1].fairness_weight_ == weights[search.best_index_]


def test_a_halving_search_over_epochs():
    scorer = get_scorer("constrained_average_precision", bound=0.3)
    search = HalvingGridSearchCV(
        pipe(),
        {"runnerclassifier__fairness_weight": [0.0, 0.1, 1.0, 3.0]},
        resource="runnerclassifier__max_epochs",
        min_resources=2,
        max_resources=8,
        factor=2,
        scoring=scorer,
        cv=SensitiveStratifiedKFold(2),
        random_state=0,
    )
    search.fit(X, y, sensitive_features=RACE)
    table = search.cv_results_
    assert table["n_resources"].tolist() == [2] * 4 + [4] * 2 + [8]
    assert len(search.best_estimator_[-1].history_) == 8
    assert np.isfinite(table["mean_test_score"]).all()
    for row, params in enumerate(table["params"]):
        assert params["runnerclassifier__max_epochs"] == table["n_resources"][row]
    expected = scorer(search.best_estimator_, X, y, sensitive_features=RACE)
    assert search.score(X, y, sensitive_features=RACE) == expected


def test_curves():
    # Both hand the groups of exactly the rows that they train on.
    sizes, train_scores, test_scores = learning_curve(
        pipe(),
        X,
        y,
        train_sizes=[90, 180],
        cv=CV,
        scoring=SCORING["dp"],
        params={"sensitive_features": RACE},
        error_score="raise",
    )
    assert sizes.tolist() == [90, 180]
    for fold, (train, test) in enumerate(CV.split(X, y)):
        for row, size in enumerate(sizes):
            model = fitted_on(pipe(), train[:size])
            expected = two_scores(model, test)["dp"]
            assert test_scores[row, fold] == pytest.approx(expected, abs=1e-9)
            expected = two_scores(model, train[:size])["dp"]
            assert train_scores[row, fold] == pytest.approx(expected, abs=1e-9)
    weights = [0.0, 3.0]
    _, scores = validation_curve(
        pipe(),
        X,
        y,
        param_name="runnerclassifier__fairness_weight",
        param_range=weights,
        cv=CV,
        scoring=SCORING["dp"],
        params={"sensitive_features": RACE},
    )
    for fold, (train, test) in enumerate(CV.split(X, y)):
        model = fitted_on(pipe(fairness_weight=3.0), train)
        expected = two_scores(model, test)["dp"]
        assert scores[1, fold] == pytest.approx(expected, abs=1e-9)


def test_another_name_for_the_groups():
    model = small().set_fit_request(sensitive_features="race")
    scorer = SCORING["dp"].set_score_request(sensitive_features="race")
    found = cross_validate(
        model, X[["proxy_4"]], y, scoring=scorer, cv=CV, params={"race": RACE}
    )
    same = cross_validate(
        small(),
        X[["proxy_4"]],
        y,
        scoring=SCORING["dp"],
        cv=CV,
        params={"sensitive_features": RACE},
    )
    np.testing.assert_array_equal(found["test_score"], same["test_score"])
