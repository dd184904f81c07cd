"""Means and spreads over splits, and which cells of the paper they differ from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.paper import published
from benchmarks.paper.agreement import HIGHER, LOWER, Spread, agreement
from benchmarks.paper.methods import METHODS
from benchmarks.paper.scores import GAPS

MEASURES = {
    "ap": "AP",
    "acc": "ACC",
    "positive_rate": "positive rate",
    "delta_dp": "ΔDP",
    "delta_eo_sum": "ΔEO, sum",
    "delta_eo_max": "ΔEO, max",
    "strong_delta_dp": "strong ΔDP",
    "strong_delta_eo": "strong ΔEO",
    "seconds": "seconds",
    "epochs": "epochs",
}
Key = tuple[str, str, str]


class Line(NamedTuple):
    """What one method did on one data set.

    Parameters
    ----------
    n : int
        Splits that were measured.
    spreads : dict of str to Spread
        By the names of ``MEASURES``.
    """

    n: int
    spreads: Mapping[str, Spread]


def successful(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Collect the fits that did not fail.

    Parameters
    ----------
    rows : list of dict
        One a fit; those that failed have no scores.

    Returns
    -------
    DataFrame
        One row a fit, with all measures as columns.
    """
    frame = pd.DataFrame([row for row in rows if "error" not in row])
    names = ["dataset", "constraints", "method", "seed", *MEASURES]
    return frame.reindex(columns=[*dict.fromkeys([*names, *frame.columns])])


def summarize(rows: pd.DataFrame) -> dict[Key, Line]:
    """Average over splits.

    Parameters
    ----------
    rows : DataFrame
        One row a fit, see `successful`.

    Returns
    -------
    dict
        (data set, constraint, method) -> line.
    """
    lines = {}
    for key, part in rows.groupby(["dataset", "constraints", "method"], sort=False):
        spreads = {
            name: Spread(float(part[name].mean()), float(part[name].std()))
            for name in MEASURES
        }
        lines[key] = Line(len(part), spreads)
    return lines


def paper_cells(key: Key) -> published.Published | None:
    """Return the paper's cells beside which a line stands.

    Parameters
    ----------
    key : (str, str, str)
        Data set, constraint and method.

    Returns
    -------
    Published or None
        The cells, None for methods that the paper does not have.
    """
    name, constraints, method = key
    if method.startswith("runner_k"):
        return published.TABLE6[constraints][int(method[len("runner_k") :]) / 100]
    column = METHODS[method].column
    return column and published.BY_CONSTRAINT[constraints][name, column]


def compared(key: Key, line: Line) -> list[tuple[Spread, tuple[float, float], str]]:
    """Put AP, ACC and the gap beside the paper's.

    Parameters
    ----------
    key : (str, str, str)
        Data set, constraint and method.
    line : Line
        What was measured.

    Returns
    -------
    list of (Spread, (float, float), str)
        Ours, the paper's and the verdict; empty without cells of the paper.
    """
    return beside(paper_cells(key), line, key[1])


def beside(
    paper: published.Published | None, line: Line, constraints: str
) -> list[tuple[Spread, tuple[float, float], str]]:
    """Put AP, ACC and the gap beside cells of the paper.

    Parameters
    ----------
    paper : Published or None
        The cells.
    line : Line
        What was measured.
    constraints : str
        The constraint.

    Returns
    -------
    list of (Spread, (float, float), str)
        Ours, the paper's and the verdict; empty without cells of the paper.
    """
    if paper is None:
        return []
    ours = (line.spreads[name] for name in ("ap", "acc", GAPS[constraints]))
    return [
        (mine, theirs, agreement(mine, theirs))
        for mine, theirs in zip(ours, paper, strict=True)
    ]


def differing(lines: dict[Key, Line]) -> set[tuple[str, str]]:
    """List data sets and columns of the paper in which a cell is not reproduced.

    Parameters
    ----------
    lines : dict
        See `summarize`.

    Returns
    -------
    set of (str, str)
        Data set and column; methods that are not meant to reproduce do not count.
    """
    return {
        (key[0], METHODS[key[2]].column or "")
        for key, line in lines.items()
        if METHODS[key[2]].reproduces
        and any(verdict in (HIGHER, LOWER) for *_, verdict in compared(key, line))
    }
