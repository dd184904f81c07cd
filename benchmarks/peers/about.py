"""What the results in a folder were made with: kept beside them, and put into words."""

import argparse
import json
from pathlib import Path

from benchmarks.machine import describe

# What the plan decides, unless these options say less.
NARROWING = ("datasets", "seeds", "methods", "inputs", "nets", "gaps")


def note(path: Path, options: argparse.Namespace) -> None:
    """Write down what a run is made with, below what its results were begun with.

    Parameters
    ----------
    path : Path
        A list of runs in JSON.
    options : Namespace
        See `read_options`.
    """
    runs = json.loads(path.read_text()) if path.exists() else []
    about = {**describe(options.device, options.jobs), "command": command_of(options)}
    if about not in runs:
        path.write_text(json.dumps([*runs, about], indent=1) + "\n")


def command_of(options: argparse.Namespace) -> str:
    """Write the command that makes the same fits on another machine.

    Parameters
    ----------
    options : Namespace
        See `read_options`.

    Returns
    -------
    str
        The command, without what only the machine decides.
    """
    words = ["python -m benchmarks.peers", options.command]
    for name in ("plan", *NARROWING):
        value = getattr(options, name, None)
        if value is not None:
            given = value if isinstance(value, list) else [value]
            words += [f"--{name}", *map(str, given)]
    return " ".join([*words, "--output results"])


def about_text(results: Path, name: str) -> str:
    """Say what a run was made with.

    Parameters
    ----------
    results : Path
        The folder of the run.
    name : str
        Which run.

    Returns
    -------
    str
        What stands behind "measured by".
    """
    path = results / f"about_{name}.json"
    if not path.exists():
        return "a command and on a machine that were not recorded"
    return "; and then by ".join(
        f"``{about['command']}`` with skrunner {about['skrunner']}, torch "
        f"{about['torch']}, Python {about['python']}, on {about['device']}, "
        f"{about['processor']}, {about['jobs']} fits at a time"
        for about in json.loads(path.read_text())
    )
