"""New rows come from a parent and its two nearest others in the cell, by the rules."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from skrunner.baselines._smote import RowRule, fill_cells, make_rows, two_nearest

# Cells 0 and 2 of unequal size, 1 the largest, 3 empty, 4 too short for neighbors.
CELLS = np.repeat([0, 1, 2, 4], [8, 21, 5, 2])
X = np.random.default_rng(0).normal(size=(len(CELLS), 4))
BINARY = np.random.default_rng(1).integers(0, 2, (len(CELLS), 3)).astype(float)
MIXED = np.hstack([X, BINARY])
BLOCKS = (np.array([4, 6]), np.array([5]))


def slow_two_nearest(rows, parent):
    """Sort all other rows by distance; equal distances by index."""
    distances = sorted(
        (sum((a - b) ** 2 for a, b in zip(rows[parent], rows[j], strict=True)), j)
        for j in range(len(rows))
        if j != parent
    )
    return [parent, distances[0][1], distances[1][1]]


def slow_rows(rows, donors, rule, rng):
    """Make one value at a time, with all draws taken in the order of the columns."""
    joined = [column for block in rule.blocks for column in block]
    numbers = [column for column in range(rows.shape[1]) if column not in joined]
    made = np.full((len(donors), rows.shape[1]), np.nan)
    for i, (p, one, two) in enumerate(donors):
        for j in numbers:
            moved = rows[p, j] + rule.scale * (rows[one, j] - rows[two, j])
            if rule.strict:
                made[i, j] = abs(moved)
            else:
                made[i, j] = moved if rng.random() < rule.crossover else rows[p, j]
    for block in rule.blocks:
        for i, chosen in enumerate(rng.integers(3, size=len(donors))):
            for j in block:
                made[i, j] = rows[donors[i][chosen], j]
    return made


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_features", [1, 4, 40])
def test_neighbors_are_the_two_nearest_others(n_features, dtype):
    rng = np.random.default_rng(n_features)
    rows = rng.normal(size=(57, n_features)).astype(dtype)
    parents = rng.integers(57, size=200)
    found = two_nearest(rows, parents)
    expected = [slow_two_nearest(rows.astype(np.float64), p) for p in parents]
    np.testing.assert_array_equal(found, expected)


def test_equal_rows_are_neighbors_and_the_parent_is_not_its_own():
    rows = np.repeat([[0.0, 0.0], [1.0, 0.0], [5.0, 1.0]], [6, 1, 1], axis=0)
    parents = np.arange(8)
    found = two_nearest(rows, parents)
    np.testing.assert_array_equal(found[:, 0], parents)
    for parent, one, two in found:
        assert len({parent, one, two}) == 3
        by_definition = rows[slow_two_nearest(rows, parent)]
        np.testing.assert_array_equal(rows[[parent, one, two]], by_definition)


def test_equally_near_rows_do_not_depend_on_threads():
    rows = np.random.default_rng(0).integers(0, 2, (700, 20)).astype(np.float32)
    found = []
    for limit in (1, 4):
        with threadpool_limits(limit):
            found.append(two_nearest(rows, np.arange(700)))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    "rule",
    [
        RowRule(),
        RowRule(scale=0.5, crossover=1.0, blocks=BLOCKS),
        RowRule(scale=1.5, crossover=0.3, blocks=BLOCKS[:1]),
        RowRule(blocks=(np.arange(7),)),
        RowRule(strict=True),
        RowRule(scale=0.3, strict=True, blocks=BLOCKS),
    ],
)
def test_values_are_those_of_a_slow_loop(rule):
    rows = MIXED[CELLS == 1]
    parents = np.random.default_rng(3).integers(len(rows), size=60)
    donors = two_nearest(rows, parents)
    made = make_rows(rows, donors, rule, np.random.default_rng(4))
    expected = slow_rows(rows, donors, rule, np.random.default_rng(4))
    np.testing.assert_array_equal(made, expected)


def test_a_hand_worked_row():
    rows = np.array([[1.0, -2.0], [1.5, -2.0], [1.0, -1.0], [9.0, 9.0]])
    parents = np.array([0])
    donors = two_nearest(rows, parents)
    assert donors.tolist() == [[0, 1, 2]]
    rng = np.random.default_rng(0)
    moved = make_rows(rows, donors, RowRule(crossover=1.0), rng)
    np.testing.assert_allclose(moved, [[1.0 + 0.8 * 0.5, -2.0 - 0.8 * 1.0]])
    literal = make_rows(rows, donors, RowRule(strict=True), rng)
    np.testing.assert_allclose(literal, [[1.4, 2.8]])
    kept = make_rows(rows, donors, RowRule(crossover=0.0), rng)
    np.testing.assert_array_equal(kept, rows[:1])


def test_shares_of_moved_numbers_and_of_the_three_givers():
    rows = np.arange(30.0).reshape(3, 10) ** 2
    donors = np.tile([0, 1, 2], (20_000, 1))
    rule = RowRule(crossover=0.7, blocks=(np.arange(5, 10),))
    made = make_rows(rows, donors, rule, np.random.default_rng(0))
    moved = (made[:, :5] != rows[0, :5]).mean(axis=0)
    np.testing.assert_allclose(moved, 0.7, atol=5 * np.sqrt(0.21 / 20_000))
    both = (made[:, 0] != rows[0, 0]) & (made[:, 1] != rows[0, 1])
    assert both.mean() == pytest.approx(0.49, abs=0.02)  # each number for itself
    for giver in range(3):
        shares = (made[:, 5:] == rows[giver, 5:]).mean(axis=0)
        np.testing.assert_allclose(shares, 1 / 3, atol=5 * np.sqrt(2 / 9 / 20_000))
        assert np.ptp(shares) == 0  # a block comes from one giver


@pytest.mark.parametrize("strict", [False, True])
def test_cells_become_equal_by_rows_of_their_own(strict):
    rule = RowRule(strict=strict, blocks=BLOCKS)
    made, cells = fill_cells(MIXED, CELLS, rule, np.random.default_rng(0))
    assert np.bincount(cells, minlength=5).tolist() == [13, 0, 16, 0, 19]
    again = np.random.default_rng(0)
    for cell in (0, 2):
        rows = MIXED[cell == CELLS]
        parents = again.integers(len(rows), size=(cells == cell).sum())
        donors = [slow_two_nearest(rows, p) for p in parents]
        expected = slow_rows(rows, donors, rule, again)
        np.testing.assert_array_equal(made[cells == cell], expected)
    assert {tuple(row) for row in made[cells == 4]} == {
        tuple(row) for row in MIXED[CELLS == 4]
    }


def test_equal_cells_get_no_rows_and_draw_nothing():
    rng = np.random.default_rng(0)
    made, cells = fill_cells(X[:8], np.repeat([0, 2], 4), RowRule(), rng)
    assert made.shape == (0, 4)
    assert cells.shape == (0,)
    assert rng.random() == np.random.default_rng(0).random()


def test_one_hot_blocks_stay_valid_and_the_literal_rule_breaks_them():
    hot = np.eye(4)[np.random.default_rng(0).integers(4, size=60)]
    cells = np.repeat([0, 1], [40, 20])
    whole, _ = fill_cells(
        hot, cells, RowRule(blocks=(np.arange(4),)), np.random.default_rng(0)
    )
    assert set(np.unique(whole)) == {0.0, 1.0}
    np.testing.assert_array_equal(whole.sum(axis=1), 1)
    # Two equal nearest neighbors cancel; four columns of which two are hot do not.
    wide = np.random.default_rng(0).integers(0, 2, (60, 12)).astype(float)
    literal, _ = fill_cells(wide, cells, RowRule(strict=True), np.random.default_rng(0))
    found = set(np.round(np.unique(literal), 12))
    assert found == {0.0, 0.2, 0.8, 1.0, 1.8}


def test_the_number_format_is_kept():
    made, _ = fill_cells(
        MIXED.astype(np.float32), CELLS, RowRule(), np.random.default_rng(0)
    )
    assert made.dtype == np.float32
