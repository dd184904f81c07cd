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
    """Read the rows of one budget a task: that of its last fit.

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
    budgets = {row["task"]: row["budget"] for row in rows}
    names = ("task", "net", "constraints", "method", "seed", "params")
    kept = {
        json.dumps([row.get(name) for name in names]): row
        for row in [*shared(rows), *rows]
        if row["budget"] == budgets[row["task"]]
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


def options_of(budget: dict[str, Any]) -> str:
    """Write a budget as the options of the command.

    Parameters
    ----------
    budget : dict
        How long all methods trained, and on what.

    Returns
    -------
    str
        The options.
    """
    options = (
        f"--epochs {budget['max_epochs']} --batch-size {budget['batch_size']} "
        f"--lr {budget['lr']:g} --precision {budget['precision']}"
    )
    if budget.get("size"):
        options += " --size {} {}".format(*budget["size"])
    if budget.get("flip"):
        options += " --flip"
    for name in ("shift", "schedule"):
        options += f" --{name} {budget[name]}" if name in budget else ""
    return options


def describe_run(
    command: str, rows: Sequence[dict[str, Any]], about: dict[str, Any], where: str
) -> list[str]:
    """Say how a page was measured.

    Parameters
    ----------
    command : str
        The command.
    rows : sequence of dict
        Those of the page: they hold how long all methods of a task trained.
    about : dict
        The machine, versions and images of the run.
    where : str
        What it was scored on.

    Returns
    -------
    list of str
        Lines.
    """
    budgets = {row["task"]: options_of(row["budget"]) for row in rows}
    several = len(set(budgets.values())) > 1
    commands = ", ".join(
        f"``python -m benchmarks.paper {command} --celeba-root ROOT {options}"
        + (f" --tasks {task}``" if several else "``")
        for task, options in budgets.items()
        if several or task == next(iter(budgets))
    )
    text = f"Measured by {commands}; {where}"
    if about:
        text += (
            " skrunner {skrunner}, torch {torch}, Python {python}, device {device}, "
            "{processor}, {cores} cores; fits at a time: {jobs}."
        ).format(**about)
    return [text, ""]
