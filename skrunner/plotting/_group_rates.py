"""Rates by group, of one or several classifiers side by side."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from skrunner.metrics import group_metrics
from skrunner.plotting._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_group_rates(
    y_true: Any,
    predictions: Mapping[str, Any],
    *,
    sensitive_features: Any,
    rate: str = "selection_rate",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a rate of each group, one bar a classifier.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    predictions : mapping of str to array-like of shape (n_samples,)
        The predicted labels of each classifier, by its name.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        The groups.
    rate : str, default="selection_rate"
        A column of ``skrunner.metrics.group_metrics``.
    ax : Axes, default=None
        Where to draw; None makes new axes.

    Returns
    -------
    Axes
        Groups along x; whiskers are 95 % intervals of a proportion by the number of
        rows of the group (of those with the label for a conditional rate, fewer than
        drawn here).

    Examples
    --------
    >>> from skrunner.plotting import plot_group_rates
    >>> y, groups = [0, 1] * 4, ["a", "b", "b", "a"] * 2
    >>> ax = plot_group_rates(y, {"net": y}, sensitive_features=groups)
    >>> [float(bar.get_height()) for bar in ax.patches]
    [0.5, 0.5]
    """
    ax = axes_or_new(ax)
    width = 0.8 / len(predictions)
    for index, (name, predicted) in enumerate(predictions.items()):
        table = group_metrics(
            y_true, predicted, sensitive_features=sensitive_features
        ).by_group
        values = table[rate].to_numpy(float)
        counts = table["count"].to_numpy(float)
        ax.bar(
            np.arange(len(table)) + (index - (len(predictions) - 1) / 2) * width,
            values,
            width,
            yerr=1.96 * np.sqrt(values * (1 - values) / counts),
            capsize=3,
            label=name,
        )
    labels = [" & ".join(map(str, np.atleast_1d(group))) for group in table.index]
    ax.set_xticks(np.arange(len(labels)), labels)
    ax.set_ylabel(rate.replace("_", " "))
    ax.legend()
    return ax
