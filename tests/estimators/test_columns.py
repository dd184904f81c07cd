"""Sensitive columns of X: by name, position, list or callable."""

import numpy as np
import pandas as pd
import pytest

from skrunner import NetClassifier
from skrunner.metrics import delta_dp
from tests.estimators.rows import SMALL, A, N, X, Y, fit, runner, weights_of

RACE = np.array(["x", "y", "y"])[np.arange(N) % 3]
NAMED = pd.concat([X.iloc[:, :2], pd.DataFrame({"sex": A}), X.iloc[:, 2:4],
                   pd.DataFrame({"race": RACE}), X.iloc[:, 4:]], axis=1)  # fmt: skip
ONE = NAMED.drop(columns="race")
BOTH = pd.DataFrame({"sex": A, "race": RACE})
CODES = NAMED.assign(
    sex=np.unique(A, return_inverse=True)[1], race=(RACE == "x").astype(int)
)
SMALL_GROUPS = {"min_group_size": 0}


def last_digit(X):
    """Return groups that only the validated array has."""
    return np.floor(np.abs(X[:, 0]) * 10) % 3


FORMS = {
    "name": ("sex", ONE, ONE["sex"]),
    "list of one": (["sex"], ONE, ONE["sex"]),
    "names": (["sex", "race"], NAMED, BOTH),
    "names, turned": (["race", "sex"], NAMED, BOTH[["race", "sex"]]),
    "position": (2, ONE, ONE["sex"]),
    "numpy position": (np.int64(2), ONE, ONE["sex"]),
    "positions": ([2, 5], NAMED, BOTH),
    "mixed": (["sex", 5], NAMED, BOTH),
    "position of an array": (2, CODES.to_numpy(), CODES["sex"]),
    "position of lists in an array's place": (
        2,
        CODES.to_numpy().tolist(),
        CODES["sex"],
    ),
    "positions of an array": ([5, 2], CODES.to_numpy(), CODES[["race", "sex"]]),
}


@pytest.mark.parametrize("form", FORMS)
def test_columns_are_groups_and_the_net_does_not_see_them(form):
    columns, rows, groups = FORMS[form]
    dropped = list(groups.columns) if isinstance(groups, pd.DataFrame) else ["sex"]
    seen = (CODES if "array" in form else rows).drop(columns=dropped)
    estimator = runner(sensitive_columns=columns, **SMALL_GROUPS).fit(rows, Y)
    passed = fit(runner(**SMALL_GROUPS), X=seen, sensitive_features=groups)
    np.testing.assert_array_equal(weights_of(estimator), weights_of(passed))
    assert estimator.n_features_in_ == NAMED.shape[1] - (rows is ONE)
    assert estimator.net_n_features_ == seen.shape[1]
    if "array" not in form:
        assert estimator.group_names_ == passed.group_names_
        assert estimator.feature_names_in_.tolist() == list(rows)
        expected = passed.predict_proba(seen)
        np.testing.assert_array_equal(estimator.predict_proba(rows), expected)
        np.testing.assert_array_equal(estimator.predict_proba(seen), expected)


@pytest.mark.parametrize("columns", ["sex", 2, ["sex", "race"]])
def test_the_net_sees_columns_that_are_kept(columns):
    estimator = runner(sensitive_columns=columns, keep_sensitive=True, **SMALL_GROUPS)
    estimator.fit(CODES, Y)
    groups = CODES[["sex", "race"]] if columns == ["sex", "race"] else CODES["sex"]
    passed = fit(runner(**SMALL_GROUPS), X=CODES, sensitive_features=groups)
    np.testing.assert_array_equal(weights_of(estimator), weights_of(passed))
    assert estimator.net_n_features_ == estimator.n_features_in_ == 8


@pytest.mark.parametrize("keep", [False, True])
def test_a_callable_gets_the_validated_array(keep):
    seen = []

    def groups_of(rows):
        seen.append(rows)
        return last_digit(rows)

    estimator = runner(sensitive_columns=groups_of, keep_sensitive=keep).fit(X, Y)
    array = X.to_numpy(np.float32)
    assert isinstance(seen[0], np.ndarray)
    np.testing.assert_array_equal(seen[0], array)
    passed = fit(runner(), sensitive_features=last_digit(array))
    np.testing.assert_array_equal(weights_of(estimator), weights_of(passed))
    assert estimator.net_n_features_ == 6


def test_what_is_passed_wins():
    estimator = runner(sensitive_columns="race", **SMALL_GROUPS)
    estimator.fit(NAMED.drop(columns="sex"), Y, sensitive_features=A)
    assert estimator.group_names_ == ("group_0", "group_1", "group_2")
    passed = fit(runner(**SMALL_GROUPS))
    np.testing.assert_array_equal(weights_of(estimator), weights_of(passed))


def test_a_plain_net_drops_them_too():
    estimator = NetClassifier(**SMALL, sensitive_columns=["sex", "race"])
    estimator.set_params(min_group_size=0)
    estimator.fit(NAMED, Y)
    plain = NetClassifier(**SMALL).fit(X, Y)
    np.testing.assert_array_equal(weights_of(estimator), weights_of(plain))
    assert len(estimator.group_names_) == 6


@pytest.mark.parametrize(
    ("columns", "groups"), [("sex", A), (last_digit, last_digit(np.float32(X)))]
)
def test_diagnose_reads_them(columns, groups):
    rows = NAMED.drop(columns="race") if columns == "sex" else X
    estimator = runner(sensitive_columns=columns).fit(rows, Y)
    found = estimator.diagnose(rows).to_frame()
    expected = estimator.diagnose(X, sensitive_features=groups).to_frame()
    assert found.equals(expected)
    gap = delta_dp(Y, estimator.predict(rows), sensitive_features=groups)
    assert np.isfinite(gap)


def test_partial_fit_reads_them():
    estimator = runner(sensitive_columns=["sex", "race"], **SMALL_GROUPS)
    for _ in range(2):
        estimator.partial_fit(NAMED, Y)
    whole = fit(runner(**SMALL_GROUPS, diagnose_every=1), sensitive_features=BOTH)
    assert estimator.group_names_ == whole.group_names_
    with pytest.raises(ValueError, match=r"unseen in training: \('group_9', 'x'\)"):
        estimator.partial_fit(NAMED.replace("group_2", "group_9"), Y)


def test_no_column_is_left():
    only = pd.DataFrame({"g": np.arange(40) % 2})
    with pytest.raises(ValueError, match="none is left for the net"):
        runner(sensitive_columns=["g"]).fit(only, np.arange(40) // 2 % 2)


def test_diagnose_does_not_take_another_column_for_one_that_is_absent():
    sex = (A == "group_1").astype(float)
    rows = np.column_stack([sex, np.asarray(X)])
    estimator = runner(sensitive_columns=0).fit(rows, Y)
    with pytest.raises(ValueError, match=r"without the sensitive columns.*pass them"):
        estimator.diagnose(rows[:, 1:])
    given = estimator.diagnose(rows[:, 1:], sensitive_features=sex).to_frame()
    assert given.equals(estimator.diagnose(rows).to_frame())


@pytest.mark.parametrize(
    "change",
    [{"sensitive_columns": 1}, {"sensitive_columns": None}, {"keep_sensitive": True}],
)
def test_a_net_goes_on_with_the_columns_that_it_has_seen(change):
    coin = np.arange(len(Y)) % 2
    rows = np.column_stack([A == "group_1", coin, np.asarray(X)]).astype(float)
    estimator = runner(sensitive_columns=0, warm_start=True).fit(rows, Y)
    before = estimator.predict_proba(rows)
    estimator.set_params(**change)
    for go_on in (estimator.fit, estimator.partial_fit):
        with pytest.raises(ValueError, match=r"changed since the net was trained"):
            go_on(rows, Y, sensitive_features=A)
    np.testing.assert_array_equal(estimator.predict_proba(rows), before)
