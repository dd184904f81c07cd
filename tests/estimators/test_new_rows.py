"""Rows after the first fit: prediction, diagnosis, partial_fit and warm_start."""

import numpy as np
import pytest

from skrunner import RunnerClassifier
from skrunner.metrics import neg_demographic_parity_difference
from tests.estimators.rows import A, X, Y, fit, put, runner

NO_NAMES = pytest.mark.filterwarnings("ignore:X does not have valid fea:UserWarning")


@pytest.fixture(scope="module")
def fitted():
    return fit(runner())


BAD_AT_PREDICT = {
    "missing column": (X.drop(columns="proxy_4"), r"feature names.*(?s:.*)proxy_4"),
    "other column": (X.rename(columns={"proxy_4": "z"}), r"unseen at fit time:\n- z"),
    "reordered columns": (X[X.columns[::-1]], r"must be in the same order"),
    "fewer columns": (X.to_numpy()[:, :5], r"X has 5 features, but RunnerClassifier is "
                      r"expecting 6"),
    "NaN": (put(X, (0, 0), np.nan), "X contains NaN"),
    "one row": (X.to_numpy()[0], "Expected 2D array"),
    "no rows": (X.to_numpy()[:0], r"0 sample\(s\)"),
}  # fmt: skip


@NO_NAMES
@pytest.mark.parametrize("method", ["predict", "predict_proba", "diagnose"])
@pytest.mark.parametrize("name", BAD_AT_PREDICT)
def test_other_rows_at_prediction(fitted, name, method):
    rows, match = BAD_AT_PREDICT[name]
    groups = {"sensitive_features": A} if method == "diagnose" else {}
    with pytest.raises(ValueError, match=match):
        getattr(fitted, method)(rows, **groups)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "diagnose", "score"])
def test_not_fitted(method):
    arguments = (X, Y) if method == "score" else (X,)
    with pytest.raises(ValueError, match="is not fitted yet"):
        getattr(RunnerClassifier(), method)(*arguments)


def test_diagnose_needs_groups(fitted):
    with pytest.raises(
        ValueError, match="diagnose needs sensitive_features: pass them"
    ):
        fitted.diagnose(X)
    with pytest.raises(ValueError, match="needs the labels: pass y"):
        fit(runner(constraints="equalized_odds")).diagnose(X, sensitive_features=A)


WITH_SEX = X.assign(sex=np.where(A == "group_0", "f", "m"))


def test_dropped_columns_may_be_absent():
    estimator = runner(sensitive_columns="sex").fit(WITH_SEX, Y)
    np.testing.assert_array_equal(
        estimator.predict_proba(WITH_SEX), estimator.predict_proba(X)
    )
    with pytest.raises(ValueError, match="must be in the same order"):
        estimator.predict(WITH_SEX[WITH_SEX.columns[::-1]])
    with pytest.raises(ValueError, match=r"missing:\n- proxy_4"):
        estimator.predict(WITH_SEX.drop(columns="proxy_4"))
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- age"):
        estimator.predict(WITH_SEX.rename(columns={"sex": "age"}))


def test_kept_columns_may_not_be_absent():
    frame = WITH_SEX.assign(sex=(A == "group_0").astype(float))
    estimator = runner(sensitive_columns="sex", keep_sensitive=True).fit(frame, Y)
    with pytest.raises(ValueError, match=r"missing:\n- sex"):
        estimator.predict(X)


OTHER = np.where(A == "group_2", "group_9", A)
UNSEEN = r"unseen in training: group_9\. Known groups: group_0, group_1, group_2"


def test_groups_unseen_in_training():
    estimator = runner(warm_start=True)
    estimator.partial_fit(X, Y, sensitive_features=A)
    before = estimator.predict_proba(X)
    with pytest.raises(ValueError, match=UNSEEN):
        estimator.partial_fit(X, Y, sensitive_features=OTHER)
    with pytest.raises(ValueError, match=UNSEEN):
        estimator.fit(X, Y, sensitive_features=OTHER)
    with pytest.raises(
        ValueError, match=r"2 column\(s\), but the groups were made of 1"
    ):
        estimator.partial_fit(X, Y, sensitive_features=np.c_[A, A])
    np.testing.assert_array_equal(estimator.predict_proba(X), before)


def test_a_group_unseen_in_training_is_scored_like_any_other(fitted):
    rates = [fitted.predict(X)[name == OTHER].mean() for name in np.unique(OTHER)]
    score = neg_demographic_parity_difference(fitted, X, Y, sensitive_features=OTHER)
    assert score == pytest.approx(-np.ptp(rates), abs=1e-12)
    assert score < 0


@NO_NAMES
def test_labels_of_partial_fit():
    estimator = runner()
    with pytest.raises(
        ValueError, match=r"not in classes: \[1\]. Known classes: \[0, 2"
    ):
        estimator.partial_fit(X, Y, classes=[0, 2], sensitive_features=A)
    estimator.partial_fit(X, Y, sensitive_features=A)
    with pytest.raises(
        ValueError, match=r"not in classes: \[2\]. Known classes: \[0, 1"
    ):
        estimator.partial_fit(X, Y * 2, sensitive_features=A)
    with pytest.raises(
        ValueError, match=r"classes=\[0, 1, 2\] differ from those of the"
    ):
        estimator.partial_fit(X, Y, classes=[0, 1, 2], sensitive_features=A)
    with pytest.raises(ValueError, match="X has 5 features"):
        estimator.partial_fit(X.to_numpy()[:, :5], Y, sensitive_features=A)
