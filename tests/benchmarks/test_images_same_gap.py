"""RUNNER's frontier on images, read at the gaps of rivals, against hand-made points."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.images.methods import METHODS, best_settings
from benchmarks.images.same_gap import meet, reading
from tests.benchmarks.faces import fit_row

PARITY = "demographic_parity"


def fits(method, gap, ap, *, n_seeds=3, step=0.0, **changes):
    return [
        fit_row(method, seed, delta_dp=gap, ap=ap + step * seed, **changes)
        for seed in range(n_seeds)
    ]


CURVE = [
    *fits("vanilla", 0.5, 0.9),
    *fits("runner_limit10", 0.3, 0.88),
    *fits("runner_limit20", 0.32, 0.7),  # beaten by the one before
    *fits("runner_best", 0.1, 0.8),
]


def test_a_frontier_is_read_between_its_points():
    gaps, precisions = np.array([0.5, 0.1, 0.3, 0.32]), np.array([0.9, 0.8, 0.88, 0.7])
    for gap, expected, slope in (
        (0.2, [0, 0.5, 0.5, 0], 0.4),
        (0.45, [0.75, 0, 0.25, 0], 0.1),
        (0.3, [0, 0, 1, 0], 0),
        (0.05, [0, 1, 0, 0], 0),
        (0.9, [1, 0, 0, 0], 0),
    ):
        shares, found = reading(gap, gaps, precisions)
        assert shares == pytest.approx(np.array(expected))
        assert found == pytest.approx(slope)


@pytest.mark.parametrize(
    ("gap", "ap", "difference", "verdict"),
    [
        (0.2, 0.83, 0.01, "ahead"),
        (0.4, 0.91, -0.02, "behind"),
        (0.05, 0.70, 0.1, "no point so fair"),
    ],
)
def test_a_rival_is_met_at_its_gap(gap, ap, difference, verdict):
    rows = pd.DataFrame([*CURVE, *fits("oversample", gap, ap)])
    met = meet(rows, "oversample", PARITY)
    assert met.differences == pytest.approx(np.full(3, difference))
    assert met.interval == pytest.approx((difference, difference))
    assert met.verdict == verdict
    assert met.rival == pytest.approx((gap, ap))


def test_seeds_that_disagree_decide_nothing():
    rows = pd.DataFrame([*CURVE, *fits("oversample", 0.2, 0.83, step=0.01)])
    met = meet(rows, "oversample", PARITY)
    assert met.differences == pytest.approx([0.01, 0, -0.01], abs=1e-12)
    # Student's quantile of two degrees of freedom, over the root of three.
    half = 4.3027 * 0.01 / 3**0.5
    assert met.interval == pytest.approx((-half, half), abs=1e-5)
    assert met.verdict == "level"


def test_nets_of_a_rival_that_collapsed_are_counted():
    fallen = [{**row, "collapsed": True} for row in fits("oversample", 0.2, 0.5)[1:]]
    rows = pd.DataFrame([*CURVE, fits("oversample", 0.2, 0.5)[0], *fallen])
    assert meet(rows, "oversample", PARITY).collapsed == 2
    assert meet(rows, "vanilla", PARITY).collapsed == 0


def test_gaps_that_vary_count_along_the_slope():
    gaps = (0.15, 0.2, 0.25)
    rows = [
        fit_row("oversample", i, delta_dp=gap, ap=0.83) for i, gap in enumerate(gaps)
    ]
    met = meet(pd.DataFrame([*CURVE, *rows]), "oversample", PARITY)
    assert met.differences == pytest.approx([-0.01, 0.01, 0.03])
    assert met.read_at == "RUNNER, best settings 50%, RUNNER, limit 0.1 50%"


def test_two_seeds_are_too_few():
    rows = pd.DataFrame([*CURVE, *fits("oversample", 0.2, 0.83, n_seeds=2)])
    met = meet(rows, "oversample", PARITY)
    assert met.interval is None
    assert met.verdict == "of too few seeds"


def test_points_that_collapsed_are_not_on_the_frontier():
    fallen = fits("runner_limit60", 0.0, 0.89, collapsed=True)
    rows = pd.DataFrame([*CURVE, *fallen, *fits("oversample", 0.2, 0.83)])
    assert meet(rows, "oversample", PARITY).differences == pytest.approx(
        np.full(3, 0.01)
    )


def test_there_is_no_meeting_without_shared_seeds():
    rows = pd.DataFrame([*CURVE, fit_row("oversample", 7, delta_dp=0.2, ap=0.8)])
    assert meet(rows, "oversample", PARITY) is None
    assert meet(rows, "adversarial", PARITY) is None


@pytest.mark.parametrize(
    ("method", "rung", "title"),
    [
        ("runner_limit60", {"fairness_gradient_limit": 0.6}, "RUNNER, limit 0.6"),
        (
            "runner_weight03",
            {"fairness_gradient_limit": 1.0, "fairness_weight": 3.0},
            "RUNNER, limit 1, λ = 3",
        ),
    ],
)
def test_a_rung_changes_nothing_else_of_the_best_settings(method, rung, title):
    common = {"net": "resnet18", "constraints": "equalized_odds", "random_state": 0}
    best = best_settings("runner_best", "wavy_hair", "resnet18", "equalized_odds")
    made = METHODS[method].make("wavy_hair", "equalized_odds", common).get_params()
    assert {key: made[key] for key in best} == {**best, **rung}
    assert METHODS[method].title == title
