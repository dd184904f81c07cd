"""Render every strength of every method, and the names of settings."""

from typing import Any

import pandas as pd

from benchmarks.paper.markdown import heading, titled_table
from benchmarks.paper.pages import CONSTRAINTS, TITLES
from benchmarks.peers.methods import METHODS
from benchmarks.peers.splits import SENSITIVE
from benchmarks.peers.summary import column_of
from benchmarks.peers.verdicts import settings_of


def input_titles(dataset: str) -> dict[bool, str]:
    """Name the inputs of a data set, without and with the sensitive column."""
    column = SENSITIVE[dataset]
    return {False: f"without {column} as an input", True: f"with {column} as an input"}


def name_of(setting: tuple[Any, ...]) -> str:
    """Turn a setting into words."""
    dataset, sensitive_input, constraints = setting
    inputs = input_titles(dataset)[bool(sensitive_input)]
    return f"{TITLES[dataset]} {inputs}, {CONSTRAINTS[constraints]}"


def points_page(frame: pd.DataFrame) -> str:
    """Render a table of all strengths for every setting.

    Parameters
    ----------
    frame : DataFrame
        See `benchmarks.peers.summary.table_of`.

    Returns
    -------
    str
        The page.
    """
    out = [
        *heading("All points of the comparison", 1),
        "Means over splits, see [the comparison](peers.md). *counted*: on how many "
        "splits the point counts for the hypervolume.",
        "",
    ]
    header = (
        "method",
        "strength",
        "splits",
        "counted",
        *("AP", "ACC", "positive rate", "gap", "strong gap", "seconds"),
    )
    for setting, part in settings_of(frame).items():
        names = ["ap", "acc", "positive_rate"]
        names += [column_of(one, setting[2]) for one in ("threshold", "strong")]
        cells = [
            [
                METHODS[method].title,
                f"``{strength}``" if strength else "",
                str(len(own)),
                str(int(own["counts"].sum())),
                *(f"{own[name].mean():.3f}" for name in names),
                f"{own['seconds'].mean():.1f}",
            ]
            for (method, strength), own in part.groupby(
                ["method", "strength"], sort=False
            )
        ]
        out += heading(name_of(setting), 2)
        out += titled_table("Points", header, cells)
    return "\n".join(out).rstrip() + "\n"
