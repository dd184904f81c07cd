"""A classifier that answers what the first column of X says, and slow oracles."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator

from skrunner.baselines import RejectOptionClassifier


class GivenScores(ClassifierMixin, BaseEstimator):
    """Probabilities of the second class are the first column of X."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        scores = np.asarray(X, float)[:, 0]
        return np.column_stack([1 - scores, scores])


def option_on(given, y, groups, **params):
    """Return a reject option fitted behind given scores of the second class."""
    X, y = np.asarray(given, float)[:, None], np.asarray(y)
    frozen = FrozenEstimator(GivenScores().fit(X, y))
    small = {"min_group_size": 0, "min_cell_size": 0}
    option = RejectOptionClassifier(frozen, **{**small, **params})
    return option.fit(X, y, sensitive_features=groups)


def answers(option, scores, groups):
    """Return labels and the probabilities of the second class."""
    X = np.asarray(scores, float)[:, None]
    labels = option.predict(X, sensitive_features=groups)
    return labels, option.predict_proba(X, sensitive_features=groups)[:, 1]


def gap_of(predicted, y, groups, constraints):
    """Return the largest differences of rates between groups, added up."""
    sets = {
        "demographic_parity": [[0, 1]],
        "equalized_odds": [[0], [1]],
        "true_positive_rate_parity": [[1]],
        "false_positive_rate_parity": [[0]],
    }
    total = 0.0
    for labels in sets[constraints]:
        rates = []
        for group in np.unique(groups):
            rows = predicted[(groups == group) & np.isin(y, labels)]
            rates.append(rows.sum() / len(rows) if len(rows) else np.nan)
        total += max(rates) - min(rates) if np.isfinite(rates).all() else np.nan
    return total


def utility_of(predicted, y, objective):
    """Return the share of right labels, of all rows or the mean over the labels."""
    right = predicted == y
    if objective == "accuracy":
        return right.mean()
    return (right[y == 1].mean() + right[y == 0].mean()) / 2


def every_region():
    """Yield thresholds and margins in the order of preference."""
    for threshold in np.linspace(0.01, 0.99, 100):
        for margin in np.linspace(0, min(threshold, 1 - threshold), 50):
            yield threshold, margin


def labels_of(scores, groups, deprived, threshold, margin):
    """Return what a region makes of scores of the favorable label."""
    favorable = scores > threshold
    inside = (threshold - margin < scores) & (scores <= threshold + margin)
    favorable[inside] = np.isin(groups, deprived)[inside]
    return favorable.astype(int)


def slow_search(scores, y, groups, deprived, favorable=1, **settings):
    """Return the region, and whether it is within the bound, by trying them all.

    `scores` are of the favorable label, `y` are 0 and 1.
    """
    best = nearest = None
    measured = {}  # most regions make the same labels as another
    for region in every_region():
        predicted = labels_of(scores, groups, deprived, *region)
        predicted = predicted if favorable == 1 else 1 - predicted
        key = predicted.tobytes()
        if key not in measured:
            measured[key] = (
                gap_of(predicted, y, groups, settings["constraints"]),
                utility_of(predicted, y, settings["objective"]),
            )
        gap, utility = measured[key]
        within = gap <= settings["bound"] + 1e-9
        if within and (best is None or utility > best[0] + 1e-9):
            best = utility, region
        if nearest is None or gap < nearest[0] - 1e-9:
            nearest = gap, region
    return (nearest[1], False) if best is None else (best[1], True)
