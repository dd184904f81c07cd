"""The core against a slow loop and a hand-worked table."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrunner.groups import CONSTRAINTS
from skrunner.metrics import group_rates, parity_gap


def slow_rate(hits, rows, weights):
    total = sum(w for r, w in zip(rows, weights, strict=True) if r)
    if total == 0:
        return np.nan
    pairs = zip(hits, rows, weights, strict=True)
    return sum(w for h, r, w in pairs if r and h) / total


def slow_rates(y_true, y_pred, groups, weights):
    """Return selection, true and false positive rates by loops over rows."""
    n_groups, n_classes = max(groups) + 1, max(y_true) + 1
    rates = np.empty((3, n_groups, n_classes))
    for g in range(n_groups):
        for c in range(n_classes):
            hits = [p == c for p in y_pred]
            inside = [a == g for a in groups]
            positive = [a == g and t == c for a, t in zip(groups, y_true, strict=True)]
            negative = [a == g and t != c for a, t in zip(groups, y_true, strict=True)]
            for i, rows in enumerate((inside, positive, negative)):
                rates[i, g, c] = slow_rate(hits, rows, weights)
    return rates


@pytest.fixture(params=[2, 3, 4], ids="{}_classes".format)
def problem(request):
    """Return labels, predictions, groups of unequal sizes and the counts of each."""
    rng = np.random.default_rng(request.param)
    groups = rng.choice(3, 300, p=[0.6, 0.3, 0.1])
    y_true = rng.integers(0, request.param, 300)
    right = rng.random(300) < 0.3 + 0.2 * groups
    y_pred = np.where(right, y_true, rng.integers(0, request.param, 300))
    return y_true, y_pred, groups, {"n_groups": 3, "n_classes": request.param}


@pytest.fixture(params=["unweighted", "weighted"])
def weights(request):
    """Return no weights, or weights some of which are zero."""
    if request.param == "unweighted":
        return None
    return np.random.default_rng(9).integers(0, 4, 300).astype(float)


def test_rates_equal_a_slow_loop(problem, weights):
    y_true, y_pred, groups, sizes = problem
    rates = group_rates(y_true, y_pred, groups, **sizes, sample_weight=weights)
    slow_weights = np.ones(300) if weights is None else weights
    expected = slow_rates(y_true, y_pred, groups, slow_weights)
    assert_allclose(np.stack(rates), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_parity_gap_equals_a_slow_loop(problem, constraints, weights):
    y_true, y_pred, groups, sizes = problem
    slow_weights = np.ones(300) if weights is None else weights
    slow = slow_rates(y_true, y_pred, groups, slow_weights)
    selection, true_positive, false_positive = slow.max(axis=1) - slow.min(axis=1)
    gaps = {
        "demographic_parity": selection,
        "equalized_odds": true_positive + false_positive,
        "true_positive_rate_parity": true_positive,
        "false_positive_rate_parity": false_positive,
    }[constraints]
    expected = gaps[1] if len(gaps) == 2 else gaps.mean()
    gap = parity_gap(
        constraints, y_true, y_pred, groups, **sizes, sample_weight=weights
    )
    assert gap == pytest.approx(expected, abs=1e-12)


def test_a_table_worked_by_hand():
    # group 0: TP 1, FN 1, FP 1, TN 1; group 1: TP 3, FP 0, TN 1; group 2: no positive
    y_true = np.array([1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0])
    y_pred = np.array([1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0])
    groups = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    rates = group_rates(y_true, y_pred, groups, n_groups=3, n_classes=2)
    assert_allclose(rates.selection[:, 1], [1 / 2, 3 / 4, 1 / 3])
    assert_array_equal(rates.true_positive[:, 1], [1 / 2, 1, np.nan])
    assert_allclose(rates.false_positive[:, 1], [1 / 2, 0, 1 / 3])
    sizes = {"n_groups": 3, "n_classes": 2}
    gap = parity_gap("demographic_parity", y_true, y_pred, groups, **sizes)
    assert gap == pytest.approx(3 / 4 - 1 / 3)
    gap = parity_gap("false_positive_rate_parity", y_true, y_pred, groups, **sizes)
    assert gap == pytest.approx(1 / 2)
    for constraints in ("equalized_odds", "true_positive_rate_parity"):
        assert np.isnan(parity_gap(constraints, y_true, y_pred, groups, **sizes))


def test_an_absent_group_makes_the_gap_nan():
    y, groups = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    for constraints in CONSTRAINTS:
        assert parity_gap(constraints, y, y, groups, n_groups=2, n_classes=2) == 0
        assert np.isnan(parity_gap(constraints, y, y, groups, n_groups=3, n_classes=2))


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_the_gap_does_not_depend_on_order_or_names(problem, constraints):
    y_true, y_pred, groups, sizes = problem
    gap = parity_gap(constraints, y_true, y_pred, groups, **sizes)
    rows = np.random.default_rng(0).permutation(300)
    renamed = np.array([2, 0, 1])[groups]
    other = parity_gap(constraints, y_true[rows], y_pred[rows], renamed[rows], **sizes)
    assert other == pytest.approx(gap, abs=1e-12)
    assert gap > 0


def test_unknown_constraints():
    codes = np.array([0, 1])
    with pytest.raises(ValueError, match="Unknown constraints='parity'"):
        parity_gap("parity", codes, codes, codes, n_groups=2, n_classes=2)
