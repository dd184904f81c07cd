"""Rates by group, of one or several classifiers side by side."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skrunner.metrics import group_metrics
from skrunner.plotting._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]
Z = 1.96
LONG = 60  # characters that fit below axes of the usual size
# Which rows a rate is a share of, by their label; of all rows if it is not named here.
AMONG = {"true_positive": np.equal, "false_positive": np.not_equal}


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
        A column of ``skrunner.metrics.group_metrics`` other than ``count``.
    ax : Axes, default=None
        Where to draw; None makes new axes.

    Returns
    -------
    Axes
        Groups along x; whiskers are 95 % intervals of a proportion (Wilson's) by the
        number of rows that the rate is a share of: for the true positive rate the
        positives of the group, for the false positive rate the rest of it.

    Raises
    ------
    ValueError
        Without predictions, or if there is no such rate.

    Examples
    --------
    >>> from skrunner.plotting import plot_group_rates
    >>> y, groups = [0, 1] * 4, ["a", "b", "b", "a"] * 2
    >>> ax = plot_group_rates(y, {"net": y}, sensitive_features=groups)
    >>> [float(bar.get_height()) for bar in ax.patches]
    [0.5, 0.5]
    """
    given: Any = predictions
    if not isinstance(given, Mapping) or not given:
        raise ValueError(
            "predictions must map at least one name to predicted labels, got "
            f"{type(given).__name__}. Pass {{'name': classifier.predict(X)}}."
        )
    tables = {
        name: _rate_table(y_true, predicted, sensitive_features, rate)
        for name, predicted in predictions.items()
    }
    ax = axes_or_new(ax)
    width = 0.8 / len(tables)
    for index, (name, table) in enumerate(tables.items()):
        shares = table["share"].to_numpy(float)
        ax.bar(
            np.arange(len(table)) + (index - (len(tables) - 1) / 2) * width,
            shares,
            width,
            yerr=_whiskers(shares, table["rows"].to_numpy(float)),
            capsize=3,
            label=name,
        )
    groups = next(iter(tables.values())).index
    labels = [
        " & ".join(map(str, group)) if isinstance(group, tuple) else str(group)
        for group in groups
    ]
    ax.set_xticks(np.arange(len(labels)), labels)
    if sum(map(len, labels)) > LONG:
        ax.tick_params("x", labelrotation=90)
    ax.set_xlim(-0.5, len(labels) - 0.5)
    ax.set_ylabel(rate.replace("_", " "))
    # Room above the whiskers, or the legend would hide some.
    ax.set_ylim(0, ax.get_ylim()[1] * (1.05 + 0.1 * len(tables)))
    ax.legend()
    return ax


def _rate_table(
    y_true: Any, predicted: Any, sensitive_features: Any, rate: str
) -> pd.DataFrame:
    """Return the rate of each group and the number of rows that it is a share of."""
    table = group_metrics(
        y_true, predicted, sensitive_features=sensitive_features
    ).by_group
    known = [name for name in table.columns if name != "count"]
    if rate not in known:
        raise ValueError(f"There is no rate {rate!r}. Pass one of: {', '.join(known)}.")
    kind, _, suffix = rate.partition("_rate")
    if kind not in AMONG:
        return pd.DataFrame({"share": table[rate], "rows": table["count"]})
    labels = np.union1d(y_true, predicted)
    # A lone label, of which group_metrics knows the opposite, is 0, 1 or -1.
    second = labels[1] if len(labels) > 1 else 1
    positive = {f"_{label}": label for label in labels}.get(suffix, second)

    def count_rows(of_group: npt.NDArray[Any], _: npt.NDArray[Any]) -> float:
        return float(AMONG[kind](of_group, positive).sum())

    rows = group_metrics(
        y_true,
        predicted,
        sensitive_features=sensitive_features,
        metrics={"rows": count_rows},
    ).by_group["rows"]
    return pd.DataFrame({"share": table[rate], "rows": rows})


def _whiskers(shares: Floats, rows: Floats) -> Floats:
    """Return how far the interval reaches below and above; NaN without rows."""
    over = Z**2 / np.where(rows > 0, rows, np.nan)
    center = (shares + over / 2) / (1 + over)
    half = np.sqrt(shares * (1 - shares) * over + over**2 / 4) / (1 + over)
    # Rounding must not make a length negative where the share is 0 or 1.
    return np.maximum(0, [shares - center + half, center + half - shares])
