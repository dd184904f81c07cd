"""How a page of the images was measured: its commands, rows, machine and versions."""

from collections.abc import Sequence
from typing import Any

CHOSEN = (
    "the official train and validation parts are joined, and each seed sets as many "
    "rows aside as the validation part has, the same for all methods, to choose the "
    "epoch"
)
AVERAGED = (
    "all rows of the official train and validation parts train, and every method keeps "
    "the mean of the weights of the last quarter of its epochs: none is chosen"
)


def kept_weights(rows: Sequence[dict[str, Any]]) -> str:
    """Say which weights the methods keep, by constraint where that differs.

    Parameters
    ----------
    rows : sequence of dict
        Those of a page.

    Returns
    -------
    str
        Sentences.
    """
    covered: dict[str, list[str]] = {}
    for row in rows:
        text = AVERAGED if "average" in row["budget"] else CHOSEN
        names = covered.setdefault(text, [])
        if row["constraints"] not in names:
            names.append(row["constraints"])
    if len(covered) == 1:
        text = next(iter(covered))
        return f"{text[0].upper()}{text[1:]}."
    return " ".join(
        f"For {' and '.join(name.replace('_', ' ') for name in names)} {text}."
        for text, names in covered.items()
    )


def with_variant(title: str, about: dict[str, Any]) -> str:
    """Add what sets a run apart to the title of its page.

    Parameters
    ----------
    title : str
        The title.
    about : dict
        The machine, versions and images of the run, and what sets it apart.

    Returns
    -------
    str
        The title.
    """
    return f"{title}, {about['variant']}" if "variant" in about else title


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
    for name in ("shift", "schedule"):
        options += f" --{name} {budget[name]}" if name in budget else ""
    flags = (name for name in ("flip", "average") if budget.get(name))
    return options + "".join(f" --{name}" for name in flags)


def options_with_parts(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Write every budget as options, with the tasks and constraints that it is for.

    Parameters
    ----------
    rows : sequence of dict
        Those of a page.

    Returns
    -------
    list of str
        One a budget; a part that all budgets share is not named.
    """
    parts: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        parts.setdefault(options_of(row["budget"]), []).append(row)
    written = []
    for options, part in parts.items():
        text = options
        for option, name in (("tasks", "task"), ("constraints", "constraints")):
            covered = list(dict.fromkeys(row[name] for row in part))
            if set(covered) != {row[name] for row in rows}:
                text += f" --{option} {' '.join(covered)}"
        written.append(text)
    return written


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
    commands = ", ".join(
        f"``python -m benchmarks.paper {command} --celeba-root ROOT {options}``"
        for options in options_with_parts(rows)
    )
    text = f"Measured by {commands}; {where}"
    if about:
        text += (
            " skrunner {skrunner}, torch {torch}, Python {python}, device {device}, "
            "{processor}, {cores} cores; fits at a time: {jobs}."
        ).format(**about)
    return [text, ""]
