"""Rows of the runs on images, in the form in which the paper's tables are averaged."""

import json
from pathlib import Path
from typing import Any

from benchmarks.images.tasks import NETS, TASKS
from benchmarks.paper.runs import read_rows


def latest(path: Path) -> list[dict[str, Any]]:
    """Read the rows of one budget: that of the last fit.

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
    budget = rows[-1]["budget"]
    names = ("task", "net", "constraints", "method", "seed", "params")
    kept = {
        json.dumps([row.get(name) for name in names]): row
        for row in rows
        if row["budget"] == budget
    }
    return [
        {**row, "dataset": f"{row['task']}/{row['net']}"}
        for row in kept.values()
        if row["task"] in TASKS
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


def describe_run(
    command: str, budget: dict[str, Any], about: dict[str, Any], where: str
) -> list[str]:
    """Say how a page was measured.

    Parameters
    ----------
    command : str
        The command.
    budget : dict
        How long all methods trained.
    about : dict
        The machine, versions and images of the run.
    where : str
        What it was scored on.

    Returns
    -------
    list of str
        Lines.
    """
    options = (
        f"--epochs {budget['max_epochs']} --batch-size {budget['batch_size']} "
        f"--precision {budget['precision']}"
    )
    text = (
        f"Measured by ``python -m benchmarks.paper {command} --celeba-root ROOT "
        f"{options}``, Adam at {budget['lr']:g}; {where}"
    )
    if about:
        text += (
            " skrunner {skrunner}, torch {torch}, Python {python}, device {device}, "
            "{processor}, {cores} cores; fits at a time: {jobs}."
        ).format(**about)
    return [text, ""]
