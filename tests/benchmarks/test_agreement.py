import math

import numpy as np
import pytest

from benchmarks.paper.agreement import Spread, agreement, time_agreement
from benchmarks.paper.goals import GOALS, Goal, judge, resolve
from benchmarks.paper.notes import NOTES, notes_on, unexplained
from benchmarks.paper.published import COLUMNS, DATASETS


@pytest.mark.parametrize(
    ("mean", "sd", "verdict"),
    [
        (0.766, 0.0, "agrees"),
        (0.777, 0.0, "agrees"),  # the paper's sd, to the last digit
        (0.755, 0.0, "agrees"),
        (0.7774, 0.0, "agrees"),  # printed as .777
        (0.7776, 0.0, "higher"),
        (0.778, 0.001, "overlaps"),
        (0.754, 0.001, "overlaps"),
        (0.754, math.nan, "lower"),  # one split has no spread
        (0.786, 0.009, "overlaps"),
        (0.787, 0.009, "higher"),
        (0.745, 0.009, "lower"),
    ],
)
def test_the_band_of_a_figure(mean, sd, verdict):
    assert agreement(Spread(mean, sd), (0.766, 0.011)) == verdict


def test_figures_print_as_in_the_paper():
    assert str(Spread(0.7664, 0.0106)) == "0.766 ± 0.011"
    assert str(Spread(0.5, math.nan)) == "0.500"


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        (2.0, "agrees"),
        (2.5, "agrees"),
        (1.5, "agrees"),
        (2.6, "higher"),
        (1.4, "lower"),
    ],
)
def test_the_band_of_a_time(ours, verdict):
    assert time_agreement(ours, 2.0) == verdict


def test_there_is_a_goal_for_every_data_set_and_constraint():
    names = {name for name, _ in GOALS}
    assert names == set(DATASETS)
    assert len(GOALS) == 8


@pytest.mark.parametrize(
    ("measured", "met"),
    [
        (Goal(0.040, 0.765, 0.838), True),
        (Goal(0.0404, 0.7646, 0.8376), True),  # the same in three digits
        (Goal(0.041, 0.800, 0.900), False),
        (Goal(0.010, 0.764, 0.900), False),
        (Goal(0.010, 0.800, 0.837), False),
    ],
)
def test_a_goal_is_met_in_all_parts_or_missed(measured, met):
    goal = GOALS["adult", "demographic_parity"]
    assert judge(goal, measured, Goal(0.2, 0.78, 0.85)).met is met


def test_relative_goals_follow_the_plain_net():
    plain = Goal(0.1, 0.87, 0.74)
    goal = resolve(GOALS["credit", "equalized_odds"], plain)
    assert goal == pytest.approx(Goal(0.1, 0.865, 0.735))
    assert judge(goal, Goal(0.1, 0.865, 0.735), plain).met
    assert not judge(goal, Goal(0.101, 0.9, 0.9), plain).met


def test_notes_are_on_cells_that_exist():
    assert {c for note in NOTES for c in note.columns} == set(COLUMNS)
    assert {d for note in NOTES for d in note.datasets} == set(DATASETS)


def test_a_note_is_printed_for_its_cells_only():
    titles = [note.title for note in notes_on("table1", {("compas", "runner")})]
    assert "COMPAS, RUNNER's ΔDP of 0.006" in titles
    assert "LSAC" not in titles
    assert notes_on("table1", set()) == []
    assert unexplained("table1", {("adult", "vanilla"), ("lsac", "vanilla")}) == [
        ("adult", "vanilla")
    ]


def fair_gap(rate, first, second):
    """Return the mean size of a difference of two equal rates, as measured."""
    sd = np.sqrt(rate * (1 - rate) * (1 / first + 1 / second))
    return sd, sd * np.sqrt(2 / np.pi)


def test_the_noise_that_the_notes_tell_is_arithmetic():
    assert fair_gap(0.39, 620, 620) == pytest.approx((0.028, 0.022), abs=5e-4)
    total = fair_gap(0.55, 330, 230)[1] + fair_gap(0.25, 300, 370)[1]
    assert total == pytest.approx(0.061, abs=5e-4)
