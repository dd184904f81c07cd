"""Scorers by name: values, options and errors."""

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import accuracy_score, average_precision_score

import skrunner.metrics as room
from skrunner.exceptions import UndefinedRateWarning
from skrunner.metrics import (
    delta_dp,
    delta_eo,
    delta_fpr,
    delta_tpr,
    get_scorer,
    get_scorer_names,
    strong_delta_dp,
    strong_delta_eo,
)

NUMBERS = ["u", "v"]


@pytest.fixture
def fitted(people):
    """Return a fitted model, X, y and the groups."""
    X, y = people[NUMBERS], people["y"]
    return LogisticRegression().fit(X, y), X, y, people["race"]


@pytest.mark.parametrize("weighted", [False, True])
def test_every_scorer_is_its_metric(fitted, people, weighted):
    model, X, y, groups = fitted
    weight = people["weight"] if weighted else None
    kwargs = {"sensitive_features": groups, "sample_weight": weight}
    p, score = model.predict(X), model.predict_proba(X)[:, 1]
    accuracies = [
        accuracy_score(
            y[rows], p[rows], sample_weight=weight[rows] if weighted else None
        )
        for rows in (groups == name for name in "abc")
    ]
    expected = {
        "neg_demographic_parity_difference": -delta_dp(y, p, **kwargs),
        "neg_equalized_odds_difference": -delta_eo(y, p, **kwargs),
        "neg_equalized_odds_difference_max": -delta_eo(y, p, **kwargs, agg="max"),
        "neg_true_positive_rate_difference": -delta_tpr(y, p, **kwargs),
        "neg_false_positive_rate_difference": -delta_fpr(y, p, **kwargs),
        "neg_strong_demographic_parity_difference": -strong_delta_dp(
            y, score, **kwargs
        ),
        "neg_strong_equalized_odds_difference": -strong_delta_eo(y, score, **kwargs),
        "worst_group_accuracy": min(accuracies),
    }
    assert sorted([*expected, "constrained_average_precision"]) == get_scorer_names()
    # The larger of the two rates' differences is one of them; all else is distinct.
    assert len(set(expected.values())) == len(expected) - 1
    for name, value in expected.items():
        for scorer in (get_scorer(name), getattr(room, name)):
            assert scorer(model, X, y, **kwargs) == pytest.approx(value, abs=1e-12)


def test_fairlearn_agrees_on_which_is_which(fitted):
    model, X, y, groups = fitted
    p = model.predict(X)
    for name, metric in (
        ("neg_demographic_parity_difference", demographic_parity_difference),
        ("neg_equalized_odds_difference_max", equalized_odds_difference),
    ):
        value = get_scorer(name)(model, X, y, sensitive_features=groups)
        expected = -metric(y, p, sensitive_features=groups)
        assert value == pytest.approx(expected, abs=1e-12)


def test_the_constrained_score(fitted):
    model, X, y, groups = fitted
    p, score = model.predict(X), model.predict_proba(X)[:, 1]
    ap = average_precision_score(y, score)
    kwargs = {"sensitive_features": groups}
    for constraints, gap in (
        ("demographic_parity", delta_dp(y, p, **kwargs)),
        ("equalized_odds", delta_eo(y, p, **kwargs)),
        ("true_positive_rate_parity", delta_tpr(y, p, **kwargs)),
        ("false_positive_rate_parity", delta_fpr(y, p, **kwargs)),
    ):
        for bound in (0, gap / 2, gap, 2 * gap):
            scorer = get_scorer(
                "constrained_average_precision", bound=bound, constraints=constraints
            )
            expected = ap - max(0, gap - bound)
            assert scorer(model, X, y, **kwargs) == pytest.approx(expected, abs=1e-12)
    default = get_scorer("constrained_average_precision", bound=0)
    expected = ap - delta_dp(y, p, **kwargs)
    assert default(model, X, y, **kwargs) == pytest.approx(expected, abs=1e-12)


class Constant(LogisticRegression):
    def predict(self, X):
        return np.zeros(len(X), dtype=int)


def test_the_constrained_score_of_a_collapse(fitted):
    _, X, y, groups = fitted
    scorer = get_scorer("constrained_average_precision", bound=0.05)
    model = Constant().fit(X, y)
    assert scorer(model, X, y, sensitive_features=groups) == -1


def test_the_constrained_score_without_a_rate(fitted):
    model, X, y, groups = fitted
    scorer = get_scorer(
        "constrained_average_precision", bound=9, constraints="equalized_odds"
    )
    rows = ~((groups == "b") & (y == 1))
    with pytest.warns(UndefinedRateWarning, match="true positive rate of b"):
        value = scorer(model, X[rows], y[rows], sensitive_features=groups[rows])
    assert np.isnan(value)


def test_decision_function_serves_where_there_are_no_probabilities(fitted):
    _, X, y, groups = fitted
    model = RidgeClassifier().fit(X, y)
    decision, kwargs = model.decision_function(X), {"sensitive_features": groups}
    scorer = get_scorer("neg_strong_equalized_odds_difference")
    expected = -strong_delta_eo(y, decision, **kwargs)
    assert scorer(model, X, y, **kwargs) == pytest.approx(expected, abs=1e-12)
    # The mean gap is the same for either class; the average precision is not.
    scorer = get_scorer("constrained_average_precision", bound=1, pos_label=0)
    expected = average_precision_score(1 - y, -decision)
    assert scorer(model, X, y, **kwargs) == pytest.approx(expected, abs=1e-12)


def test_three_classes(people):
    X, groups = people[NUMBERS], people["race"]
    y = pd.cut(people["u"] + people["v"], [-9, 0, 2, 9], labels=list("xyz")).astype(str)
    model = LogisticRegression().fit(X, y)
    p, scores, kwargs = (
        model.predict(X),
        model.predict_proba(X),
        {"sensitive_features": groups},
    )
    for average in ("macro", "max"):
        scorer = get_scorer("neg_demographic_parity_difference", average=average)
        expected = -delta_dp(y, p, **kwargs, average=average)
        assert scorer(model, X, y, **kwargs) == expected
    scorer = get_scorer("neg_true_positive_rate_difference", pos_label="z")
    assert scorer(model, X, y, **kwargs) == -delta_tpr(y, p, **kwargs, pos_label="z")
    scorer = get_scorer("neg_strong_demographic_parity_difference", n_thresholds=4)
    expected = -strong_delta_dp(y, scores, **kwargs, n_thresholds=4)
    assert scorer(model, X, y, **kwargs) == expected
    scorer = get_scorer("constrained_average_precision", bound=0.1)
    one_hot = np.column_stack([y == label for label in "xyz"])
    ap = average_precision_score(one_hot, scores, average="macro")
    expected = ap - max(0, delta_dp(y, p, **kwargs) - 0.1)
    assert scorer(model, X, y, **kwargs) == pytest.approx(expected, abs=1e-12)


def test_the_estimator_knows_the_positive_class(fitted):
    # All rows of the fold are "no" and predicted so: only classes_ tells what "yes" is.
    model, X, y, groups = fitted
    names = np.where(y, "yes", "no")
    model = LogisticRegression().fit(X, names)
    rows = (model.predict(X) == "no") & (names == "no")
    scorer = get_scorer("neg_false_positive_rate_difference")
    value = scorer(model, X[rows], names[rows], sensitive_features=groups[rows])
    assert value == 0
    assert not np.signbit(value)


def test_names_of_scikit_learn_pass_through():
    scorer = get_scorer("average_precision")
    assert repr(scorer) == repr(sklearn.metrics.get_scorer("average_precision"))
    for kwargs in ({"sensitive_column": "sex"}, {"bound": 1}):
        with pytest.raises(TypeError, match="'accuracy' is a scorer of scikit-learn"):
            get_scorer("accuracy", **kwargs)


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("dp", {}, ValueError, r"'dp'.*neg_demographic_parity_difference, .*; or a"),
        (
            "neg_demographic_parity_difference",
            {"bound": 1},
            TypeError,
            r"has no option bound\. It takes: pos_label, average\.",
        ),
        (
            "neg_equalized_odds_difference",
            {"agg": "max"},
            TypeError,
            r"has no option agg\. It takes: pos_label, average\.",
        ),
        (
            "neg_demographic_parity_difference",
            {"average": None},
            ValueError,
            "has to return one number",
        ),
        ("worst_group_accuracy", {"x": 1}, TypeError, "option x. It takes: none"),
        ("constrained_average_precision", {}, ValueError, "needs bound.* got None"),
        (
            "constrained_average_precision",
            {"bound": -1},
            ValueError,
            "needs bound.* got -1",
        ),
        (
            "constrained_average_precision",
            {"bound": 0.1, "constraints": "dp"},
            ValueError,
            "Unknown constraints='dp'",
        ),
    ],
)
def test_names_and_options_are_checked(name, options, error, message):
    with pytest.raises(error, match=message):
        get_scorer(name, **options)
