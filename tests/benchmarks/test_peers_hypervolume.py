from itertools import product

import numpy as np
import pytest

from benchmarks.peers.hypervolume import (
    Reference,
    bootstrap_interval,
    frontier,
    hypervolume,
    mean_interval,
)

UNIT = Reference(gap=1.0, utility=0.0, full=1.0)


@pytest.mark.parametrize(
    ("gap", "utility", "area"),
    [
        ([0.0], [1.0], 1.0),
        ([0.5], [0.5], 0.25),
        ([], [], 0.0),
        # Two steps: .3 wide at .6, then .4 wide at .8.
        ([0.3, 0.6], [0.6, 0.8], 0.3 * 0.6 + 0.4 * 0.8),
        # A point that another beats adds nothing, nor does one beyond the corner.
        ([0.3, 0.6, 0.7, 1.2, 0.1], [0.6, 0.8, 0.7, 0.9, -0.5], 0.5),
        ([1.0, 0.2], [0.9, 0.0], 0.0),
        ([np.nan, 0.5, 0.2], [0.9, np.nan, 0.4], 0.8 * 0.4),
        # Better than the plain net at no gap.
        ([0.0], [1.1], 1.1),
    ],
)
def test_areas_worked_by_hand(gap, utility, area):
    assert hypervolume(gap, utility, UNIT) == pytest.approx(area)


def test_the_area_is_that_of_a_fine_grid():
    rng = np.random.default_rng(3)
    reference = Reference(gap=0.3, utility=0.25, full=0.8)
    gaps, utilities = rng.uniform(0, 0.4, 25), rng.uniform(0.1, 0.9, 25)
    x = (np.arange(1500) + 0.5) / 1500 * reference.gap
    y = reference.utility + (np.arange(1500) + 0.5) / 1500 * (1 - reference.utility)
    beaten = np.zeros((1500, 1500), dtype=bool)
    for gap, utility in zip(gaps, utilities, strict=True):
        beaten |= (x >= gap)[:, None] & (y <= utility)
    area = beaten.mean() * reference.gap * (1 - reference.utility)
    whole = reference.gap * (reference.full - reference.utility)
    measured = hypervolume(gaps, utilities, reference)
    assert measured == pytest.approx(area / whole, abs=2e-3)
    assert measured > 0.5


@pytest.mark.parametrize("reference", [Reference(0, 0, 1), Reference(0.1, 0.7, 0.6)])
def test_no_area_to_compare_with_is_undefined(reference):
    assert np.isnan(hypervolume([0.0], [1.0], reference))


def test_the_frontier_is_what_no_pair_beats():
    rng = np.random.default_rng(0)
    gap, utility = rng.integers(0, 6, 40) / 10, rng.integers(0, 6, 40) / 10
    kept = frontier(gap, utility)
    points = list(zip(gap, utility, strict=True))
    unbeaten = {
        (g, u)
        for g, u in points
        if not any((a <= g and b > u) or (a < g and b >= u) for a, b in points)
    }
    assert {points[index] for index in kept} == unbeaten
    assert len(kept) == len(unbeaten)
    assert (np.diff(gap[kept]) > 0).all()


def test_the_interval_is_students():
    # Mean 3, standard deviation sqrt(10 / 4); 2.7764 is the table's t of 4 degrees.
    low, high = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    width = 2.7764 * (2.5 / 5) ** 0.5
    assert (low, high) == pytest.approx((3 - width, 3 + width), abs=1e-4)
    # Of 2 degrees at 80 %: 1.8856; deviations .1, 0, -.1.
    low, high = mean_interval([0.1, 0.2, 0.3], level=0.8)
    assert high - low == pytest.approx(2 * 1.8856 * 0.1 / 3**0.5, abs=1e-5)


def test_the_interval_holds_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [mean_interval(values) for values in rng.normal(0.3, 2.0, (4000, 5))]
    share = np.mean([low <= 0.3 <= high for low, high in found])
    assert share == pytest.approx(0.95, abs=0.01)  # three standard errors


def test_the_bootstrap_draws_splits_again():
    values = [0.1, 0.25, 0.3, 0.7, 1.9]
    means = [np.mean(drawn) for drawn in product(values, repeat=len(values))]
    exact = np.quantile(means, [0.05, 0.95])
    assert bootstrap_interval(values, level=0.9) == pytest.approx(exact, abs=0.02)


def test_there_is_no_interval_of_two_splits():
    assert bootstrap_interval([0.1, 0.2]) is None
    assert bootstrap_interval([0.1, 0.1, 0.1]) == pytest.approx((0.1, 0.1))
    assert mean_interval([0.1, 0.2]) is None
    assert mean_interval([0.1, 0.1, 0.1]) == pytest.approx((0.1, 0.1))
