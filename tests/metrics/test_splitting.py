"""The folds: what each holds, small cells, and the routing of the groups."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate

from skrunner.exceptions import SmallGroupWarning
from skrunner.metrics import SensitiveStratifiedKFold, get_scorer


@pytest.fixture
def data():
    """Return rows, labels of three classes and two sensitive columns."""
    rng = np.random.default_rng(0)
    groups = pd.DataFrame(
        {"race": rng.choice(list("abc"), 301, p=[0.6, 0.3, 0.1])}
    ).assign(sex=rng.choice([0, 1], 301))
    return rng.normal(size=(301, 3)), rng.choice(3, 301, p=[0.5, 0.3, 0.2]), groups


def shares(values, folds, n_splits):
    """Count each value in each fold: one row a value."""
    return np.array(
        [
            np.bincount(folds[values == value], minlength=n_splits)
            for value in np.unique(values)
        ]
    )


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning")
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("n_splits", [2, 5, 7])
def test_every_fold_holds_its_share(data, n_splits, shuffle):
    X, y, groups = data
    cv = SensitiveStratifiedKFold(
        n_splits, shuffle=shuffle, random_state=0 if shuffle else None
    )
    folds = np.full(301, -1)
    for fold, (train, test) in enumerate(cv.split(X, y, sensitive_features=groups)):
        np.testing.assert_array_equal(np.sort(np.r_[train, test]), np.arange(301))
        assert (folds[test] == -1).all()
        folds[test] = fold
    assert fold + 1 == n_splits == cv.get_n_splits()
    cells = groups["race"] + groups["sex"].astype(str) + y.astype(str)
    for values in (cells.to_numpy(), y, np.zeros(301)):
        counts = shares(values, folds, n_splits)
        assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1


def simulate():
    """Yield 20 draws of 400 rows, 2 % of them of a small group with two cells."""
    rng = np.random.default_rng(0)
    for seed in range(20):
        groups = np.where(rng.random(400) < 0.02, "small", "large")
        y = (rng.random(400) < 0.4).astype(int)
        cells = [np.flatnonzero((groups == "small") & (y == c)) for c in (0, 1)]
        yield seed, y, groups, cells


def test_a_group_of_two_percent_is_in_every_fold():
    plain, ours, unavoidable = np.zeros((3, 2), dtype=int)
    for seed, y, groups, cells in simulate():
        X = np.zeros((400, 1))
        stratified = StratifiedKFold(5, shuffle=True, random_state=seed)
        both = SensitiveStratifiedKFold(5, shuffle=True, random_state=seed)
        sizes = np.array([len(cell) for cell in cells])
        with warnings.catch_warnings():
            small = "ignore" if sizes.min() < 5 else "error"
            warnings.simplefilter(small, SmallGroupWarning)
            splits = list(both.split(X, y, sensitive_features=groups))
        for count, folds in ((plain, stratified.split(X, y)), (ours, splits)):
            for _, test in folds:
                held = [np.isin(cell, test).any() for cell in cells]
                count += [not any(held), 2 - sum(held)]
        unavoidable += [max(0, 5 - sizes.sum()), np.maximum(0, 5 - sizes).sum()]
    # Of 100 folds: those that lack the group, and the cells that folds lack.
    assert plain[0] > 10
    assert plain[1] > unavoidable[1] + 20
    np.testing.assert_array_equal(ours, unavoidable)


def test_shuffling(data):
    X, y, groups = data

    def first_fold(random_state, **kwargs):
        cv = SensitiveStratifiedKFold(4, random_state=random_state, **kwargs)
        return next(cv.split(X, y, sensitive_features=groups["race"]))[1].tolist()

    assert first_fold(0, shuffle=True) == first_fold(0, shuffle=True)
    assert first_fold(0, shuffle=True) != first_fold(1, shuffle=True)
    assert first_fold(None) == first_fold(None)
    assert first_fold(None) != first_fold(0, shuffle=True)


def test_small_cells_are_named_and_dealt_out():
    y, groups = [0] * 6 + [1] * 5, list("aaaaab") + list("aaaab")
    cv = SensitiveStratifiedKFold(n_splits=5)
    message = r"n_splits=5.*: a with label 1 \(4 rows\); b with label 0 \(1 rows\); b"
    with pytest.warns(SmallGroupWarning, match=message) as caught:
        splits = list(cv.split(np.zeros(11), y, sensitive_features=groups))
    assert caught[0].filename == __file__
    assert sorted(len(test) for _, test in splits) == [2, 2, 2, 2, 3]


def test_every_cell_may_be_small():
    y, groups = [0, 1, 0, 1], list("aabb")
    with pytest.raises(ValueError, match="n_splits=3 cannot be greater"):
        list(StratifiedKFold(3).split(np.zeros(4), y))
    with pytest.warns(SmallGroupWarning, match="a with label 0 .1 rows."):
        splits = list(
            SensitiveStratifiedKFold(3).split(np.zeros(4), y, sensitive_features=groups)
        )
    assert sorted(len(test) for _, test in splits) == [1, 1, 2]


@pytest.mark.parametrize(
    ("y", "groups", "message"),
    [
        ([0, 1, 0, 1], None, "got no sensitive_features. Either switch routing on"),
        ([0, 1, 0, 1], list("aab"), "has 3 row.* but X has 4"),
        ([0.1, 1.7, 0.4, 1.2], list("aabb"), "Unknown label type"),
        ([0, 1, 0], list("aab"), "inconsistent numbers of samples"),
    ],
)
def test_input_is_checked(y, groups, message):
    cv = SensitiveStratifiedKFold(2)
    with pytest.raises(ValueError, match=message):
        next(cv.split(np.zeros(4), y, sensitive_features=groups))


def test_more_folds_than_rows():
    cv = SensitiveStratifiedKFold(5)
    with pytest.raises(ValueError, match="n_splits=5 folds cannot be made of 4 rows"):
        next(cv.split(np.zeros(4), [0, 1, 0, 1], sensitive_features=list("aabb")))
    with pytest.raises(ValueError, match="n_splits=1"):
        SensitiveStratifiedKFold(1)


def test_it_is_a_plain_value():
    cv = SensitiveStratifiedKFold(3, shuffle=True, random_state=4)
    text = "SensitiveStratifiedKFold(n_splits=3, random_state=4, shuffle=True)"
    assert repr(cv) == text
    assert repr(pickle.loads(pickle.dumps(cv))) == text
    assert repr(clone(cv, safe=False)) == text


@pytest.mark.filterwarnings("ignore::skrunner.exceptions.SmallGroupWarning")
@pytest.mark.parametrize("columns", ["race", ["race", "sex"]])
def test_searches_route_the_groups_to_it(data, columns):
    X, y, groups = data
    cv = SensitiveStratifiedKFold(4)
    by_hand = list(cv.split(X, y, sensitive_features=groups[columns]))
    expected = cross_validate(LogisticRegression(), X, y, cv=by_hand)["test_score"]
    with sklearn.config_context(enable_metadata_routing=True):
        params = {"sensitive_features": groups[columns]}
        routed = cross_validate(LogisticRegression(), X, y, cv=cv, params=params)
        search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=cv)
        search.fit(X, y, **params)
    np.testing.assert_array_equal(routed["test_score"], expected)
    found = [search.cv_results_[f"split{i}_test_score"][0] for i in range(4)]
    np.testing.assert_array_equal(found, expected)


def test_with_routing_off_a_list_of_splits_serves(data):
    X, y, groups = data
    frame = pd.DataFrame(X, columns=list("uvw")).assign(race=groups["race"])
    model = LogisticRegression()
    splits = list(
        SensitiveStratifiedKFold(2).split(X, y, sensitive_features=frame["race"])
    )
    scorer = get_scorer(
        "worst_group_accuracy", sensitive_column=lambda X: frame["race"].loc[X.index]
    )
    found = cross_validate(model, frame[list("uvw")], y, cv=splits, scoring=scorer)
    expected = []
    for train, test in splits:
        right = model.fit(X[train], y[train]).predict(X[test]) == y[test]
        expected.append(pd.Series(right).groupby(groups["race"][test].array).mean())
    np.testing.assert_allclose(found["test_score"], [e.min() for e in expected])
