"""Axes are made only where none are passed."""

import matplotlib.pyplot as plt

from skrunner.plotting._axes import axes_or_new


def test_passed_axes_are_used_and_no_figure_is_made():
    figure, (_, right) = plt.subplots(1, 2)
    assert axes_or_new(right) is right
    assert plt.get_fignums() == [figure.number]


def test_new_axes_are_alone_on_a_new_figure():
    figure, _ = plt.subplots()
    ax = axes_or_new(None)
    assert ax.figure is not figure
    assert ax.figure.axes == [ax]
    assert ax.figure.get_layout_engine() is not None
    assert len(plt.get_fignums()) == 2
