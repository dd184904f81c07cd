"""Plots where people would rather look than read: functions that return Axes.

Owns what is drawn of a diagnosis, of group rates and of a training; needs data, never
an estimator.
"""

from skrunner.plotting._group_rates import plot_group_rates
from skrunner.plotting._history import plot_history
from skrunner.plotting._importance import plot_importance

__all__ = ["plot_group_rates", "plot_history", "plot_importance"]
