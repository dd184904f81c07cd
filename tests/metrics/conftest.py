"""Data and small estimators that the tests of scorers share."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression


class GroupAwareClassifier(ClassifierMixin, BaseEstimator):
    """A logistic regression that needs the groups in fit, to balance them."""

    __metadata_request__fit = {"sensitive_features": True}  # noqa: RUF012

    def __init__(self, C=1.0):
        self.C = C

    def fit(self, X, y, sensitive_features=None):
        if sensitive_features is None:
            raise ValueError("no sensitive_features in fit")
        groups = pd.Series(np.asarray(sensitive_features))
        weights = 1 / groups.map(groups.value_counts()).to_numpy()
        self.model_ = LogisticRegression(C=self.C)
        self.model_.fit(X, y, sample_weight=weights * len(groups))
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


@pytest.fixture
def make_group_aware():
    """Return the class of an estimator that consumes the groups in fit."""
    return GroupAwareClassifier


@pytest.fixture
def people():
    """Return 600 rows: two numbers, three races, two sexes, labels, weights."""
    rng = np.random.default_rng(0)
    race = rng.choice(["a", "b", "c"], 600, p=[0.5, 0.3, 0.2])
    sex = rng.choice(["f", "m"], 600, p=[0.4, 0.6])
    shift = 0.8 * (race == "a") + 0.5 * (sex == "m")
    u, v = rng.normal(size=(2, 600)) + shift
    y = (u + v + rng.normal(size=600) > 1.2).astype(int)
    weight = rng.uniform(0.2, 2, 600)
    columns = {"u": u, "v": v, "race": race, "sex": sex, "y": y, "weight": weight}
    return pd.DataFrame(columns)
