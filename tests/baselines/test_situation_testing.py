"""Rows whose label by a linear model depends on the group are found, and no others."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skrunner.baselines._situation_testing import passes_situation_test
from tests.baselines.cases import global_states


def make_table(n_groups, n_classes, seed=0, n_rows=150):
    rng = np.random.default_rng(seed)
    shares = np.arange(n_groups, 0, -1) / np.arange(n_groups + 1).sum()
    groups = rng.choice(n_groups, n_rows, p=shares)
    X = rng.normal(size=(n_rows, 3))
    noisy = X[:, 0] + 0.8 * groups + 0.3 * rng.normal(size=n_rows)
    edges = np.quantile(noisy, np.arange(1, n_classes) / n_classes)
    return X, np.digitize(noisy, edges), groups


def slow_answer(models, row, group, known):
    """Score one row as a member of one group, by hand."""
    member = [1.0 if code == group else 0.0 for code in known]
    scores = []
    for weights, bias in models:
        values = [*row, *member]
        scores.append(bias + sum(w * v for w, v in zip(weights, values, strict=True)))
    return int(scores[0] > 0) if len(scores) == 1 else int(np.argmax(scores))


def slow_passes(X, y, groups):
    known = sorted(set(groups.tolist()))
    table = np.array(
        [
            [*row, *(float(code == g) for code in known)]
            for row, g in zip(X, groups, strict=True)
        ]
    )
    n_classes = y.max() + 1
    targets = [y == 1] if n_classes == 2 else [y == c for c in range(n_classes)]
    models = []
    for target in targets:
        model = LogisticRegression(solver="liblinear", C=1.0, random_state=0)
        model.fit(table, target)
        models.append((model.coef_[0].tolist(), float(model.intercept_[0])))
    passes = []
    for row, own in zip(X, groups, strict=True):
        mine = slow_answer(models, row, own, known)
        others = [slow_answer(models, row, g, known) for g in known if g != own]
        passes.append(all(answer == mine for answer in others))
    return np.array(passes)


@pytest.mark.parametrize(("n_groups", "n_classes"), [(2, 2), (3, 2), (2, 3), (4, 3)])
def test_rows_are_those_of_a_slow_loop(n_groups, n_classes):
    X, y, groups = make_table(n_groups, n_classes)
    passes = passes_situation_test(X, y, groups, seed=0)
    expected = slow_passes(X, y, groups)
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_array_equal(passes, expected)


def test_only_rows_between_the_two_lines_fail_in_a_hand_made_table():
    # One column and the group, which shifts the line: rows near zero depend on it.
    X = np.array([[-4.0], [-3.0], [-0.1], [0.1], [3.0], [4.0]])
    groups = np.array([0, 0, 0, 1, 1, 1])
    y = np.array([0, 0, 0, 1, 1, 1])
    passes = passes_situation_test(X, y, groups, seed=0)
    assert passes.tolist() == [True, True, False, False, True, True]


def test_nothing_fails_where_groups_mirror_one_another():
    X, y, _ = make_table(2, 2)
    twice = np.vstack([X, X])
    groups = np.repeat([0, 1], len(X))
    passes = passes_situation_test(twice, np.tile(y, 2), groups, seed=0)
    assert passes.all()  # both groups have the same coefficient


def test_a_code_without_rows_is_not_tried():
    X, y, groups = make_table(3, 2)
    renamed = np.array([0, 3, 7])[groups]
    np.testing.assert_array_equal(
        passes_situation_test(X, y, renamed, seed=0),
        passes_situation_test(X, y, groups, seed=0),
    )


@pytest.mark.parametrize("constant", ["groups", "y"])
def test_one_group_or_one_label_has_nothing_to_depend_on(constant):
    X, y, groups = make_table(2, 2)
    table = {"X": X, "y": y, "groups": groups, constant: np.ones_like(y)}
    assert passes_situation_test(**table, seed=0).all()


def test_the_global_generator_stays():
    before = global_states()
    passes_situation_test(*make_table(3, 3), seed=0)
    assert global_states() == before
