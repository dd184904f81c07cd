"""Weights of cells against tables worked by hand, and the training against them."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from skrunner import NetClassifier
from skrunner.baselines import ReweightingClassifier
from skrunner.baselines._reweighting import weights_of_cells
from skrunner.data import split_validation
from skrunner.groups import CONSTRAINTS
from skrunner.training import draw_seeds
from tests.baselines.cases import (
    DRAWING,
    TWO_COLUMNS,
    check_copies,
    check_search,
    check_seeds,
)
from tests.estimators.rows import SMALL, A, N, X, Y, fit, weights_of

DP, EO, TPR, FPR = CONSTRAINTS
NONE = float("nan")
# Rows of three groups (down) with each label (across), and their weights.
TWO = [[30, 10], [8, 2], [5, 5]]  # 60 rows
THREE = [[4, 2, 6], [3, 0, 3], [1, 4, 1]]  # 24 rows, one empty cell
TABLES = [
    (DP, TWO, [[40 * 43 / 1800, 40 * 17 / 600], [10 * 43 / 480, 10 * 17 / 120],
               [10 * 43 / 300, 10 * 17 / 300]]),
    (EO, TWO, [[60 / 180, 60 / 60], [60 / 48, 60 / 12], [60 / 30, 60 / 30]]),
    (TPR, TWO, [[1, 17 / 30], [1, 17 / 6], [1, 17 / 15]]),
    (FPR, TWO, [[43 / 90, 1], [43 / 24, 1], [43 / 15, 1]]),
    (DP, THREE, [[12 * 8 / 96, 12 * 6 / 48, 12 * 10 / 144],
                 [6 * 8 / 72, NONE, 6 * 10 / 72],
                 [6 * 8 / 24, 6 * 6 / 96, 6 * 10 / 24]]),
    (EO, THREE, [[24 / 32, 24 / 16, 24 / 48], [24 / 24, NONE, 24 / 24],
                 [24 / 8, 24 / 32, 24 / 8]]),
    (TPR, THREE, [[8 / 12, 6 / 4, 10 / 18], [8 / 9, NONE, 10 / 9],
                  [8 / 3, 6 / 8, 10 / 3]]),
    (FPR, THREE, [[8 / 12, 6 / 4, 10 / 18], [8 / 9, NONE, 10 / 9],
                  [8 / 3, 6 / 8, 10 / 3]]),
]  # fmt: skip


@pytest.mark.parametrize(("constraints", "counts", "expected"), TABLES)
def test_weights_worked_by_hand(constraints, counts, expected):
    counts = np.array(counts, float)
    weights = weights_of_cells(counts, constraints)
    np.testing.assert_allclose(weights, expected, rtol=1e-12)
    complete = not np.isnan(weights).any()
    if constraints != DP or complete:
        assert np.nansum(weights * counts) == pytest.approx(counts.sum())


def slow_weights(constraints, groups, labels, given):
    """Weigh every row by the formulas of the docstring, counting in loops."""
    of_cell, of_group, of_label = Counter(), Counter(), Counter()
    for a, y, w in zip(groups, labels, given, strict=True):
        of_cell[a, y] += w
        of_group[a] += w
        of_label[y] += w
    total = sum(of_group.values())
    wanted = {TPR: {1}, FPR: {0}}.get(constraints)
    weights = []
    for a, y, w in zip(groups, labels, given, strict=True):
        if constraints == DP:
            weight = of_group[a] * of_label[y] / (total * of_cell[a, y])
        elif constraints == EO:
            weight = total / (len(of_cell) * of_cell[a, y])
        elif y in wanted:
            having = sum(1 for _, label in of_cell if label == y)
            weight = of_label[y] / (having * of_cell[a, y])
        else:
            weight = 1.0
        weights.append(weight * w)
    return np.array(weights)


def exact(**changes):
    return {**SMALL, "precision": "fp64", "max_epochs": 4, "lr": 0.05, **changes}


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("batch_size", [10_000, 50])
@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_the_training_is_plain_with_these_weights(constraints, batch_size, weighted):
    """Random rows, not balanced ones: those would correct the imbalance twice."""
    given = np.ones(N)
    if weighted:
        given = np.random.default_rng(0).uniform(0.2, 3, N)
    params = exact(batch_size=batch_size, constraints=constraints)
    changes = {"sample_weight": given} if weighted else {}
    ours = fit(ReweightingClassifier(**params), **changes)
    weight = slow_weights(constraints, A, Y, given)
    assert weight.sum() == pytest.approx(given.sum())
    plain = fit(NetClassifier(**params), sample_weight=weight)
    np.testing.assert_allclose(weights_of(ours), weights_of(plain), rtol=0, atol=1e-10)
    other = fit(NetClassifier(**params), sample_weight=given)
    assert np.abs(weights_of(ours) - weights_of(other)).max() > 1e-3


def test_the_weighted_label_is_independent_of_the_group():
    estimator = fit(ReweightingClassifier(**SMALL))
    cells = pd.MultiIndex.from_arrays([A, Y])
    weight = estimator.cell_weights_.loc[cells].to_numpy()
    rates = [np.average(Y[name == A], weights=weight[name == A]) for name in set(A)]
    np.testing.assert_allclose(rates, Y.mean(), rtol=1e-12)
    assert np.ptp([Y[name == A].mean() for name in set(A)]) > 0.1


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_a_weight_is_a_repetition(constraints):
    counts = np.random.default_rng(0).integers(0, 4, size=N)
    params = exact(constraints=constraints)
    weighted = fit(ReweightingClassifier(**params), sample_weight=counts)
    repeated = fit(
        ReweightingClassifier(**params),
        X=X.loc[X.index.repeat(counts)],
        y=Y.repeat(counts),
        sensitive_features=A.repeat(counts),
    )
    pd.testing.assert_series_equal(weighted.cell_weights_, repeated.cell_weights_)
    np.testing.assert_allclose(
        weights_of(weighted), weights_of(repeated), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_cells_without_rows_are_skipped(constraints):
    # AIF360's Reweighing divides by their number.
    rows = ~((A == "group_2") & (Y == 1))
    params = exact(constraints=constraints, min_group_size=0, min_cell_size=0)
    ours = ReweightingClassifier(**params)
    ours.fit(X[rows], Y[rows], sensitive_features=A[rows])
    assert np.isnan(ours.cell_weights_["group_2", 1])
    assert ours.cell_weights_.notna().sum() == 5
    weight = slow_weights(constraints, A[rows], Y[rows], np.ones(rows.sum()))
    plain = NetClassifier(**exact()).fit(X[rows], Y[rows], sample_weight=weight)
    np.testing.assert_allclose(weights_of(ours), weights_of(plain), rtol=0, atol=1e-10)
    # Rows without weight are as good as none.
    again = fit(ReweightingClassifier(**params), sample_weight=rows.astype(float))
    np.testing.assert_allclose(weights_of(again), weights_of(ours), rtol=0, atol=1e-10)


def test_rows_set_aside_are_not_counted():
    params = {**SMALL, "validation_fraction": 0.3, "constraints": EO}
    estimator = fit(ReweightingClassifier(**params))
    codes = np.unique(A, return_inverse=True)[1] * 2 + Y
    split = np.random.RandomState(draw_seeds(0).split)
    train, _ = split_validation(codes, 0.3, split)
    counts = Counter(zip(A[train].tolist(), Y[train].tolist(), strict=True))
    expected = {cell: len(train) / (6 * size) for cell, size in counts.items()}
    assert estimator.cell_weights_.to_dict() == pytest.approx(expected, rel=1e-12)


def test_cell_weights_are_named():
    estimator = ReweightingClassifier(**SMALL)
    fit(estimator, y=np.where(Y == 1, "yes", "no"), sensitive_features=TWO_COLUMNS)
    weights = estimator.cell_weights_
    assert weights.index.names == ["group", "label"]
    assert set(weights.index.get_level_values("label")) == {"no", "yes"}
    here = (TWO_COLUMNS == ["group_1", "f"]).all(axis=1).to_numpy()
    expected = here.sum() * (Y == 1).sum() / (N * (here & (Y == 1)).sum())
    assert weights["group_1 & f", "yes"] == pytest.approx(expected, rel=1e-12)


def test_parts_weigh_their_own_rows():
    estimator = ReweightingClassifier(**SMALL)
    estimator.partial_fit(X, Y, sensitive_features=A)
    kept = np.arange(N) % 2 == 0
    estimator.partial_fit(X[kept], Y[kept], sensitive_features=A[kept])
    group, label = A[kept] == "group_0", Y[kept] == 0
    expected = group.sum() * label.sum() / (kept.sum() * (group & label).sum())
    assert estimator.cell_weights_["group_0", 0] == pytest.approx(expected, rel=1e-12)


def test_groups_are_needed():
    estimator = ReweightingClassifier(**SMALL)
    with pytest.raises(ValueError, match="ReweightingClassifier needs sensitive"):
        fit(estimator, sensitive_features=None)
    assert not hasattr(estimator, "net_")


def test_seeds():
    check_seeds(ReweightingClassifier)
    assert DRAWING["batch_size"] < N


def test_copies(tmp_path):
    check_copies(ReweightingClassifier, tmp_path)


def test_search():
    check_search(ReweightingClassifier, "constraints", [DP, EO])
