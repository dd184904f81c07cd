"""Counts of cells, and what is said of small ones."""

import warnings

import numpy as np
import pytest

from skrunner.exceptions import SmallGroupWarning
from skrunner.groups import cell_counts, check_group_sizes, encode_groups


def rows(*cells):
    """Make groups and labels from (group, label, number of rows)."""
    groups = np.concatenate([[group] * n for group, _, n in cells])
    labels = np.concatenate([[label] * n for _, label, n in cells]).astype(np.int64)
    return encode_groups(groups), labels


def test_counts_equal_a_loop():
    rng = np.random.default_rng(0)
    codes, labels = rng.choice(3, 200, p=[0.6, 0.3, 0.1]), rng.integers(0, 3, 200)
    counts = cell_counts(codes, labels, 4, 5)
    expected = [[sum((codes == g) & (labels == y)) for y in range(5)] for g in range(4)]
    np.testing.assert_array_equal(counts, expected)


def check(groups, labels, constraints="equalized_odds", **kwargs):
    """Return the counts and the messages of the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        counts = check_group_sizes(
            groups, labels, ["no", "yes"], constraints=constraints, **kwargs
        )
    assert all(w.category is SmallGroupWarning for w in caught)
    return counts, [str(w.message) for w in caught]


def test_large_cells_are_silent():
    counts, messages = check(
        *rows(("a", 0, 20), ("a", 1, 5), ("b", 0, 15), ("b", 1, 5))
    )
    np.testing.assert_array_equal(counts, [[20, 5], [15, 5]])
    assert messages == []


def test_a_single_group_is_an_error():
    groups, labels = rows(("m", 0, 30), ("m", 1, 30))
    with pytest.raises(ValueError, match=r"one group \(m\); a gap needs at least two"):
        check_group_sizes(groups, labels, [0, 1], constraints="demographic_parity")


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds"])
def test_small_groups_are_named(constraints):
    groups, labels = rows(("a", 0, 30), ("a", 1, 30), ("b", 0, 10), ("b", 1, 9))
    _, messages = check(groups, labels, constraints)
    assert len(messages) == 1
    assert "fewer than min_group_size=20 rows: b (19 rows). Gaps" in messages[0]
    assert check(groups, labels, constraints, min_group_size=19)[1] == []


@pytest.mark.parametrize(
    ("constraints", "small"),
    [
        ("demographic_parity", ""),
        ("equalized_odds", "a with label yes (4 rows); b with label no (3 rows)"),
        ("true_positive_rate_parity", "a with label yes (4 rows)"),
        ("false_positive_rate_parity", "b with label no (3 rows)"),
    ],
)
def test_small_cells_are_named_where_the_constraint_needs_them(constraints, small):
    groups, labels = rows(("a", 0, 30), ("a", 1, 4), ("b", 0, 3), ("b", 1, 30))
    _, messages = check(groups, labels, constraints)
    expected = f"fewer than min_cell_size=5 rows: {small}. Gaps"
    assert [expected in message for message in messages] == [True] * bool(small)
    assert check(groups, labels, constraints, min_cell_size=3)[1] == []


def test_empty_cells_are_named_apart():
    groups, labels = rows(("a", 0, 30), ("a", 1, 2), ("b", 0, 30))
    _, messages = check(groups, labels)
    assert len(messages) == 2
    assert "without a row, whose rates are undefined" in messages[0]
    assert "repaired: b with label yes. Gaps" in messages[0]
    assert "a with label yes (2 rows)." in messages[1]


def test_labels_that_a_group_never_has_are_named_under_parity_too():
    groups, labels = rows(("a", 0, 30), ("a", 1, 2), ("b", 0, 30))
    _, (message,) = check(groups, labels, "demographic_parity")
    assert "so that groups give labels away: b with label yes. Gaps" in message
    assert check(groups, labels, "demographic_parity", min_cell_size=0)[1] == []
    everywhere, zeros = rows(("a", 0, 30), ("b", 0, 30))
    assert check(everywhere, zeros, "demographic_parity")[1] == []


def test_unknown_constraints():
    groups, labels = rows(("a", 0, 30), ("b", 1, 30))
    for constraints in ("dp", "parity"):
        with pytest.raises(ValueError, match="Unknown constraints"):
            check_group_sizes(groups, labels, [0, 1], constraints=constraints)


def test_rows_of_weight_zero_do_not_count():
    groups = encode_groups(["a"] * 4 + ["b"] * 4 + ["c"] * 4)
    labels = np.tile([0, 1], 6)
    weight = np.repeat([1.0, 2.0, 0.0], 4)
    options = {"constraints": "demographic_parity", "min_group_size": 4}
    with pytest.warns(SmallGroupWarning, match=r"c \(0 rows\)"):
        counts = check_group_sizes(groups, labels, [0, 1], weight=weight, **options)
    assert counts.tolist() == [[2, 2], [2, 2], [0, 0]]
    weight[:4] = 0
    with pytest.raises(ValueError, match="0 for all rows but those of one group"):
        check_group_sizes(groups, labels, [0, 1], weight=weight, **options)
