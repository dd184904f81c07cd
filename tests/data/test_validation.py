"""The validation share: the same share of every cell, from the seed."""

from collections import Counter

import numpy as np
import pytest

from skrunner.data import split_validation

SIZES = [40, 23, 10, 5, 2, 1, 0, 7]


def make_cells(seed=0):
    cells = np.repeat(np.arange(len(SIZES)), SIZES)
    return np.random.default_rng(seed).permutation(cells)


def split(cells, fraction, seed=0):
    return split_validation(cells, fraction, np.random.RandomState(seed))


@pytest.mark.parametrize("fraction", [0.01, 0.2, 0.25, 0.5, 0.75, 0.99])
def test_every_cell_gives_its_share(fraction):
    cells = make_cells()
    train, valid = split(cells, fraction)
    assert sorted([*train, *valid]) == list(range(len(cells)))
    assert train.tolist() == sorted(train)
    assert valid.tolist() == sorted(valid)
    aside = Counter(cells[valid].tolist())
    for cell, size in enumerate(SIZES):
        # A cell never gives its last row.
        expected = min(round(fraction * size), max(size - 1, 0))
        assert aside[cell] == expected


def test_cells_of_one_row_stay():
    cells = np.array([0, 1, 2, 3, 3, 3, 3])
    train, valid = split(cells, 0.9)
    assert set(train[:3]) == {0, 1, 2}
    assert cells[valid].tolist() == [3, 3, 3]


def test_the_split_comes_from_the_seed():
    cells = make_cells()
    assert split(cells, 0.3, 1)[1].tolist() == split(cells, 0.3, 1)[1].tolist()
    assert split(cells, 0.3, 1)[1].tolist() != split(cells, 0.3, 2)[1].tolist()


def test_rows_of_a_cell_are_as_likely():
    cells = np.repeat([0, 1], [8, 4])
    rng = np.random.RandomState(0)
    counts = Counter()
    for _ in range(4000):
        counts.update(split_validation(cells, 0.25, rng)[1].tolist())
    # A row of either cell is set aside in a quarter of the splits; six deviations.
    assert set(counts) == set(range(12))
    assert max(abs(count - 1000) for count in counts.values()) < 6 * 27.4
