"""Rows of the runs on images, in the form in which the paper's tables are averaged."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.images.methods import UNAWARE
from benchmarks.images.tasks import NETS, TASKS
from benchmarks.paper.runs import read_rows
from benchmarks.paper.scores import GAPS


def latest(path: Path) -> list[dict[str, Any]]:
    """Read the rows of one budget a task and constraint: that of the last fit.

    What the groups and the constraint have no part in is fitted for one constraint, and
    stands in the rows of both.

    Parameters
    ----------
    path : Path
        The JSON lines.

    Returns
    -------
    list of dict
        The last row of each fit, with the task and its net as ``dataset``.
    """
    rows = read_rows(path)
    if not rows:
        return []
    budgets = {(row["task"], row["constraints"]): row["budget"] for row in rows}
    names = ("task", "net", "constraints", "method", "seed", "params")
    kept = {
        json.dumps([row.get(name) for name in names]): row
        for row in [*shared(rows), *rows]
        if row["budget"] == budgets.get((row["task"], row["constraints"]))
    }
    return [
        {**row, "dataset": f"{row['task']}/{row['net']}"}
        for row in kept.values()
        if row["task"] in TASKS
    ]


def shared(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Repeat the rows of methods that know no groups for the other constraints.

    Parameters
    ----------
    rows : sequence of dict
        One a fit.

    Returns
    -------
    list of dict
        The rows to add.
    """
    return [
        {**row, "constraints": constraints}
        for row in rows
        if row["method"] in UNAWARE
        for constraints in GAPS
        if constraints != row["constraints"]
    ]


def title_of(dataset: str) -> str:
    """Return what a task and its net are called.

    Parameters
    ----------
    dataset : str
        ``"task/net"``.

    Returns
    -------
    str
        Such as ``"Attractive, AlexNet"``.
    """
    task, net = dataset.split("/")
    return f"{TASKS[task].title}, {NETS[net].title}"
