"""The refit rules against brute force and tables worked by hand."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from skrunner.exceptions import UnmetBoundWarning
from skrunner.metrics import best_within, constrained


def results(utility, fairness):
    return {"mean_test_u": np.array(utility), "mean_test_f": np.array(fairness)}


def brute_force_best_within(utility, fairness, max_drop):
    defined = [
        i
        for i, pair in enumerate(zip(utility, fairness, strict=True))
        if not np.isnan(pair).any()
    ]
    floor = max(utility[i] for i in defined) - max_drop - 1e-9
    within = [i for i in defined if utility[i] >= floor]
    return max(within, key=lambda i: (fairness[i], utility[i], -i))


def brute_force_constrained(utility, fairness, bound):
    defined = [
        i
        for i, pair in enumerate(zip(utility, fairness, strict=True))
        if not np.isnan(pair).any()
    ]
    within = [i for i in defined if -fairness[i] <= bound + 1e-9]
    if within:
        return max(within, key=lambda i: (utility[i], fairness[i], -i))
    return max(defined, key=lambda i: (fairness[i], utility[i], -i))


@pytest.fixture(params=range(20))
def candidates(request):
    """Return 12 candidates with many ties and some NaN."""
    rng = np.random.default_rng(request.param)
    utility = np.round(rng.uniform(0.7, 0.8, 12), 2)
    fairness = -np.round(rng.uniform(0, 0.2, 12), 2)
    utility[rng.random(12) < 0.1] = np.nan
    fairness[rng.random(12) < 0.1] = np.nan
    return utility, fairness


@pytest.mark.parametrize("max_drop", [0, 0.01, 0.03, 1])
def test_best_within_equals_brute_force(candidates, max_drop):
    expected = brute_force_best_within(*candidates, max_drop)
    chosen = best_within("u", "f", max_drop=max_drop)(results(*candidates))
    assert chosen == expected
    assert type(chosen) is int


@pytest.mark.parametrize("bound", [0.02, 0.05, 1])
def test_constrained_equals_brute_force(candidates, bound):
    expected = brute_force_constrained(*candidates, bound)
    rule = constrained("u", "f", bound=bound)
    if -candidates[1][expected] > bound + 1e-9:
        with pytest.warns(UnmetBoundWarning):
            assert rule(results(*candidates)) == expected
    else:
        assert rule(results(*candidates)) == expected


def test_the_floor_and_the_bound_belong_to_what_is_allowed():
    # Decimal fractions are not exact: .54 - .05 > .49 in floating point.
    assert 0.54 - 0.05 > 0.49
    table = results([0.54, 0.49, 0.48], [-0.3, -0.2, -0.1])
    assert best_within("u", "f", max_drop=0.05)(table) == 1
    table = results([0.9, 0.8, 0.7], [-0.3, -(0.1 + 0.2), -0.31])
    assert constrained("u", "f", bound=0.3)(table) == 0


def test_the_default_drop_is_a_hundredth():
    table = results([0.80, 0.791, 0.789], [-0.3, -0.2, -0.1])
    assert best_within("u", "f")(table) == 1


def test_ties_go_to_the_other_score_then_to_the_first():
    table = results([0.80, 0.805, 0.805, 0.80], [-0.1, -0.1, -0.1, -0.1])
    assert best_within("u", "f", max_drop=0.01)(table) == 1
    table = results([0.8, 0.8, 0.8], [-0.05, -0.02, -0.02])
    assert constrained("u", "f", bound=0.1)(table) == 1


def test_a_nan_candidate_does_not_set_the_floor():
    table = results([0.99, 0.80, 0.70], [np.nan, -0.2, -0.1])
    assert best_within("u", "f", max_drop=0.01)(table) == 1
    table = results([0.99, 0.80, np.nan], [np.nan, -0.2, 0])
    with pytest.warns(UnmetBoundWarning, match=r"bound 0\.1 on -f.*has 0\.2"):
        assert constrained("u", "f", bound=0.1)(table) == 1


@pytest.mark.parametrize(
    "rule", [best_within("u", "f"), constrained("u", "f", bound=0.1)], ids=repr
)
def test_nothing_to_choose_from(rule):
    with pytest.raises(ValueError, match="Every candidate has a NaN in 'u' or 'f'"):
        rule(results([0.9, np.nan], [np.nan, -0.1]))
    with pytest.raises(ValueError, match=r"no score 'u'. .* keys: ap, dp"):
        rule({"mean_test_ap": [1], "mean_test_dp": [0], "params": [{}]})


def test_limits_are_not_negative():
    with pytest.raises(ValueError, match=r"max_drop must be .* got -0.1"):
        best_within("u", "f", max_drop=-0.1)
    with pytest.raises(ValueError, match=r"bound must be .* got nan"):
        constrained("u", "f", bound=np.nan)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (best_within("u", "f"), "best_within('u', 'f', max_drop=0.01)"),
        (constrained("u", "f", bound=0.1), "constrained('u', 'f', bound=0.1)"),
    ],
)
def test_rules_are_plain_values(rule, text):
    assert repr(rule) == text
    assert pickle.loads(pickle.dumps(rule)) == rule
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, refit=rule)
    assert clone(search).refit == rule


def test_as_refit_of_a_search():
    X, y = make_classification(random_state=0, n_samples=200)
    scoring = {"u": "accuracy", "f": "neg_brier_score"}
    grid = {"C": [1e-4, 1e-2, 1, 100]}
    rule = best_within("u", "f", max_drop=0.05)
    search = GridSearchCV(
        LogisticRegression(), grid, scoring=scoring, refit=rule, n_jobs=2, cv=3
    ).fit(X, y)
    table = search.cv_results_
    expected = brute_force_best_within(table["mean_test_u"], table["mean_test_f"], 0.05)
    assert search.best_index_ == expected
    assert search.best_params_ == {"C": grid["C"][expected]}
