"""Columns of categories: found by their values, or as the user names them."""

import numpy as np
import pytest

from skrunner.baselines._column_blocks import find_two_valued, read_blocks

NAMES = ["age", "red", "blue", "hours", "male"]


def as_lists(given, names=NAMES):
    return [block.tolist() for block in read_blocks(given, 5, names)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 2], [[1, 2]]),
        (np.array([4, 0]), [[4, 0]]),
        (["male", "red"], [[4, 1]]),
        (["male", 1], [[4, 1]]),
        ([False, True, True, False, True], [[1, 2, 4]]),
        (np.array([False, False, False, False, True]), [[4]]),
        ([["red", "blue"], ["male"]], [[1, 2], [4]]),
        (([1, 2], (4,)), [[1, 2], [4]]),
        ([], [[]]),
        ([[], [3]], [[], [3]]),
    ],
)
def test_masks_positions_names_and_blocks(given, expected):
    assert as_lists(given) == expected


@pytest.mark.parametrize(
    ("given", "names", "match"),
    [
        ([True, False], NAMES, r"mask of 2 column\(s\), but X has 5"),
        ([5], NAMES, "holds 5, which is not a column.*positions 0 to 4"),
        ([-1], NAMES, "holds -1, which is not a column"),
        ([1.5], NAMES, "holds 1.5, which is not a column"),
        (["green"], NAMES, "holds 'green'.*age, red, blue, hours, male"),
        (["red"], None, "names 'red', but X has no column names. Pass a DataFrame"),
        ([True, 2], NAMES, "holds True, which is not a column"),
        ([1, [2, 3]], NAMES, "mixes columns and lists of columns"),
        ([1, "red"], NAMES, r"more than once: \[1\]"),
        ([[1, 2], [2]], NAMES, r"more than once: \[2\]"),
    ],
)
def test_what_is_no_column_is_refused(given, names, match):
    with pytest.raises(ValueError, match=match):
        read_blocks(given, 5, names)


def test_two_valued_columns_are_found_by_counting():
    rng = np.random.default_rng(0)
    X = rng.integers(0, [1, 2, 3, 4, 2, 9], size=(50, 6)).astype(float)
    X[:, 4] = (X[:, 4] - 0.37) / 1.7
    expected = [j for j in range(6) if len(set(X[:, j])) <= 2]
    assert expected == [0, 1, 4]
    assert find_two_valued(X).tolist() == expected
