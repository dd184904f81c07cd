"""Plots of the frontiers, the same bytes every time."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.peers.hypervolume import frontier
from benchmarks.peers.methods import METHODS
from benchmarks.peers.summary import UTILITIES, column_of, methods_in

# Text stays text, which is small, and identifiers do not change from run to run.
STYLE = {"svg.hashsalt": "skrunner", "svg.fonttype": "none", "font.size": 8.0}
COLORS = {
    "plain": ("black",),
    "RUNNER": ("#d62728", "#ff7f0e", "#8c1a1b"),
    "control": ("#9467bd", "#c5a3e0"),
    "baseline": ("#7f7f7f", "#b09a5b", "#a0a0a0", "#5b7f95"),
    "fairlearn": ("#1f77b4", "#17becf", "#2ca02c", "#98df8a", "#08306b", "#6baed6"),
    "fairret": ("#e377c2", "#bcbd22"),
}
MARKERS = {
    "plain": "*",
    "RUNNER": "o",
    "control": "s",
    "baseline": "v",
    "fairlearn": "^",
    "fairret": "D",
}
GAP_TITLES = {"threshold": "gap at the threshold", "strong": "gap at all thresholds"}
PANELS = (("threshold", "ap"), ("threshold", "acc"), ("strong", "ap"))


@mpl.rc_context(STYLE)
def draw_frontiers(part: pd.DataFrame, titles: dict[bool, str]) -> Figure:
    """Draw the frontier of each method's means over splits.

    Parameters
    ----------
    part : DataFrame
        Fits of one data set and constraint.
    titles : dict of bool to str
        What the inputs are called, without and with the sensitive column.

    Returns
    -------
    Figure
        One row of panels for each of the inputs that there are fits of.
    """
    inputs = [one for one in titles if (part["sensitive_input"] == one).any()]
    figure = Figure(figsize=(9.5, 2.9 * len(inputs) + 0.9), layout="constrained")
    axes = figure.subplots(len(inputs), len(PANELS), squeeze=False)
    for row, one in zip(axes, inputs, strict=True):
        fits = part[(part["sensitive_input"] == one) & part["counts"]]
        for ax, (which, utility) in zip(row, PANELS, strict=True):
            _draw_panel(ax, fits, which, utility)
            ax.set_title(titles[one], fontsize=8)
    handles = {
        text: handle
        for ax in axes.flat
        for handle, text in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    names = [one.title for one in METHODS.values() if one.title in handles]
    if names:
        shown = [handles[name] for name in names]
        figure.legend(shown, names, loc="outside lower center", ncols=4)
    return figure


def _draw_panel(ax: Any, fits: pd.DataFrame, which: str, utility: str) -> None:
    for name in methods_in(fits):
        method = METHODS[name]
        family = [one for one in METHODS if METHODS[one].family == method.family]
        colors = COLORS[method.family]
        own = fits[fits["method"] == name]
        column = column_of(which, own["constraints"].iloc[0])
        means = own.groupby("strength", sort=False)[[column, utility]].mean()
        best = means.iloc[frontier(means[column], means[utility])]
        ax.plot(
            best[column],
            best[utility],
            marker=MARKERS[method.family],
            color=colors[family.index(name) % len(colors)],
            markersize=7 if method.family == "plain" else 3.5,
            linewidth=1,
            label=method.title,
        )
    ax.set_xlabel(GAP_TITLES[which])
    ax.set_ylabel(UTILITIES[utility])
    ax.set_xlim(left=0)
    ax.locator_params(nbins=5)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as SVG without its date.

    Parameters
    ----------
    figure : Figure
        What `draw_frontiers` returned.
    path : Path
        The file.
    """
    with mpl.rc_context(STYLE):
        figure.savefig(path, format="svg", metadata={"Date": None})
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n")
