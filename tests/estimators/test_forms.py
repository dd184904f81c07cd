"""Every form in which rows, labels and groups may come trains the same net."""

import numpy as np
import pandas as pd
import pytest

from tests.estimators.rows import A, N, X, Y, fit, runner

GOOD_X = {
    "frame": X,
    "float64": X.to_numpy(np.float64),
    "float32": X.to_numpy(np.float32),
    "float16": X.to_numpy(np.float16),
    "int": (X.to_numpy() * 10).astype(int),
    "bool": X.to_numpy() > 0,
    "list": X.to_numpy().tolist(),
    "fortran": np.asfortranarray(X.to_numpy()),
}
GOOD_Y = {
    "strings": np.where(Y == 1, "yes", "no"),
    "objects": np.where(Y == 1, "yes", "no").astype(object),
    "bools": Y == 1,
    "floats": Y * 3.0 - 1.0,
    "list": Y.tolist(),
    "series": pd.Series(Y * 7),
}
GOOD_GROUPS = {
    "strings": A,
    "list": A.tolist(),
    "series": pd.Series(A, index=np.arange(N)[::-1]),
    "categorical": pd.Series(A).astype("category"),
    "ints": np.unique(A, return_inverse=True)[1],
    "bools": A == "group_0",
    "two columns": pd.DataFrame({"a": A, "b": np.arange(N) % 2}),
    "two columns in an array": np.c_[A, A == "group_0"],
}


@pytest.mark.parametrize("form", GOOD_X)
def test_forms_of_rows(form):
    estimator = fit(runner(), X=GOOD_X[form])
    assert estimator.predict_proba(GOOD_X[form]).shape == (N, 2)
    if form in ("float64", "list", "fortran"):
        expected = fit(runner()).predict_proba(X)
        np.testing.assert_array_equal(estimator.predict_proba(GOOD_X[form]), expected)


@pytest.mark.parametrize("form", GOOD_Y)
def test_forms_of_y(form):
    estimator = fit(runner(), y=GOOD_Y[form])
    plain = fit(runner())
    np.testing.assert_array_equal(estimator.predict_proba(X), plain.predict_proba(X))
    expected = np.unique(np.asarray(GOOD_Y[form]))
    np.testing.assert_array_equal(estimator.classes_, expected)
    np.testing.assert_array_equal(estimator.predict(X), expected[plain.predict(X)])


@pytest.mark.parametrize("form", GOOD_GROUPS)
def test_forms_of_groups(form):
    groups = GOOD_GROUPS[form]
    estimator = fit(runner(), sensitive_features=groups)
    sizes = {"two columns": 6, "bools": 2}
    assert len(estimator.group_names_) == sizes.get(form, 3)
    if form not in sizes:
        expected = fit(runner()).predict_proba(X)
        np.testing.assert_array_equal(estimator.predict_proba(X), expected)
